"""The running parts: the database server, its Python, and Superset."""
