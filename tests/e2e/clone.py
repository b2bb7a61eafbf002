"""A copy of the project in its own folder, with its own stack."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.settings import Settings, load_settings
from scripts.stack.processes import is_alive
from tests.clusters import ML_EXTRAS, ROOT, copy_template, free_port
from tests.e2e.commands import environment
from tests.e2e.few_dashboards import keep_few_dashboards

# The number of the test process follows in the folder's name.
PREFIX = "glasshouse-e2e-"


@dataclass
class Clone:
    """A copy of the project with a stack of its own."""

    root: Path
    first_up: subprocess.CompletedProcess[str] | None = None
    # What Superset had said when it was up; later the tests of broken charts make it say more.
    first_words: str = ""

    @property
    def settings(self) -> Settings:
        """The settings in its `.env`."""
        return load_settings(self.root)

    def superset_words(self) -> str:
        """What Superset has said up to now; containers tell their engine until somebody asks."""
        self.run("logs")
        return (self.settings.state / "logs" / "superset.log").read_text()

    def run(self, *command: str, **more: object) -> subprocess.CompletedProcess[str]:
        """Run a `glasshouse` command there."""
        return self._run([str(self.root / "scripts" / "glasshouse"), *command], **more)

    def make(self, *words: str, **more: object) -> subprocess.CompletedProcess[str]:
        """Run make there."""
        return self._run(["make", *words], **more)

    def popen(
        self, *command: str, env: dict[str, str] | None = None, **more: object
    ) -> subprocess.Popen[str]:
        """Start a `glasshouse` command there and go on."""
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(
            [str(self.root / "scripts" / "glasshouse"), *command],
            cwd=self.root,
            env=environment(env or {}),
            text=True,
            **(quiet | more),
        )

    def _run(
        self, command: list[str], env: dict[str, str] | None = None, **more: object
    ) -> subprocess.CompletedProcess[str]:
        stdin_text = more.pop("input", None)
        more = {"stdin": subprocess.PIPE if stdin_text else subprocess.DEVNULL} | more
        # In a session of its own, so that an interrupted test ends the whole command, which would
        # otherwise keep the lock of the installation.
        process = subprocess.Popen(
            command, cwd=self.root, env=environment(env or {}), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, **more,
        )  # fmt: skip
        try:
            output, errors = process.communicate(stdin_text, timeout=600)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        return subprocess.CompletedProcess(command, process.returncode, output, errors)

    def up(self, env: dict[str, str] | None = None) -> None:
        """The first start."""
        self.first_up = self.first("up", env=env)
        assert self.first_up.returncode == 0, self.first_up.stdout + self.first_up.stderr
        self.first_words = self.superset_words()

    def first(
        self, *words: str, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """The first command of all, which writes `.env`: on free ports."""
        ports = {"POSTGRES_PORT": str(free_port()), "SUPERSET_PORT": str(free_port())}
        # Not left to the machine: an engine that happens to run would change what is tested.
        mode = os.environ.get("GLASSHOUSE_TEST_MODE", "native")
        return self.make(*words, env=ports | {"MODE": mode} | (env or {}))

    def remove(self) -> None:
        """Leave nothing of it."""
        if (self.root / ".env").exists():
            self.make("reset", env={"YES": "1"})
        shutil.rmtree(self.root)


def copy_of_the_project(few_dashboards: bool = False) -> Clone:
    """What git knows, and what it would be told of: not what is ignored.

    `few_dashboards`: three of them with all that they use.
    """
    root = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    # Open to the database server's user, as an ordinary folder is; tmp_path is not.
    root.chmod(0o755)
    file_names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    for name in filter(None, file_names):
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)
    # What this machine needs for building images is not in git.
    override = Path("docker", "compose.override.yml")
    override_file = Path(os.environ.get("GLASSHOUSE_TEST_OVERRIDE", ROOT / override))
    if override_file.exists():
        shutil.copy2(override_file, root / override)
    if few_dashboards:
        keep_few_dashboards(root)
    author = ["-c", "user.name=Test", "-c", "user.email=test@localhost"]
    for command in (
        ["init", "--quiet"],
        ["add", "--all"],
        [*author, "commit", "--quiet", "--message=Copy"],
    ):
        subprocess.run(["git", *command], cwd=root, check=True, capture_output=True)
    return Clone(root)


def in_containers() -> bool:
    """Whether the tests run over containers (make test-docker)."""
    return os.environ.get("GLASSHOUSE_TEST_MODE", "native") != "native"


def running_clone(built: bool = False, few_dashboards: bool = False) -> Iterator[Clone]:
    """A copy of the project that is up, and gone afterwards.

    `built`: its warehouse is a copy of the tests' own, so that only Superset is left to prepare.
    """
    clone = copy_of_the_project(few_dashboards)
    try:
        if built and not in_containers():
            state = clone.root / ".stack"
            state.mkdir()
            copy_template("warehouse", state)
            clone.up({"ML_EXTRAS": ML_EXTRAS})
        else:
            clone.up()
        yield clone
    finally:
        clone.remove()


def remove_orphans() -> None:
    """Remove the copies, and their stacks, whose test process was killed before it could do so."""
    for root in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        pid = root.name.removeprefix(PREFIX).partition("-")[0]
        is_own = root.stat().st_uid == os.getuid()
        if is_own and pid.isdigit() and not is_alive(int(pid)):
            Clone(root).remove()
