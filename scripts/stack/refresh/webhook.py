"""The webhook of `make refresh`: one POST with the alerts that changed.

The address is in `.env` (ALERT_WEBHOOK_URL) and often contains a secret, so no line ever shows it.
"""

import json
from contextlib import closing
from typing import Any

import psycopg2
import requests

from scripts.console import warn
from scripts.settings import Settings
from scripts.stack import build_state as stamps

KEY, STAMP = "ALERT_WEBHOOK_URL", "webhook"
SECONDS = 10
_ALERTS = """
    select state, topic, message, dashboard
    from reports.rpt_alerts
    where state <> 'good'
    order by sort_order
"""
Alert = dict[str, str]


def post_changes(settings: Settings, status: str, result: str) -> None:
    """POST the alerts that are new or gone since the last POST; without a change, nothing.

    `status`: succeeded or failed; `result`: the line of the refresh. A failed refresh is a change,
    and so is the first success after it. An error is one line: it never fails the refresh, and the
    next refresh sends the same changes again.
    """
    url = settings.value(KEY)
    if not url:
        return
    try:
        last = _last_post(settings)
        posted_alerts = last.get("alerts", [])
        # The alerts of a failed refresh are those of the build before.
        alerts = posted_alerts if status == "failed" else _current_alerts(settings)
        failure = result if status == "failed" else ""
        new = [alert for alert in alerts if alert not in posted_alerts]
        resolved = [alert for alert in posted_alerts if alert not in alerts]
        if new or resolved or failure != last.get("failure", ""):
            _post(url, _body(settings, status, result, new, resolved))
            stamps.write(settings, STAMP, json.dumps({"alerts": alerts, "failure": failure}))
    except psycopg2.Error as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        warn(f"The webhook got nothing: the alerts cannot be read ({reason}).")
    except (requests.RequestException, ValueError, OSError) as error:
        warn(
            f"The webhook of {KEY} failed: {_reason(error)}. The next refresh sends the alerts "
            "again."
        )


def _last_post(settings: Settings) -> dict[str, Any]:
    """The alerts and the failure that the receiver knows."""
    try:
        return json.loads(stamps.read(settings, STAMP) or "{}")
    except ValueError:  # the disk was full when it was written
        return {}


def _current_alerts(settings: Settings) -> list[Alert]:
    with (
        closing(psycopg2.connect(**settings.dsn("transformer"))) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("select to_regclass('reports.rpt_alerts') is not null")
        if cursor.fetchone() != (True,):
            return []
        cursor.execute(_ALERTS)
        names = ("state", "topic", "message", "dashboard")
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _body(
    settings: Settings, status: str, result: str, new: list[Alert], resolved: list[Alert]
) -> dict[str, Any]:
    """The JSON of the POST. Chat programs show `text` and ignore the other fields."""
    lines = [
        result,
        *(f"New: {alert['topic']}: {alert['message']}" for alert in new),
        *(f"Resolved: {alert['topic']}: {alert['message']}" for alert in resolved),
    ]
    address = f"{settings.superset_url}/superset/dashboard"
    return {
        "text": "\n".join(lines),
        "status": status,
        "result": result,
        "new_alerts": [alert | {"url": f"{address}/{alert['dashboard']}/"} for alert in new],
        "resolved_alerts": resolved,
    }


def _post(url: str, body: dict[str, Any]) -> None:
    # The answer's text is not read, so a server that sends it slowly does not hold the refresh.
    with requests.post(
        url, json=body, timeout=SECONDS, stream=True, allow_redirects=False
    ) as answer:
        if answer.status_code >= requests.codes.multiple_choices:
            raise requests.HTTPError(response=answer)


def _reason(error: Exception) -> str:
    """The reason without the text of the error, which contains the address."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code}"
    if isinstance(error, requests.Timeout):
        return f"no answer within {SECONDS} s"
    if isinstance(error, requests.ConnectionError):
        return "no connection to the server"
    return f"{type(error).__name__}, see {KEY} in .env"
