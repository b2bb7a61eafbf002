"""The parts as containers; the same commands, ports, .env and assets as the native way."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg2

from scripts.errors import UserError
from scripts.settings import Settings
from scripts.stack import build_state as stamps
from scripts.stack.docker import engine
from scripts.stack.fingerprint import fingerprint
from scripts.stack.interface import Part, database_id, database_part, superset_part
from scripts.stack.native.processes import require_free_port
from scripts.stack.native.server_environment import EXTRAS, extras
from scripts.stack.native.superset import Superset
from scripts.stack.paths import places

# What the images are made of, below the project's root.
INGREDIENTS = ("docker", "udf/glasshouse_ml")
FILES = (
    "pyproject.toml",
    "requirements.lock",
    "udf/requirements.lock",
    *(f"udf/requirements.{name}.lock" for name in EXTRAS),
    "scripts/stack/native/superset_init.py",
)
NAMES = {"postgres": "PostgreSQL", "superset": "Superset", "redis": "Redis"}
WITH_REDIS = ("redis", "worker", "beat")
# What runs is stopped, in whichever profile it was started.
EVERY_PROFILE = {"COMPOSE_PROFILES": "*"}
INSIDE = {"postgres": 5432, "superset": 8088}
DATA = "/var/lib/glasshouse/postgres"


class DockerStack:
    """PostgreSQL and Superset in containers of their own, kept in step by Compose."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.places = places(settings)
        self.compose = engine.Compose(settings)
        self.web = Superset(settings)
        self.more = WITH_REDIS if settings.mode == "docker-redis" else ()

    def check(self) -> None:
        """An engine with Compose, and the two ports; nothing has been touched then."""
        found = engine.trouble()
        if found:
            raise found
        for service, key in (("postgres", "POSTGRES_PORT"), ("superset", "SUPERSET_PORT")):
            port = getattr(self.settings, key.lower())
            if self.compose.published(service, INSIDE[service]) != port:
                require_free_port(self.settings, key)

    def prepare(self) -> str:
        """The images, built from the locks."""
        self.places.prepare()
        return self._build()

    def update_server_environment(self) -> str:
        """The package of udf/ is part of the database's image."""
        done = self._build()
        if done != "images up to date" and "postgres" in self.compose.running():
            self.start_database()
        return done

    def start_database(self) -> str:
        """The container on its volume, which the first start fills."""
        if "postgres" not in self.compose.running():
            self._refuse_another_major()
        self._up("postgres")
        return f"{self._version()} on port {self.settings.postgres_port}, in a container"

    def superuser(self, database: str) -> dict[str, Any]:
        """With the password of .env, which the container takes over at each start."""
        return self.settings.dsn("postgres", database)

    def database_id(self) -> str:
        """PostgreSQL gives every cluster a number of its own."""
        return database_id(self.superuser("postgres"))

    def prepare_superset(self) -> str:
        """One run of a container that migrates and then ends."""
        wanted = self._metadata_state()
        if stamps.read(self.settings, "superset") == wanted:
            return "up to date"
        stamps.forget(self.settings, "superset")
        log = self.places.logs / "superset-prepare.log"
        self.compose.ask("run", "--rm", "--no-TTY", "superset-init", log=log)
        stamps.write(self.settings, "superset", wanted)
        return self.web.version

    def start_superset(self) -> str:
        """The container; Compose makes it anew where settings or image have changed."""
        before = self.compose.container("superset")
        self._up("superset", *self.more)
        same = before == self.compose.container("superset")
        return "already running" if before and same else "started"

    def stop_superset(self) -> None:
        """Its container alone."""
        self.compose.ask("stop", "superset")

    def keep_superset_key(self, key: str) -> None:
        """In the volume; the key comes by environment, not on a command line."""
        script = 'umask 077; printf %s "$SUPERSET_PREVIOUS_KEY" > "$SUPERSET_KEY_FILE"'
        ask = ("run", "--rm", "--no-TTY", "--env", "SUPERSET_PREVIOUS_KEY", "superset-init")
        self.compose.ask(*ask, "sh", "-c", script, more={"SUPERSET_PREVIOUS_KEY": key})

    def forget_cached_numbers(self) -> None:
        """The cache is a folder of the volume, or a database of Redis."""
        if self.more:
            self.compose.run("exec", "-T", "redis", "redis-cli", "-n", "1", "flushdb")
        elif "superset" in self.compose.running():
            folder = "/var/lib/superset/cache/data"
            self.compose.run("exec", "-T", "superset", "find", folder, "-type", "f", "-delete")

    def parts(self) -> list[Part]:
        """PostgreSQL and Superset."""
        if engine.trouble():
            return [Part(NAMES[name], False, "no container engine answers") for name in INSIDE]
        running = self.compose.running()
        return [
            database_part(self.settings, "postgres" in running),
            superset_part(self.settings, "superset" in running, self.web),
            *(_other_part(name, name in running) for name in self.more),
        ]

    def stop(self) -> list[str]:
        """Every container; the volumes stay."""
        found = engine.trouble()
        if found:
            raise found
        running = self.compose.running()
        self.compose.ask("down", "--remove-orphans", more=EVERY_PROFILE)
        return [NAMES.get(service, service) for service in running]

    def remove(self) -> None:
        """Volumes and images too; the environments of the operator's own tools stay."""
        down = ("down", "--volumes", "--rmi", "all", "--remove-orphans")
        self.compose.ask(*down, more=EVERY_PROFILE)
        self.places.clear()

    def logs(self) -> list[Path]:
        """What the containers have said up to now, one file a part, beside the tools' own logs."""
        for service in self.compose.running():
            said = self.compose.said(service)
            (self.places.logs / f"{service}.log").write_text(said)
        return sorted(self.places.logs.glob("*.log"))

    def follow(self, part: str | None, lines: int) -> list[str]:
        """One container's words; what the tools write is in files here too."""
        running = self.compose.running()
        if part is None:
            raise UserError("Containers are followed one at a time", f"PART={' or '.join(running)}")
        if part not in running:
            return []
        container = self.compose.container(part)
        return [engine.program(), "logs", "--follow", f"--tail={lines}", container]

    def psql(self) -> list[str]:
        """The one inside the container, over its socket; the password comes by environment."""
        terminal = ["--tty"] if sys.stdin.isatty() else []
        passed = [f"--env={name}" for name in ("PGUSER", "PGPASSWORD", "PGDATABASE")]
        container = self.compose.container("postgres")
        return [engine.program(), "exec", "--interactive", *terminal, *passed, container, "psql"]

    def postgres_program(self, name: str) -> list[str]:
        """The one inside the container, over its socket."""
        container = self.compose.container("postgres")
        return [engine.program(), "exec", "--interactive", container, name, "--username=postgres"]

    def _up(self, service: str, *more: str) -> None:
        log = self.places.logs / f"{service}-start.log"
        done = self.compose.run("up", "--detach", "--wait", "--no-build", service, *more)
        if done.returncode == 0:
            return
        # The last container it speaks of is the one that did not come up.
        named = re.findall(rf"container {self.compose.project}-(\w+)-\d+", done.stderr)
        failed = named[-1] if named else service
        said = self.compose.said(failed)
        log.write_text(done.stdout + done.stderr + said)
        raise UserError(
            f"{NAMES.get(failed, failed.capitalize())} does not start: "
            f"{engine.telling_line(said or done.stderr)}",
            f"see {log}, then start again",
        )

    def _build(self) -> str:
        wanted = self._ingredients()
        services = [*INSIDE, *(name for name in self.more if name != "beat")]
        images = [f"{self.compose.project}-{service}" for service in services]
        if stamps.read(self.settings, "images") == wanted and _there(images):
            return "images up to date"
        stamps.forget(self.settings, "images")
        log = self.places.logs / "images.log"
        self.compose.ask("build", *services, seconds=engine.BUILD_SECONDS, log=log)
        stamps.write(self.settings, "images", wanted)
        return "images built"

    def _ingredients(self) -> str:
        root = self.settings.root
        texts = [(root / name).read_bytes() for name in FILES]
        folders = fingerprint(*(root / name for name in INGREDIENTS))
        base = os.environ.get("GLASSHOUSE_BASE", "").encode()
        chosen = (*self.more, *extras(self.settings))
        parts = [*texts, folders.encode(), base, " ".join(chosen).encode()]
        return hashlib.sha256(b"\0".join(parts)).hexdigest()

    def _refuse_another_major(self) -> None:
        """Before the server is started: a volume that another PostgreSQL made stays untouched."""
        ask = ("run", "--rm", "--no-deps", "--no-TTY", "--entrypoint", "sh", "postgres", "-c")
        script = f"cat {DATA}/PG_VERSION 2> /dev/null; ls /usr/lib/postgresql"
        majors = self.compose.ask(*ask, script).split()
        if len(majors) == 2 and majors[0] != majors[1]:
            raise UserError(
                f"The volume {self.compose.project}_postgres holds data of PostgreSQL {majors[0]}, "
                f"and the image is PostgreSQL {majors[1]}",
                "make backup with the version that made it, then make restore (docs/production.md)",
            )

    def _metadata_state(self) -> str:
        """What the metadata depends on: the image, the cluster, and the secrets of .env."""
        settings = self.settings
        parts = (
            self._ingredients(), self.database_id(), settings.superset_admin_user,
            settings.superset_admin_password, settings.superset_secret_key,
            settings.as_superset_sees().uri("dashboard"),
        )  # fmt: skip
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def _version(self) -> str:
        connection = psycopg2.connect(**self.superuser("postgres"))
        number = connection.server_version
        connection.close()
        return f"{number // 10000}.{number % 10000}"


def _other_part(name: str, running: bool) -> Part:
    return Part(name.capitalize(), running, "in a container" if running else "not running")


def _there(images: list[str]) -> bool:
    docker = engine.program() or shutil.which("docker") or "docker"
    command = [docker, "image", "inspect", *images]
    return subprocess.run(command, capture_output=True).returncode == 0
