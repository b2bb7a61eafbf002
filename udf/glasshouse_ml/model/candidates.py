"""Which algorithms with which parameters are compared, and the comparison itself."""

from collections.abc import Sequence
from typing import Any

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.metric import Metric
from glasshouse_ml.core.split import XY
from glasshouse_ml.core.task import AlgorithmEntry
from glasshouse_ml.model import algorithms as catalogue
from glasshouse_ml.model.algorithms import Algorithm
from glasshouse_ml.model.fitting import Candidate, Fitter
from glasshouse_ml.model.search import halve, settings

# What an algorithm must be able to take for an option to reach it.
_NEEDED = {
    "class_weight": ("class_weight",),
    # The second says that columns reach it as they are, one for one.
    "monotonic": ("monotonic_cst", "categorical_features"),
}


def candidate_entries(fitter: Fitter, rows: int) -> list[list[AlgorithmEntry]]:
    """Every candidate as algorithm and params; those of one search stand together."""
    request = fitter.request
    task, options = request.task, request.options
    asked = request.algorithms
    if asked is None:
        asked = [e for e in task.shortlist(rows) if not _unable(task.name, e, options)]
    for entry in asked:
        unable = _unable(task.name, entry, options)
        if unable:
            able = [
                name
                for name, found in catalogue.CATALOGUE[task.name].items()
                if _takes(found, unable)
            ]
            raise GlasshouseError(
                f"{entry['algorithm']} cannot follow options.{unable}.",
                f"These can: {', '.join(able)}.",
            )
    return [task.expand_candidates(_settings(entry, options), rows) for entry in asked]


def _unable(task: str, entry: dict[str, Any], options: dict[str, Any]) -> str | None:
    """The first option in force that this algorithm cannot follow."""
    found = catalogue.find(task, entry["algorithm"])
    asked = (name for name in _NEEDED if options.get(name) is not None)
    return next((name for name in asked if not found.blind and not _takes(found, name)), None)


def _takes(algorithm: Algorithm, option: str) -> bool:
    return set(_NEEDED[option]) <= set(algorithm.parameters)


def _settings(entry: dict[str, Any], options: dict[str, Any]) -> list[dict[str, Any]]:
    plain = {"algorithm": entry["algorithm"], "params": entry["params"]}
    if "search" not in entry:
        return [plain]
    return [
        {**plain, "params": {**entry["params"], **setting}}
        for setting in settings(entry["search"], options)
    ]


def compare(
    fitter: Fitter,
    entries: list[list[dict[str, Any]]],
    training: XY,
    metric: Metric,
    first: int,
) -> list[Candidate]:
    """Cross-validate every candidate; they are numbered from the first on in the order given."""
    numbered = list(enumerate((e for together in entries for e in together), start=first))
    found: dict[int, Candidate] = {}

    def trial(entrant: tuple[int, dict[str, Any]], share: float) -> float:
        number, entry = entrant
        found[number] = fitter.validate(
            number, entry["algorithm"], entry["params"], training, metric, share
        )
        return metric.gain(found[number].score)

    halving = (fitter.request.options["search"] or {}).get("how") == "halving"
    start = 0
    for together in entries:
        members = numbered[start : start + len(together)]
        start += len(together)
        if halving:
            halve(members, trial, min(len(fit) for fit, _ in fitter.split.folds))
        else:
            for member in members:
                trial(member, 1.0)
    return [found[number] for number, _ in numbered]


def best(candidates: Sequence[Candidate], metric: Metric) -> Candidate:
    """The best mean over the folds; of equals the one named first.

    The baseline is not eligible, nor is what a search gave up before it had seen all rows.
    """
    eligible = [c for c in candidates if not c.is_baseline and c.share == 1]
    return max(eligible, key=lambda candidate: metric.gain(candidate.score))
