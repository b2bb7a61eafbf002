"""A container engine for tests, for a Debian machine without one and without an image registry.

Debian's packages are unpacked into a folder, not installed; debootstrap makes the base image.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.bootstrap import BootstrapError, apt

# From the release that the machine runs. iptables: for the name service of each container.
PACKAGES = ["docker.io", "containerd", "runc", "tini", "iptables", "libip4tc2", "libip6tc2"]
PACKAGES += ["libnetfilter-conntrack3", "libnfnetlink0", "libnftnl11", "libxtables12"]
# Bookworm has only the older Compose.
NEWER, NEWER_PACKAGES = "trixie", ["docker-compose", "docker-buildx"]
BASE, RELEASE = "debian:bookworm-slim", "bookworm"
ARCHIVE = "http://deb.debian.org/debian"
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
# Debian's small image leaves out documentation, and packages once they are installed.
DOCUMENTATION = ("/usr/share/info", "/usr/share/man", "/usr/share/locale")
DOWNLOADS = ("var/cache/apt/archives/*.deb", "var/cache/apt/*.bin", "var/lib/apt/lists/*_*")
# No firewall rules: a proxy publishes the ports, and builds use the network of the host.
DAEMON = ["--storage-driver=overlay2", "--iptables=false", "--ip6tables=false"]
DAEMON += ["--ip-masq=false", "--ip-forward=false", "--bridge=none"]


@contextmanager
def temporary_engine(folder: Path, log: Path) -> Iterator[dict[str, str]]:
    """Run an engine during the block; yields the environment variables that reach it."""
    if os.geteuid() != 0:
        raise BootstrapError(
            "There is no container engine, and only root can start one", "start Docker"
        )
    folder = folder.resolve()  # the daemon takes only absolute paths
    programs = folder / "root" / "usr"
    log.parent.mkdir(parents=True, exist_ok=True)
    if not (folder / "complete").exists():
        _fetch(folder, log)
    _stop_earlier_daemon(folder)
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
    paths = [f"--data-root={folder / 'data'}", f"--exec-root={folder / 'exec'}"]
    paths += [f"--pidfile={folder / 'pid'}", f"--host={environment['DOCKER_HOST']}"]
    library_paths = {
        "LD_LIBRARY_PATH": str(libraries),
        "XTABLES_LIBDIR": str(libraries / "xtables"),
    }
    with log.open("a") as output:
        daemon = subprocess.Popen(
            [programs / "sbin" / "dockerd", *paths, *DAEMON], stdout=output, stderr=output,
            env=os.environ | environment | library_paths, start_new_session=True,
        )  # fmt: skip
    try:
        _wait(daemon, os.environ | environment, log)
        _remove_containers(os.environ | environment)
        _base_image(folder, os.environ | environment, log)
        yield environment
        _remove_containers(os.environ | environment)
    finally:
        daemon.terminate()
        daemon.wait(60)


def _stop_earlier_daemon(folder: Path) -> None:
    """Stop the daemon of a killed run: two daemons would damage each other's data."""
    file = folder / "pid"
    try:
        pid = int(file.read_text())
        is_ours = str(folder).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        is_ours = False
    if is_ours:
        os.kill(pid, signal.SIGTERM)
        for _ in range(300):
            if not Path(f"/proc/{pid}").exists():
                break
            time.sleep(0.2)
    file.unlink(missing_ok=True)


def _remove_containers(environment: dict[str, str]) -> None:
    """Remove containers and volumes; the images stay, because building them takes minutes."""
    containers = subprocess.run(["docker", "ps", "--all", "--quiet"], env=environment,
                            capture_output=True, text=True).stdout.split()  # fmt: skip
    for command in (
        *([["rm", "--force", "--volumes", *containers]] if containers else []),
        ["volume", "prune", "--force"],
        ["network", "prune", "--force"],
        ["image", "prune", "--force"],
    ):
        subprocess.run(["docker", *command], env=environment, capture_output=True)


def _fetch(folder: Path, log: Path) -> None:
    """Unpack the engine, and Compose with buildx as the client's plugins."""
    debs, plugins = folder / "debs", folder / "config" / "cli-plugins"
    for subfolder in (debs, plugins, folder / "root"):
        subfolder.mkdir(parents=True, exist_ok=True)
    apt.update(log, [])
    _run(["apt-get", "-oAPT::Sandbox::User=", "download", *PACKAGES], log, cwd=debs)
    lists = folder / "lists"
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    source = folder / "sources.list"  # an update removes the lists of other sources
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
    """Make the image that the Dockerfiles start from: the smallest Debian."""
    inspection = subprocess.run(
        ["docker", "image", "inspect", BASE], env=environment, capture_output=True
    )
    if inspection.returncode == 0:
        return
    missing = [] if shutil.which("debootstrap") else ["debootstrap"]
    missing += [] if Path(KEYS).exists() else ["debian-archive-keyring"]
    if missing:
        apt.install(missing, log)
    system = folder / "base"
    shutil.rmtree(system, ignore_errors=True)
    _run(["debootstrap", "--variant=minbase", RELEASE, str(system), ARCHIVE], log)
    _slim(system)
    with subprocess.Popen(["tar", "-C", system, "-c", "."], stdout=subprocess.PIPE) as archive:
        command = ["docker", "import", "-", BASE]
        process = subprocess.run(
            command, env=environment, stdin=archive.stdout, capture_output=True
        )
    shutil.rmtree(system, ignore_errors=True)
    if process.returncode:
        raise BootstrapError(f"The image {BASE} could not be imported", f"see {log}")


def _slim(system: Path) -> None:
    """Remove what Debian's small image leaves out, now and after each later installation."""
    for pattern in (*(f"{path[1:]}/*" for path in DOCUMENTATION), *DOWNLOADS):
        for path in system.glob(pattern):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    excluded = "".join(f"path-exclude {path}/*\n" for path in DOCUMENTATION)
    (system / "etc/dpkg/dpkg.cfg.d/docker").write_text(excluded)
    obsolete = " ".join(f"/{pattern}" for pattern in DOWNLOADS[:2])
    clean = f'DPkg::Post-Invoke {{ "rm -f {obsolete} || true"; }};\n'
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
    raise BootstrapError("The container engine does not start", f"see {log}")


def _run(command: list[str], log: Path, cwd: Path | None = None) -> None:
    with log.open("a") as output:
        process = subprocess.run(
            command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, cwd=cwd
        )
    if process.returncode:
        raise BootstrapError(f"{' '.join(command[:2])} failed", f"see {log}")
