"""Every relative link in the documentation leads to an existing file and heading."""

import re
import subprocess
from pathlib import Path

import pytest

from scripts.settings import ROOT

PAGES = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
    cwd=ROOT,
    capture_output=True,
    text=True,
    check=True,
).stdout.split()
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s#]*)(?:#([^)\s]+))?\)")


def anchors(text: str) -> set[str]:
    """The headings as GitHub writes them behind a #."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def broken_links(page: Path) -> list[str]:
    """The links of a page that lead nowhere."""
    links = []
    for path, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        target = (page.parent / path) if path else page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text())):
            links.append(f"{path}#{anchor}" if anchor else path)
    return links


def test_pages_exist() -> None:
    assert "README.md" in PAGES


@pytest.mark.parametrize("name", [name for name in PAGES if (ROOT / name).exists()])
def test_links_have_targets(name: str) -> None:
    assert broken_links(ROOT / name) == []


def test_broken_link_is_reported(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# A heading: with signs\n")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](there.md) [b](there.md#a-heading-with-signs) [c](gone.md) [d](there.md#no)"
    )
    assert broken_links(page) == ["gone.md", "there.md#no"]
