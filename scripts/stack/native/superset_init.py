"""Runs inside Superset's Python: brings its metadata to the state the installation expects.

One process and one application instead of three commands, each of which would load Superset anew.
"""

import os
from pathlib import Path

from flask_appbuilder import Model
from flask_migrate import upgrade
from sqlalchemy import text
from superset.app import create_app
from superset.utils.encrypt import EncryptedType, SecretsMigrator


def main() -> None:
    """Migrate, create or update the administrator, write the standard roles."""
    app = create_app()
    with app.app_context():
        from superset.extensions import appbuilder, db

        # Whoever was left behind by a start that was killed ends first; the session's end unlocks.
        with db.engine.connect() as one_at_a_time:
            one_at_a_time.execute(text("select pg_advisory_lock(hashtext('superset-init'))"))
            _prepare(app, appbuilder, db)


def _prepare(app, appbuilder, db) -> None:
    upgrade()
    _follow_secret_key(Path(os.environ["SUPERSET_KEY_FILE"]), app.config["SECRET_KEY"])
    # Only now do the tables of the permissions exist.
    appbuilder.add_permissions(update_perms=True)
    appbuilder.sm.sync_role_definitions()
    _administrator(appbuilder.sm)
    _follow_address(db)
    db.session.commit()
    app.sync_config_to_db()


def _administrator(security) -> None:
    name, password = os.environ["SUPERSET_ADMIN_USER"], os.environ["SUPERSET_ADMIN_PASSWORD"]
    user = security.find_user(username=name)
    if user is None:
        role = security.find_role("Admin")
        email = f"{name}@localhost"
        if not security.add_user(name, name.capitalize(), "Glasshouse", email, role, password):
            raise SystemExit(f"the administrator {name} could not be created")
    else:
        security.reset_password(user.id, password)


def _follow_secret_key(file: Path, key: str) -> None:
    """Encrypt stored passwords anew where .env has got another key since the last start."""
    previous = file.read_text() if file.exists() else key
    if previous != key:
        migrator = SecretsMigrator(previous_secret_key=previous)
        # Superset 6.1 looks among the tables of an empty registry and finds nothing to do.
        migrator.discover_encrypted_fields = _encrypted_columns
        migrator.run()
    draft = file.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(key)
    draft.rename(file)


def _encrypted_columns() -> dict[str, dict[str, EncryptedType]]:
    found = {
        table.name: {
            column.name: column.type
            for column in table.columns
            if isinstance(column.type, EncryptedType)
        }
        for table in Model.metadata.tables.values()
    }
    return {table: columns for table, columns in found.items() if columns}


def _follow_address(db) -> None:
    """Have Superset's connection to the warehouse follow the port and password of .env."""
    from superset.models.core import Database

    for database in db.session.query(Database).filter_by(database_name="warehouse"):
        database.set_sqlalchemy_uri(os.environ["WAREHOUSE_URI"])


if __name__ == "__main__":
    main()
