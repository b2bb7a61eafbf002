"""The dashboards in `make up` and `make status`; scripts/assets does the work."""

from scripts.console import step
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


def part(settings: Settings) -> Part:
    """The dashboards' line of `make status`."""
    # push and pull write this file: the state in which git and the server last agreed.
    when = build_state.time_of(settings.state / "pushed" / "assets.json")
    if when is None:
        return Part("Dashboards", False, "not pushed: make push")
    return Part("Dashboards", True, f"last push or pull {when}")


def _state(settings: Settings, stack: Stack) -> str:
    return f"{stack.database_id()} {fingerprint(settings.root / 'superset_assets')}"
