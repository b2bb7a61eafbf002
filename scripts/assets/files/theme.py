"""The style sheet that dashboards share: `theme.css`, and the line that imports it.

A dashboard whose `css` begins with `@import "theme.css";` has the text of that file there in
Superset and in memory; the YAML file holds the line and what the dashboard adds. Superset knows no
such file, so the text is put in when the files are read and taken out when they are written.
"""

from pathlib import Path
from typing import Any

from scripts.assets.model.texts import plain_text

FILE = "theme.css"
IMPORT = f'@import "{FILE}";'


def read_theme(folder: Path) -> str:
    """The shared style sheet with a line break at its end; "" where there is none.

    Raises OSError or UnicodeDecodeError for a file that cannot be read.
    """
    try:
        text = plain_text((folder / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ""
    return text.rstrip("\n") + "\n" if text.strip() else ""


def imports_theme(data: dict[str, Any]) -> bool:
    """Whether the `css` of a dashboard's file begins with the line that imports the theme."""
    css = data.get("css")
    return isinstance(css, str) and css.partition("\n")[0].strip() == IMPORT


def with_theme(data: dict[str, Any], theme: str) -> dict[str, Any]:
    """The fields of a dashboard with the text of the theme in place of the line that imports it."""
    if not theme or not imports_theme(data):
        return data
    return data | {"css": theme + data["css"].partition("\n")[2]}


def without_theme(data: dict[str, Any], theme: str) -> dict[str, Any]:
    """The fields as the file holds them: the import in place of the theme's text.

    A text that differs from the theme stays as it is: it is a change of this dashboard.
    """
    css = data.get("css")
    if not theme or not isinstance(css, str) or not css.startswith(theme):
        return data
    additions = css.removeprefix(theme)
    return data | {"css": f"{IMPORT}\n{additions}" if additions else IMPORT}
