"""What each column of a sample file asks for: a label, or the probability of a class."""

from collections.abc import Callable
from dataclasses import dataclass

from scripts.data.names import snake_case
from scripts.errors import UserError

BINARY = 2


@dataclass(frozen=True)
class Prediction:
    """A predicted row. `score`: of two classes, the probability of the positive one."""

    label: str
    score: float
    probabilities: dict[str, float] | None = None


@dataclass(frozen=True)
class Target:
    """The column that a model predicts; `classes` are the texts of its values."""

    name: str
    type: str
    task: str
    classes: list[str]
    positive: str

    @property
    def is_binary(self) -> bool:
        """Whether the model tells two classes apart."""
        return self.task == "classification" and len(self.classes) == BINARY

    def class_of(self, header: str) -> str:
        """The class that a column is named after, alone or behind the target's name; else empty.

        Classes such as `A` and `A+` differ in signs only, so an equal text comes first.
        """
        for spelling in (str, str.lower, snake_case):
            text = spelling(header)
            names = [
                name
                for name in self.classes
                if text and text in (spelling(name), spelling(f"{self.name}_{name}"))
            ]
            if len(names) > 1:
                raise UserError(
                    f"The sample's column {header} may stand for the classes {' and '.join(names)}",
                    "name it exactly like one of them",
                )
            if names:
                return names[0]
        return ""

    def probability(self, prediction: Prediction, name: str) -> float:
        """The probability of one class."""
        if prediction.probabilities:
            return prediction.probabilities[name]
        return prediction.score if name == self.positive else 1 - prediction.score


def target_columns(
    target: Target, header: list[str], names: list[str], rows: list[list[str]], key_position: int
) -> tuple[dict[int, Callable[[Prediction], str]], list[str]]:
    """The text of a prediction by the position of a column, and what was decided, in words.

    `names`: the column of the table that each text of the header means.

    A column named after the target holds labels, or, for two classes, the probability of the
    positive class if the sample's values lie between 0 and 1 and are not all labels. A column named
    after a class holds its probability.
    """
    columns: dict[int, Callable[[Prediction], str]] = {}
    notes: list[str] = []
    for position, text in enumerate(header):
        if position == key_position:
            continue
        values = {row[position] for row in rows} - {""}
        if names[position] == target.name:
            if _asks_for_probabilities(target, values):
                columns[position] = _probability_of(target, target.positive)
                notes.append(f"{text} holds the probability of {target.positive}, as in the sample")
            else:
                columns[position] = _label_as(target, values)
                notes.append(f"{text} holds the predicted values")
        elif name := target.class_of(text):
            columns[position] = _probability_of(target, name)
            notes.append(f"{text} holds the probability of the class {name}")
        else:
            choices = ", ".join([target.name, *target.classes[:10]])
            raise UserError(
                f"The sample's column {text} is neither the target nor a class of it",
                f"name it after one of {choices}",
            )
    if not columns:
        raise UserError("The sample has no column for the predictions", f"add {target.name}")
    return columns, notes


def _asks_for_probabilities(target: Target, values: set[str]) -> bool:
    if not target.is_binary or not values or values <= _labels(target):
        return False
    return all(_is_share(value) for value in values)


def _labels(target: Target) -> set[str]:
    """The texts that stand for a class in a file."""
    return {*target.classes, *(("0", "1") if target.type == "boolean" else ())}


def _is_share(value: str) -> bool:
    try:
        return 0 <= float(value) <= 1
    except ValueError:
        return False


def _probability_of(target: Target, name: str) -> Callable[[Prediction], str]:
    return lambda prediction: f"{target.probability(prediction, name):.9g}"


def _label_as(target: Target, values: set[str]) -> Callable[[Prediction], str]:
    """The label; a truth value is spelled as the sample spells it."""
    if target.type != "boolean":
        return lambda prediction: prediction.label
    if values and values <= {"0", "1"}:
        return lambda prediction: str(int(prediction.label == "true"))
    for spelling in (str.capitalize, str.upper):
        if values and all(value == spelling(value) for value in values):
            return lambda prediction: spelling(prediction.label)
    return lambda prediction: prediction.label
