"""YAML files return exactly what was written into them."""

import re

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.assets.files.yaml_text import dump_yaml, load_yaml
from scripts.assets.model.texts import plain_text

AWKWARD = st.text(alphabet="ab \n\t:#-|>'\"{}%&*!?,[]\r\u2028\x85\ufeffé😀שלום0.", max_size=40)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | AWKWARD,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@given(JSON)
def test_data_round_trip_is_lossless(data):
    assert load_yaml(dump_yaml(data)) == data


@given(AWKWARD)
def test_text_round_trip_with_standard_yaml_reader(text):
    assert yaml.safe_load(dump_yaml({"text": [text]})) == {"text": [text]}


@pytest.mark.parametrize(
    "text", ["0", "1.10", "null", "yes", "2026-01-31", "{{handlebars}}", "😀", "مرحبا", "${X}", ""]
)
def test_ambiguous_scalars_stay_text(text):
    yaml_text = dump_yaml({"text": text})
    assert load_yaml(yaml_text) == yaml.safe_load(yaml_text) == {"text": text}


def test_multiline_text_is_block_scalar():
    assert dump_yaml({"sql": "select 1\nfrom x\n"}) == "sql: |\n  select 1\n  from x\n"


def test_unquoted_date_is_text():
    assert load_yaml("since: 2026-01-31") == {"since": "2026-01-31"}


def test_duplicate_key_is_refused():
    with pytest.raises(yaml.YAMLError, match="twice"):
        load_yaml("a: 1\nb: 2\na: 3\n")


LINES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs"])
    | st.sampled_from(" \t\n\r\x07\x85\u2028\ufeff"),
    max_size=200,
)


@given(
    LINES, st.sampled_from(["", "\t", " ", "\n"]), st.sampled_from(["", " ", "\t", "\n", "\n\n"])
)
@settings(max_examples=500)
def test_multiline_text_round_trip_keeps_block(text, start, end):
    """Tabs, blanks at the edges, other line ends, control characters: never a quoted string."""
    text = plain_text(f"{start}{text}\nlast{end}")
    data = {"css": text, "list": [{"code": text}], "long": f"{'x' * 300}\n{text}"}
    yaml_text = dump_yaml(data)
    assert load_yaml(yaml_text) == yaml.safe_load(yaml_text) == data
    blocks = re.findall(r"(css|code|long): \|", yaml_text)
    assert blocks == ["css", "code", "long"]


def test_trailing_blank_changes_one_line():
    css = [f".a{number}{{}}" for number in range(100)]
    before = dump_yaml({"css": "\n".join(css) + "\n"}).splitlines()
    css[50] += " "
    after = dump_yaml({"css": "\n".join(css) + "\n"}).splitlines()
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (BOMB, "aliases"),
        ("a: &a [*a]", "aliases"),
        ("a: " + "[" * 100_000 + "]" * 100_000, "nesting"),
    ],
)
def test_oversized_yaml_is_refused(text, expected):
    with pytest.raises(yaml.YAMLError, match=expected):
        load_yaml(text)


def test_small_alias_is_read():
    assert load_yaml("a: &a [1, 2]\nb: *a\n") == {"a": [1, 2], "b": [1, 2]}
