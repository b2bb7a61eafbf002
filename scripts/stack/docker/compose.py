"""Runs commands of Docker Compose with the settings of an installation."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from scripts.errors import UserError
from scripts.resources import find_in_output
from scripts.settings import Settings
from scripts.stack.extras import extras
from scripts.stack.processes import process_tag

# Building images downloads some hundred megabytes; other commands take seconds.
BUILD_SECONDS, COMMAND_SECONDS = 3600, 300
REDIS_URL = "redis://redis:6379"
ERASE_LINE = "\x1b[2K"
# Keys of .env that only the worker reads: how its reports are mailed, and the links in them.
WORKER_KEYS = ("SMTP_", "SUPERSET_ADDRESS")
# A line with one of these gives the reason of a failure.
ERROR_WORDS = ("FATAL", "rror", "failed", "The volume holds")


def docker_program() -> str | None:
    """The path of the docker program; None if there is none."""
    return shutil.which("docker")


def unavailable_reason() -> UserError | None:
    """Why containers cannot run on this machine; None if they can."""
    docker = docker_program()
    if docker is None or not _succeeds(docker, "version", "--format", "{{.Server.Version}}"):
        problem = "No container engine answers"
        remedy = "start Docker, or set MODE=native in .env (see docs/production.md)"
        return UserError(problem, remedy)
    if not _succeeds(docker, "compose", "version"):
        problem = "The container engine has no Compose"
        return UserError(problem, "install the plugin docker-compose-plugin, or set MODE=native")
    return None


def _succeeds(*command: str) -> bool:
    try:
        process = subprocess.run(command, capture_output=True, timeout=20, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return process.returncode == 0


class Compose:
    """docker/compose.yml with the values of one installation's .env.

    Compose also reads docker/compose.override.yml, which may hold what one machine needs.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.folder = settings.root / "docker"

    @property
    def project(self) -> str:
        """Compose's project name; two clones on one machine share no container or volume."""
        name = hashlib.sha256(os.fsencode(self.settings.state.resolve())).hexdigest()[:10]
        return f"glasshouse-{name}"

    def environment(self) -> dict[str, str]:
        """The values for compose.yml; secrets are passed in the environment only."""
        settings, inside = self.settings, self.settings.as_seen_by_superset()
        # COMPOSE_FILE and the like may belong to another project.
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("COMPOSE_")}
        worker = {k: v for k, v in settings.extra_values.items() if k.startswith(WORKER_KEYS)}
        return {
            **inherited,
            **worker,
            # The next command terminates what a killed command has left running.
            **process_tag(settings.state, "tool"),
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
            "SUPERSET_REDIS_URL": REDIS_URL if settings.mode == "docker-redis" else "",
            "COMPOSE_PROFILES": "redis" if settings.mode == "docker-redis" else "",
            "BUILDKIT_PROGRESS": "plain",
        }

    def run(
        self,
        *words: str,
        seconds: int = COMMAND_SECONDS,
        log: Path | None = None,
        extra_variables: dict[str, str] | None = None,
    ) -> str:
        """Run a command of Compose and return its output.

        Parameters
        ----------
        words : the command and its arguments
        seconds : the time limit
        log : a file for the output
        extra_variables : environment variables that override `environment`

        Raises UserError with the reason if the command fails.
        """
        process = self.try_run(*words, seconds=seconds, extra_variables=extra_variables)
        output = process.stdout + process.stderr
        if log:
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text(output)
        if process.returncode:
            remedy = f"see {log}, then start again" if log else "solve that, then start again"
            failed = f"docker compose {words[0]} failed"
            raise find_in_output(output, failed) or UserError(
                f"{failed}: {failure_reason(output)}", remedy
            )
        return process.stdout

    def try_run(
        self,
        *words: str,
        seconds: int = COMMAND_SECONDS,
        extra_variables: dict[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of Compose; the caller looks at the exit code."""
        try:
            return subprocess.run(
                [docker_program() or "docker", "compose", *words],
                cwd=self.folder, env=self.environment() | (extra_variables or {}),
                stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                timeout=seconds,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise UserError(
                f"docker compose {words[0]} did not end within {seconds // 60} minutes",
                "check with docker ps whether the engine still answers",
            ) from None

    def running(self) -> list[str]:
        """The names of the running services."""
        process = self.try_run("ps", "--services", "--status", "running")
        return sorted(process.stdout.split()) if process.returncode == 0 else []

    def container(self, service: str) -> str:
        """The id of a service's running container; "" if none runs."""
        return self.try_run("ps", "--quiet", "--status", "running", service).stdout.strip()

    def output(self, service: str) -> str:
        """The output of a service up to now, without Compose's control codes for terminals."""
        process = self.try_run("logs", "--no-color", "--no-log-prefix", service)
        return process.stdout.replace(ERASE_LINE, "")

    def published_port(self, service: str, port: int) -> int | None:
        """The port of this machine that leads to a service's port; None if the service is down."""
        process = self.try_run("port", service, str(port))
        number = process.stdout.strip().rpartition(":")[2]
        return int(number) if process.returncode == 0 and number.isdigit() else None


def failure_reason(output: str) -> str:
    """The line in a program's output that most likely says why it failed."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if any(word in line for word in ERROR_WORDS)]
    return (errors or lines or ["no reason given"])[-1][-300:]
