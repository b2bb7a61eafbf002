"""The commands that keep the project itself in order: test, lint, format."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import click

from scripts.errors import UserError
from scripts.settings import ROOT

PYTHON = ("scripts", "scripts/glasshouse", "udf", "tests", "docker")
SQL = ("dbt",)
GROUPS = ("warehouse", "superset", "sync", "dev")


# A process a core, up to four. What is short goes to whoever is free; what shares a database or a
# stack stays together (tests/conftest.py says what does).
SPREAD = ["--numprocesses=logical", "--maxprocesses=4"]
ANYWHERE, TOGETHER = [*SPREAD, "--dist=worksteal"], [*SPREAD, "--dist=loadscope"]
# Each of them is one run of pytest. The quick tests come first: what they find, nobody wants to
# wait for. The rest goes side by side: while one waits for a browser, another waits for dbt. What
# shares one stack takes longest, so it begins.
RUNS = {
    "unit": [(("unit",), ANYWHERE)],
    "integration": [(("integration",), TOGETHER)],
    "e2e": [(("e2e",), [])],
    "all": [(("unit",), ANYWHERE), (("e2e", "integration"), TOGETHER)],
}
# What pytest says when it was told to end, and when the options leave no test of a suite.
INTERRUPTED, NO_TESTS = 2, 5


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("suite", type=click.Choice((*RUNS, "docker")), default="all")
@click.argument("options", nargs=-1)
def test(suite: str, options: tuple[str, ...]) -> None:
    """Run the tests: all or one suite; further options go to pytest (-n0: in one process)."""
    if suite == "docker":
        from scripts.docker_tests import run

        raise SystemExit(run(options))
    from scripts.bootstrap import browser, system_libraries

    log = ROOT / ".stack" / "logs" / "install.log"
    # The tests use every extra library, and LightGBM loads OpenMP.
    system_libraries.require(["gomp"], log)
    if suite in ("all", "e2e"):
        browser.require_browser(log)
    codes: list[int] = []
    for suites, spread in RUNS[suite]:
        codes.append(_pytest(suites, [*spread, *options]))
        if codes[-1] == INTERRUPTED:
            break
    failed = [code for code in codes if code not in (0, NO_TESTS)]
    raise SystemExit(failed[0] if failed else min(codes))


def _pytest(suites: tuple[str, ...], options: list[str]) -> int:
    """Its exit code. Told to end, it takes down what its tests have started: that is waited for."""
    command = [sys.executable, "-m", "pytest", *(f"tests/{suite}" for suite in suites), *options]
    click.echo(f"\n{' and '.join(suites)} tests")
    # The processes share the cores already: threads of their own would only be in each other's way.
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    # A group of their own: whoever tells this command to end tells all of them.
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **threads}, process_group=0)
    for told in (signal.SIGINT, signal.SIGTERM):
        signal.signal(told, lambda number, _: os.killpg(process.pid, number))
    return process.wait()


@click.command()
def lint() -> None:
    """Check style and formatting of Python and SQL; changes nothing."""
    _run(
        ["ruff", "check", *_there(PYTHON)],
        ["ruff", "format", "--check", *_there(PYTHON)],
        ["sqlfmt", "--check", "--no-progressbar", *_there(SQL)],
    )


@click.command("format")
def format_code() -> None:
    """Format Python, SQL and the dashboards' YAML."""
    from scripts.assets.checks.report import format_files

    format_files(ROOT)
    _run(
        ["ruff", "check", "--fix", *_there(PYTHON)],
        ["ruff", "format", *_there(PYTHON)],
        ["sqlfmt", "--quiet", *_there(SQL)],
    )


@click.command()
@click.option("--upgrade", is_flag=True, help="Take newer versions where the limits allow it.")
def lock(upgrade: bool) -> None:
    """Write the requirements.lock files anew from their pyproject.toml."""
    from scripts.bootstrap import uv
    from scripts.stack.extras import EXTRAS

    program = uv.find(ROOT / ".stack")
    if program is None:
        raise UserError("uv is not there yet", "make up fetches it")
    # Names, versions and hashes for every platform; no address, so any mirror will do.
    command = [program, "pip", "compile", "pyproject.toml"]
    command += ["--universal", "--python-version=3.11", "--generate-hashes"]
    command += ["--no-header", "--quiet", *(["--upgrade"] if upgrade else [])]
    groups = [f"--group={group}" for group in GROUPS]
    udf = ROOT / "udf"
    locks = [(ROOT, "requirements.lock", groups), (udf, "requirements.lock", [])]
    for extra in EXTRAS:
        # The same versions as without it, so that the locks can be installed together.
        more = [f"--extra={extra}", "--constraint=requirements.lock"]
        locks.append((udf, f"requirements.{extra}.lock", more))
    locks.append((ROOT / "tests" / "bench", "requirements.lock", []))
    for folder, name, more in locks:
        done = subprocess.run(
            [*command, f"--output-file={name}", *more], cwd=folder, env=uv.environment()
        )
        if done.returncode:
            raise UserError(f"{folder / 'pyproject.toml'} has no solution", "read the lines above")


def _there(folders: tuple[str, ...]) -> list[str]:
    return [folder for folder in folders if (ROOT / folder).exists()]


def _run(*commands: list[str]) -> None:
    """Run all of them, so that one call shows everything; then fail if one has failed."""
    failed = False
    for program, *arguments in commands:
        path = Path(sys.executable).with_name(program)
        failed |= subprocess.run([str(path), *arguments], cwd=ROOT).returncode != 0
    if failed:
        raise UserError("The code is not in order", "make format, then mend what is left")
