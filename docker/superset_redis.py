"""Superset with Redis: shared caches, queries and reports in the background.

`superset_config.py` imports the names in `__all__` if SUPERSET_REDIS_URL is set.
"""

import os

from cachelib.redis import RedisCache
from celery.schedules import crontab
from superset.tasks.types import FixedExecutor

__all__ = [
    "ALERT_REPORTS_EXECUTORS",
    "CACHE_CONFIG",
    "CELERY_CONFIG",
    "DATA_CACHE_CONFIG",
    "EXPLORE_FORM_DATA_CACHE_CONFIG",
    "FILTER_STATE_CACHE_CONFIG",
    "RATELIMIT_STORAGE_URI",
    "RESULTS_BACKEND",
    "SMTP_HOST",
    "SMTP_MAIL_FROM",
    "SMTP_PASSWORD",
    "SMTP_PORT",
    "SMTP_STARTTLS",
    "SMTP_USER",
    "THUMBNAIL_CACHE_CONFIG",
    "THUMBNAIL_EXECUTORS",
    "WEBDRIVER_BASEURL",
    "WEBDRIVER_BASEURL_USER_FRIENDLY",
    "WEBDRIVER_OPTION_ARGS",
    "WEBDRIVER_TYPE",
]

URL = os.environ["SUPERSET_REDIS_URL"].rstrip("/")
# The numbers of Redis databases: task queue, caches, results of queries in the background.
QUEUE, CACHES, RESULTS = 0, 1, 2


def _cache(name: str, seconds: int) -> dict[str, object]:
    return {
        "CACHE_TYPE": "RedisCache",
        "CACHE_REDIS_URL": f"{URL}/{CACHES}",
        "CACHE_KEY_PREFIX": f"{name}_",
        "CACHE_DEFAULT_TIMEOUT": seconds,
    }


CACHE_CONFIG = _cache("metadata", 3_600)
DATA_CACHE_CONFIG = _cache("data", 3_600)
FILTER_STATE_CACHE_CONFIG = _cache("filter_state", 90 * 86_400)
EXPLORE_FORM_DATA_CACHE_CONFIG = _cache("explore", 7 * 86_400)
THUMBNAIL_CACHE_CONFIG = _cache("thumbnail", 86_400)
RATELIMIT_STORAGE_URI = f"{URL}/{CACHES}"

HOST, _, PORT = URL.removeprefix("redis://").partition(":")
RESULTS_BACKEND = RedisCache(host=HOST, port=int(PORT or 6379), db=RESULTS, key_prefix="result_")


class CELERY_CONFIG:
    """The task queue and its schedule."""

    broker_url = f"{URL}/{QUEUE}"
    result_backend = f"{URL}/{QUEUE}"
    imports = ("superset.sql_lab", "superset.tasks.scheduler", "superset.tasks.thumbnails")
    task_annotations = {"sql_lab.get_sql_results": {"rate_limit": "100/s"}}  # noqa: RUF012
    worker_prefetch_multiplier = 1
    task_acks_late = False
    broker_connection_retry_on_startup = True
    beat_schedule = {  # noqa: RUF012
        "reports.scheduler": {"task": "reports.scheduler", "schedule": crontab()},
        "reports.prune_log": {
            "task": "reports.prune_log",
            "schedule": crontab(minute=10, hour=0),
        },
    }


# Reports are sent through the mail server that .env names.
SMTP_HOST = os.environ.get("SMTP_HOST", "")
SMTP_PORT = int(os.environ.get("SMTP_PORT", "587"))
SMTP_STARTTLS = os.environ.get("SMTP_STARTTLS", "true") == "true"
SMTP_USER = os.environ.get("SMTP_USER", "")
SMTP_PASSWORD = os.environ.get("SMTP_PASSWORD", "")
SMTP_MAIL_FROM = os.environ.get("SMTP_MAIL_FROM", "")

# The worker opens pages as the administrator, in Debian's Chromium.
ALERT_REPORTS_EXECUTORS = [FixedExecutor(os.environ.get("SUPERSET_ADMIN_USER", "admin"))]
THUMBNAIL_EXECUTORS = ALERT_REPORTS_EXECUTORS
# How the worker reaches the web server: in containers by the name of its service.
WEBDRIVER_BASEURL = os.environ.get("SUPERSET_INTERNAL_ADDRESS", "http://superset:8088/")
# The address in the links of a mail.
WEBDRIVER_BASEURL_USER_FRIENDLY = os.environ.get("SUPERSET_ADDRESS", WEBDRIVER_BASEURL)
WEBDRIVER_TYPE = "chrome"
WEBDRIVER_OPTION_ARGS = [
    "--headless=new",
    # Chromium's own sandbox needs privileges that the container does not have.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--force-device-scale-factor=1",
    "--user-data-dir=/tmp/chromium",
]
