"""The schema of the files: the fields of each kind of asset, their types and their defaults.

The order here is the order in the files. A field that equals its default is left out of git and
added at push, because an import does not reset a field that the file does not contain.
"""

from dataclasses import dataclass
from typing import Any

KINDS = ("databases", "datasets", "queries", "annotation_layers", "charts", "dashboards")
# The kinds that one import of Superset creates together.
BUNDLED_KINDS = ("databases", "datasets", "charts", "dashboards")
# Access rights and alerts: they are in bundle.yml, because Superset's own bundles do not contain
# them.
ENTRY_KINDS = ("roles", "filters", "access", "users", "alerts")
# Kinds without a uuid in Superset: the name is the identity.
NAMED_KINDS = (*ENTRY_KINDS, "annotation_layers")
NAME_FIELD = {
    "databases": "database_name",
    "datasets": "table_name",
    "queries": "label",
    "annotation_layers": "name",
    "charts": "slice_name",
    "dashboards": "dashboard_title",
    "roles": "name",
    "filters": "name",
    "access": "dashboard",
    "users": "username",
    "alerts": "name",
}
# The version of Superset's bundle format; it has been the same since Superset 1.0.
FORMAT_VERSION = "1.0.0"

REQUIRED = object()


@dataclass(frozen=True)
class Field:
    """A field of an asset: its name, the types it may have, its default, its length."""

    name: str
    types: tuple[type, ...]
    default: Any = REQUIRED
    # How many characters Superset's own table holds; None: any number.
    longest: int | None = None

    @property
    def required(self) -> bool:
        """Whether every file must name it."""
        return self.default is REQUIRED


def _text(name: str, default: Any = None, longest: int | None = None) -> Field:
    return Field(name, (str,) if default is REQUIRED else (str, type(None)), default, longest)


def _flag(name: str, default: bool) -> Field:
    # Superset's exports hold null for a flag that was never set.
    return Field(name, (bool, type(None)), default)


def _number(name: str, default: int | None = None) -> Field:
    return Field(name, (int, type(None)), default)


def _names(name: str) -> Field:
    return Field(name, (list,), [])


def _mapping(name: str, default: Any = None) -> Field:
    return Field(name, (dict,) if default is REQUIRED else (dict, type(None)), default)


COLUMN = (
    _text("column_name", REQUIRED, 255),
    _text("verbose_name", longest=1024),
    _text("type"),
    _text("advanced_data_type"),
    _text("expression"),
    _text("description"),
    _flag("is_dttm", False),
    _flag("is_active", True),
    _flag("groupby", True),
    _flag("filterable", True),
    _text("python_date_format"),
    _text("datetime_format"),
    _mapping("extra"),
)

METRIC = (
    _text("metric_name", REQUIRED, 255),
    _text("verbose_name", longest=1024),
    _text("expression", REQUIRED),
    _text("description"),
    _text("metric_type"),
    _text("d3format"),
    _mapping("currency"),
    _text("warning_text"),
    _mapping("extra"),
)

ANNOTATION = (
    _text("short_descr", REQUIRED, 500),
    _text("long_descr"),
    _text("start_dttm", REQUIRED),
    _text("end_dttm", REQUIRED),
    _mapping("json_metadata"),
)

# Fields that Superset's bundles do not contain; a push sends them over REST.
REST_FIELDS = ("owners", "tags")

FIELDS: dict[str, tuple[Field, ...]] = {
    "databases": (
        _text("database_name", REQUIRED, 250),
        _text("uuid", REQUIRED),
        _text("sqlalchemy_uri", REQUIRED, 1024),
        _number("cache_timeout"),
        _flag("expose_in_sqllab", True),
        _flag("allow_run_async", False),
        _flag("allow_ctas", False),
        _flag("allow_cvas", False),
        _flag("allow_dml", False),
        # Superset's import enables uploads where the file has no value.
        _flag("allow_csv_upload", False),
        _flag("impersonate_user", False),
        _text("configuration_method", "sqlalchemy_form"),
        _mapping("extra", {}),
        _text("version", REQUIRED),
    ),
    "datasets": (
        _text("table_name", REQUIRED, 250),
        _text("uuid", REQUIRED),
        _text("database_uuid", REQUIRED),
        _text("catalog", longest=256),
        _text("schema", longest=255),
        _text("description"),
        _text("main_dttm_col", longest=250),
        _text("currency_code_column"),
        _text("default_endpoint"),
        _number("offset", 0),
        _number("cache_timeout"),
        _text("fetch_values_predicate"),
        _flag("filter_select_enabled", True),
        _flag("normalize_columns", False),
        _flag("always_filter_main_dttm", False),
        _mapping("params"),
        _mapping("template_params"),
        _mapping("extra"),
        Field("folders", (list, type(None)), None),
        _text("sql"),
        _names("owners"),
        Field("metrics", (list,), []),
        Field("columns", (list,), []),
        _text("version", REQUIRED),
    ),
    "queries": (
        _text("label", REQUIRED, 256),
        _text("uuid", REQUIRED),
        _text("database_uuid", REQUIRED),
        _text("catalog", longest=128),
        _text("schema", longest=128),
        _text("description"),
        _text("sql", REQUIRED),
        _text("version", REQUIRED),
    ),
    "annotation_layers": (
        _text("name", REQUIRED, 250),
        _text("descr"),
        Field("annotations", (list,), []),
        _text("version", REQUIRED),
    ),
    "charts": (
        _text("slice_name", REQUIRED, 250),
        _text("uuid", REQUIRED),
        _text("dataset_uuid", REQUIRED),
        _text("description"),
        _text("certified_by"),
        _text("certification_details"),
        _number("cache_timeout"),
        _names("owners"),
        _names("tags"),
        _text("viz_type", REQUIRED),
        _mapping("params", REQUIRED),
        _text("version", REQUIRED),
    ),
    "dashboards": (
        _text("dashboard_title", REQUIRED, 500),
        _text("uuid", REQUIRED),
        _text("slug", REQUIRED, 255),
        _text("description"),
        _text("certified_by"),
        _text("certification_details"),
        _flag("published", False),
        _names("owners"),
        _names("tags"),
        _text("css"),
        _mapping("position", REQUIRED),
        _mapping("metadata", {}),
        _text("version", REQUIRED),
    ),
}
