"""Runs the checks: rows of ml.checks, and the NOTICEs of their findings."""

from collections.abc import Iterator

from glasshouse_ml.checks.facts import (
    ISSUE,
    NOT_APPLICABLE,
    PASSED,
    TIP,
    NotApplicable,
    TrainingFacts,
)
from glasshouse_ml.checks.table import CHECKS, Entry
from glasshouse_ml.core.records import Records

# More findings of one check are counted in one line.
MAX_NOTICES = 5


def check_rows(facts: TrainingFacts) -> Records:
    """A row for each finding, and one for each check without any."""
    records: Records = []
    for entry in CHECKS:
        facts.check_interrupts()
        for record in _outcome_rows(entry, facts):
            fields = {"position": len(records) + 1, "code": entry.code, "title": entry.title}
            records.append({**fields, **record})
    return records


def _outcome_rows(entry: Entry, facts: TrainingFacts) -> Records:
    try:
        outcome = entry.check(facts)
    except (ArithmeticError, LookupError, ValueError) as error:
        # A fault of a check must not end a training of hours.
        outcome = NotApplicable(f"It could not be computed: {error}")
    if isinstance(outcome, NotApplicable):
        return [{"severity": NOT_APPLICABLE, "message": outcome.reason}]
    if not outcome:
        return [{"severity": PASSED, "message": entry.passed}]
    return [
        {
            "severity": finding.severity or entry.severity,
            "column_name": finding.column,
            "message": finding.message,
            "remedy": finding.remedy or entry.remedy,
        }
        for finding in outcome
    ]


def notices(records: Records) -> Iterator[str]:
    """A line for each finding, the issues first."""
    for severity in (ISSUE, TIP):
        for entry in CHECKS:
            findings = [
                record
                for record in records
                if (record["code"], record["severity"]) == (entry.code, severity)
            ]
            for finding in findings[:MAX_NOTICES]:
                yield (
                    f"{severity.capitalize()} {entry.code}: {finding['message']} "
                    f"{finding['remedy']}"
                )
            if len(findings) > MAX_NOTICES:
                yield (
                    f"{severity.capitalize()} {entry.code}: {len(findings) - MAX_NOTICES} more in "
                    "ml.checks."
                )
