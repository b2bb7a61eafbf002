"""`make replay`: the shop's recorded history once more, with a refresh after each step."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from datetime import date, timedelta

import psycopg2

from scripts.console import say, step
from scripts.errors import UserError
from scripts.examples.shop.replay import recorded_shop
from scripts.settings import Settings
from scripts.stack import dbt_state
from scripts.stack.build import build
from scripts.stack.interface import Stack
from scripts.stack.refresh.run import run_refresh

_SOURCE = "source.glasshouse.shop."
_LOG = "predictions.prediction_log"


def replay(
    settings: Settings,
    stack: Stack,
    stack_lock: Callable[[Settings], AbstractContextManager[None]],
    first: date,
    last: date,
    days_per_step: int,
) -> None:
    """Take the shop back to the day before `first`; then let rows arrive up to `last`.

    `stack_lock`: waits until no other command changes the stack. The models of the shop and their
    logged predictions are dropped, because they know the days that are repeated.
    """
    if first > last:
        raise UserError(f"FROM={first} is after TO={last}", "exchange the two")
    shop = recorded_shop(settings.dsn("transformer"))
    with stack_lock(settings):
        with step(f"Taking the shop back to {first}") as current:
            shop.rewind(first)
            current.note(f"models dropped: {', '.join(_drop_models(settings)) or 'none'}")
        build(settings, stack, show=False, replace_shop=True, leave_out_rejected=True)
    day = first
    while day <= last:
        days = min(days_per_step, (last - day).days + 1)
        with stack_lock(settings):
            orders = shop.advance(day, days)
        day += timedelta(days=days)
        say(f"{day - timedelta(days=1)}: {orders:,} new orders")
        run_refresh(settings, stack, stack_lock, wait=True)
    say(f"The shop's last day is {last}. The dashboard Monitoring shows each step.")


def _drop_models(settings: Settings) -> list[str]:
    """Drop the models that learn from the shop, with their logged predictions; their names."""
    names = _models_of_shop(settings)
    with (
        closing(psycopg2.connect(**settings.dsn("transformer"))) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        for name in names:
            cursor.execute("select ml.drop_model(%s)", [name])
        cursor.execute("select to_regclass(%s) is not null", [_LOG])
        if cursor.fetchone() == (True,):
            cursor.execute(f"delete from {_LOG} where model = any(%s)", [names])  # noqa: S608
    return names


def _models_of_shop(settings: Settings) -> list[str]:
    """The model nodes of the last good build that depend on the tables of the shop."""
    if not dbt_state.exists(settings):
        return []
    manifest = json.loads((dbt_state.folder(settings) / "manifest.json").read_text("utf-8"))
    children = manifest["child_map"]
    pending = {node for node in children if node.startswith(_SOURCE)}
    reached: set[str] = set()
    while pending:
        reached |= pending
        pending = {child for node in pending for child in children.get(node, [])} - reached
    nodes = [manifest["nodes"][node] for node in reached if node in manifest["nodes"]]
    return sorted(
        node["name"] for node in nodes if node["config"].get("materialized") == "ml_model"
    )
