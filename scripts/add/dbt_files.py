"""The dbt files of a model that `make add` writes, and how they reach the project's folder."""

import difflib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from scripts.add.facts import NUMBERS, TIMES, ColumnFacts
from scripts.add.forecast_proposal import FREQUENCIES, ForecastPlan
from scripts.add.proposal import Proposal
from scripts.add.rendering import render, sql_name
from scripts.add.sizes import is_large
from scripts.add.task_proposal import BINARY, MULTILABEL
from scripts.errors import UserError

# The dashboards show a description as a label up to its first semicolon, if it is not longer.
LONGEST_LABEL = 52
GROUPS = ("ids", "text", "numbers", "booleans", "dates")


@dataclass(frozen=True)
class Column:
    """A column as the templates write it; `sql` is its name, quoted where SQL needs that."""

    name: str
    sql: str
    description: str
    unlabelled_sql: str = ""
    reason: str = ""


def file_paths(name: str, schema: str, adverb: str = "") -> dict[str, str]:
    """Path below dbt/models of each file of a model, by the name of its template.

    `adverb`: of a forecast, what its periods are, such as daily.
    """
    staging = f"staging/{schema}"
    paths = {
        "source.yml": f"{staging}/_{schema}__{name}.yml",
        "staging.sql": f"{staging}/stg_{schema}__{name}.sql",
        "staging.yml": f"{staging}/stg_{schema}__{name}.yml",
    }
    if adverb:
        return paths | {
            "forecast_features.sql": f"features/feat_{name}__{adverb}.sql",
            "forecast_features.yml": f"features/feat_{name}__{adverb}.yml",
            "forecast_model.sql": f"ml/{name}.sql",
            "model.yml": f"ml/{name}.yml",
            "forecast_predictions.sql": f"predictions/pred_{name}.sql",
            "forecast_predictions.yml": f"predictions/pred_{name}.yml",
        }
    return paths | {
        "features.sql": f"features/feat_{name}__base.sql",
        "features.yml": f"features/feat_{name}__base.yml",
        "all.sql": f"features/feat_{name}__all.sql",
        "all.yml": f"features/feat_{name}__all.yml",
        "model.sql": f"ml/{name}.sql",
        "model.yml": f"ml/{name}.yml",
        "predictions.sql": f"predictions/pred_{name}.sql",
        "predictions.yml": f"predictions/pred_{name}.yml",
    }


def added_paths(root: Path, name: str, schema: str) -> dict[str, str] | None:
    """The paths of a model that `make add` has made: no other model has features of this name."""
    for adverb in ("", *(frequency.adverb for frequency in FREQUENCIES.values())):
        paths = file_paths(name, schema, adverb)
        prefix = "forecast_" if adverb else ""
        names = ("staging.sql", f"{prefix}features.sql", f"{prefix}model.sql")
        if all((root / "dbt" / "models" / paths[each]).exists() for each in names):
            return paths
    return None


class DbtFiles:
    """Renders the files of a proposal.

    `keywords`: the words that SQL reserves. `unlabelled`: table and columns of the rows to predict.
    `is_declared`: another file of the project has the table as a source already.
    """

    def __init__(
        self,
        proposal: Proposal,
        table: str,
        keywords: frozenset[str],
        unlabelled: tuple[str, dict[str, str]] | None = None,
        is_declared: bool = False,
    ) -> None:
        self.is_declared = is_declared
        self.proposal, self.table, self.keywords = proposal, table, keywords
        self.unlabelled = unlabelled
        self.headers = Counter(column.header for column in proposal.columns)

    def render(self) -> dict[str, str]:
        """Text by path below dbt/models."""
        values = self._values()
        return {path: render(template, values) for template, path in self.paths.items()}

    @property
    def paths(self) -> dict[str, str]:
        """Path below dbt/models by the name of the template."""
        plan = self.proposal.forecast
        adverb = plan.frequency.adverb if plan else ""
        paths = file_paths(self.proposal.name, self.proposal.source, adverb)
        if self.is_declared:
            del paths["source.yml"]
        return paths

    def _values(self) -> dict[str, Any]:
        proposal = self.proposal
        columns = [self._column(facts) for facts in proposal.columns]
        by_name = {column.name: column for column in columns}
        grouped = {
            group: [
                by_name[facts.name] for facts in proposal.columns if self._group(facts) == group
            ]
            for group in GROUPS
        }
        groups = [(group, members) for group, members in grouped.items() if members]
        if proposal.key_is_made:
            groups = [("ids", []), *groups]
        split_name = proposal.split.get("column", "")
        return {
            "name": proposal.name,
            "schema": proposal.source,
            "table": self.table,
            "unlabelled": self.unlabelled[0] if self.unlabelled else "",
            "columns": columns,
            "groups": groups,
            "last_group": groups[-1][0],
            "features": [by_name[facts.name] for facts in proposal.features],
            "left_out": [
                Column(name, by_name[name].sql, "", reason=reason)
                for name, reason in proposal.left_out.items()
            ],
            "computed": list(proposal.computed.items()),
            "key": proposal.key,
            "key_is_made": proposal.key_is_made,
            "key_sql": self._identifier(proposal.key),
            "target": proposal.target,
            "target_sql": self._identifier(proposal.targets[0]) if proposal.targets else "",
            "targets_sql": [self._identifier(name) for name in proposal.targets],
            # Where the key is computed, each reader of a view would compute it again.
            "is_stored": proposal.key_is_made and is_large(proposal.rows),
            "split": proposal.split,
            "split_name": split_name,
            "split_column": self._identifier(split_name) if split_name else "",
            "task": proposal.task,
            "metric": proposal.metric,
            "options": proposal.options,
            "algorithms": proposal.algorithms,
            "owner": proposal.owner,
            "purpose": _purpose(proposal),
            "has_probabilities": proposal.task == MULTILABEL
            or (proposal.task == "classification" and proposal.classes > BINARY),
            "limits": f"Learned from the rows of {proposal.source}.{self.table} alone.",
            "score_description": _score_description(proposal),
            **(self._forecast_values(proposal.forecast, by_name) if proposal.forecast else {}),
        }

    def _forecast_values(self, plan: ForecastPlan, columns: dict[str, Column]) -> dict[str, Any]:
        unit = plan.frequency.unit
        time = columns[plan.time.name].sql
        # A moment has a date in a time zone only.
        clock = f"{time} at time zone 'UTC'" if "with time zone" in plan.time.type else time
        period = f"date_trunc('{unit}', {clock})"
        names = {self.proposal.target, *(column.name for column in plan.series)}
        return {
            "unit": unit,
            "adverb": plan.frequency.adverb,
            "horizon": plan.horizon,
            "is_regular": plan.is_regular,
            "series": [columns[column.name] for column in plan.series],
            "time_sql": time,
            "period_sql": period if unit == "hour" else f"{period}::date",
            "period_name": unit if unit not in names else f"{unit}_start",
        }

    def _column(self, facts: ColumnFacts) -> Column:
        name = self._identifier(facts.name)
        label = _label(facts.header if " " in facts.header else facts.name)
        if self.headers[facts.header] > 1 or len(label) > LONGEST_LABEL:
            # Two columns of one label could not be told apart on the dashboards.
            label = _label(facts.name)
        description = f"{label[:LONGEST_LABEL]}; {_filling(facts)}"
        return Column(facts.name, name, description, self._unlabelled_sql(facts, name))

    def _unlabelled_sql(self, facts: ColumnFacts, name: str) -> str:
        """The column in the rows to predict: a column they lack is NULL, another type is cast.

        The target is NULL too: a model does not learn from the rows that it is to predict.
        """
        types = self.unlabelled[1] if self.unlabelled else {}
        if facts.name not in types or facts.name in self.proposal.targets:
            return f"cast(null as {facts.type}) as {name}"
        return name if types[facts.name] == facts.type else f"cast({name} as {facts.type})"

    def _group(self, facts: ColumnFacts) -> str:
        if facts.name == self.proposal.key:
            return "ids"
        if facts.type in NUMBERS:
            return "numbers"
        if facts.type in TIMES:
            return "dates"
        return "booleans" if facts.type == "boolean" else "text"

    def _identifier(self, name: str) -> str:
        return sql_name(name, self.keywords)


def is_declared(root: Path, name: str, schema: str, table: str) -> bool:
    """Whether a file that does not belong to the model has the table as a source of dbt."""
    models = root / "dbt" / "models"
    own_file = models / file_paths(name, schema)["source.yml"]
    for file in models.rglob("*.yml"):
        text = "" if file == own_file else file.read_text(encoding="utf-8")
        # Most files have no source, and parsing YAML takes time.
        content = yaml.safe_load(text) if "sources:" in text else {}
        for source in content.get("sources") or []:
            names = [each.get("name") for each in source.get("tables") or []]
            if source.get("name") == schema and table in names:
                return True
    return False


def write(root: Path, files: dict[str, str]) -> tuple[list[Path], list[str]]:
    """Write the files that do not exist yet; returns their paths, and a diff for each other one.

    A file that exists belongs to the user and is never changed. If writing fails or is interrupted,
    the files that are new are removed again.
    """
    written: list[Path] = []
    differences: list[str] = []
    try:
        for name, text in files.items():
            path = root / "dbt" / "models" / name
            if not path.exists():
                written.append(path)
                path.parent.mkdir(parents=True, exist_ok=True)
                # A file is complete or absent, also if the command is killed.
                draft = path.with_suffix(".draft")
                draft.write_text(text, encoding="utf-8")
                draft.replace(path)
                continue
            existing = path.read_text(encoding="utf-8")
            differences += difflib.unified_diff(
                existing.splitlines(), text.splitlines(), f"dbt/models/{name} (yours)",
                "proposed now", lineterm="",
            )  # fmt: skip
    except BaseException:
        for path in written:
            path.with_suffix(".draft").unlink(missing_ok=True)
            path.unlink(missing_ok=True)
        raise
    return written, differences


def unfinished(state: Path, name: str) -> Path:
    """The file that exists while `make add` writes the files of a model.

    If the command was killed, some of them exist: they belong to the model, whatever they lack.
    """
    return state / "unfinished" / name


def require_own_name(root: Path, name: str, schema: str) -> None:
    """Refuse a name that a model of the project has, unless `make add` made that model."""
    if added_paths(root, name, schema):
        return
    nodes = {Path(path).stem for path in file_paths(name, schema).values()}
    dbt = root / "dbt"
    for file in sorted([*(dbt / "models").rglob("*.sql"), *(dbt / "seeds").rglob("*.csv")]):
        if file.stem in nodes:
            raise UserError(
                f"The dbt project already has {file.relative_to(root)}",
                "choose another name: NAME=…",
            )


def require_rows(root: Path, name: str, schema: str) -> None:
    """Refuse a forecast, which answers for series and steps instead of rows."""
    if "forecast_model.sql" in (added_paths(root, name, schema) or {}):
        raise UserError(
            f"The model {name} is a forecast, which answers for series and steps, not for rows",
            f"read the table predictions.pred_{name}",
        )


def require_same_files(root: Path, name: str, schema: str, paths: dict[str, str]) -> None:
    """Refuse to add a model again with another task or frequency, which has other files."""
    existing = added_paths(root, name, schema)
    if existing and not paths.items() <= existing.items():
        raise UserError(
            f"The model {name} has been added before with other files, among them dbt/models/"
            + next(path for path in existing.values() if path not in paths.values()),
            f"make remove NAME={name}, or choose another name: NAME=…",
        )


def _purpose(proposal: Proposal) -> str:
    if proposal.forecast:
        unit = proposal.forecast.frequency.unit
        return f"Forecasts {proposal.target} by {unit}, {proposal.forecast.horizon} {unit}s ahead."
    if not proposal.target:
        return f"Describes the rows of {proposal.name} without a target ({proposal.task})."
    return f"Predicts {proposal.target} from the other columns ({proposal.task})."


def _score_description(proposal: Proposal) -> str:
    if proposal.task == "regression":
        return "The predicted number."
    if proposal.task == "classification":
        return "Probability of the positive class, or of the predicted class if there are several."
    if proposal.task == MULTILABEL:
        return "Probability of the most probable label."
    return "The score of the algorithm."


def _label(text: str) -> str:
    """The name of a column as the dashboards show it."""
    label = " ".join(text.replace("_", " ").replace(";", ",").split())
    return label[:1].upper() + label[1:]


def _filling(facts: ColumnFacts) -> str:
    """How many values a column has."""
    empty = facts.rows - facts.filled
    filled = f"empty in {empty:,} of {facts.rows:,} rows" if empty else "never empty"
    return f"{facts.distinct:,} different values, {filled}."
