"""The command that gives a guest a sandbox and takes it back."""

import os
import sys

import click

from scripts.errors import UserError

DEFAULT_QUOTA = "200MB"


@click.command()
@click.argument("name")
@click.option("--quota", default=DEFAULT_QUOTA, help="The size that the schema may have.")
@click.option("--renew", is_flag=True, envvar="RENEW", help="Set a new password.")
@click.option("--remove", is_flag=True, envvar="REMOVE", help="Take the sandbox back.")
def sandbox(name: str, quota: str, renew: bool, remove: bool) -> None:
    """Give a guest a login, a schema with a quota, sample data and a place for dashboards."""
    from scripts.sandbox.sandbox import create_sandbox, remove_sandbox
    from scripts.stack.commands import running_stack

    if remove and os.environ.get("YES") != "1":
        if not sys.stdin.isatty():
            raise UserError(
                f"This removes the sandbox {name} with its tables and dashboards, and asks first",
                f"YES=1 make sandbox NAME={name} REMOVE=1",
            )
        click.confirm(f"Remove the sandbox {name} with its tables and dashboards?", abort=True)
    with running_stack() as (settings, _):
        if remove:
            remove_sandbox(settings, name)
        else:
            create_sandbox(settings, name, quota, renew)
