"""How programs that use PostgreSQL's library, such as dbt and psql, get the parameters of a URL."""

from pathlib import Path

from scripts.settings import Settings

SERVICE = "glasshouse"


def libpq_environment(settings: Settings, role: str) -> dict[str, str]:
    """Environment variables with every parameter of DATABASE_URL; none at a server of our own.

    Not each parameter has a variable, so the variables name a service file, which holds them all.
    It contains no password.
    """
    if settings.existing_server is None:
        return {}
    login = {"host", "port", "user", "password", "dbname"}
    parameters = {k: str(v) for k, v in settings.dsn(role).items() if k not in login}
    options = {"PGOPTIONS": parameters.pop("options")} if "options" in parameters else {}
    file = settings.state / "run" / f"{role}.pg_service.conf"
    _write(file, "".join(f"{key}={value}\n" for key, value in parameters.items()))
    return {"PGSERVICEFILE": str(file), "PGSERVICE": SERVICE, **options}


def _write(file: Path, parameters: str) -> None:
    text = f"[{SERVICE}]\n{parameters}"
    if file.exists() and file.read_text() == text:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.rename(file)
