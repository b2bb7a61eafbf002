"""A problem that `check` reports: rule, file, message and remedy."""

from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """The rules of `check`; docs/rules/ has a page for each."""

    # One file.
    UNREADABLE = "unreadable"
    MISSING_FIELD = "missing-field"
    UNKNOWN_FIELD = "unknown-field"
    WRONG_TYPE = "wrong-type"
    MALFORMED_UUID = "malformed-uuid"
    FORMAT_VERSION = "format-version"
    UNKNOWN_SETTING = "unknown-setting"
    PASSWORD = "password-in-file"  # noqa: S105
    TOO_LONG = "too-long"
    REPEATED_NAME = "repeated-name"
    TWO_TYPES = "two-chart-types"
    CHART_TYPE = "chart-type"
    MALFORMED_LAYOUT = "malformed-layout"
    MALFORMED_SETTING = "malformed-setting"
    NOT_CANONICAL = "not-canonical"
    # Between files.
    REPEATED_UUID = "repeated-uuid"
    REPEATED_SLUG = "repeated-slug"
    DANGLING_REFERENCE = "dangling-reference"
    BROKEN_LAYOUT = "broken-layout"
    NUMBERED_DATASET = "numbered-dataset"
    UNKNOWN_COLUMN = "unknown-column"
    ORPHAN = "orphan"
    # For readers of the dashboards.
    NO_DESCRIPTION = "no-description"
    NO_READING_HELP = "no-reading-help"
    # Between the files and dbt.
    NOT_IN_DBT = "not-in-dbt"
    CLOSED_SCHEMA = "closed-schema"
    STALE_DESCRIPTION = "stale-description"
    STALE_EXPOSURES = "stale-exposures"
    # With a running server.
    NOT_PUSHED = "not-pushed"
    QUERY_FAILS = "query-fails"
    NO_ROWS = "no-rows"
    TOO_SLOW = "too-slow"
    TOO_MANY_ROWS = "too-many-rows"


@dataclass(frozen=True, order=True)
class Problem:
    """One problem, printed as one line."""

    file: str
    message: str
    remedy: str
    rule: Rule

    def __str__(self) -> str:
        message = " ".join(self.message.split()).rstrip(".")
        return f"{self.file}: {message}; {self.remedy} [{self.rule}]"
