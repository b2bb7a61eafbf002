"""Opens the stack of an installation: processes of the machine, or containers."""

from scripts.settings import Settings
from scripts.stack.docker.compose import unavailable_reason
from scripts.stack.docker.stack import DockerStack
from scripts.stack.interface import Stack
from scripts.stack.native.stack import NativeStack
from scripts.stack.paths import Paths


def open_stack(settings: Settings) -> Stack:
    """The stack for MODE in `.env`; MODE=auto means the choice of the first `make up`."""
    return DockerStack(settings) if settings.in_containers else NativeStack(settings)


def choose_mode(settings: Settings) -> None:
    """Choose and record the mode of a new installation with MODE=auto.

    Containers are chosen if a container engine answers.
    """
    is_new = not settings.mode_file.exists() and not Paths(settings.state).data.exists()
    if settings.mode != "auto" or not is_new:
        return
    settings.mode_file.parent.mkdir(parents=True, exist_ok=True)
    settings.mode_file.write_text("native" if unavailable_reason() else "docker")
