"""Glasshouse in a PostgreSQL server that runs already and that others use too."""
