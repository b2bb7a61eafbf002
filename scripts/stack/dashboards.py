"""The dashboards in `make up` and `make status`; scripts/assets does the work."""

from scripts.console import step
from scripts.errors import UserError
from scripts.fingerprint import fingerprint
from scripts.settings import Settings
from scripts.stack import build_state
from scripts.stack.interface import Part, Stack


def push_if_needed(settings: Settings, stack: Stack) -> None:
    """Push the dashboards unless files and database are those of the last push."""
    state = _state(settings, stack)
    if build_state.read(settings, "push") == state:
        with step("Pushing the dashboards") as current:
            current.note("up to date")
        return
    from scripts.assets.sync.push import push

    with step("Pushing the dashboards", output=True):
        push(settings)
    build_state.write(settings, "push", state)


def update_readers_if_valid(settings: Settings) -> None:
    """Give the logins of readers their rights, unless files of the dashboards have errors.

    The push reports the errors; until then the rules of the last push hold.
    """
    from scripts.assets.access.database import apply_rules, update_readers
    from scripts.assets.sync.state import read_git

    with step("Rights of readers") as current:
        try:
            git = read_git(settings)
        except UserError:
            apply_rules(settings)
            current.note("those of the last push, until the files of the dashboards are valid")
            return
        current.note(update_readers(git, settings))


def part(settings: Settings) -> Part:
    """The dashboards' line of `make status`."""
    # push and pull write this file: the state in which git and the server last agreed.
    when = build_state.time_of(settings.state / "pushed" / "assets.json")
    if when is None:
        return Part("Dashboards", False, "not pushed: make push")
    return Part("Dashboards", True, f"last push or pull {when}")


def _state(settings: Settings, stack: Stack) -> str:
    return f"{stack.database_id()} {fingerprint(settings.root / 'superset_assets')}"
