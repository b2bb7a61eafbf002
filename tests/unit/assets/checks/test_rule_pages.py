"""Every rule of `check` has a page and a rejected case; readability and dbt rules in detail."""

import re
from dataclasses import replace

import pytest

from scripts.assets.checks.charts import Limits, QueryResult
from scripts.assets.checks.dbt_agreement import dbt_problems
from scripts.assets.checks.readability import contains_sentence, readability_problems
from scripts.assets.checks.static import unformatted
from scripts.assets.files.dbt_relations import Relation
from scripts.assets.model.asset import Asset
from scripts.assets.model.problems import Rule
from scripts.settings import ROOT
from tests.unit.assets.checks.test_checks import (
    CASES,
    CHART,
    DASHBOARD,
    DATABASE,
    DATASET,
    TABLE,
    delete_key,
    value,
)
from tests.unit.assets.sample_assets import component, uuid_of

HELP = "Read it like this: the larger, the better."
SALES = Relation(
    schema="reports",
    name="sales",
    node="sales",
    file="dbt/models/reports/sales.yml",
    description="What was sold.",
    columns={"amount": "In euros.", "region": "Where."},
    labels={},
    types={},
    owners=["sales team"],
)
RELATIONS = {("reports", "sales"): SALES}


def described_assets(assets):
    """The sample as the house wants it: described, and each chart with a sentence."""
    assets[CHART]["params"]["echart_options"] = "{ title: { text: '" + HELP + "' } }"
    assets[TABLE]["params"]["subtitle"] = HELP
    assets[DASHBOARD]["description"] = "What is sold where."
    for column, words in zip(assets[DATASET]["columns"], SALES.columns.values(), strict=True):
        column["description"] = words
    assets[DATASET]["description"] = SALES.description
    return assets


READERS = [
    (DASHBOARD, delete_key("description"), Rule.NO_DESCRIPTION, "has no description"),
    (DASHBOARD, value("description", " "), Rule.NO_DESCRIPTION, "has no description"),
    (CHART, value("params.echart_options", "{}"), Rule.NO_READING_HELP, '"By region"'),
    (TABLE, value("params.subtitle", "Rows"), Rule.NO_READING_HELP, '"Rows"'),
    (TABLE, value("params.subtitle", "{{words}} in a template"), Rule.NO_READING_HELP, '"Rows"'),
]
DBT = [
    (DATASET, value("table_name", "sales_old"), Rule.NOT_IN_DBT, "which dbt does not build"),
    (DATASET, value("columns.0.column_name", "net"), Rule.NOT_IN_DBT, "the column net is not"),
    (DATASET, value("schema", "staging"), Rule.CLOSED_SCHEMA, "may not read the schema staging"),
    (DATASET, value("sql", "select 1 from features.x"), Rule.CLOSED_SCHEMA, "features.x"),
    (DATASET, value("sql", "select 1 from reports.gone"), Rule.NOT_IN_DBT, "reports.gone"),
    (DATASET, value("description", "Sales."), Rule.STALE_DESCRIPTION, "make describe"),
    (DATASET, value("columns.1.description", "x"), Rule.STALE_DESCRIPTION, "sales.yml"),
    (DATASET, lambda d: d["columns"].pop(), Rule.STALE_DESCRIPTION, "make describe"),
    (CHART, value("slice_name", "Same words"), Rule.STALE_EXPOSURES, "exposures.yml"),
]


@pytest.fixture
def bundle(assets, write):
    """Builds a bundle of the explained sample, changed in one place."""

    def do(path, change):
        described_assets(assets)
        change(assets[path])
        return write(assets).bundle()

    return do


@pytest.mark.parametrize(("path", "change", "rule", "expected"), READERS)
def test_readability_rule_rejects_change(path, change, rule, expected, bundle):
    result = readability_problems(bundle(path, change))
    assert [(problem.file, problem.rule) for problem in result] == [(path, rule)]
    assert expected in str(result[0])


def no_change(data):
    pass


def test_described_sample_has_no_problems(bundle):
    assert readability_problems(bundle(CHART, no_change)) == []


def text_in_row(data):
    data["position"]["TEXT"] = component("MARKDOWN", code=f"<b>{HELP}</b>")
    data["position"]["ROW-1"] = component("ROW", "CHART-1", "CHART-2", "TEXT")


def text_in_row_below(data):
    data["position"]["TEXT"] = component("MARKDOWN", code=f"<b>{HELP}</b>")
    data["position"]["ROW-2"] = component("ROW", "TEXT")
    data["position"]["GRID_ID"] = component("GRID", "ROW-1", "ROW-2")


def expanded_descriptions(data):
    both = {uuid_of("Rows"): True, uuid_of("By region"): True}
    data["metadata"]["expanded_slices"] = both


@pytest.mark.parametrize("change", [text_in_row, text_in_row_below, expanded_descriptions])
def test_text_next_to_charts_counts_as_help(change, assets, write):
    change(assets[DASHBOARD])
    rules = {problem.rule for problem in readability_problems(write(assets).bundle())}
    assert Rule.NO_READING_HELP not in rules


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HELP, True),
        ("<b>Relies on</b> is not because. The model <i>uses</i> what goes together.", True),
        ("Sales by region", False),
        ("{ grid: { left: 48, right: 20, top: 36 } }", False),
        ("0.5", False),
        ("", False),
    ],
)
def test_contains_sentence(text, expected):
    assert contains_sentence(text) is expected


def test_unreachable_assets_are_orphans(assets, write):
    assets["charts/sales/old.yaml"] = assets[CHART] | {"uuid": uuid_of("old")}
    assets["datasets/reports/old.yaml"] = assets[DATASET] | {"uuid": uuid_of("old sales")}
    assets["databases/old.yaml"] = assets[DATABASE] | {"uuid": uuid_of("old warehouse")}
    result = readability_problems(write(described_assets(assets)).bundle())
    orphans = {problem.file for problem in result if problem.rule == Rule.ORPHAN}
    assert orphans == {"charts/sales/old.yaml", "datasets/reports/old.yaml", "databases/old.yaml"}


@pytest.mark.parametrize(("path", "change", "rule", "expected"), DBT)
def test_dbt_rule_rejects_change(path, change, rule, expected, bundle, tmp_path):
    result = dbt_problems(bundle(path, change), RELATIONS, tmp_path)
    assert [problem.rule for problem in result] == [rule]
    assert expected in str(result[0])


def test_computed_column_needs_no_dbt_description(bundle, tmp_path):
    def change(data):
        data["columns"].append({"column_name": "double", "expression": "2 * amount"})

    result = dbt_problems(bundle(DATASET, change), RELATIONS, tmp_path)
    assert {problem.rule for problem in result} == {Rule.STALE_EXPOSURES}


def test_non_canonical_file_is_reported(assets, write, tmp_path):
    bundle = write(assets).bundle()
    files = {CHART: (tmp_path / "superset_assets" / CHART).read_text() + "# a note\n"}
    write(files)
    result = unformatted(tmp_path / "superset_assets", bundle)
    assert {problem.rule for problem in result} == {Rule.NOT_CANONICAL}
    assert CHART in {problem.file for problem in result}


RESULT = QueryResult(Asset("charts", {"slice_name": "A chart"}, CHART), rows=100, milliseconds=50)
RESULTS = [
    (replace(RESULT, error="no such column"), Limits(), Rule.QUERY_FAILS),
    (replace(RESULT, error="not there", pushed=False), Limits(), Rule.NOT_PUSHED),
    (replace(RESULT, rows=0, empty=True), Limits(), Rule.NO_ROWS),
    (RESULT, Limits(milliseconds=49), Rule.TOO_SLOW),
    (RESULT, Limits(rows=99), Rule.TOO_MANY_ROWS),
]


@pytest.mark.parametrize(("answer", "limits", "rule"), RESULTS)
def test_query_result_is_rejected(answer, limits, rule):
    assert answer.problem(limits).rule == rule


def test_query_result_at_limits_passes():
    assert RESULT.problem(Limits()) is None
    assert RESULT.problem(Limits(milliseconds=50, rows=100)) is None


def test_every_rule_has_rejected_case():
    # The others stand in tests of their own: here and in test_assets_check.py.
    other_rules = {Rule.UNREADABLE, Rule.REPEATED_SLUG, Rule.ORPHAN, Rule.NOT_CANONICAL}
    rules = {case[2] for case in [*CASES, *READERS, *DBT, *RESULTS]}
    assert set(Rule) - rules == other_rules


@pytest.mark.parametrize("rule", Rule)
def test_every_rule_has_page(rule):
    text = (ROOT / "docs" / "rules" / f"{rule}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {rule}\n")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings == ["Example", "Why", "How to fix"]
    assert all(len(part.split()) > 3 for part in re.split(r"^## .+$", text, flags=re.M))


def test_every_page_has_rule():
    pages = {page.stem for page in (ROOT / "docs" / "rules").glob("*.md")} - {"README"}
    assert pages == set(Rule)
    names = re.findall(r"\| \[([a-z-]+)\]", (ROOT / "docs" / "rules" / "README.md").read_text())
    assert sorted(names) == sorted(Rule)
