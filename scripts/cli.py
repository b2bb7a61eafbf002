"""The `glasshouse` command: gathers the parts' commands and turns every failure into one line."""

import importlib
import os
import sys
import traceback
from types import ModuleType

import click

from scripts.bootstrap import Problem
from scripts.errors import UserError
from scripts.settings import ROOT

# Where commands are kept: every click command in these modules is a verb.
MODULES = (
    "scripts.stack.commands",
    "scripts.data.commands",
    "scripts.assets.commands",
    "scripts.quality",
    "scripts.testing",
    "scripts.reference",
    "scripts.bench",
)


class Glasshouse(click.Group):
    """A group whose commands fail in one line each."""

    def invoke(self, context: click.Context):
        """Run the command; what nobody foresaw is kept for whoever has to mend it."""
        try:
            return super().invoke(context)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Problem as problem:
            raise UserError(problem.what, problem.do) from None
        except OSError as error:
            _keep()
            raise UserError(str(error), "mend that, then start again") from None
        except Exception as error:
            kept = _keep()
            raise UserError(f"{type(error).__name__}: {_brief(error)}", f"see {kept}") from None


def _keep() -> str:
    folder = ROOT / ".stack" / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "glasshouse.log"
    with file.open("a") as log:
        log.write(f"\n$ glasshouse {' '.join(sys.argv[1:2])}\n{traceback.format_exc()}")
    return str(file)


def _brief(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no reason given"])[0]


def _gather() -> Glasshouse:
    group = Glasshouse(
        name="glasshouse", help="Machine learning you can see through, inside your own Postgres."
    )
    for module in MODULES:
        for command in _commands(importlib.import_module(module)):
            group.add_command(command)
    return group


def _commands(module: ModuleType) -> list[click.Command]:
    """The module's commands, without those that belong to a group among them."""
    found = [value for value in vars(module).values() if isinstance(value, click.Command)]
    groups = [command for command in found if isinstance(command, click.Group)]
    inner = [each for group in groups for each in group.commands.values()]
    return [command for command in found if command not in inner]


def main() -> None:
    """Run the command named on the command line."""
    os.umask(0o022)
    _gather()(prog_name="glasshouse")


if __name__ == "__main__":
    main()
