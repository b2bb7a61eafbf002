"""ml.train: options, training data, candidates, diagnostics, champion comparison, record."""
