"""One command for several environments: ENV=staging,production."""

import os
from collections.abc import Callable

import click

from scripts.console import say
from scripts.environments import selected_environments
from scripts.errors import UserError
from scripts.settings import Settings, load_settings

# From the best to the worst: equal, different, failed.
_SEVERITY = (0, 2, 1)


def selected_settings() -> list[Settings]:
    """The settings of each environment that ENV names, or of this installation.

    All are read before the first is used, so a misspelt name changes nothing anywhere.
    """
    names = selected_environments(os.environ) or [""]
    return [load_settings(environment=name) for name in names]


def run_for_each(
    every: list[Settings], run: Callable[[Settings], tuple[str, int]], quiet: bool = False
) -> int:
    """Run a command for each environment; returns the worst exit code.

    `run` returns the result in a few words and the exit code. A failure in one environment does not
    keep the command from the others. `quiet`: print no heading and no result.
    """
    if len(every) == 1:
        return run(every[0])[1]
    results, codes = [], []
    for settings in every:
        if not quiet:
            say(f"{settings.environment} ({settings.superset_url})")
        try:
            text, code = run(settings)
        except UserError as error:
            text, code = f"Error: {error.line}", 1
        results.append(f"{settings.environment}: {text}")
        codes.append(code)
    for line, code in zip(results, codes, strict=True):
        if code == 1:
            click.secho(line, fg="red", err=True)
        elif not quiet:
            say(line)
    return max(codes, key=_SEVERITY.index)
