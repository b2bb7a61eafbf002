"""The comment on a pull request: the dashboards' differences between two commits."""

import shutil
import subprocess

import pytest

from scripts.assets.checks import static as check
from scripts.assets.files.yaml_text import dump_yaml
from scripts.assets.sync.review import NO_CHANGES, NO_PROBLEMS, TEMPLATE, review
from scripts.errors import UserError
from scripts.settings import ROOT
from tests.unit.assets.checks.test_checks import CHART, DASHBOARD, TABLE


@pytest.fixture
def repository(assets, write, tmp_path, monkeypatch):
    """A clone with the sample committed; dbt's side is tried elsewhere."""
    monkeypatch.setattr(check, "read_relations", lambda root, state: {})
    monkeypatch.setattr(check, "dbt_problems", lambda bundle, relations, root: [])
    monkeypatch.setattr(check, "readability_problems", lambda bundle: [])
    for asset in write(assets).bundle():
        (tmp_path / "superset_assets" / asset.path).write_text(dump_yaml(asset.data))
    (tmp_path / TEMPLATE).parent.mkdir()
    shutil.copy(ROOT / TEMPLATE, tmp_path / TEMPLATE)
    author = ["-c", "user.name=Test", "-c", "user.email=test@localhost"]
    for command in (["init", "-q", "-b", "main"], ["add", "."], [*author, "commit", "-qm", "1"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def edit(repository, path, old, new):
    file = repository / "superset_assets" / path
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def test_review_without_changes(repository):
    text = review(repository, "main")
    assert NO_CHANGES in text
    assert NO_PROBLEMS in text
    assert "$" not in text


def test_review_lists_changed_fields(repository):
    edit(repository, CHART, "By region", "By | @land <b>")
    edit(repository, DASHBOARD, "width: 4", "width: 6")
    rows = [line for line in review(repository, "main").splitlines() if line.startswith("| chan")]
    assert len(rows) == 2
    assert '"By region" → "By &#124; &#64;land &#60;b>"' in rows[0]
    assert rows[0].count("|") == rows[1].count("|") == 4
    assert "layout: 1 component" in rows[1]


def test_review_lists_new_and_removed_assets(repository, assets):
    (repository / "superset_assets" / TABLE).unlink()
    text = (repository / "superset_assets" / DASHBOARD).read_text()
    head, _, rest = text.partition("  CHART-2:\n")
    text = head.replace("      - CHART-2\n", "") + rest.partition("metadata:")[1]
    text += rest.partition("metadata:")[2]
    (repository / "superset_assets" / DASHBOARD).write_text(text)
    assert '| removed | chart "Rows" |' in review(repository, "main")
    subprocess.run(["git", "rm", "-rq", "--cached", "superset_assets"], cwd=repository, check=True)
    author = ["-c", "user.name=Test", "-c", "user.email=test@localhost"]
    subprocess.run(["git", *author, "commit", "-qm", "none"], cwd=repository, check=True)
    assert '| new | chart "By region" |' in review(repository, "main")


def test_review_lists_problems(repository):
    edit(repository, CHART, "viz_type: pie", "viz_type: piie")
    text = review(repository, "main")
    assert "viz_type piie is unknown; write pie &#91;chart-type&#93;" in text
    assert NO_PROBLEMS not in text


def test_review_of_unknown_commit_is_error(repository):
    with pytest.raises(UserError, match="name a commit that this clone has"):
        review(repository, "no-such-branch")
