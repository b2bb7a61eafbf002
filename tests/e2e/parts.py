"""The running parts of a clone, whether they are processes or containers."""

import os
import signal
import subprocess
from pathlib import Path

from scripts.stack.docker.compose import Compose
from tests.e2e.clone import Clone

SERVED = ("postgres", "superset")


def identities(clone: Clone) -> dict[str, str]:
    """What tells each running part from one that is started later in its place."""
    if clone.settings.in_containers:
        compose = Compose(clone.settings)
        return {service: compose.container(service) for service in compose.running()}
    return {part: str(_pid(clone, part)) for part in SERVED}


def kill(clone: Clone, part: str) -> None:
    """As the kernel does when memory runs out: nobody is asked, nothing is tidied up."""
    if clone.settings.in_containers:
        # Every process but the first, which only passes signals on and ends with them. It takes
        # this one along, so there is no exit code to look at.
        command = ["docker", "exec", identities(clone)[part], "sh", "-c", "kill -9 -1"]
        subprocess.run(command, capture_output=True)
    else:
        os.kill(_pid(clone, part), signal.SIGKILL)


def remaining_processes(clone: Clone) -> dict[str, str]:
    """The command line of every process and container that belongs to the clone."""
    result = _processes(str(clone.root))
    if clone.settings.in_containers:
        label = f"--filter=label=com.docker.compose.project={Compose(clone.settings).project}"
        for container in docker("ps", "--quiet", label).split():
            result[container] = docker("top", container, "-eo", "pid,args")
    return result


def remaining_resources(clone: Clone) -> list[str]:
    """The clone's volumes, networks and images on the engine; natively it has none."""
    if not clone.settings.in_containers:
        return []
    project = Compose(clone.settings).project
    label = f"--filter=label=com.docker.compose.project={project}"
    result = docker("volume", "ls", "--quiet", label), docker("network", "ls", "--quiet", label)
    return "\n".join((*result, docker("image", "ls", "--quiet", f"{project}-*"))).split()


def docker(*words: str) -> str:
    """A docker command that has to succeed; what it says."""
    process = subprocess.run(["docker", *words], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    return process.stdout.strip()


def _processes(root: str) -> dict[str, str]:
    """Those that work in the folder, run from it or bear its mark."""
    result = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            where = str((folder / "cwd").readlink())
            around = (folder / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if command and (root in command or where.startswith(root) or f"of {root}/" in around):
            result[folder.name] = command
    return result


def _pid(clone: Clone, part: str) -> int:
    pointer = clone.settings.state / "server_state"
    server_state = Path(pointer.read_text().strip()) if pointer.exists() else clone.settings.state
    files = {
        "postgres": server_state / "postgres" / "postmaster.pid",
        "superset": clone.settings.state / "run" / "superset.pid",
    }
    return int(files[part].read_text().split()[0])
