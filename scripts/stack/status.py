"""`make status`: one line a part."""

from scripts.console import console
from scripts.settings import Settings
from scripts.stack import build, dashboards
from scripts.stack import build_state as stamps
from scripts.stack.interface import Part, Stack


def show_status(settings: Settings, stack: Stack) -> bool:
    """Print every part; True when all is well."""
    parts = stack.parts()
    running = parts[0].well
    parts.append(_build_part(settings, stack, running))
    parts.append(dashboards.part(settings))
    for part in parts:
        mark = "[green]✓[/]" if part.well else "[red]✗[/]"
        console.print(f"{mark} {part.name:<12} {part.detail}")
    return all(part.well for part in parts)


def _build_part(settings: Settings, stack: Stack, running: bool) -> Part:
    when = stamps.when(settings, "build")
    if when is None:
        return Part("Models", False, "not built: make build")
    if running and not build.is_current(settings, stack):
        return Part("Models", True, f"built {when}; files or data have changed since: make refresh")
    return Part("Models", True, f"built {when}")
