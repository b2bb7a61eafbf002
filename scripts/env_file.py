"""The file `.env`: KEY=value lines, read strictly and written at once."""

from pathlib import Path

from scripts.errors import UserError


def parse_file(path: Path) -> dict[str, str]:
    """The values in a file; none if the file does not exist."""
    try:
        return parse(path.read_text(encoding="utf-8"))[0] if path.exists() else {}
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}", "correct or remove the file") from None


def parse(text: str) -> tuple[dict[str, str], dict[str, int]]:
    """The values and the line numbers by key; a UserError names the line."""
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        key, equals, value = line.removeprefix("export ").partition("=")
        key, value = key.strip(), value.strip()
        where = f".env, line {number}"
        if not equals or not key.isidentifier():
            raise UserError(f"{where}: this is not KEY=value", "correct the line; see .env.example")
        if key in values:
            raise UserError(
                f"{where}: {key} is there twice (first in line {lines[key]})",
                "remove one of the two lines",
            )
        values[key], lines[key] = _unquoted(value, f"{where}: {key}"), number
    return values, lines


def _unquoted(value: str, where: str) -> str:
    if value[:1] in ("'", '"'):
        end = value.find(value[0], 1)
        if end < 0:
            raise UserError(f"{where} has no closing quote", "add it at the end of the line")
        return value[1:end]
    return value.split(" #")[0].rstrip()


def quoted(key: str, value: str) -> str:
    """A value as it stands in the file; a UserError where the file cannot hold it."""
    if not any(character.isspace() or character in "'\"#" for character in value):
        return value
    for mark in "'\"":
        if mark not in value and "\n" not in value:
            return f"{mark}{value}{mark}"
    raise UserError(
        f"{key} in the environment holds a line break or both kinds of quotes",
        "choose a simpler value",
    )


def write(path: Path, text: str) -> None:
    """Write the file, readable by its owner only; a killed process leaves no incomplete one."""
    draft = path.with_name(".env.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    draft.rename(path)
