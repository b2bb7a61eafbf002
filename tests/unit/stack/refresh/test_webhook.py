"""The webhook of make refresh: only changes, never a failure of the refresh, never its address."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg2
import pytest

from scripts.stack.refresh import webhook

SECRET = "a-secret-word"
ALERT = {"state": "act", "topic": "Input drift", "message": "Churn: 1 of 9.", "dashboard": "m"}
OTHER = ALERT | {"topic": "Test failed"}


class Receiver:
    """A server that keeps what it gets and answers with `status`."""

    def __init__(self) -> None:
        receiver = self
        self.bodies: list[dict[str, Any]] = []
        self.status = 200

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                receiver.bodies.append(json.loads(self.rfile.read(length)))
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, format: str, *arguments: Any) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/{SECRET}"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    threading.Thread(target=receiver.server.serve_forever, daemon=True).start()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture
def alerts(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The alerts of the database, which a test changes."""
    current: list[dict[str, str]] = []
    monkeypatch.setattr(webhook, "_current_alerts", lambda settings: list(current))
    return current


def settings(state: Path, url: str | None) -> Any:
    return SimpleNamespace(state=state, value=lambda key: url, superset_url="http://superset")


def test_only_changes_are_posted(tmp_path: Path, receiver: Receiver, alerts: list) -> None:
    installation = settings(tmp_path, receiver.url)
    webhook.post_changes(installation, "succeeded", "Refresh: up to date.")
    assert receiver.bodies == []
    alerts.append(ALERT)
    for _ in range(2):
        webhook.post_changes(installation, "succeeded", "Refresh: built.")
    (body,) = receiver.bodies
    assert body["new_alerts"] == [ALERT | {"url": "http://superset/superset/dashboard/m/"}]
    assert (body["status"], body["result"]) == ("succeeded", "Refresh: built.")
    assert body["text"] == "Refresh: built.\nNew: Input drift: Churn: 1 of 9."
    alerts[:] = [OTHER]
    webhook.post_changes(installation, "succeeded", "Refresh: built.")
    assert [each["topic"] for each in receiver.bodies[1]["new_alerts"]] == ["Test failed"]
    assert receiver.bodies[1]["resolved_alerts"] == [ALERT]


def test_each_failure_is_posted_once_and_then_its_end(
    tmp_path: Path, receiver: Receiver, alerts: list
) -> None:
    installation = settings(tmp_path, receiver.url)
    for result in ("Refresh: failed; a", "Refresh: failed; a", "Refresh: failed; b"):
        webhook.post_changes(installation, "failed", result)
    for _ in range(2):
        webhook.post_changes(installation, "succeeded", "Refresh: up to date.")
    results = ["Refresh: failed; a", "Refresh: failed; b", "Refresh: up to date."]
    assert [body["result"] for body in receiver.bodies] == results


def test_refused_changes_are_posted_again(
    tmp_path: Path, receiver: Receiver, alerts: list, capsys: pytest.CaptureFixture
) -> None:
    alerts.append(ALERT)
    for status in (500, 302, 200, 200):
        receiver.status = status
        webhook.post_changes(settings(tmp_path, receiver.url), "succeeded", "Refresh: built.")
    assert len(receiver.bodies) == 3
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("answered ")[1][:3] for line in lines] == ["500", "302"]
    assert SECRET not in "".join(lines)


@pytest.mark.parametrize("kind", ["closed port", "silent server", "no address", "no scheme"])
def test_failing_webhook_is_one_line_without_its_address(
    kind: str, tmp_path: Path, alerts: list, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setattr(webhook, "SECONDS", 0.2)
    alerts.append(ALERT)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        if kind == "closed port":
            silent.close()
        urls = {"no address": f"http://:99999/{SECRET}", "no scheme": SECRET}
        url = urls.get(kind, f"http://127.0.0.1:{port}/{SECRET}")
        webhook.post_changes(settings(tmp_path, url), "succeeded", "Refresh: built.")
    (line,) = capsys.readouterr().out.splitlines()
    assert "The webhook of ALERT_WEBHOOK_URL failed" in line
    assert SECRET not in line


def test_unreadable_alerts_are_one_line(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:  # fmt: skip
    def fail(settings: Any) -> list:
        raise psycopg2.OperationalError("the server is down\nmore")

    monkeypatch.setattr(webhook, "_current_alerts", fail)
    webhook.post_changes(settings(tmp_path, receiver.url), "succeeded", "Refresh: built.")
    assert capsys.readouterr().out.count("\n") == 1
    assert receiver.bodies == []


def test_without_an_address_nothing_is_read(tmp_path: Path) -> None:
    webhook.post_changes(settings(tmp_path, None), "succeeded", "Refresh: built.")
    assert not (tmp_path / "stamps").exists()
