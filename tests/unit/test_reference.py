"""docs/reference.md is generated from the comments on functions and tables."""

from scripts.reference import PAGE, TABLE, page
from scripts.settings import ROOT
from scripts.stack.registry import registry_script


def test_page_is_current() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page(ROOT), "run make reference"


def test_page_lists_all_functions_and_tables() -> None:
    text = page(ROOT)
    functions = list((ROOT / "udf" / "functions").glob("*.yml"))
    assert len(functions) > 10
    for file in functions:
        assert f"### ml.{file.stem}\n" in text
    tables = TABLE.findall(registry_script(ROOT))
    assert len(tables) > 10
    for table in tables:
        assert f"### ml.{table}\n" in text, f"{table} has no comment in udf/registry"
