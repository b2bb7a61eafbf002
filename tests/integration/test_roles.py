"""Rights of the roles that read dashboards and schemas, and of the role that builds."""

from contextlib import closing

import psycopg2
import psycopg2.errors
import pytest

from ..conftest import Warehouse

READABLE = ("reports.rpt_model_overview", "reports.rpt_predictions", "reports.metric_labels")
ANALYSED = ("marts.dim_customers", "predictions.pred_breast_cancer")
HIDDEN = (
    "csv.breast_cancer",
    "staging.stg_csv__breast_cancer",
    "features.feat_tumour__measurements",
    "models.breast_cancer",
    "ml.model_versions",
    "ml.artifacts",
)


def attempt(warehouse: Warehouse, role: str, statement: str) -> None:
    """Run a statement as a role and undo it."""
    with closing(psycopg2.connect(**warehouse.dsn(role))) as connection:
        with connection.cursor() as cursor:
            # A role can lift its own default; what it may do must not hang on it.
            cursor.execute("set transaction read write")
            cursor.execute(statement)
        connection.rollback()


@pytest.mark.parametrize("relation", READABLE)
def test_dashboard_reads_published_relations(warehouse: Warehouse, relation: str) -> None:
    attempt(warehouse, "dashboard", f"select * from {relation}")


@pytest.mark.parametrize("relation", READABLE + ANALYSED)
def test_analyst_reads_marts_and_predictions(warehouse: Warehouse, relation: str) -> None:
    attempt(warehouse, "analyst", f"select * from {relation}")


@pytest.mark.parametrize("relation", HIDDEN + ANALYSED)
def test_dashboard_reads_nothing_else(warehouse: Warehouse, relation: str) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        attempt(warehouse, "dashboard", f"select * from {relation}")


@pytest.mark.parametrize("relation", HIDDEN)
def test_analyst_reads_nothing_else(warehouse: Warehouse, relation: str) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        attempt(warehouse, "analyst", f"select * from {relation}")


@pytest.mark.parametrize(
    "statement",
    [
        "insert into reports.rpt_predictions (model) values ('mine')",
        "update predictions.pred_breast_cancer set score = 1",
        "delete from reports.rpt_predictions",
        "truncate reports.rpt_predictions",
        "drop table reports.rpt_predictions",
        "create table reports.mine (a integer)",
        "create table public.mine (a integer)",
        "create temporary table mine (a integer)",
        "create schema mine",
        "select * from ml.predict('breast_cancer', 'select 1')",
        "select * from ml.train('mine', 'select 1', 'classification')",
    ],
)
@pytest.mark.parametrize("role", ["dashboard", "analyst"])
def test_reader_cannot_write_or_call_functions(
    warehouse: Warehouse, role: str, statement: str
) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        attempt(warehouse, role, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "create function public.mine() returns int language plpython3u as 'return 1'",
        "create role mine",
        "insert into ml.model_versions (model, version) values ('mine', 1)",
        "update ml.metrics set value = 1",
        "delete from ml.model_versions",
        "create or replace function ml.predict(model text, query text, version int) "
        "returns int language sql as 'select 1'",
    ],
)
def test_transformer_is_not_superuser(warehouse: Warehouse, statement: str) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        attempt(warehouse, "transformer", statement)
