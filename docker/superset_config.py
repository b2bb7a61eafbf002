"""Superset's configuration; values of an installation come from environment variables."""

import importlib.util
import logging
import os
import re
import sys
from pathlib import Path

from flask import Flask, Response, request
from superset_connection import connect_as_reader, stop_query
from superset_login_limit import LimitedLoginManager, limit_logins

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = os.environ["SUPERSET_METADATA_URI"]
# Examples are never loaded; without this Superset would prepare a SQLite file for them.
SQLALCHEMY_EXAMPLES_URI = SQLALCHEMY_DATABASE_URI
# Only this machine sends requests, so few open connections are enough.
SQLALCHEMY_ENGINE_OPTIONS = {"pool_size": 5, "max_overflow": 10, "pool_pre_ping": True}

# --- Rights of readers --------------------------------------------------------------------
FEATURE_FLAGS = {
    # A role gets access to a dashboard, not to its datasets.
    "DASHBOARD_RBAC": True,
    # Superset always stores alerts. Sending them, and thumbnails, needs a worker.
    "ALERT_REPORTS": True,
    "THUMBNAILS": False,
    "PLAYWRIGHT_REPORTS_AND_THUMBNAILS": False,
}
PREVENT_UNSAFE_DB_CONNECTIONS = True
# PostgreSQL decides what a user reads; the login depends on the user.
DB_CONNECTION_MUTATOR = connect_as_reader
CUSTOM_SECURITY_MANAGER = LimitedLoginManager
ROW_LIMIT = 10_000
SUPERSET_WEBSERVER_TIMEOUT = 60

_COLOURS = re.compile(r"/api/v1/dashboard/\d+/colors")


def FLASK_APP_MUTATOR(app: Flask) -> None:
    """Limit logins, let readers stop their queries, and avoid an error in the browser's console."""
    from superset.db_engine_specs.postgres import PostgresEngineSpec

    limit_logins(app)
    PostgresEngineSpec.cancel_query = classmethod(stop_query)

    @app.after_request
    def accept_label_colours(response: Response) -> Response:
        # On leaving a dashboard every browser tries to save the colours it has given to labels, and
        # asks nobody whether its reader may. It is refused as before; only the answer is friendly.
        if request.method == "PUT" and response.status_code == 403 and _COLOURS.match(request.path):
            return Response('{"result": "not kept"}', mimetype="application/json")
        return response


# --- Content security policy: the browser loads nothing from other servers ----------------
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'", "data:"],
        # handlebars and ECharts compile functions from text.
        "script-src": ["'self'", "'strict-dynamic'", "'unsafe-eval'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": False,
}
# Cookies ignore the port. With a cookie name of its own, an installation does not end the
# sessions of another one on the same machine.
SESSION_COOKIE_NAME = f"glasshouse_{os.environ.get('SUPERSET_PORT', '')}"
# The dashboards' CSS needs the classes in handlebars charts and markdown.
HTML_SANITIZATION = True
HTML_SANITIZATION_SCHEMA_EXTENSIONS = {"attributes": {"*": ["className", "style"]}}

# --- Caches in files: all web processes share them, and they survive a restart ------------
CACHE_FOLDER = Path(os.environ["SUPERSET_CACHE_FOLDER"])


def _file_cache(name: str, seconds: int) -> dict[str, object]:
    return {
        "CACHE_TYPE": "FileSystemCache",
        "CACHE_DIR": str(CACHE_FOLDER / name),
        "CACHE_DEFAULT_TIMEOUT": seconds,
        "CACHE_THRESHOLD": 5_000,
    }


CACHE_CONFIG = _file_cache("metadata", 3_600)
# `make build` empties this cache, so results can stay for an hour.
DATA_CACHE_CONFIG = _file_cache("data", 3_600)
FILTER_STATE_CACHE_CONFIG = _file_cache("filter_state", 90 * 86_400)
EXPLORE_FORM_DATA_CACHE_CONFIG = _file_cache("explore", 7 * 86_400)
THUMBNAIL_CACHE_CONFIG = _file_cache("thumbnail", 86_400)
RATELIMIT_STORAGE_URI = "memory://"

# Without this, each process starts the driver of Playwright to see whether it is installed. Only
# reports need it, and it prints warnings if a library is missing.
sys.modules["playwright.sync_api"] = None

# --- Logging --------------------------------------------------------------------------------
LOG_LEVEL = logging.WARNING
LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
# Each page warns about a picture that only Superset's source tree contains.
logging.getLogger("superset.views.base").setLevel(logging.ERROR)

# With Redis: shared caches, queries in the background, reports as pictures.
if os.environ.get("SUPERSET_REDIS_URL"):
    from superset_redis import *  # noqa: F403

    FEATURE_FLAGS |= {"ALERT_REPORT_WEBHOOK": True, "THUMBNAILS": True}

# Colours, logo, fonts and number formats.
if importlib.util.find_spec("superset_theme"):
    from superset_theme import *  # noqa: F403
