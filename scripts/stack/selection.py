"""Opens the stack of an installation: processes of the machine, a cluster, or containers."""

from scripts.errors import UserError
from scripts.settings import Settings
from scripts.stack.cluster.nodes import existing_workers
from scripts.stack.cluster.stack import ClusterStack
from scripts.stack.docker.compose import unavailable_reason
from scripts.stack.docker.stack import DockerStack
from scripts.stack.external.stack import ExternalStack
from scripts.stack.interface import Stack
from scripts.stack.native.stack import NativeStack
from scripts.stack.paths import Paths


def open_stack(settings: Settings) -> Stack:
    """The stack for MODE in `.env`; MODE=auto means the choice of the first `make up`.

    With DATABASE_URL the database server is an existing one.
    """
    if settings.existing_server:
        _require_no_own_server(settings)
        return ExternalStack(settings)
    if settings.mode == "cluster":
        return ClusterStack(settings)
    if existing_workers(settings):
        raise UserError(
            f"MODE={settings.mode} in .env, and {settings.root} has a cluster, which stores rows",
            "write MODE=cluster, or use another clone",
        )
    return DockerStack(settings) if settings.in_containers else NativeStack(settings)


def choose_mode(settings: Settings) -> None:
    """Choose and record the mode of a new installation with MODE=auto.

    Containers are chosen if a container engine answers.
    """
    is_new = not settings.mode_file.exists() and not Paths(settings.state).data.exists()
    if settings.mode != "auto" or not is_new or settings.existing_server:
        return
    settings.mode_file.parent.mkdir(parents=True, exist_ok=True)
    is_native = settings.existing_superset or unavailable_reason()
    settings.mode_file.write_text("native" if is_native else "docker")


def _require_no_own_server(settings: Settings) -> None:
    """Raise UserError where the installation has a server of its own, which would be forgotten."""
    is_docker = settings.mode_file.exists() and settings.mode_file.read_text().strip() == "docker"
    if is_docker or Paths(settings.state).data.exists():
        raise UserError(
            f"DATABASE_URL in .env names a server, and {settings.root} has one of its own",
            "empty DATABASE_URL and run make backup and make reset first, or use another clone",
        )
