"""The annotations of a chart, which refer to annotation layers and to other charts.

Superset refers to both by ids that each server assigns. Git refers to a layer by its name and to a
chart by its uuid.
"""

from collections.abc import Callable, Iterator
from typing import Any

# The type of an annotation that is a formula and refers to nothing.
FORMULA = "FORMULA"
_LAYER, _CHART = "NATIVE", ("line", "table")
Name = Callable[[Any], Any]


def annotations(params: dict[str, Any]) -> list[dict[str, Any]]:
    """The annotations in the params of a chart that refer to something."""
    layers = params.get("annotation_layers")
    return [each for each in layers if _refers(each)] if isinstance(layers, list) else []


def referenced_layers(params: dict[str, Any]) -> Iterator[Any]:
    """The annotation layers that a chart refers to."""
    yield from (e.get("value") for e in annotations(params) if e["sourceType"] == _LAYER)


def referenced_charts(params: dict[str, Any]) -> Iterator[Any]:
    """The charts whose data a chart shows as annotations."""
    yield from (e.get("value") for e in annotations(params) if e["sourceType"] in _CHART)


def with_references(params: dict[str, Any], layer: Name, chart: Name) -> dict[str, Any]:
    """The params with each reference renamed; one that leads nowhere (None) is left out."""
    if not annotations(params):
        return params
    result = []
    for each in params["annotation_layers"]:
        if _refers(each):
            value = (layer if each["sourceType"] == _LAYER else chart)(each.get("value"))
            if value is None:
                continue
            each = each | {"value": value}
        result.append(each)
    return params | {"annotation_layers": result}


def _refers(annotation: Any) -> bool:
    return (
        isinstance(annotation, dict)
        and annotation.get("annotationType") != FORMULA
        and annotation.get("sourceType") in (_LAYER, *_CHART)
    )
