"""What the images hold, and what they must not."""

import json
import re
import subprocess
import tarfile
from collections.abc import Iterator

import pytest

from tests.e2e.docker.conftest import Engine
from tests.e2e.test_stack import SECRETS

PARTS = ("postgres", "superset")
COMPILERS = {"gcc", "g++", "cc", "c++", "cc1", "clang", "rustc", "go", "make"}
CERTIFICATES = re.compile(
    r"^(etc/ssl/certs|usr/local/share/ca-certificates)/.+|(^|/)run/secrets/.+"
)


def files(image: str) -> Iterator[tuple[str, bytes]]:
    """Every file in every layer of an image, those that a later layer removes too."""
    command = ["docker", "image", "save", image]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as process,
        tarfile.open(fileobj=process.stdout, mode="r|") as outer,
    ):
        for member in outer:
            if member.name.endswith((".json", "manifest", "repositories")) and member.isfile():
                yield f"(image) {member.name}", outer.extractfile(member).read()
            elif member.isfile() and (member.name.endswith(".tar") or "blobs/" in member.name):
                with tarfile.open(fileobj=outer.extractfile(member), mode="r|") as layer:
                    for each in layer:
                        if each.isfile():
                            yield each.name.removeprefix("./"), layer.extractfile(each).read()


@pytest.mark.parametrize("part", PARTS)
def test_an_image_runs_as_nobody_special(part: str, engine: Engine) -> None:
    image = f"{engine.stack.compose.project}-{part}"
    configuration = json.loads(engine.ask("image", "inspect", image))[0]["Config"]
    assert int(configuration["User"]) >= 10000
    assert configuration["Healthcheck"]["Test"]
    assert engine.ask("exec", engine.containers()[part], "id", "-u") == configuration["User"]


@pytest.mark.parametrize("part", PARTS)
def test_no_layer_holds_a_secret_a_compiler_or_the_machines_certificates(
    part: str, engine: Engine
) -> None:
    secrets = [getattr(engine.clone.settings, name).encode() for name in SECRETS]
    seen = 0
    for name, content in files(f"{engine.stack.compose.project}-{part}"):
        seen += 1
        assert not any(secret in content for secret in secrets), f"a secret in {name}"
        assert name.rpartition("/")[2] not in COMPILERS or "/bin/" not in f"/{name}", name
        assert not CERTIFICATES.search(name), name
    assert seen > 1000


@pytest.mark.parametrize("part", PARTS)
def test_a_container_cannot_change_itself(part: str, engine: Engine) -> None:
    container = engine.containers()[part]
    tried = subprocess.run(
        ["docker", "exec", container, "sh", "-c", "touch /opt/x /usr/x"], capture_output=True
    )
    assert tried.returncode != 0
    assert b"Read-only file system" in tried.stderr
    ports = engine.ask("port", container)
    assert all("127.0.0.1:" in line for line in ports.splitlines())
