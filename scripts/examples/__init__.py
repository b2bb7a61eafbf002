"""Example data sources; nothing else in scripts depends on them except the first `make up`."""
