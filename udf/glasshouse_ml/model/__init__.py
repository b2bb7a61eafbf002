"""Building and fitting estimators: catalogue, preprocessing, splitting, search, grouping."""
