"""The command `test`."""

import os
import signal
import subprocess
import sys

import click

from scripts.settings import ROOT

# A process a core, up to four. What is short goes to whoever is free; what shares a database or a
# stack stays together (tests/conftest.py says what does).
SPREAD = ["--numprocesses=logical", "--maxprocesses=4"]
ANYWHERE, TOGETHER = [*SPREAD, "--dist=worksteal"], [*SPREAD, "--dist=loadscope"]
# Each of them is one run of pytest. The quick tests come first: what they find, nobody wants to
# wait for. The rest goes side by side: while one waits for a browser, another waits for dbt. What
# shares one stack takes longest, so it begins.
RUNS: dict[str, list[tuple[tuple[str, ...], list[str]]]] = {
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
    if suite in ("all", "e2e"):
        from scripts.bootstrap.browser import require_browser

        require_browser(ROOT / ".stack" / "logs" / "install.log")
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
