"""Every field that the installed Superset accepts is kept, renamed or left out explicitly."""

import ast
from importlib.util import find_spec
from pathlib import Path

import pytest

from scripts.assets.checks.fields import file_problems
from scripts.assets.model.fields import COLUMN, FIELDS, METRIC, REST_FIELDS
from scripts.assets.model.normalise import IGNORED_FIELDS, SECRET_FIELDS, canonical
from tests.unit.assets.sample_assets import ASSETS, uuid_of

SCHEMAS = {
    "ImportV1DatabaseSchema": ("databases/schemas.py", FIELDS["databases"]),
    "ImportV1DatasetSchema": ("datasets/schemas.py", FIELDS["datasets"]),
    "ImportV1ColumnSchema": ("datasets/schemas.py", COLUMN),
    "ImportV1MetricSchema": ("datasets/schemas.py", METRIC),
    "ImportV1SavedQuerySchema": ("queries/saved_queries/schemas.py", FIELDS["queries"]),
    "ImportV1ChartSchema": ("charts/schemas.py", FIELDS["charts"]),
    "ImportV1DashboardSchema": ("dashboards/schemas.py", FIELDS["dashboards"]),
}


def schema_fields(name: str, file: str) -> set[str]:
    """The fields that a schema of Superset declares; its code is read and not run."""
    (folder,) = find_spec("superset").submodule_search_locations
    tree = ast.parse((Path(folder) / file).read_text(encoding="utf-8"))
    (schema,) = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name]
    return {
        target.id
        for statement in schema.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
    }


@pytest.mark.parametrize("name", SCHEMAS)
def test_known_fields_match_installed_superset(name):
    file, fields = SCHEMAS[name]
    here = {field.name for field in fields}
    there = schema_fields(name, file)
    assert there - here - IGNORED_FIELDS - SECRET_FIELDS == set()
    assert here - there - {*REST_FIELDS} == set()


def test_superset_5_export_passes_checks():
    data = ASSETS["databases/warehouse.yaml"] | {
        "allow_file_upload": True,
        "extra": {"schemas_allowed_for_file_upload": ["csv"], "allows_virtual_table_explore": True},
    }
    assert file_problems("databases", "databases/x.yaml", data) == []
    short = canonical("databases", data)
    assert short["allow_csv_upload"] is True
    assert short["extra"]["schemas_allowed_for_csv_upload"] == ["csv"]
    column = {"column_name": "day", "is_dttm": None, "is_active": None, "extra": "{}"}
    data = ASSETS["datasets/reports/sales.yaml"] | {"columns": [column], "offset": None}
    assert canonical("datasets", data)["columns"] == [{"column_name": "day"}]
    chart = ASSETS["charts/sales/rows.yaml"] | {"tags": None, "query_context": None}
    assert "tags" not in canonical("charts", chart)


@pytest.mark.parametrize("name", sorted(SECRET_FIELDS))
def test_secret_field_is_refused_and_not_written(name):
    data = ASSETS["databases/warehouse.yaml"] | {name: "secret", "uuid": uuid_of("x")}
    (problem,) = file_problems("databases", "databases/x.yaml", data)
    assert f"{name} may hold a secret" in str(problem)
    assert name not in canonical("databases", data)


@pytest.mark.parametrize(
    "uri",
    [
        "postgresql://dashboard:${DASHBOARD_PASSWORD}@db.example.org:5432/warehouse",
        "postgresql://dashboard:${DASHBOARD_PASSWORD}@${POSTGRES_HOST}.example.org/warehouse",
        "postgresql://dashboard:${DASHBOARD_PASSWORD}@${POSTGRES_HOST}:5433/warehouse",
        "postgresql://a:${POSTGRES_PASSWORD}@${POSTGRES_HOST}/warehouse?host=db.example.org",
        "mysql://a:${POSTGRES_PASSWORD}@${POSTGRES_HOST}:${POSTGRES_PORT}/warehouse",
        "postgresql://${POSTGRES_PASSWORD}.example.org/warehouse",
    ],
)
def test_uri_with_own_password_for_other_server_is_refused(uri):
    data = ASSETS["databases/warehouse.yaml"] | {"sqlalchemy_uri": uri}
    (problem,) = file_problems("databases", "databases/x.yaml", data)
    assert "sends a password of this installation to another server" in str(problem)
