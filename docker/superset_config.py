"""Superset's configuration; what differs between installations comes from the environment."""

import importlib.util
import logging
import os
import re
import sys
from pathlib import Path

from flask import Flask, Response, request

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = os.environ["SUPERSET_METADATA_URI"]
# Examples are never loaded; without this Superset would prepare a SQLite file for them.
SQLALCHEMY_EXAMPLES_URI = SQLALCHEMY_DATABASE_URI
# Requests come in on the machine itself; a few open connections are plenty.
SQLALCHEMY_ENGINE_OPTIONS = {"pool_size": 5, "max_overflow": 10, "pool_pre_ping": True}

# --- What readers may do -------------------------------------------------------------------
FEATURE_FLAGS = {
    # A dashboard is opened to a role as such, not through its datasets.
    "DASHBOARD_RBAC": True,
    # Schedules and thumbnails need a worker beside the web process.
    "ALERT_REPORTS": False,
    "THUMBNAILS": False,
    "PLAYWRIGHT_REPORTS_AND_THUMBNAILS": False,
}
PREVENT_UNSAFE_DB_CONNECTIONS = True
ROW_LIMIT = 10_000
SUPERSET_WEBSERVER_TIMEOUT = 60

_COLOURS = re.compile(r"/api/v1/dashboard/\d+/colors")


def FLASK_APP_MUTATOR(app: Flask) -> None:
    """Readers leave a dashboard without an error in their browser's console."""

    @app.after_request
    def keep_quiet_about_colours(response: Response) -> Response:
        # On leaving a dashboard every browser tries to save the colours it has given to labels, and
        # asks nobody whether its reader may. It is refused as before; only the answer is friendly.
        if request.method == "PUT" and response.status_code == 403 and _COLOURS.match(request.path):
            return Response('{"result": "not kept"}', mimetype="application/json")
        return response


# --- What the browser may load: nothing from elsewhere, no counting pixel ------------------
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
        # handlebars and ECharts build functions from text.
        "script-src": ["'self'", "'strict-dynamic'", "'unsafe-eval'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": False,
}
# Cookies know no ports: with names of their own, two installations on one machine do not log
# each other's people out.
SESSION_COOKIE_NAME = f"glasshouse_{os.environ.get('SUPERSET_PORT', '')}"
# Handlebars charts and markdown keep their classes, which the dashboard's CSS needs.
HTML_SANITIZATION = True
HTML_SANITIZATION_SCHEMA_EXTENSIONS = {"attributes": {"*": ["className", "style"]}}

# --- Caches: files, so that all web processes share them and a restart keeps them ----------
CACHE_FOLDER = Path(os.environ["SUPERSET_CACHE_FOLDER"])


def _file_cache(name: str, seconds: int) -> dict[str, object]:
    return {
        "CACHE_TYPE": "FileSystemCache",
        "CACHE_DIR": str(CACHE_FOLDER / name),
        "CACHE_DEFAULT_TIMEOUT": seconds,
        "CACHE_THRESHOLD": 5_000,
    }


CACHE_CONFIG = _file_cache("metadata", 3_600)
# A build changes every number: `make build` empties this cache, so an hour is not too long.
DATA_CACHE_CONFIG = _file_cache("data", 3_600)
FILTER_STATE_CACHE_CONFIG = _file_cache("filter_state", 90 * 86_400)
EXPLORE_FORM_DATA_CACHE_CONFIG = _file_cache("explore", 7 * 86_400)
THUMBNAIL_CACHE_CONFIG = _file_cache("thumbnail", 86_400)
RATELIMIT_STORAGE_URI = "memory://"

# Superset would start a browser's driver in each process, only to see whether there is one: without
# pictures by mail nobody needs it, and where a library of it is missing there would be warnings.
sys.modules["playwright.sync_api"] = None

# --- Quiet ----------------------------------------------------------------------------------
LOG_LEVEL = logging.WARNING
LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
# Each page looks for a picture that only the source tree holds, and warns that it has none.
logging.getLogger("superset.views.base").setLevel(logging.ERROR)

# With a Redis beside it: shared caches, queries in the background, reports as pictures.
if os.environ.get("SUPERSET_REDIS_URL"):
    from superset_redis import *  # noqa: F403

    FEATURE_FLAGS |= {"ALERT_REPORTS": True, "THUMBNAILS": True}

# Colours, logo, fonts and number formats are kept beside this file.
if importlib.util.find_spec("superset_theme"):
    from superset_theme import *  # noqa: F403
