"""`make status`: one line for each part."""

from scripts.console import console
from scripts.settings import Settings
from scripts.stack import build, build_state, dashboards, logins
from scripts.stack.interface import Part, Stack


def show_status(settings: Settings, stack: Stack) -> bool:
    """Print the state of every part; True if all are healthy."""
    parts = stack.parts()
    running = parts[0].healthy
    if running:
        parts.append(logins.part(settings, has_superset=parts[1].healthy))
    parts.append(_build_part(settings, stack, running))
    parts.append(dashboards.part(settings))
    for part in parts:
        mark = "[green]✓[/]" if part.healthy else "[red]✗[/]"
        console.print(f"{mark} {part.name:<12} {part.detail}")
    return all(part.healthy for part in parts)


def _build_part(settings: Settings, stack: Stack, running: bool) -> Part:
    when = build_state.when(settings, "build")
    if when is None:
        return Part("Models", False, "not built: make build")
    if running and not build.is_current(settings, stack):
        return Part(
            "Models", True, f"built {when}; files or data have changed since; run make refresh"
        )
    return Part("Models", True, f"built {when}")
