"""Limits failed logins, in the form and over REST, without Redis.

Flask-AppBuilder limits the form alone, and counts successful logins too. Here failures count, for
each account however its name is written, and for each address. The counters are in the storage of
RATELIMIT_STORAGE_URI: in memory each web process has its own, so together they allow as many times
the number as there are processes.
"""

from flask import Flask, Response, current_app, g, request
from limits import parse
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter
from superset.security import SupersetSecurityManager

PER_ACCOUNT = parse("10 per 5 minutes")
PER_ADDRESS = parse("50 per 5 minutes")
MESSAGE = "Too many failed logins. Try again in 5 minutes."


class LimitedLoginManager(SupersetSecurityManager):
    """Superset's security manager with a limit on failed logins."""

    def auth_user_db(self, username: str | None, password: str | None) -> object:
        """The user if the password is right and the limits are not reached, otherwise None."""
        limiter = current_app.extensions["login_limiter"]
        user = self.find_user(username=username) or self.find_user(email=username)
        account = str(user.id) if user else "unknown"
        address = request.remote_addr or ""
        # Counted before the password is compared, so that parallel attempts gain nothing.
        is_account_open = user is None or limiter.hit(PER_ACCOUNT, "account", account)
        if not is_account_open or not limiter.test(PER_ADDRESS, "address", address):
            g.login_limited = True
            return None
        authenticated = super().auth_user_db(username, password)
        if authenticated is None:
            limiter.hit(PER_ADDRESS, "address", address)
        else:
            limiter.clear(PER_ACCOUNT, "account", account)
        return authenticated


def limit_logins(app: Flask) -> None:
    """Add the counters to the application, and the answer to who reached a limit."""
    storage = storage_from_string(app.config["RATELIMIT_STORAGE_URI"])
    app.extensions["login_limiter"] = FixedWindowRateLimiter(storage)

    @app.after_request
    def answer(response: Response) -> Response:
        if g.get("login_limited"):
            headers = {"Retry-After": str(PER_ACCOUNT.get_expiry())}
            return Response(f'{{"message": "{MESSAGE}"}}', 429, headers, "application/json")
        return response
