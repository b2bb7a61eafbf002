"""ml.drivers: the slices of the rows that explain why a metric changed."""
