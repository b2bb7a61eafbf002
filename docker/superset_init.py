"""Brings Superset's metadata to the state that the installation expects.

Runs with Superset's Python. One process loads Superset once; its three commands would do it thrice.
"""

import os
from pathlib import Path

from flask import Flask
from flask_appbuilder import AppBuilder, Model
from flask_migrate import upgrade
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text
from superset.app import create_app
from superset.utils.encrypt import EncryptedType, SecretsMigrator


def main() -> None:
    """Migrate the tables, create or update the administrator, write the standard roles."""
    app = create_app()
    with app.app_context():
        from superset.extensions import appbuilder, db

        # Waits for a process that a killed start left behind. The lock ends with the session.
        with db.engine.connect() as session:
            session.execute(text("select pg_advisory_lock(hashtext('superset-init'))"))
            _prepare(app, appbuilder, db)


def _prepare(app: Flask, appbuilder: AppBuilder, db: SQLAlchemy) -> None:
    upgrade()
    _update_secret_key(Path(os.environ["SUPERSET_KEY_FILE"]), app.config["SECRET_KEY"])
    # These steps need the tables that the migration has made.
    appbuilder.add_permissions(update_perms=True)
    appbuilder.sm.sync_role_definitions()
    _update_administrator(appbuilder.sm)
    _update_warehouse_address(db)
    db.session.commit()
    app.sync_config_to_db()


def _update_administrator(security) -> None:
    name, password = os.environ["SUPERSET_ADMIN_USER"], os.environ["SUPERSET_ADMIN_PASSWORD"]
    user = security.find_user(username=name)
    if user is None:
        role = security.find_role("Admin")
        email = f"{name}@localhost"
        if not security.add_user(name, name.capitalize(), "Glasshouse", email, role, password):
            raise SystemExit(f"the administrator {name} could not be created")
    else:
        security.reset_password(user.id, password)


def _update_secret_key(file: Path, key: str) -> None:
    """Encrypt the stored passwords again if the key in .env differs from the last start's."""
    previous_key = file.read_text() if file.exists() else key
    if previous_key != key:
        migrator = SecretsMigrator(previous_secret_key=previous_key)
        # Superset 6.1 searches an empty registry of tables, so it finds no column by itself.
        migrator.discover_encrypted_fields = _encrypted_columns
        migrator.run()
    draft = file.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(key)
    draft.rename(file)


def _encrypted_columns() -> dict[str, dict[str, EncryptedType]]:
    columns_by_table = {
        table.name: {
            column.name: column.type
            for column in table.columns
            if isinstance(column.type, EncryptedType)
        }
        for table in Model.metadata.tables.values()
    }
    return {table: columns for table, columns in columns_by_table.items() if columns}


def _update_warehouse_address(db: SQLAlchemy) -> None:
    """Give Superset's connection to the warehouse the port and password of .env."""
    from superset.models.core import Database

    for database in db.session.query(Database).filter_by(database_name="warehouse"):
        database.set_sqlalchemy_uri(os.environ["WAREHOUSE_URI"])


if __name__ == "__main__":
    main()
