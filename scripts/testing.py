"""`make test`: which suites run, in which order, on how many processes."""

import os
import signal
import subprocess
import sys

import click

from scripts.settings import ROOT

CORES = len(os.sched_getaffinity(0))
# Unit tests share nothing, so an idle process takes tests from a busy one.
BY_TEST = [f"--numprocesses={min(CORES, 4)}", "--dist=worksteal"]
# Tests that share a database or a stack stay together in one process (tests/conftest.py says which,
# and in which order). One process more than cores: some of them wait for a browser or a server.
BY_SCOPE = [f"--numprocesses={min(CORES + 1, 4)}", "--dist=loadscope", "--no-loadscope-reorder"]
# Each suite is one or more runs of pytest. Unit tests come first because they fail soonest. The
# end-to-end and integration tests run side by side: while one process waits for a browser, another
# waits for dbt.
RUNS: dict[str, list[tuple[tuple[str, ...], list[str]]]] = {
    "unit": [(("unit",), BY_TEST)],
    "integration": [(("integration",), BY_SCOPE)],
    "e2e": [(("e2e",), BY_SCOPE)],
    "all": [(("unit",), BY_TEST), (("e2e", "integration"), BY_SCOPE)],
    "slow": [(("unit", "e2e", "integration"), [*BY_SCOPE, "-m", "slow"])],
}
REPORT = ["--durations=25", "--durations-min=1"]
# pytest's exit codes for a run that was interrupted, and for one whose options select no test.
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
    if suite not in ("unit", "integration"):
        browser.require_browser(log)
    codes: list[int] = []
    for suites, distribution in RUNS[suite]:
        codes.append(_pytest(suites, [*distribution, *REPORT, *options]))
        if codes[-1] == INTERRUPTED:
            break
    failed = [code for code in codes if code not in (0, NO_TESTS)]
    raise SystemExit(failed[0] if failed else min(codes))


def _pytest(suites: tuple[str, ...], options: list[str]) -> int:
    """The exit code of pytest; when interrupted, it first stops the servers of its tests."""
    command = [sys.executable, "-m", "pytest", *(f"tests/{suite}" for suite in suites), *options]
    click.echo(f"\n{' and '.join(suites)} tests")
    # The processes share the cores already: more threads would only slow one another down.
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    # In a process group of its own, so that a signal to this command reaches every test process.
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **threads}, process_group=0)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: os.killpg(process.pid, received))
    return process.wait()
