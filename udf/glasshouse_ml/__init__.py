"""Machine learning inside PostgreSQL: the work behind the functions of schema ml."""

__version__ = "0.1.0"
