"""Dashboards as code: Superset's assets as YAML files in git, kept in step with a server."""
