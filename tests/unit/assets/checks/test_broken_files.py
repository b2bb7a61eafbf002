"""A broken file gives a one-line error, and nothing is sent, written or forgotten."""

from pathlib import Path

import pytest

from scripts.assets.files.bundle import FOLDER
from scripts.assets.files.yaml_text import dump_yaml
from scripts.assets.sync.pull import pull
from scripts.assets.sync.push import push
from scripts.errors import UserError
from tests.unit.assets.sample_assets import ASSETS

CHART = "charts/sales/by_region.yaml"
SOUND = dump_yaml(ASSETS[CHART])
FIRST = SOUND.splitlines()[0]


def line(old: str, new: str) -> str:
    """The sound file with one piece of it changed."""
    assert old in SOUND
    return SOUND.replace(old, new, 1)


BROKEN = {
    "an empty file": "",
    "nothing but a comment": "# to do\n",
    "a list": "- slice_name: x\n",
    "a word": "chart\n",
    "a number": "42\n",
    "half a file": SOUND[: SOUND.index("viz_type") + 5],
    "a merge left open": f"<<<<<<< HEAD\n{FIRST}\n=======\nslice_name: other\n>>>>>>> theirs\n",
    "a tab for an indent": line("  viz_type", "\tviz_type"),
    "an indent too many": line("viz_type", "   viz_type"),
    "an indent too few": line("  viz_type: pie", "viz_type: pie"),
    "a quote left open": line("By region", '"By region'),
    "a bracket left open": line("By region", "[By region"),
    "a colon in plain text": line("By region", "By: region: all"),
    "no space after the colon": line("slice_name: ", "slice_name:"),
    "a key twice": SOUND + "slice_name: again\n",
    "an unknown alias": line("By region", "*region"),
    "a tag of Python": line("By region", "!!python/object/apply:os.system [ls]"),
    "a tag of nobody": line("By region", "!region x"),
    "two documents": SOUND + "---\n" + SOUND,
    "a control character": line("By region", "By \x07 region"),
    "no text at all": b"\xff\xfe\x00\x01",
    "another encoding": "slice_name: Gebühr\n".encode("latin-1"),
    "JSON that ends early": '{"slice_name": "By region", "uuid": ',
    "a percent sign first": line("By region", "%region"),
    "an at sign first": line("By region", "@region"),
    "a name that is a number": line("By region", "1.10"),
    "a name that is a truth": line("By region", "yes"),
    "a name that is nothing": line("By region", "null"),
    "a field misspelt": line("slice_name", "slice_nmae"),
    "a mapping for a name": line("By region", "{a: b}"),
    "params as a text": line("params:\n", "params: >\n"),
    "a uuid one digit short": line(ASSETS[CHART]["uuid"], ASSETS[CHART]["uuid"][:-1]),
}


@pytest.mark.parametrize("how", BROKEN)
def test_broken_file_is_one_line_error_of_push_and_pull(how, assets, write, settings):
    write(assets)
    file = settings.root / FOLDER / CHART
    text = BROKEN[how]
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    before = repository_files(settings)
    for verb in (push, pull):
        # Nobody listens at the settings' port either: what is wrong with the files comes first.
        with pytest.raises(UserError) as caught:
            verb(settings)
        assert caught.value.line.startswith(f"{FOLDER}/{CHART}: "), caught.value.line
        assert "Do: " in caught.value.line
        assert "\n" not in caught.value.line
    assert repository_files(settings) == before


def repository_files(settings) -> dict[Path, bytes]:
    """The files that are the repository's and not this installation's state."""
    state = settings.state
    every = (path for path in settings.root.rglob("*") if state not in path.parents)
    return {path: path.read_bytes() for path in every if path.is_file()}
