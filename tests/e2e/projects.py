"""The assets of a clone and the server that shows them, for the tests of push and pull."""

import subprocess
from pathlib import Path
from typing import Any

import yaml

from scripts.assets.client.superset import Superset
from tests.e2e.commands import Commands, environment


class Project:
    """The clone's assets and the server that shows them."""

    def __init__(self, stack: Any, commands: Commands) -> None:
        self.stack = stack
        self.commands = commands
        self.folder: Path = stack.root / "superset_assets"
        self.superset = Superset(stack.settings)

    def command(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a verb, however it ends."""
        return self.commands.run(words, environment(env))

    def run(self, *command: str, **env: str) -> str:
        """Run a verb that has to succeed; what it says."""
        result = self.command(*command, **env)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def fails(self, *command: str, **env: str) -> str:
        """Run a verb that has to fail; the one line of its error."""
        result = self.command(*command, **env)
        assert result.returncode == 1, result.stdout + result.stderr
        errors = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
        assert len(errors) == 1, result.stderr
        assert "Traceback" not in result.stdout + result.stderr
        return errors[0]

    def files(self) -> dict[str, str]:
        """The text of every file of the assets."""
        return {
            file.relative_to(self.folder).as_posix(): file.read_text(encoding="utf-8")
            for file in sorted(self.folder.rglob("*.y*ml"))
        }

    def chart(self) -> tuple[Path, dict]:
        """A chart's file and what it holds."""
        file = sorted((self.folder / "charts").rglob("*.yaml"))[0]
        return file, yaml.safe_load(file.read_text(encoding="utf-8"))

    def rename(self, title: str) -> Path:
        """Give that chart another title in Superset; its file."""
        file, data = self.chart()
        number = self.superset.number("chart", data["uuid"])
        self.superset.change("chart", number, {"slice_name": title})
        return file

    def edit(self, file: Path, **fields: Any) -> None:
        """Change fields of an asset's file (None removes one), in the form that pull writes."""
        data = yaml.safe_load(file.read_text(encoding="utf-8")) | fields
        data = {key: value for key, value in data.items() if value is not None}
        file.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), encoding="utf-8")
        self.run("format-assets")

    def git(self, *words: str) -> str:
        """Run git in the clone, as somebody with a name."""
        author = ["-c", "user.name=Test", "-c", "user.email=test@localhost"]
        return subprocess.run(
            ["git", *author, *words],
            cwd=self.stack.root,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
