"""YAML files give back exactly what was written into them."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from scripts.assets.files.yaml_text import dump_yaml, load_yaml

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
def test_data_survives(data):
    assert load_yaml(dump_yaml(data)) == data


@given(AWKWARD)
def test_text_survives_for_any_reader_of_yaml(text):
    assert yaml.safe_load(dump_yaml({"text": [text]})) == {"text": [text]}


@pytest.mark.parametrize(
    "text", ["0", "1.10", "null", "yes", "2026-01-31", "{{handlebars}}", "😀", "مرحبا", "${X}", ""]
)
def test_words_that_yaml_might_mistake(text):
    written = dump_yaml({"text": text})
    assert load_yaml(written) == yaml.safe_load(written) == {"text": text}


def test_several_lines_stand_in_a_block():
    assert dump_yaml({"sql": "select 1\nfrom x\n"}) == "sql: |\n  select 1\n  from x\n"


def test_a_bare_date_is_text():
    assert load_yaml("since: 2026-01-31") == {"since": "2026-01-31"}


def test_a_key_that_stands_twice_is_refused():
    with pytest.raises(yaml.YAMLError, match="twice"):
        load_yaml("a: 1\nb: 2\na: 3\n")
