"""A managed alert is evaluated and mailed by Superset's worker, with Debian's Redis and Chromium.

MODE=docker-redis runs the same worker in a container; here it runs beside the native Superset.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.assets.access.file import FILE
from scripts.assets.files.bundle import read_files
from scripts.stack.native.superset import Superset as SupersetProcess
from scripts.stack.processes import terminate, wait_until
from tests.clusters import free_port
from tests.e2e.clone import Clone
from tests.e2e.docker.mailbox import Mailbox, mailbox
from tests.e2e.projects import Project

pytestmark = pytest.mark.slow

PROGRAMS = ("redis-server", "chromedriver", "chromium")
SECONDS = 300
HOLDS, DOES_NOT_HOLD = "A condition that holds", "A condition that does not hold"


def alert(project: Project, count: str) -> dict[str, Any]:
    """An alert for each minute, on the number of a query."""
    assets = read_files(project.folder).bundle()
    return {
        "type": "Alert", "crontab": "* * * * *", "recipients": ["Email ${ALERT_EMAIL}"],
        "dashboard_uuid": assets.kind("dashboards")[0].uuid,
        "database_uuid": assets.kind("databases")[0].uuid,
        "sql": f"select {count} from reports.rpt_alerts", "condition": "> 0",
    }  # fmt: skip


@contextmanager
def worker(clone: Clone, post: Mailbox, folder: Path) -> Iterator[None]:
    """Redis, and a worker that also holds the schedule."""
    port = free_port()
    host, mail_port = post.server_address
    settings = clone.settings
    environment = {
        **SupersetProcess(settings)._environment("tool"),
        "SUPERSET_REDIS_URL": f"redis://127.0.0.1:{port}",
        "SUPERSET_INTERNAL_ADDRESS": f"http://127.0.0.1:{settings.superset_port}/",
        "SMTP_HOST": host, "SMTP_PORT": str(mail_port), "SMTP_STARTTLS": "false",
        "SMTP_MAIL_FROM": "bi@example.com",
    }  # fmt: skip
    commands = (
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""],
        [sys.executable, "-m", "celery", "--app=superset.tasks.celery_app:app", "worker",
         "--pool=solo", "--beat", "--schedule", str(folder / "beat"), "--loglevel=INFO"],
    )  # fmt: skip
    processes = []
    try:
        with (folder / "worker.log").open("w") as log:
            for command in commands:
                process = subprocess.Popen(
                    command, cwd=folder, env=environment, stdout=log, stderr=log,
                    start_new_session=True,
                )  # fmt: skip
                processes.append(process)
        yield
    finally:
        terminate([process.pid for process in processes])
        for process in processes:
            process.wait()


def states(project: Project, name: str) -> set[str]:
    """The states in the execution log of an alert."""
    numbers = {row["name"]: row["id"] for row in project.superset.rows("report", "id,name")}
    # The log cannot be sorted by id, as the client sorts lists.
    answer = project.superset._send("GET", f"report/{numbers[name]}/log/")
    return {row["state"] for row in answer.json()["result"]}


@pytest.mark.skipif(
    any(shutil.which(program) is None for program in PROGRAMS),
    reason=f"needs {', '.join(PROGRAMS)}: apt-get install redis-server chromium-driver",
)
def test_worker_mails_alert_whose_condition_holds(project: Project, tmp_path: Path) -> None:
    env = project.stack.root / ".env"
    text = env.read_text(encoding="utf-8")
    file = project.folder / FILE
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    alerts = {HOLDS: alert(project, "count(*)"), DOES_NOT_HOLD: alert(project, "0")}
    file.write_text(yaml.safe_dump(data | {"alerts": alerts}), encoding="utf-8")
    try:
        env.write_text(f"{text}\nALERT_EMAIL=team@example.com\n", encoding="utf-8")
        project.run("push")
        with mailbox("127.0.0.1") as post, worker(project.stack, post, tmp_path):
            done = wait_until(
                lambda: (
                    "Success" in states(project, HOLDS)
                    and "Not triggered" in states(project, DOES_NOT_HOLD)
                ),
                SECONDS,
            )
            assert done, (tmp_path / "worker.log").read_text()[-5_000:]
            letters = list(post.letters)
        assert {letter["To"] for letter in letters} == {"team@example.com"}
        assert all(HOLDS in letter["Subject"] for letter in letters)
        types = [part.get_content_type() for letter in letters for part in letter.walk()]
        assert "image/png" in types
        assert "Success" not in states(project, DOES_NOT_HOLD)
        file.write_text(yaml.safe_dump(data), encoding="utf-8")
        project.run("prune", YES="1")
    finally:
        env.write_text(text, encoding="utf-8")
