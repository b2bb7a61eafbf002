"""make replay: a part of the shop's history once more, while the monitors fill."""

import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.clone import Clone, running_clone
from tests.e2e.test_kills import rows_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

ORDERS = "select count(*), md5(string_agg(o::text, '' order by order_id)) from shop.orders as o"
PERIODS = "select distinct period from predictions.prediction_log where model = 'churn' order by 1"
REFRESHES = "select status from ml.refreshes order by started_at desc limit 2"
VERSIONS = "select min(version), min(trained_at) > %s from ml.model_versions where model = 'churn'"


@pytest.fixture(scope="module")
def replayed_stack() -> Iterator[Clone]:
    """A stack whose shop is taken back."""
    yield from running_clone(built=True)


def test_replay_fills_the_monitors(replayed_stack: Clone) -> None:
    (orders,) = rows_of(replayed_stack, ORDERS)
    ((before,),) = rows_of(replayed_stack, "select clock_timestamp()::text")
    words = ("replay", "--from=2025-12-25", "--to=2025-12-31", "--step=4")
    refused = replayed_stack.run(*words)
    assert refused.returncode == 1 and "YES=1 make replay" in refused.stderr
    # A build and two refreshes take longer than other commands may.
    process = replayed_stack.popen(
        *words, env={"YES": "1"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    output, _ = process.communicate(timeout=1_500)
    assert process.returncode == 0, output
    assert rows_of(replayed_stack, ORDERS) == [orders], "the same orders have arrived again"
    days = [("2025-12-24",), ("2025-12-28",), ("2025-12-31",)]
    assert rows_of(replayed_stack, PERIODS) == days
    assert rows_of(replayed_stack, REFRESHES) == [("succeeded",)] * 2
    # No model has learned from the days that are repeated.
    assert rows_of(replayed_stack, VERSIONS.replace("%s", f"'{before}'")) == [(1, True)]
