"""docs/reference.md is what the functions and tables say of themselves."""

from scripts.reference import PAGE, page
from scripts.settings import ROOT
from scripts.stack.build import registry_script


def test_the_page_is_current() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page(ROOT), "run make reference"


def test_it_names_every_function_and_every_table() -> None:
    text = page(ROOT)
    functions = list((ROOT / "udf" / "functions").glob("*.yml"))
    assert len(functions) > 10
    for file in functions:
        assert f"### ml.{file.stem}\n" in text
    created = [
        line.split()[5]
        for line in registry_script(ROOT).splitlines()
        if line.startswith("create table if not exists ml.")
    ]
    assert len(created) > 10
    for name in created:
        assert f"### {name}\n" in text, f"{name} has no comment in udf/registry"
