"""The problems of one file, collected while its rules are applied."""

from typing import Any

from scripts.assets.model.problems import Problem, Rule


class Findings:
    """The problems of one file."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.problems: list[Problem] = []

    def add(self, rule: Rule, message: str, remedy: str) -> None:
        self.problems.append(Problem(self.path, message, remedy, rule))


def is_text(value: Any) -> bool:
    """Whether a value is a text with at least one character."""
    return isinstance(value, str) and value != ""


def mappings_in(findings: Findings, where: str, value: Any) -> list[dict[str, Any]]:
    """The mappings of a list; anything else is a problem."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        findings.add(Rule.MALFORMED_SETTING, f"{where} must be a list of mappings", "fix the list")
        return []
    return value
