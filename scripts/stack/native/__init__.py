"""Runs PostgreSQL and Superset as processes of this machine."""
