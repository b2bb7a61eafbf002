"""The program dbt with sessions that stay open, as `make build` runs it."""

from dbt.cli.main import cli

from scripts.stack.dbt.sessions import keep_sessions

__all__ = ["cli"]

keep_sessions()
