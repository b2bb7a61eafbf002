"""`make sandbox`: a guest gets a login, a schema with a quota, sample data and dashboards.

database   the login and the schema in PostgreSQL (scripts/stack/sandboxes.sql limits them)
interface  the user, the role and the connection in Superset
sandbox    the steps of the command
"""
