"""What ml.train and ml.forecast refuse of series, in one line."""

from typing import Any

import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.use.explain import explain
from glasshouse_ml.use.predict import predict_batches

from ..conftest import call
from ..standin import StandIn
from .test_forecast import daily, forecast_rows, train, weekly


@pytest.mark.parametrize(
    ("options", "more", "message"),
    [
        ({"time": None}, {}, "options.time is null"),
        ({"horizon": 0}, {}, "options.horizon is 0"),
        ({"horizon": True}, {}, "options.horizon is true"),
        ({"level": 80}, {}, "options.level is 80"),
        ({"gaps": "drop"}, {}, "options.gaps"),
        ({"seasons": [1]}, {}, "options.seasons"),
        ({"time_zone": "Mars/Base"}, {}, "no time zone 'Mars/Base'"),
        ({"frequency": "fortnight"}, {}, "no frequency"),
        ({"known_ahead": ["sales"]}, {}, "'sales' has two roles"),
        ({"series": ["city"]}, {}, "no column 'city'"),
        ({"time": "shop", "series": []}, {}, "not a date or timestamp"),
        ({"promote": "if_better"}, {}, "if_better"),
        ({"segments": ["shop"]}, {}, "means nothing for forecast"),
        ({}, {"key": "shop"}, "takes no key"),
        ({}, {"split": '{"by": "time", "column": "day"}'}, "takes no split"),
        ({}, {"metric": "interval_coverage"}, "no metric 'interval_coverage' for forecast"),
        ({}, {"algorithms": '["ridge"]'}, "ridge is no algorithm for forecast"),
        ({"series": []}, {"target": "shop"}, "a forecast predicts a number"),
    ],
)
def test_invalid_arguments_are_one_line_error(
    options: dict[str, Any], more: dict[str, Any], message: str
) -> None:
    with pytest.raises(GlasshouseError, match=message) as caught:
        train(daily({"a": weekly}, 30), options, **more)
    assert "\n" not in caught.value.message


def test_duplicate_period_of_series_is_refused() -> None:
    rows = daily({"a": weekly, "b": weekly}, 40)
    with pytest.raises(GlasshouseError, match=r"1 rows share their shop and .*'b' is that of "):
        train([*rows, dict(rows[-1])])
    with pytest.raises(GlasshouseError, match="40 rows share their day of day"):
        train(rows, {"series": []})


def test_single_period_is_refused_and_two_are_enough() -> None:
    rows = daily({"a": weekly, "b": weekly}, 1)
    with pytest.raises(GlasshouseError, match="Every series has a single day"):
        train(rows, {"frequency": "day"})
    assert len(forecast_rows(train(daily({"a": weekly}, 2)))) == 7


def test_forecast_and_row_functions_refuse_each_other(
    breast_cancer: list[dict[str, Any]],
) -> None:
    db = train(daily({"a": weekly}))
    for answer in (
        lambda: list(predict_batches(db, "a model", "select 1", None)),
        lambda: list(explain(db, "a model", "select 1", 3)),
    ):
        with pytest.raises(GlasshouseError, match="is a forecast") as caught:
            answer()
        assert caught.value.hint == "Call ml.forecast('a model')."
    with pytest.raises(GlasshouseError, match="trained for 1 to 7 steps"):
        forecast_rows(db, horizon=8)
    rows = StandIn(breast_cancer)
    call(rows)
    with pytest.raises(GlasshouseError, match="answers for rows"):
        forecast_rows(rows)
