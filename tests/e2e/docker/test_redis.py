"""MODE=docker-redis: cache, background queries, and pictures made by the worker."""

import io
import re
from collections.abc import Iterator

import pytest
import requests
from PIL import Image

from scripts.assets.checks.charts import run_queries
from scripts.assets.client.browser import signed_in
from scripts.assets.client.superset import Superset
from scripts.assets.files.bundle import FOLDER, read_files
from scripts.stack.processes import wait_until
from tests.e2e.docker.conftest import Engine
from tests.e2e.docker.mailbox import Mailbox, mailbox
from tests.e2e.parts import docker, identities

SECONDS = 180


@pytest.fixture(scope="module")
def post(stack) -> Iterator[Mailbox]:
    """A mail server on the address under which containers reach this machine."""
    network = f"{Engine(stack).stack.compose.project}_default"
    gateway = "{{(index .IPAM.Config 0).Gateway}}"
    with mailbox(docker("network", "inspect", "--format", gateway, network)) as server:
        yield server


@pytest.fixture(scope="module", autouse=True)
def with_redis(stack, post: Mailbox) -> Iterator[None]:
    """The session's stack in its larger form; afterwards as it was."""
    file = stack.root / ".env"
    original_text = file.read_text()
    host, port = post.server_address
    mail = (
        f"SMTP_HOST={host}\nSMTP_PORT={port}\nSMTP_STARTTLS=false\nSMTP_MAIL_FROM=bi@example.com\n"
    )
    file.write_text(re.sub(r"(?m)^MODE=.*", "MODE=docker-redis", original_text) + mail)
    result = stack.make("up")
    assert result.returncode == 0, result.stdout + result.stderr
    yield
    file.write_text(original_text)
    stack.make("down")
    stack.make("up")


@pytest.fixture
def session(stack) -> requests.Session:
    """Requests as the administrator, with the token that changes ask for."""
    settings = stack.settings
    session = requests.Session()
    login = {"username": settings.superset_admin_user, "provider": "db"}
    login["password"] = settings.superset_admin_password
    answer = session.post(f"{settings.superset_url}/api/v1/security/login", json=login)
    session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    token = session.get(f"{settings.superset_url}/api/v1/security/csrf_token/").json()["result"]
    session.headers.update({"X-CSRFToken": token, "Referer": settings.superset_url})
    return session


def first_chart(stack, kind: str):
    bundle = read_files(stack.root / FOLDER).bundle()
    return next(chart for chart in bundle.kind("charts") if chart.data["viz_type"] == kind)


def test_all_parts_are_healthy(stack) -> None:
    result = stack.make("status")
    assert result.returncode == 0, result.stdout
    assert all(f"✓ {name}" in result.stdout for name in ("Redis", "Worker", "Beat"))


@pytest.mark.parametrize("part", ["redis", "worker", "beat"])
def test_parts_run_without_root_and_restart(part: str, engine: Engine) -> None:
    assert int(docker("exec", identities(engine.clone)[part], "id", "-u")) >= 10000
    engine.heals(part)


def test_second_chart_load_uses_cache(engine: Engine, monkeypatch) -> None:
    superset, bodies = Superset(engine.clone.settings), []
    answer = superset.chart_data
    monkeypatch.setattr(superset, "chart_data", lambda body: (bodies.append(body), answer(body))[1])
    run_queries(read_files(engine.clone.root / FOLDER).bundle(), superset)
    redis = identities(engine.clone)["redis"]
    docker("exec", redis, "redis-cli", "-n", "1", "flushdb")
    body = bodies[0] | {"force": False}
    hits = [answer(body)[0][0]["is_cached"] for _ in range(2)]
    assert not hits[0]
    assert hits[1]
    assert "data_" in docker("exec", redis, "redis-cli", "-n", "1", "--scan")
    # A build forgets the numbers, in Redis too.
    engine.stack.clear_query_cache()
    assert not answer(body)[0][0]["is_cached"]


def test_query_runs_in_background(stack, session: requests.Session) -> None:
    url = f"{stack.settings.superset_url}/api/v1"
    database = session.get(f"{url}/database/").json()["result"][0]["id"]
    query = {"sql": "select 40 + 2 as answer", "runAsync": True, "client_id": "background1"}
    query |= {"database_id": database, "schema": "reports", "tmp_table_name": ""}
    answer = session.post(f"{url}/sqllab/execute/", json=query)
    assert answer.status_code == 202, answer.text
    number = answer.json()["query"]["queryId"]

    def state() -> dict:
        return session.get(f"{url}/query/{number}").json()["result"]

    assert wait_until(lambda: state()["status"] in ("success", "failed"), SECONDS)
    assert state()["status"] == "success", state()
    key = state()["results_key"]
    result = session.get(f"{url}/sqllab/results/", params={"q": f"(key:'{key}')"}).json()
    assert result["data"] == [{"answer": 42}]


def test_worker_renders_chart(stack, session: requests.Session) -> None:
    settings = stack.settings
    chart = Superset(settings).number("chart", first_chart(stack, "table").uuid)
    # Superset notes how a chart asks for its data when it is opened.
    login = (settings.superset_url, settings.superset_admin_user, settings.superset_admin_password)
    with signed_in(*login) as page, page.expect_response(re.compile(r"/api/v1/chart/data")):
        page.goto(f"{settings.superset_url}/explore/?slice_id={chart}")
    url = f"{settings.superset_url}/api/v1/chart/{chart}"
    answer = session.get(f"{url}/cache_screenshot/", params={"q": "(force:!t)"})
    assert answer.status_code in (200, 202), answer.text
    picture = answer.json()["image_url"].replace("http://superset:8088", settings.superset_url)

    def drawn() -> bool:
        result = session.get(picture)
        return result.status_code == 200 and result.content.startswith(b"\x89PNG")

    assert wait_until(drawn, SECONDS), session.get(picture).text
    assert is_drawn(session.get(picture).content)


def test_worker_renders_and_mails_report(stack, session: requests.Session, post: Mailbox) -> None:
    settings = stack.settings
    url = f"{settings.superset_url}/api/v1/report/"
    bundle = read_files(stack.root / FOLDER).bundle()
    dashboard = Superset(settings).number("dashboard", bundle.kind("dashboards")[0].uuid)
    report = {"type": "Report", "name": "Each minute", "active": True, "crontab": "* * * * *"}
    report |= {"dashboard": dashboard, "report_format": "PNG", "owners": [], "extra": {}}
    report |= {"timezone": "UTC", "working_timeout": 600, "grace_period": 60, "log_retention": 1}
    to = {"target": "reader@example.com"}
    report["recipients"] = [{"type": "Email", "recipient_config_json": to}]
    answer = session.post(url, json=report)
    assert answer.status_code == 201, answer.text
    number = answer.json()["id"]
    try:
        is_delivered = wait_until(lambda: post.letters, 2 * SECONDS)
        assert is_delivered, session.get(f"{url}{number}/log/").text
    finally:
        session.delete(f"{url}{number}")
    letter = post.letters[0]
    assert letter["To"] == "reader@example.com"
    pictures = [part for part in letter.walk() if part.get_content_type() == "image/png"]
    assert pictures
    assert is_drawn(pictures[0].get_payload(decode=True))
    body = letter.get_body(("html",)).get_content()
    assert f"127.0.0.1:{settings.superset_port}/" in body


def is_drawn(picture: bytes) -> bool:
    """Whether a PNG shows something, and not one empty page."""
    image = Image.open(io.BytesIO(picture)).convert("L")
    return min(image.size) > 100 and len(image.getcolors(maxcolors=256)) > 20
