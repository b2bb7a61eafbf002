"""The dashboards' part in `up` and `status`; the work itself is in scripts/assets."""

from scripts.console import step
from scripts.settings import Settings
from scripts.stack import build_state as stamps
from scripts.stack.fingerprint import fingerprint
from scripts.stack.interface import Part, Stack


def push_if_needed(settings: Settings, stack: Stack) -> None:
    """Push, unless the files and the server's database are those of the last push from here."""
    wanted = _state(settings, stack)
    if stamps.read(settings, "push") == wanted:
        with step("Pushing the dashboards") as current:
            current.note("up to date")
        return
    from scripts.assets.sync.push import push

    with step("Pushing the dashboards", output=True):
        push(settings)
    stamps.write(settings, "push", wanted)


def part(settings: Settings) -> Part:
    """The dashboards' line of `make status`."""
    # What push and pull keep as the common ground of git and the server.
    when = stamps.time_of(settings.state / "pushed" / "assets.json")
    if when is None:
        return Part("Dashboards", False, "not pushed: make push")
    return Part("Dashboards", True, f"last push or pull {when}")


def _state(settings: Settings, stack: Stack) -> str:
    return f"{stack.database_id()} {fingerprint(settings.root / 'superset_assets')}"
