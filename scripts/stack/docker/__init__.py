"""Runs PostgreSQL and Superset as containers, with Docker Compose."""
