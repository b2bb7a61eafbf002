"""The candidates of a training, that is algorithms with parameters, and their comparison."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.metric import Metric
from glasshouse_ml.core.split import XY
from glasshouse_ml.core.task import AlgorithmEntry
from glasshouse_ml.data.interrupts import check_interrupts, interruptible_step
from glasshouse_ml.model import algorithms as catalogue
from glasshouse_ml.model.algorithms import Algorithm
from glasshouse_ml.model.assembly import accepts_weights
from glasshouse_ml.model.fitting import Candidate, Fitter
from glasshouse_ml.model.search import search_settings, successive_halving
from glasshouse_ml.model.time_budget import TimeBudget

# The parameters that an algorithm must have to follow an option.
_REQUIRED_PARAMETERS = {
    "class_weight": ("class_weight",),
    # With the second parameter the columns reach the estimator unchanged, one for one.
    "monotonic": ("monotonic_cst", "categorical_features"),
}


# The options that not every algorithm can follow.
_SUPPORTED = (*_REQUIRED_PARAMETERS, "weight")


def candidate_entries(fitter: Fitter, rows: int) -> list[list[AlgorithmEntry]]:
    """An entry for each candidate, without the baseline; those of one search are one list."""
    task, options = fitter.request.task, fitter.request.options
    entries = fitter.request.algorithms
    if entries is None:
        entries = [
            entry
            for entry in task.shortlist(rows)
            if not _unsupported_option(task.name, entry, options)
        ]
    for entry in entries:
        option = _unsupported_option(task.name, entry, options)
        if option:
            supporting = [
                name
                for name, algorithm in catalogue.CATALOGUE[task.name].items()
                if _supports(algorithm, option)
            ]
            raise GlasshouseError(
                f"{entry['algorithm']} does not support options.{option}.",
                f"These do: {', '.join(supporting)}.",
            )
    return [task.expand_candidates(_settings(entry, options), rows) for entry in entries]


def _unsupported_option(task: str, entry: AlgorithmEntry, options: dict[str, Any]) -> str | None:
    """The first option in force that this algorithm does not support."""
    algorithm = catalogue.find_algorithm(task, entry["algorithm"])
    in_force = (name for name in _SUPPORTED if options.get(name) is not None)
    return next(
        (name for name in in_force if not algorithm.is_baseline and not _supports(algorithm, name)),
        None,
    )


def _supports(algorithm: Algorithm, option: str) -> bool:
    if option == "weight":
        return accepts_weights(algorithm.build({}, 0))
    return set(_REQUIRED_PARAMETERS[option]) <= set(algorithm.parameters)


def _settings(entry: AlgorithmEntry, options: dict[str, Any]) -> list[AlgorithmEntry]:
    """The entry with each setting of its search."""
    without_search = {"algorithm": entry["algorithm"], "params": entry["params"]}
    if "search" not in entry:
        return [without_search]
    return [
        {**without_search, "params": {**entry["params"], **setting}}
        for setting in search_settings(entry["search"], options)
    ]


def compare(
    fitter: Fitter,
    searches: list[list[AlgorithmEntry]],
    training: XY,
    metric: Metric,
    first: int,
) -> list[Candidate]:
    """Cross-validate every candidate; they are numbered from `first` on in the order given."""
    numbered = list(enumerate((entry for search in searches for entry in search), start=first))
    validated: dict[int, Candidate] = {}
    budget = TimeBudget(fitter.request.options["budget_s"], metric)
    folds = len(fitter.split.folds)

    def validate(entrant: tuple[int, AlgorithmEntry], share: float) -> float:
        number, entry = entrant
        arguments = number, entry["algorithm"], entry["params"]
        try:
            with interruptible_step(budget.check_deadline):
                budget.check_deadline()
                validated[number] = fitter.cross_validate(
                    *arguments,
                    training,
                    metric,
                    share,
                    lambda scores, seconds: budget.check_fold(scores, seconds, folds),
                )
        except GlasshouseError as error:
            check_interrupts()  # a cancelled training ends here
            if not number:
                raise  # what the baseline cannot do, no candidate can
            validated[number] = Candidate(*arguments, [], [], share=share, error=error)
            return -np.inf
        budget.add(validated[number])
        return metric.gain(validated[number].score)

    is_halving = (fitter.request.options["search"] or {}).get("how") == "halving"
    start = 0
    for search in searches:
        entrants = numbered[start : start + len(search)]
        start += len(search)
        if is_halving:
            fold_rows = min(len(fit) for fit, _ in fitter.split.folds)
            successive_halving(entrants, validate, fold_rows)
        else:
            for entrant in entrants:
                validate(entrant, 1.0)
    candidates = [validated[number] for number, _ in numbered]
    for candidate in candidates:
        if candidate.error is not None and any(c.error is None for c in candidates if c.number):
            fitter.db.notice(f"Candidate {candidate.number} failed. {candidate.error.message}")
    return candidates


def best_candidate(candidates: Sequence[Candidate], metric: Metric) -> Candidate:
    """The candidate with the best mean over the folds; of equal ones the first.

    The baseline is not eligible, nor is a candidate that failed, nor a setting that a halving
    search dropped before it was fitted on all rows. An error where no candidate is left.
    """
    eligible = [c for c in candidates if not c.is_baseline and c.share == 1 and c.error is None]
    errors = [candidate.error for candidate in candidates if candidate.error is not None]
    if errors and not eligible:
        reasons = list(dict.fromkeys(error.message for error in errors))
        message = (
            reasons[0] if len(reasons) == 1 else f"Every candidate failed. {' '.join(reasons)}"
        )
        raise GlasshouseError(message, errors[0].hint, errors[0].sqlstate)
    return max(eligible, key=lambda candidate: metric.gain(candidate.score))
