"""The stack as containers; commands, ports, .env and assets are the same as for processes."""

import hashlib
import re
import sys
from pathlib import Path
from typing import Any

import psycopg2

from scripts.errors import UserError
from scripts.resources import find_in_output
from scripts.settings import Settings
from scripts.stack import build_state
from scripts.stack.docker.compose import (
    Compose,
    docker_program,
    failure_reason,
    unavailable_reason,
)
from scripts.stack.docker.images import UP_TO_DATE, Images
from scripts.stack.interface import Part, database_id, database_part, version_text
from scripts.stack.paths import Paths
from scripts.stack.processes import require_free_port
from scripts.stack.superset_client import superset_part, superset_version

NAMES = {"postgres": "PostgreSQL", "superset": "Superset", "redis": "Redis"}
# Service -> the port inside its container.
PORTS = {"postgres": 5432, "superset": 8088}
REDIS_SERVICES = ("redis", "worker", "beat")
# `down` stops every service, also those of a profile that is no longer selected.
ALL_PROFILES = {"COMPOSE_PROFILES": "*"}
DATA = "/var/lib/glasshouse/postgres"
CACHE = "/var/lib/superset/cache/data"


class DockerStack:
    """PostgreSQL and Superset in one container each, managed by Compose."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.paths = Paths(settings.state)
        self.compose = Compose(settings)
        self.redis_services = REDIS_SERVICES if settings.mode == "docker-redis" else ()
        self.images = Images(self.compose, (*PORTS, *self.redis_services))

    def check(self) -> None:
        """Check the engine, Compose and the two ports."""
        _require_engine()
        for service, key in (("postgres", "POSTGRES_PORT"), ("superset", "SUPERSET_PORT")):
            port = getattr(self.settings, key.lower())
            if self.compose.published_port(service, PORTS[service]) != port:
                require_free_port(self.settings, key)

    def prepare(self) -> str:
        """Build the images from the lock files."""
        self.paths.prepare()
        return self.images.build()

    def update_server_environment(self) -> str:
        """Build the database's image, which contains the package of udf/, and restart it."""
        result = self.images.build()
        if result != UP_TO_DATE and "postgres" in self.compose.running():
            self.start_database()
        return result

    def library_path(self) -> str:
        """Nothing: the server has PYTHONPATH in its environment."""
        return ""

    def start_database(self) -> str:
        """Start the container; the first start creates the cluster in its volume."""
        if "postgres" not in self.compose.running():
            self._require_same_major()
        self._start("postgres")
        connection = psycopg2.connect(**self.superuser("postgres"))
        version = version_text(connection.server_version)
        connection.close()
        return f"{version} on port {self.settings.postgres_port}, in a container"

    def superuser(self, database: str) -> dict[str, Any]:
        """With the password of .env, which the container sets at each start."""
        return self.settings.dsn("postgres", database)

    def database_id(self) -> str:
        """PostgreSQL's system identifier."""
        return database_id(self.superuser("postgres"))

    def prepare_superset(self) -> str:
        """Run the container that migrates the metadata."""
        inputs_hash = self._metadata_inputs()
        if build_state.read(self.settings, "superset") == inputs_hash:
            return "up to date"
        build_state.forget(self.settings, "superset")
        log = self.paths.logs / "superset-prepare.log"
        self.compose.run("run", "--rm", "--no-TTY", "superset-init", log=log)
        build_state.write(self.settings, "superset", inputs_hash)
        return superset_version()

    def start_superset(self) -> str:
        """Start the container; Compose replaces it if settings or image have changed."""
        before = self.compose.container("superset")
        self._start("superset", *self.redis_services)
        unchanged = before == self.compose.container("superset")
        return "already running" if before and unchanged else "started"

    def stop_superset(self) -> None:
        """Stop Superset's container only."""
        self.compose.run("stop", "superset")

    def store_previous_superset_key(self, key: str) -> None:
        """Write the key into the volume; it is passed as an environment variable."""
        script = 'umask 077; printf %s "$SUPERSET_PREVIOUS_KEY" > "$SUPERSET_KEY_FILE"'
        words = ("run", "--rm", "--no-TTY", "--env", "SUPERSET_PREVIOUS_KEY", "superset-init")
        variables = {"SUPERSET_PREVIOUS_KEY": key}
        self.compose.run(*words, "sh", "-c", script, extra_variables=variables)

    def clear_query_cache(self) -> None:
        """Empty the cache: a folder of the volume, or a database of Redis."""
        if self.redis_services:
            self.compose.try_run("exec", "-T", "redis", "redis-cli", "-n", "1", "flushdb")
        elif "superset" in self.compose.running():
            words = ("exec", "-T", "superset", "find", CACHE, "-type", "f", "-delete")
            self.compose.try_run(*words)

    def parts(self) -> list[Part]:
        """The state of PostgreSQL, Superset and the services around Redis."""
        if unavailable_reason():
            return [Part(NAMES[name], False, "no container engine answers") for name in PORTS]
        running = self.compose.running()
        return [
            database_part(self.settings, "postgres" in running),
            superset_part(self.settings, "superset" in running),
            *(_redis_part(name, name in running) for name in self.redis_services),
        ]

    def stop(self) -> list[str]:
        """Remove every container; the volumes stay."""
        _require_engine()
        running = self.compose.running()
        self.compose.run("down", "--remove-orphans", extra_variables=ALL_PROFILES)
        return [NAMES.get(service, service) for service in running]

    def remove(self) -> None:
        """Remove volumes and images; the environments of the operator's tools stay."""
        words = ("down", "--volumes", "--rmi", "all", "--remove-orphans")
        self.compose.run(*words, extra_variables=ALL_PROFILES)
        self.paths.clear()

    def logs(self) -> list[Path]:
        """The logs of the tools, and the present output of each container in a file."""
        for service in self.compose.running():
            (self.paths.logs / f"{service}.log").write_text(self.compose.output(service))
        return sorted(self.paths.logs.glob("*.log"))

    def follow(self, part: str | None, lines: int) -> list[str]:
        """The command for one container; [] for a log file of the tools."""
        running = self.compose.running()
        if part is None:
            remedy = f"PART={' or '.join(running)}"
            raise UserError("Only one container can be followed at a time", remedy)
        if part not in running:
            return []
        container = self.compose.container(part)
        return [docker_program() or "docker", "logs", "--follow", f"--tail={lines}", container]

    def psql(self) -> list[str]:
        """The psql in the container; the login is passed as environment variables."""
        terminal = ["--tty"] if sys.stdin.isatty() else []
        variables = [f"--env={name}" for name in ("PGUSER", "PGPASSWORD", "PGDATABASE")]
        return self._postgres_exec(*terminal, *variables, program="psql")

    def postgres_program(self, name: str) -> list[str]:
        """The program in the container, over its socket."""
        return [*self._postgres_exec(program=name), "--username=postgres"]

    def _postgres_exec(self, *options: str, program: str) -> list[str]:
        docker, container = docker_program() or "docker", self.compose.container("postgres")
        return [docker, "exec", "--interactive", *options, container, program]

    def _start(self, service: str, *other_services: str) -> None:
        log = self.paths.logs / f"{service}-start.log"
        words = ("up", "--detach", "--wait", "--no-build", service, *other_services)
        process = self.compose.try_run(*words)
        if process.returncode == 0:
            return
        # Compose names the container that failed last.
        names = re.findall(rf"container {self.compose.project}-(\w+)-\d+", process.stderr)
        failed_service = names[-1] if names else service
        output = self.compose.output(failed_service)
        log.write_text(process.stdout + process.stderr + output)
        name = NAMES.get(failed_service, failed_service.capitalize())
        failed = f"{name} does not start"
        raise find_in_output(output + process.stderr, failed) or UserError(
            f"{failed}: {failure_reason(output or process.stderr)}",
            f"see {log}, then start again",
        )

    def _require_same_major(self) -> None:
        """Raise UserError if another PostgreSQL version made the volume."""
        words = ("run", "--rm", "--no-deps", "--no-TTY", "--entrypoint", "sh", "postgres", "-c")
        script = f"cat {DATA}/PG_VERSION 2> /dev/null; ls /usr/lib/postgresql"
        majors = self.compose.run(*words, script).split()
        if len(majors) == 2 and majors[0] != majors[1]:
            raise UserError(
                f"The volume {self.compose.project}_postgres holds data of PostgreSQL {majors[0]}, "
                f"and the image contains PostgreSQL {majors[1]}",
                "run make backup with the old version, then make restore (docs/production.md)",
            )

    def _metadata_inputs(self) -> str:
        """A hash of what the metadata depend on: image, cluster and secrets."""
        settings = self.settings
        parts = (
            self.images.inputs_hash(), self.database_id(), settings.superset_admin_user,
            settings.superset_admin_password, settings.superset_secret_key,
            settings.as_seen_by_superset().uri("dashboard"),
        )  # fmt: skip
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _require_engine() -> None:
    reason = unavailable_reason()
    if reason:
        raise reason


def _redis_part(name: str, running: bool) -> Part:
    return Part(name.capitalize(), running, "in a container" if running else "not running")
