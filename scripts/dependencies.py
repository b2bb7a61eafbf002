"""The commands `lock` and `audit`: pin the dependencies, and check them for vulnerabilities."""

import subprocess
from pathlib import Path

import click

from scripts.errors import UserError
from scripts.settings import ROOT

GROUPS = ("warehouse", "superset", "sync", "dev")
# Runs in an environment of its own: nobody needs it to run Glasshouse.
AUDIT = "pip-audit==2.10.1"


@click.command()
@click.option("--upgrade", is_flag=True, help="Take newer versions where the limits allow it.")
def lock(upgrade: bool) -> None:
    """Write every requirements.lock from its pyproject.toml."""
    # Names, versions and hashes for every platform; no address, so any mirror will do.
    command = ["pip", "compile", "pyproject.toml"]
    command += ["--universal", "--python-version=3.11", "--generate-hashes"]
    command += ["--no-header", "--quiet", *(["--upgrade"] if upgrade else [])]
    for file, options in locks(ROOT).items():
        if _uv([*command, f"--output-file={file.name}", *options], file.parent):
            project = file.parent / "pyproject.toml"
            raise UserError(f"{project} has no solution", "read the lines above")


@click.command()
def audit() -> None:
    """Look up the known vulnerabilities of every locked package; asks PyPI about each."""
    command = ["tool", "run", AUDIT, "--strict", "--require-hashes", "--disable-pip"]
    failed = []
    for file in locks(ROOT):
        name = str(file.relative_to(ROOT))
        click.echo(f"\n{name}")
        if _uv([*command, f"--requirement={file}"], ROOT):
            failed.append(name)
    if failed:
        raise UserError(
            f"{', '.join(failed)}: see the lines above",
            "make lock UPGRADE=--upgrade, then make test",
        )


def locks(root: Path) -> dict[Path, list[str]]:
    """The lock files, each with the options that compile it, in the order in which they depend."""
    from scripts.stack.extras import EXTRAS

    udf = root / "udf"
    files = {
        root / "requirements.lock": [f"--group={group}" for group in GROUPS],
        udf / "requirements.lock": [],
    }
    for extra in EXTRAS:
        # The same versions as without it, so that the locks can be installed together.
        options = [f"--extra={extra}", "--constraint=requirements.lock"]
        files[udf / f"requirements.{extra}.lock"] = options
    files[root / "tests" / "bench" / "requirements.lock"] = []
    return files


def _uv(arguments: list[str], folder: Path) -> int:
    """Run uv in a folder; its exit code."""
    from scripts.bootstrap import uv

    program = uv.find(ROOT / ".stack")
    if program is None:
        raise UserError("uv is not there yet", "make up fetches it")
    return subprocess.run([program, *arguments], cwd=folder, env=uv.environment()).returncode
