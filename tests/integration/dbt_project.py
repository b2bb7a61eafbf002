"""A small dbt project with the macros and generic tests of the real one, for models of a user."""

import atexit
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from scripts.stack.build import dbt_environment
from tests.conftest import ROOT, Warehouse
from tests.fork_server import ForkServer

DEVELOPER = "promotion"
PROJECT = """
name: glasshouse
version: "1.0.0"
config-version: 2
profile: glasshouse
flags: {send_anonymous_usage_stats: false}
function-paths: ["../functions"]
functions: {glasshouse: {+schema: ml}}
models:
  glasshouse:
    staging: {+schema: staging, +materialized: view}
    ml: {+schema: models, +materialized: ml_model}
    features: {+schema: features, +materialized: table}
    predictions: {+schema: predictions, +materialized: table}
    reports: {+schema: reports, +materialized: table}
"""


@dataclass
class Outcome:
    """What a dbt command printed, and how it ended."""

    output: str
    exit_code: int


class DbtProject:
    """A project in a folder of its own, on the tests' server."""

    def __init__(self, warehouse: Warehouse, root: Path) -> None:
        self.folder = root / "dbt"
        self.folder.mkdir(parents=True)
        shutil.copytree(ROOT / "dbt" / "macros", self.folder / "macros")
        shutil.copytree(ROOT / "dbt" / "tests" / "generic", self.folder / "tests" / "generic")
        shutil.copytree(ROOT / "udf" / "functions", root / "functions")
        shutil.copy(ROOT / "dbt" / "profiles.yml", self.folder)
        registry = (ROOT / "dbt" / "models" / "ml" / "_ml__registry.yml").read_text()
        self.write("models/ml/_ml__registry.yml", registry)
        self.settings = warehouse.settings.model_copy(
            update={"root": root, "state": root / ".stack"}
        )
        self.write("dbt_project.yml", PROJECT)
        self._parse()

    def write(self, path: str, text: str) -> None:
        """Write a file of the project."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def run(self, *arguments: str, variables: Mapping[str, str] | None = None) -> Outcome:
        """Run a dbt command with two threads on a developer's target, apart from all others.

        `variables`: further ones of the environment.
        """
        options = ("--threads", "2", "--exclude", "resource_type:function")
        return self._dbt(*arguments, *options, variables=variables)

    def _dbt(self, *arguments: str, variables: Mapping[str, str] | None = None) -> Outcome:
        command = [*arguments, "--no-use-colors", "--target", "dev"]
        command += ["--project-dir", str(self.folder), "--profiles-dir", str(self.folder)]
        environment = dbt_environment(self.settings, "dev") | {"GLASSHOUSE_DEVELOPER": DEVELOPER}
        environment |= variables or {}
        process = dbt_server().run(command, environment, self.folder)
        return Outcome(process.stdout + process.stderr, process.returncode)

    def _parse(self) -> None:
        """Have dbt parse the files that all projects share once for each server."""
        parsed = self.settings.state / "dbt" / "dev" / "partial_parse.msgpack"
        shared = parsed_projects.get(self.settings.postgres_port)
        if shared is None:
            outcome = self._dbt("parse")
            assert outcome.exit_code == 0, outcome.output
            shared = shutil.copy2(parsed, parsed.with_name("shared.msgpack"))
            parsed_projects[self.settings.postgres_port] = shared
        else:
            parsed.parent.mkdir(parents=True)
            shutil.copy2(shared, parsed)


# What dbt has parsed of a project without models, by the port of the server: its profile holds it.
parsed_projects: dict[int, Path] = {}


@cache
def dbt_server() -> ForkServer:
    """The process of this test process that runs dbt."""
    server = ForkServer(ROOT, dict(os.environ), "tests.integration.dbt_command:cli")
    atexit.register(server.close)
    return server
