"""The operator's side of Glasshouse: what `make` calls."""
