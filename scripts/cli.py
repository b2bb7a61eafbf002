"""The `glasshouse` command: collects all commands and reports every failure in one line."""

import importlib
import os
import sys
import traceback
from types import ModuleType

import click

from scripts.bootstrap import BootstrapError
from scripts.errors import UserError
from scripts.resources import resource_errors
from scripts.settings import ROOT

# Every click command in these modules is a command of `glasshouse`.
MODULES = (
    "scripts.stack.commands",
    "scripts.data.commands",
    "scripts.add.commands",
    "scripts.sandbox.commands",
    "scripts.examples.shop.commands",
    "scripts.assets.commands",
    "scripts.lint",
    "scripts.dependencies",
    "scripts.testing",
    "scripts.reference",
    "scripts.bench",
    "scripts.export",
)


class Glasshouse(click.Group):
    """A group whose commands fail with one line each."""

    def invoke(self, context: click.Context):
        """Run the command; the traceback of an unexpected error goes to a log file."""
        try:
            with resource_errors(ROOT / ".stack" / "logs" / "postgres.log"):
                return super().invoke(context)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BootstrapError as error:
            raise UserError(error.problem, error.remedy) from None
        except OSError as error:
            _log_traceback()
            raise UserError(str(error), "solve that, then start again") from None
        except Exception as error:
            log = _log_traceback()
            raise UserError(f"{type(error).__name__}: {_first_line(error)}", f"see {log}") from None


def _log_traceback() -> str:
    folder = ROOT / ".stack" / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "glasshouse.log"
    with file.open("a") as log:
        log.write(f"\n$ glasshouse {' '.join(sys.argv[1:2])}\n{traceback.format_exc()}")
    return str(file)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no reason given"])[0]


def command_group() -> Glasshouse:
    """All commands of MODULES as one group."""
    group = Glasshouse(
        name="glasshouse", help="Machine learning you can see through, inside your own Postgres."
    )
    for module in MODULES:
        for command in _commands(importlib.import_module(module)):
            group.add_command(command)
    return group


def _commands(module: ModuleType) -> list[click.Command]:
    """The module's commands, without the subcommands of its groups."""
    commands = [value for value in vars(module).values() if isinstance(value, click.Command)]
    groups = [command for command in commands if isinstance(command, click.Group)]
    subcommands = [each for group in groups for each in group.commands.values()]
    return [command for command in commands if command not in subcommands]


def main() -> None:
    """Run the command named on the command line."""
    os.umask(0o022)
    command_group()(prog_name="glasshouse")


if __name__ == "__main__":
    main()
