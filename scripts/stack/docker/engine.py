"""The container engine: is there one, and how Compose is asked to do something."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from scripts.errors import UserError
from scripts.settings import Settings
from scripts.stack.native.processes import mark
from scripts.stack.native.server_environment import extras

# Building images fetches some hundred megabytes; everything else is a matter of seconds.
BUILD_SECONDS, SECONDS = 3600, 300
REDIS = "redis://redis:6379"
ERASE_LINE = "\x1b[2K"
MAIL = ("SMTP_", "SUPERSET_ADDRESS")
# Words of a line that says why.
SIGNS = ("FATAL", "rror", "failed", "The volume holds")


def program() -> str | None:
    """The docker program, if there is one."""
    return shutil.which("docker")


def trouble() -> UserError | None:
    """What is missing for containers, in one line; None: nothing."""
    docker = program()
    if docker is None or not _works(docker, "version", "--format", "{{.Server.Version}}"):
        what = "No container engine answers"
        return UserError(what, "start Docker, or set MODE=native in .env (see docs/production.md)")
    if not _works(docker, "compose", "version"):
        what = "The container engine is there, and its Compose is not"
        return UserError(what, "install the plugin docker-compose-plugin, or set MODE=native")
    return None


def _works(*command: str) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, timeout=20, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


class Compose:
    """docker/compose.yml with the values of one installation's .env.

    Beside it `compose.override.yml` may hold what one machine needs (Compose reads it by itself).
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.folder = settings.root / "docker"

    @property
    def project(self) -> str:
        """Two clones on one machine do not share containers, images or volumes."""
        name = hashlib.sha256(os.fsencode(self.settings.state.resolve())).hexdigest()[:10]
        return f"glasshouse-{name}"

    def environment(self) -> dict[str, str]:
        """The values that compose.yml asks for; secrets travel in the environment alone."""
        settings, inside = self.settings, self.settings.as_superset_sees()
        # Another project's files, named in the environment, are none of ours.
        kept = {k: v for k, v in os.environ.items() if not k.startswith("COMPOSE_")}
        # Keys of .env that only the worker reads: how its reports leave, and where they point.
        mail = {k: v for k, v in settings.more.items() if k.startswith(MAIL)}
        return {
            **kept,
            **mail,
            # The next command ends what a killed one has left at work.
            **mark(settings.state, "tool"),
            "GLASSHOUSE_PROJECT": self.project,
            "ML_EXTRAS": " ".join(extras(settings)),
            "POSTGRES_PORT": str(settings.postgres_port),
            "POSTGRES_PASSWORD": settings.postgres_password,
            "SUPERSET_PORT": str(settings.superset_port),
            "SUPERSET_METADATA_URI": inside.uri("superset", "superset"),
            "SUPERSET_SECRET_KEY": settings.superset_secret_key,
            "SUPERSET_ADMIN_USER": settings.superset_admin_user,
            "SUPERSET_ADMIN_PASSWORD": settings.superset_admin_password,
            "WAREHOUSE_URI": inside.uri("dashboard"),
            "SUPERSET_REDIS_URL": REDIS if settings.mode == "docker-redis" else "",
            "COMPOSE_PROFILES": "redis" if settings.mode == "docker-redis" else "",
            "BUILDKIT_PROGRESS": "plain",
        }

    def ask(
        self,
        *words: str,
        seconds: int = SECONDS,
        log: Path | None = None,
        more: dict[str, str] | None = None,
    ) -> str:
        """Run a command of Compose; its output, or a UserError with its last telling line.

        `log`: where to keep what it says; `more`: further values for its environment.
        """
        done = self.run(*words, seconds=seconds, more=more)
        said = done.stdout + done.stderr
        if log:
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text(said)
        if done.returncode:
            see = f"see {log}, then start again" if log else "mend that, then start again"
            raise UserError(f"docker compose {words[0]} failed: {telling_line(said)}", see)
        return done.stdout

    def run(
        self, *words: str, seconds: int = SECONDS, more: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of Compose and let the caller judge."""
        try:
            return subprocess.run(
                [program() or "docker", "compose", *words],
                cwd=self.folder, env=self.environment() | (more or {}), stdin=subprocess.DEVNULL,
                capture_output=True, text=True, errors="replace", timeout=seconds,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise UserError(
                f"docker compose {words[0]} did not end within {seconds // 60} minutes",
                "see whether the engine still answers: docker ps",
            ) from None

    def running(self) -> list[str]:
        """The services that run."""
        done = self.run("ps", "--services", "--status", "running")
        return sorted(done.stdout.split()) if done.returncode == 0 else []

    def container(self, service: str) -> str:
        """The number of a service's running container; "" where none runs."""
        return self.run("ps", "--quiet", "--status", "running", service).stdout.strip()

    def said(self, service: str) -> str:
        """What a service has said up to now, without what Compose adds for a terminal."""
        done = self.run("logs", "--no-color", "--no-log-prefix", service)
        return done.stdout.replace(ERASE_LINE, "")

    def published(self, service: str, port: int) -> int | None:
        """The port of this machine on which a running service answers."""
        done = self.run("port", service, str(port))
        number = done.stdout.strip().rpartition(":")[2]
        return int(number) if done.returncode == 0 and number.isdigit() else None


def telling_line(said: str) -> str:
    """The line that says why, out of what a program said when it failed."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if any(word in line for word in SIGNS)]
    return (errors or lines or ["no reason given"])[-1][-300:]
