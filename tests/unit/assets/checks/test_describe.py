"""Descriptions of dbt in the datasets, and exposures of the dashboards in dbt."""

from dataclasses import replace

import pytest
import yaml

from scripts.assets.checks.describe import types_of
from scripts.assets.checks.exposures import exposures_text
from scripts.assets.files.dbt_relations import relations_of
from scripts.assets.files.descriptions import with_descriptions
from scripts.assets.model.normalise import canonical
from scripts.assets.model.tables import tables_of
from scripts.errors import UserError
from tests.unit.assets.checks.test_checks import CHART, DASHBOARD, DATASET
from tests.unit.assets.checks.test_rule_pages import RELATIONS, SALES
from tests.unit.assets.sample_assets import uuid_of


def columns(data):
    return {each["column_name"]: each for each in data["columns"]}


def test_descriptions_come_from_dbt_and_other_fields_stay(assets):
    before = assets[DATASET]
    before["columns"][0] |= {"verbose_name": "Euros", "description": "old words"}
    after = with_descriptions(before, SALES)
    assert after["description"] == "What was sold."
    assert columns(after)["amount"] == {
        "column_name": "amount",
        "verbose_name": "Euros",
        "type": "DOUBLE PRECISION",
        "description": "In euros.",
    }
    assert after["metrics"] == canonical("datasets", before)["metrics"]
    assert with_descriptions(after, SALES) == after


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("text", {"type": "TEXT"}),
        ("character varying", {"type": "VARCHAR"}),
        ("date", {"type": "DATE", "is_dttm": True}),
        ("timestamp with time zone", {"type": "TIMESTAMP WITH TIME ZONE", "is_dttm": True}),
    ],
)
def test_new_column_has_type_and_label(kind, expected, assets):
    more = replace(SALES, columns=SALES.columns | {"sold_in": "When or where."})
    new = columns(with_descriptions(assets[DATASET], more, {"sold_in": kind}))["sold_in"]
    words = {"verbose_name": "Sold in", "description": "When or where."}
    assert new == {"column_name": "sold_in"} | words | expected
    labelled = replace(more, labels={"sold_in": "Place"}, types={"sold_in": kind})
    new = columns(with_descriptions(assets[DATASET], labelled))["sold_in"]
    assert new == {"column_name": "sold_in"} | words | expected | {"verbose_name": "Place"}


def test_new_column_type_needs_warehouse():
    with pytest.raises(UserError) as caught:
        types_of(SALES, None)
    assert "reports.sales" in caught.value.line
    assert "make up" in caught.value.line


def test_exposure_lists_models_of_dashboard(assets, write):
    assets[DASHBOARD] |= {"description": "What is sold where.", "slug": "sales-now"}
    text = exposures_text(write(assets).bundle(), RELATIONS)
    (exposure,) = yaml.safe_load(text)["exposures"]
    assert exposure["name"] == "sales_now"
    assert exposure["label"] == "Sales"
    assert exposure["url"].endswith("/superset/dashboard/sales-now/")
    assert exposure["description"] == "What is sold where."
    assert exposure["owner"] == {"name": "sales team"}
    assert exposure["depends_on"] == ["ref('sales')"]


def test_certified_by_is_exposure_owner(assets, write):
    assets[DASHBOARD]["certified_by"] = "Finance"
    text = exposures_text(write(assets).bundle(), RELATIONS)
    assert yaml.safe_load(text)["exposures"][0]["owner"] == {"name": "Finance"}


def test_exposure_includes_datasets_of_filters(assets, write):
    assets["datasets/reports/regions.yaml"] = assets[DATASET] | {
        "uuid": uuid_of("regions"),
        "table_name": "regions",
    }
    entry = assets[DASHBOARD]["metadata"]["native_filter_configuration"][0]
    entry["targets"][0]["datasetUuid"] = uuid_of("regions")
    relations = RELATIONS | {("reports", "regions"): replace(SALES, name="regions", node="regions")}
    text = exposures_text(write(assets).bundle(), relations)
    (exposure,) = yaml.safe_load(text)["exposures"]
    assert exposure["depends_on"] == ["ref('regions')", "ref('sales')"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("select * from reports.a join b on true", {("reports", "a"), ("reports", "b")}),
        ("with c as (select 1 from marts.a) select * from c", {("marts", "a")}),
        ("select {{ this is a template", set()),
    ],
)
def test_tables_of_query(query, expected, assets, write):
    assets[DATASET]["sql"] = query
    (dataset,) = write(assets).bundle().kind("datasets")
    assert tables_of(dataset) == expected


def test_removed_chart_leaves_exposure(assets, write):
    del assets[CHART]
    bundle = write(assets).bundle()
    assert "ref('sales')" in exposures_text(bundle, RELATIONS)


def test_owner_is_inherited_from_upstream(manifest):
    relations = {each.node: each for each in relations_of(manifest)}
    assert relations["breast_cancer"].owners == ["pathology"]
    assert "pathology" in relations["rpt_class_balance"].owners
    assert relations["rpt_class_balance"].title == "reports.rpt_class_balance"
    assert relations["rpt_class_balance"].file == "dbt/models/reports/rpt_class_balance.yml"
