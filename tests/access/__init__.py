"""Attacks on the data that a reader must not see; used over PostgreSQL alone and over Superset."""
