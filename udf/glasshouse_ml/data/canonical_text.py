"""The canonical text of a value: equal values have the same text, whatever the session's settings.

It is the text that PostgreSQL writes under its default settings, with times in UTC, numbers of type
numeric without trailing zeros, and zero without a sign. Where a type depends on a setting that
differs in the session, ml.canonical_text() writes the value under the defaults. The query itself
always runs under the settings of the session. Numbers inside other values, such as json, keep
their trailing zeros.
"""

from collections.abc import Collection

from glasshouse_ml.core.table import Column

# The settings on which texts depend, each with the values under which texts are canonical.
DEFAULTS: dict[str, tuple[str, ...]] = {
    "DateStyle": ("ISO, MDY", "ISO, DMY", "ISO, YMD"),
    "TimeZone": ("UTC", "Etc/UTC", "GMT"),
    "IntervalStyle": ("postgres",),
    "extra_float_digits": ("1", "2", "3"),
    "bytea_output": ("hex",),
    "lc_monetary": ("C", "C.UTF-8", "POSIX"),
}
_STABLE_TYPES = ("bool", "int2", "int4", "int8", "uuid", "jsonb", "numeric")
# Texts and enumerations.
_STABLE_CATEGORIES = ("S", "E")
# Every other type may depend on every setting, as an array of dates does.
_DEPENDS_ON = {
    "float4": "extra_float_digits",
    "float8": "extra_float_digits",
    "date": "DateStyle",
    "timestamp": "DateStyle",
    "timestamptz": "DateStyle",
    "interval": "IntervalStyle",
    "bytea": "bytea_output",
    "money": "lc_monetary",
}


def canonical_text(column: Column, value: str, changed: Collection[str], schema: str) -> str:
    """The SQL of the canonical text of a value; `changed` are the settings that differ."""
    if column.base_type == "numeric":
        return f"trim_scale({value})::text"
    if column.base_type in ("float4", "float8"):
        value = f"({value} + 0::{column.base_type})"
    elif column.base_type == "timestamptz":
        value = f"({value} at time zone 'UTC')"
    text = f"{schema}.canonical_text({value})" if _depends(column, changed) else f"{value}::text"
    return f"({text} || '+00')" if column.base_type == "timestamptz" else text


def depends_on_settings(column: Column) -> bool:
    """Whether the text of the column can depend on a setting."""
    return _depends(column, DEFAULTS)


def _depends(column: Column, changed: Collection[str]) -> bool:
    if column.base_type in _STABLE_TYPES or column.category in _STABLE_CATEGORIES:
        return False
    setting = _DEPENDS_ON.get(column.base_type)
    return bool(changed) if setting is None else setting in changed
