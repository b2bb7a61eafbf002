"""What the images contain and must not contain."""

import json
import os
import re
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.docker_tests import certificate_file
from tests.e2e.clone import copy_of_the_project
from tests.e2e.docker.conftest import Engine
from tests.e2e.parts import SERVED, docker, identities
from tests.e2e.test_stack import SECRETS

IMAGES = (*SERVED, "worker", "redis", "tools")
COMPILERS = {"gcc", "g++", "cc", "c++", "cc1", "cc1plus", "clang", "tcc", "ld", "as", "rustc", "go"}
# What queries are compiled with, if anybody asks for it.
LIBRARY = re.compile(r"postgresql.*/(llvmjit|bitcode)")
PROGRAM = re.compile(r"^(?:usr/(?:local/)?)?(?:bin|sbin|lib/gcc/.+|libexec/gcc/.+)/([^/]+)$")
# Of a build's secret, and of a certificate somebody has added to the machine.
PLACES = re.compile(r"^usr/local/share/ca-certificates/.+|(^|/)run/secrets/.+")
CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----")
PUBLIC = Path("/usr/share/ca-certificates")


@pytest.fixture(scope="module")
def images(stack) -> Engine:
    """The clone's images, all of them, with the clone's values at hand: a secret could get in."""
    engine = Engine(stack)
    engine.stack.compose.run("build", seconds=900, extra_variables={"COMPOSE_PROFILES": "*"})
    return engine


def files(image: str) -> Iterator[tuple[str, bytes]]:
    """Every file in every layer of an image, those that a later layer removes too."""
    command = ["docker", "image", "save", image]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as process,
        tarfile.open(fileobj=process.stdout, mode="r|") as outer,
    ):
        for member in outer:
            if not member.isfile():
                continue
            if not member.name.endswith(".tar") and "blobs/" not in member.name:
                yield f"(image) {member.name}", outer.extractfile(member).read()
                continue
            with tarfile.open(fileobj=outer.extractfile(member), mode="r|") as layer:
                for each in layer:
                    if each.isfile():
                        yield each.name.removeprefix("./"), layer.extractfile(each).read()


def file_problem(
    name: str, content: bytes, secrets: list[bytes], private_certificates: set[bytes]
) -> str:
    """What is wrong with a file of an image; "" where nothing is."""
    if any(secret in content for secret in secrets):
        return "holds a secret"
    program = PROGRAM.match(name)
    if LIBRARY.search(name) or (
        program and program[1].removeprefix("x86_64-linux-gnu-") in COMPILERS
    ):
        return "is a compiler"
    if PLACES.search(name):
        return "is of the machine that built the image"
    if b"BEGIN CERTIFICATE" in content and certificate_bodies(content) & private_certificates:
        return "holds a certificate of the machine that built the image"
    return ""


def certificate_bodies(content: bytes) -> set[bytes]:
    """The certificates in a file, without line breaks."""
    return {b"".join(text.split()) for text in CERTIFICATE.findall(content)}


@pytest.fixture(scope="module")
def private_certificates() -> set[bytes]:
    """The certificates that this machine trusts and the world at large does not."""
    public = (certificate_bodies(file.read_bytes()) for file in PUBLIC.rglob("*.crt"))
    return certificate_bodies(Path(certificate_file()).read_bytes()).difference(*public)


def test_scan_recognises_forbidden_files() -> None:
    body = b"-----BEGIN CERTIFICATE-----\nMII\nabc\n-----END CERTIFICATE-----\n"
    assert "secret" in file_problem("opt/x", b"a hush b", [b"hush"], set())
    assert "compiler" in file_problem("usr/bin/x86_64-linux-gnu-gcc", b"", [], set())
    assert "compiler" in file_problem("usr/lib/postgresql/15/lib/llvmjit.so", b"", [], set())
    assert "built" in file_problem("run/secrets/ca", b"", [], set())
    assert "certificate" in file_problem("opt/x.pem", b"# x\n" + body, [], {b"MIIabc"})
    assert not file_problem("opt/gcc.pem", body, [b"hush"], {b"MIIabd"})


@pytest.mark.parametrize("part", IMAGES)
def test_layers_have_no_secret_compiler_or_private_certificate(
    part: str, images: Engine, private_certificates: set[bytes]
) -> None:
    secrets = [getattr(images.clone.settings, name).encode() for name in SECRETS]
    result, file_count = [], 0
    for name, content in files(images.image(part)):
        file_count += 1
        if problem := file_problem(name, content, secrets, private_certificates):
            result.append(f"{name} {problem}")
    assert not result
    assert file_count > 1000


@pytest.mark.parametrize("part", IMAGES)
def test_image_runs_without_root(part: str, images: Engine) -> None:
    configuration = json.loads(docker("image", "inspect", images.image(part)))[0]["Config"]
    assert int(configuration["User"]) >= 10000
    # The tools end with their command, whose exit code says how it went.
    assert (configuration["Healthcheck"]["Test"] == ["NONE"]) == (part == "tools")
    command = ("run", "--rm", "--network=none", "--entrypoint=id", images.image(part), "-u")
    assert docker(*command) == configuration["User"]


@pytest.mark.parametrize("part", SERVED)
def test_container_file_system_is_read_only(part: str, images: Engine) -> None:
    container = identities(images.clone)[part]
    process = subprocess.run(
        ["docker", "exec", container, "sh", "-c", "touch /opt/x; touch /usr/x"], capture_output=True
    )
    assert process.returncode != 0
    assert process.stderr.count(b"Read-only file system") == 2
    ports = docker("port", container)
    assert all("127.0.0.1:" in line for line in ports.splitlines())


def test_tools_image_checks_clone(images: Engine) -> None:
    clone = copy_of_the_project()

    def tools(*words: str, entry: str = "make") -> subprocess.CompletedProcess[str]:
        command = ["docker", "run", "--rm", "--read-only", "--tmpfs=/tmp", "--tmpfs=/home/tools"]
        command += ["--cap-drop=ALL", "--network=none", f"--volume={clone.root}:/project"]
        command += [f"--user={os.getuid()}:{os.getgid()}"]
        command += [f"--entrypoint={entry}", images.image("tools"), *words]
        return subprocess.run(command, capture_output=True, text=True)

    try:
        for words in (["lint"], ["check"]):
            result = tools(*words)
            assert result.returncode == 0, result.stdout + result.stderr
        for program in ("dbt", "preset-cli", "pytest"):
            result = tools("--version", entry=program)
            assert result.returncode == 0, result.stdout + result.stderr
        # What is wrong is told by the exit code.
        (clone.root / "scripts" / "unused.py").write_text("import os\n")
        assert tools("lint").returncode != 0
    finally:
        clone.remove()
