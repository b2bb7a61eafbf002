"""A client of Superset's REST API with the calls that the sync needs."""

import io
import json
from collections.abc import Iterable
from typing import Any
from zipfile import BadZipFile, ZipFile

import requests

from scripts.assets.model.fields import FORMAT_VERSION
from scripts.errors import UserError
from scripts.settings import Settings

_SECONDS = 120
_ROWS, _PAGES, _TRIES = 100, 1_000, 3
# Lists that Superset cannot sort by id.
_ORDER = {
    "database": "database_name",
    "dashboard": "dashboard_title",
    "chart": "slice_name",
    "dataset": "table_name",
    "rowlevelsecurity": "name",
    "saved_query": "label",
    "report": "name",
    "annotation_layer": "name",
    "annotation": "start_dttm",
}


class Superset:
    """A session, logged in as the administrator of `.env`."""

    def __init__(self, settings: Settings) -> None:
        self.url = settings.superset_url
        self._session = requests.Session()
        # Superset is on this machine or has its own address: no proxy.
        self._session.trust_env = False
        self._credentials = (
            settings.value("SUPERSET_ADMIN_USER") or "",
            settings.value("SUPERSET_ADMIN_PASSWORD") or "",
        )
        self._authorize()

    def _authorize(self) -> None:
        """Log in; the requests that follow carry the access token, which lasts 15 minutes."""
        self._session.headers.pop("Authorization", None)
        self._session.headers["Authorization"] = f"Bearer {self._login(*self._credentials)}"
        self._csrf_done = False

    def pause(self) -> None:
        """Close idle connections, which the server might close while one is used again."""
        self._session.close()

    def _login(self, user: str, password: str) -> str:
        answer = self._send(
            "POST",
            "security/login",
            json={"username": user, "password": password, "provider": "db"},
        )
        if answer.status_code in (400, 401, 403):
            raise UserError(
                f"Superset at {self.url} does not accept the password of {user}",
                "put the right SUPERSET_ADMIN_PASSWORD into .env",
            )
        if answer.status_code == 429:
            raise UserError(
                f"Superset at {self.url} has had too many failed logins of {user}",
                "wait 5 minutes",
            )
        return self._json(answer, "logging in")["access_token"]

    def export(self, resource: str = "assets", numbers: Iterable[int] = ()) -> dict[str, str]:
        """Every asset, or some with what they need: the path in Superset's bundle → YAML text."""
        number_list = ",".join(map(str, numbers))
        answer = self._send(
            "GET", f"{resource}/export/" + (f"?q=!({number_list})" if number_list else "")
        )
        if not answer.ok:
            self._json(answer, "exporting the assets")
        try:
            with ZipFile(io.BytesIO(answer.content)) as archive:
                names = [name for name in archive.namelist() if "/" in name]
                return {name.split("/", 1)[1]: archive.read(name).decode() for name in names}
        except BadZipFile:
            raise UserError(
                f"The server at {self.url} is not Superset", "see make status, then make up"
            ) from None

    def import_assets(self, files: dict[str, str]) -> None:
        """Import assets (path → YAML text) over those that are there; all of them or none."""
        upload = {"bundle": ("bundle.zip", _zipped(files, "assets"), "application/zip")}
        self._json(self._send("POST", "assets/import/", files=upload), "the assets")

    def import_charts(self, files: dict[str, str]) -> None:
        """Import charts over those that are there; of their datasets only those that are not."""
        upload = {"formData": ("bundle.zip", _zipped(files, "Slice"), "application/zip")}
        options = {"overwrite": "true"}
        self._json(self._send("POST", "chart/import/", files=upload, data=options), "the charts")

    def number(self, resource: str, uuid: str) -> int | None:
        """The id of a chart, dataset or dashboard on this server; None where it does not exist."""
        if resource == "database":
            # The only resource that cannot be addressed by uuid.
            return {row["uuid"]: row["id"] for row in self.rows(resource)}.get(uuid)
        answer = self._send("GET", f"{resource}/{uuid}")
        if answer.status_code == 404:
            return None
        return self._json(answer, f"looking for a {resource}")["result"]["id"]

    def has(self, resource: str) -> bool:
        """Whether this Superset offers a resource; a feature flag may turn it off."""
        return self._send("GET", f"{resource}/_info").status_code != 404

    def rows(self, resource: str, columns: str = "id,uuid") -> list[dict[str, Any]]:
        """Every row of a list, page by page (Superset returns at most 100 per page)."""
        rows_by_id: dict[int, dict[str, Any]] = {}
        # Rows with equal names may change order between two pages, so that one is missed. Reading
        # is repeated in alternating order until the number of rows is complete.
        order = _ORDER.get(resource.split("/")[-1], "id")
        for direction in ("asc", "desc") * _TRIES:
            for page in range(_PAGES):
                query = (
                    f"?q=(columns:!({columns}),page:{page},page_size:{_ROWS},"
                    f"order_column:{order},order_direction:{direction})"
                )
                response = self._send("GET", f"{resource}/{query}")
                answer = self._json(response, f"listing {resource.split('/')[-1]}")
                rows_by_id |= {row["id"]: row for row in answer["result"]}
                if len(answer["result"]) < _ROWS:
                    break
            if len(rows_by_id) >= answer["count"]:
                return list(rows_by_id.values())
        raise UserError(f"Superset's list of {resource} changes while it is read", "try again")

    def chart_data(self, body: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
        """The results of a chart's queries, and the error's text ("" when there is none)."""
        answer = self._send("POST", "chart/data", json=body)
        if answer.ok:
            return self._json(answer, "querying a chart")["result"], ""
        return [], self._reason(answer)

    def get(self, resource: str, number: int) -> dict[str, Any]:
        """One row of a list, in full."""
        answer = self._send("GET", f"{resource}/{number}")
        return self._json(answer, f"reading {resource}")["result"]

    def uuid(self, resource: str, number: int) -> str:
        """The uuid of an id of this server; "" where it does not exist."""
        answer = self._send("GET", f"{resource}/{number}?q=(columns:!(uuid))")
        if answer.status_code == 404:
            return ""
        return self._json(answer, f"looking for a {resource}")["result"].get("uuid", "")

    def create(self, resource: str, fields: dict[str, Any]) -> int:
        """Create an object; returns its id."""
        answer = self._send("POST", f"{resource}/", json=fields)
        return self._json(answer, f"making {_noun(resource)}")["id"]

    def create_tag(self, name: str) -> None:
        """Create a tag on no object."""
        body = {"name": name, "description": "", "objects_to_tag": []}
        self._json(self._send("POST", "tag/", json=body), "making a tag")

    def role_permissions(self, role: int) -> list[dict[str, Any]]:
        """The permissions of a role: permission_name on view_menu_name."""
        answer = self._send("GET", f"security/roles/{role}/permissions/")
        return self._json(answer, "reading a role")["result"]

    def set_permissions(self, role: int, permissions: list[int]) -> None:
        """Set the permissions of a role."""
        body = {"permission_view_menu_ids": permissions}
        answer = self._send("POST", f"security/roles/{role}/permissions", json=body)
        self._json(answer, "changing a role")

    def sync_permissions(self, database: str) -> None:
        """Let Superset update the list of schemas of a database (uuid)."""
        number = self.number("database", database)
        if number is not None:
            answer = self._send("POST", f"database/{number}/sync_permissions/")
            self._json(answer, "reading the schemas of a database")

    def change(self, resource: str, number: int, fields: dict[str, Any]) -> None:
        """Change fields of an object."""
        self._json(
            self._send("PUT", f"{resource}/{number}", json=fields), f"changing {_noun(resource)}"
        )

    def delete(self, resource: str, number: int) -> None:
        """Delete an object."""
        self._json(self._send("DELETE", f"{resource}/{number}"), f"removing {_noun(resource)}")

    def delete_many(self, resource: str, numbers: list[int]) -> None:
        """Delete rows of a list that has no call to delete one."""
        number_list = ",".join(map(str, numbers))
        answer = self._send("DELETE", f"{resource}/?q=!({number_list})")
        self._json(answer, f"removing {_noun(resource)}")

    def _send(self, method: str, path: str, **options: Any) -> requests.Response:
        if method != "GET" and path != "security/login" and not self._csrf_done:
            token = self._json(self._send("GET", "security/csrf_token/"), "asking for a token")
            self._session.headers["X-CSRFToken"] = token["result"]
            self._session.headers["Referer"] = self.url
            self._csrf_done = True
        try:
            answer = self._session.request(
                method, f"{self.url}/api/v1/{path}", timeout=_SECONDS, **options
            )
        except requests.Timeout:
            raise UserError(
                f"Superset at {self.url} did not answer within {_SECONDS} s", "see make logs"
            ) from None
        except requests.RequestException:
            raise UserError(
                f"Superset does not answer at {self.url}", "make up; then try again"
            ) from None
        if answer.status_code == 401 and "Token has expired" in answer.text:
            self._authorize()
            return self._send(method, path, **options)
        return answer

    def _json(self, answer: requests.Response, action: str) -> dict[str, Any]:
        if not answer.ok:
            raise UserError(
                f"Superset refused {action} ({answer.status_code}: {self._reason(answer)})",
                "see make logs",
            )
        try:
            return answer.json()
        except ValueError:
            raise UserError(
                f"The server at {self.url} is not Superset", "see make status, then make up"
            ) from None

    @staticmethod
    def _reason(answer: requests.Response) -> str:
        """The server's error message, at most 300 characters."""
        try:
            body = answer.json()
        except ValueError:
            return answer.reason or "no reason given"
        errors = body.get("errors") or [body]
        text = errors[0].get("message") or errors[0].get("msg") or json.dumps(body)
        return " ".join(str(text).split())[:300]


def _zipped(files: dict[str, str], content: str) -> bytes:
    """A bundle as a zip file; `content`: the type in its metadata."""
    zipped = io.BytesIO()
    with ZipFile(zipped, "w") as archive:
        head = {"version": FORMAT_VERSION, "type": content}
        archive.writestr("bundle/metadata.yaml", json.dumps(head))
        for path, text in files.items():
            archive.writestr(f"bundle/{path}", text)
    return zipped.getvalue()


def _noun(resource: str) -> str:
    """The noun for a resource of the API."""
    return {
        "roles": "a role",
        "users": "a user",
        "rowlevelsecurity": "a row filter",
        "annotation_layer": "an annotation layer",
        "annotation": "an annotation",
        "saved_query": "a saved query",
    }.get(resource.split("/")[-1], f"a {resource}")
