"""The saved queries of Superset's SQL Lab are the marked SQL blocks of the tutorials."""

import re

import yaml

from scripts.settings import ROOT

BLOCK = re.compile(r"^```sql\n-- Saved query: ([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_saved_queries_equal_the_tutorials() -> None:
    blocks = {
        f"Tutorial {file.name[0]}: {title}": sql
        for file in (ROOT / "docs" / "tutorials").glob("*.md")
        for title, sql in BLOCK.findall(file.read_text(encoding="utf-8"))
    }
    files = [
        yaml.safe_load(file.read_text(encoding="utf-8"))
        for file in (ROOT / "superset_assets" / "queries").glob("*.yaml")
    ]
    queries = {each["label"]: each["sql"] for each in files}
    assert len(blocks) >= 5
    assert queries == blocks
