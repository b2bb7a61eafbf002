"""A container engine for tests, on a Debian machine that has none and reaches no registry.

Debian's packages are unpacked into a folder, not installed; base images are made by debootstrap.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.bootstrap import Problem, apt

# Of the machine's own release. iptables: inside each container's network, for its name service.
PACKAGES = ["docker.io", "containerd", "runc", "tini", "iptables", "libip4tc2", "libip6tc2"]
PACKAGES += ["libnetfilter-conntrack3", "libnfnetlink0", "libnftnl11", "libxtables12"]
# Bookworm has the older Compose only.
NEWER, NEWER_PACKAGES = "trixie", ["docker-compose", "docker-buildx"]
BASE, RELEASE = "debian:bookworm-slim", "bookworm"
ARCHIVE = "http://deb.debian.org/debian"
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
# What Debian's small image does without: pages for people, and packages once they are installed.
UNREAD = ("/usr/share/info", "/usr/share/man", "/usr/share/locale")
FETCHED = ("var/cache/apt/archives/*.deb", "var/cache/apt/*.bin", "var/lib/apt/lists/*_*")
# Without rules in the machine's own network: ports are published by a proxy, builds use the host's.
DAEMON = ["--storage-driver=overlay2", "--iptables=false", "--ip6tables=false"]
DAEMON += ["--ip-masq=false", "--ip-forward=false", "--bridge=none"]


@contextmanager
def scratch_engine(folder: Path, log: Path) -> Iterator[dict[str, str]]:
    """An engine that runs while the block does; what to put into the environment to reach it."""
    if os.geteuid() != 0:
        raise Problem("There is no container engine, and only root can run one", "start Docker")
    folder = folder.resolve()  # the daemon takes absolute paths alone
    programs = folder / "root" / "usr"
    log.parent.mkdir(parents=True, exist_ok=True)
    if not (folder / "complete").exists():
        _fetch(folder, log)
    _end_earlier(folder)
    links = folder / "bin"
    links.mkdir(exist_ok=True)
    (links / "iptables").unlink(missing_ok=True)
    (links / "iptables").symlink_to(programs / "sbin" / "xtables-legacy-multi")
    libraries = programs / "lib" / f"{os.uname().machine}-linux-gnu"
    path = f"{links}:{programs / 'bin'}:{programs / 'sbin'}:{os.environ['PATH']}"
    environment = {
        "PATH": path,
        "DOCKER_HOST": f"unix://{folder / 'engine.sock'}",
        "DOCKER_CONFIG": str(folder / "config"),
    }
    places = [f"--data-root={folder / 'data'}", f"--exec-root={folder / 'exec'}"]
    places += [f"--pidfile={folder / 'pid'}", f"--host={environment['DOCKER_HOST']}"]
    more = {"LD_LIBRARY_PATH": str(libraries), "XTABLES_LIBDIR": str(libraries / "xtables")}
    with log.open("a") as said:
        daemon = subprocess.Popen(
            [programs / "sbin" / "dockerd", *places, *DAEMON], stdout=said, stderr=said,
            env=os.environ | environment | more, start_new_session=True,
        )  # fmt: skip
    try:
        _wait(daemon, os.environ | environment, log)
        _clear(os.environ | environment)
        _base_image(folder, os.environ | environment, log)
        yield environment
        _clear(os.environ | environment)
    finally:
        daemon.terminate()
        daemon.wait(60)


def _end_earlier(folder: Path) -> None:
    """End the daemon of a run that was killed: two of them would spoil one another's data."""
    file = folder / "pid"
    try:
        pid = int(file.read_text())
        ours = str(folder).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        ours = False
    if ours:
        os.kill(pid, signal.SIGTERM)
        for _ in range(300):
            if not Path(f"/proc/{pid}").exists():
                break
            time.sleep(0.2)
    file.unlink(missing_ok=True)


def _clear(environment: dict[str, str]) -> None:
    """Containers and volumes of tests are worth nothing afterwards; images save minutes."""
    listed = subprocess.run(["docker", "ps", "--all", "--quiet"], env=environment,
                            capture_output=True, text=True).stdout.split()  # fmt: skip
    for command in (
        *([["rm", "--force", "--volumes", *listed]] if listed else []),
        ["volume", "prune", "--force"],
        ["network", "prune", "--force"],
        ["image", "prune", "--force"],
    ):
        subprocess.run(["docker", *command], env=environment, capture_output=True)


def _fetch(folder: Path, log: Path) -> None:
    """Unpack the engine, and Compose with buildx as the client's plugins."""
    debs, plugins = folder / "debs", folder / "config" / "cli-plugins"
    for made in (debs, plugins, folder / "root"):
        made.mkdir(parents=True, exist_ok=True)
    apt.update(log, [])
    _run(["apt-get", "-oAPT::Sandbox::User=", "download", *PACKAGES], log, cwd=debs)
    lists = folder / "lists"
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    source = folder / "sources.list"  # an update removes from the lists what it does not know
    source.write_text(f"deb [signed-by={KEYS}] {ARCHIVE} {NEWER} main\n")
    options = [f"-oDir::Etc::SourceList={source}", "-oDir::Etc::SourceParts=/dev/null"]
    options += [f"-oDir::State::Lists={lists}", f"-oDir::Cache={lists}", "-oAPT::Sandbox::User="]
    _run(["apt-get", *options, "update"], log)
    _run(["apt-get", *options, "download", *NEWER_PACKAGES], log, cwd=debs)
    for deb in sorted(debs.glob("*.deb")):
        _run(["dpkg", "-x", str(deb), str(folder / "root")], log)
    for plugin in (folder / "root").rglob("cli-plugins/docker-*"):
        shutil.copy2(plugin, plugins / plugin.name)
        (plugins / plugin.name).chmod(0o755)
    (folder / "complete").touch()


def _base_image(folder: Path, environment: dict[str, str], log: Path) -> None:
    """Debian's smallest system as the image that the Dockerfiles begin with."""
    there = subprocess.run(
        ["docker", "image", "inspect", BASE], env=environment, capture_output=True
    )
    if there.returncode == 0:
        return
    missing = [] if shutil.which("debootstrap") else ["debootstrap"]
    missing += [] if Path(KEYS).exists() else ["debian-archive-keyring"]
    if missing:
        apt.install(missing, log)
    system = folder / "base"
    shutil.rmtree(system, ignore_errors=True)
    _run(["debootstrap", "--variant=minbase", RELEASE, str(system), ARCHIVE], log)
    _slim(system)
    with subprocess.Popen(["tar", "-C", system, "-c", "."], stdout=subprocess.PIPE) as packed:
        command = ["docker", "import", "-", BASE]
        done = subprocess.run(command, env=environment, stdin=packed.stdout, capture_output=True)
    shutil.rmtree(system, ignore_errors=True)
    if done.returncode:
        raise Problem(f"The image {BASE} could not be imported", f"see {log}")


def _slim(system: Path) -> None:
    """Without what Debian's own small image leaves out, now and in what is installed later."""
    for pattern in (*(f"{place[1:]}/*" for place in UNREAD), *FETCHED):
        for found in system.glob(pattern):
            shutil.rmtree(found) if found.is_dir() and not found.is_symlink() else found.unlink()
    excluded = "".join(f"path-exclude {place}/*\n" for place in UNREAD)
    (system / "etc/dpkg/dpkg.cfg.d/docker").write_text(excluded)
    after = " ".join(f"/{pattern}" for pattern in FETCHED[:2])
    clean = f'DPkg::Post-Invoke {{ "rm -f {after} || true"; }};\n'
    clean += 'Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";\n'
    (system / "etc/apt/apt.conf.d/docker-clean").write_text(clean)


def _wait(daemon: subprocess.Popen, environment: dict[str, str], log: Path) -> None:
    for _ in range(300):
        if daemon.poll() is not None:
            break
        command = ["docker", "version", "--format", "{{.Server.Version}}"]
        if subprocess.run(command, env=environment, capture_output=True).returncode == 0:
            return
        time.sleep(0.2)
    raise Problem("The container engine does not start", f"see {log}")


def _run(command: list[str], log: Path, cwd: Path | None = None) -> None:
    with log.open("a") as said:
        done = subprocess.run(command, stdout=said, stderr=said, stdin=subprocess.DEVNULL, cwd=cwd)
    if done.returncode:
        raise Problem(f"{' '.join(command[:2])} failed", f"see {log}")
