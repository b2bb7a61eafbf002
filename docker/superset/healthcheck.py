"""Health check of the container: Superset must serve its own login page."""

import sys
import urllib.request

ADDRESS = "http://127.0.0.1:8088"


def page(path: str) -> str:
    """The text of a page."""
    with urllib.request.urlopen(f"{ADDRESS}{path}", timeout=10) as answer:  # noqa: S310 - ours
        return answer.read().decode()


try:
    is_healthy = page("/health").strip() == "OK" and "data-bootstrap" in page("/login/")
except OSError as error:
    sys.exit(str(error))
sys.exit(0 if is_healthy else "the login page is not Superset's")
