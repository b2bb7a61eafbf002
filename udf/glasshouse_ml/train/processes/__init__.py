"""What the processes of a call compute for a training: folds, and groups."""
