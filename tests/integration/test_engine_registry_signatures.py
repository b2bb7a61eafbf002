"""Artifacts without a valid signature are refused before they are parsed."""

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np
import psycopg2
import pytest
import skops.io
from glasshouse_ml.registry.signatures import KEY_BYTES
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from scripts.stack.signing_key import KEY_FILE, read_key, replace_key

from .registry import ROWS, Session, admin, second_user, user

__all__ = ["admin", "second_user", "user"]  # fixtures

NAME = "registry test signed"
SIGNATURE = b"s" * 32


@pytest.fixture(scope="module")
def signed_artifact(user: Session) -> tuple[bytes, bytes]:
    """The artifact and the signature of version 1 of a model."""
    user.train(NAME)
    query = "select content, signature from ml.artifacts where model = %s and version = 1"
    content, signature = user.rows(query, NAME)[0]
    return bytes(content), bytes(signature)


def forest() -> bytes:
    """A pipeline of types that skops trusts, whose tree leads out of its arrays."""
    rows = np.random.default_rng(0).normal(size=(40, 2))
    model = RandomForestClassifier(2, random_state=0).fit(rows, rows[:, 0] > 0)
    model.estimators_[0].tree_.children_left[0] = 10**6
    facts = {
        "format": 1,
        "features": [],
        "classes": ["a", "b"],
        "positive_class": None,
        "key": None,
    }
    pipeline = Pipeline([("first", FunctionTransformer(np.loadtxt)), ("estimate", model)])
    return skops.io.dumps({"facts": json.dumps(facts), "pipeline": pipeline})


def bomb() -> bytes:
    """A zip file of a few kB that would unpack to 64 MB."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("schema.json", bytes(2**26))
    return buffer.getvalue()


def record(user: Session, model: str, content: bytes | None, signature: bytes | None) -> None:
    """What a caller with the rights of transformer can try: reserve a number and record bytes."""
    with user.connection.cursor() as cursor:
        cursor.execute("begin")
        try:
            cursor.execute("select ml.reserve_version(%s)", [model])
            (version,) = cursor.fetchone()
            cursor.execute(
                "select to_jsonb(v) from ml.model_versions as v where model = %s and version = 1",
                [NAME],
            )
            facts = cursor.fetchone()[0] | {"model": model, "version": version}
            cursor.execute(
                "select ml.record_version(%s, %s, %s)",
                [json.dumps({"version": facts}), content, signature],
            )
        finally:
            cursor.execute("rollback")


@pytest.mark.parametrize(
    ("forge", "message"),
    [
        (lambda content, signature: (NAME, content, None), "is not signed"),
        (lambda content, signature: (NAME, content, b""), "is not signed"),
        (lambda content, signature: (NAME, content, SIGNATURE), "is not valid"),
        (lambda content, signature: (NAME, content, signature), "is not valid"),
        (lambda content, signature: (f"{NAME} too", content, signature), "is not valid"),
        (lambda content, signature: (NAME, content[:-1] + b"!", signature), "is not valid"),
        (lambda content, signature: (NAME, forest(), signature), "is not valid"),
        (lambda content, signature: (NAME, bomb(), SIGNATURE), "is not valid"),
        (lambda content, signature: (NAME, b"", SIGNATURE), "is not valid"),
        (lambda content, signature: (NAME, None, SIGNATURE), "holds no artifact"),
    ],
    ids=[
        "no signature", "an empty signature", "made up", "replayed as a later version",
        "replayed as another model", "changed bytes", "a pipeline of trusted types", "a zip bomb",
        "no bytes", "null",
    ],
)  # fmt: skip
def test_forged_artifact_is_not_recorded(
    user: Session, signed_artifact: tuple[bytes, bytes], forge: Any, message: str
) -> None:
    with pytest.raises(psycopg2.Error, match=message) as caught:
        record(user, *forge(*signed_artifact))
    diagnostics = caught.value.diag
    assert "\n" not in diagnostics.message_primary
    assert "Traceback" not in str(caught.value)
    assert "rain" in diagnostics.message_hint
    assert caught.value.pgcode == "22023"
    assert user.states(NAME) == {1: "champion"}


def test_unreserved_number_is_refused(user: Session, signed_artifact: tuple[bytes, bytes]) -> None:
    for version in (1, 2, 0, None):
        payload = json.dumps({"version": {"model": NAME, "version": version}})
        with pytest.raises(psycopg2.Error, match="is not reserved"):
            user.rows("select ml.record_version(%s, %s, %s)", payload, *signed_artifact)


@pytest.mark.parametrize(
    "change",
    [
        "signature = null",
        "signature = sha256(content)",
        "content = set_byte(content, 100, 1 + get_byte(content, 100) % 9)",
    ],
)
def test_artifact_changed_in_table_is_not_loaded(
    admin: Session, user: Session, second_user: Session, change: str
) -> None:
    name = f"registry test {change[:30]}"
    user.train(name)
    assert len(user.rows("select * from ml.predict(%s, %s)", name, ROWS)) == 300
    admin.rows(f"update ml.artifacts set {change} where model = '{name}'")
    with pytest.raises(psycopg2.Error, match=r"ml\.predict: .*sign") as caught:
        second_user.rows("select * from ml.predict(%s, %s)", name, ROWS)
    assert "rain it again" in caught.value.diag.message_hint


def test_artifact_of_other_version_is_not_loaded(
    admin: Session, user: Session, signed_artifact: tuple[bytes, bytes]
) -> None:
    """Also in a session that has the other one in its cache."""
    name = "registry test exchanged"
    user.train(name)
    user.rows("select * from ml.predict(%s, %s)", NAME, ROWS)
    admin.rows(
        "update ml.artifacts set content = %s, signature = %s where model = %s",
        *signed_artifact,
        name,
    )
    with pytest.raises(psycopg2.Error, match="is not valid"):
        user.rows("select * from ml.predict(%s, %s)", name, ROWS)


def test_only_superuser_reads_key(engine: Any, admin: Session, user: Session) -> None:
    for statement in (
        f"select pg_read_binary_file('{KEY_FILE}')",
        f"select pg_stat_file('{KEY_FILE}')",
        f"create temporary table k (line text); copy k from '{KEY_FILE}'",
        f"select lo_import('{KEY_FILE}')",
        "do language plpython3u $$ $$",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            user.rows(statement)
        user.rows("drop table if exists k")
    file = engine.stack.cluster.data / KEY_FILE
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(admin.value(f"select pg_read_binary_file('{KEY_FILE}')")) == KEY_BYTES


@pytest.fixture
def superuser(engine: Any) -> Iterator[Any]:
    with closing(psycopg2.connect(**engine.dsn("postgres"))) as connection:
        key = read_key(connection)
        yield connection
        replace_key(connection, key)


def test_models_need_key_of_their_server(
    superuser: Any, user: Session, second_user: Session, signed_artifact: tuple[bytes, bytes]
) -> None:
    key = read_key(superuser)
    replace_key(superuser, bytes(KEY_BYTES))
    with pytest.raises(psycopg2.Error, match="is not valid") as caught:
        second_user.rows("select * from ml.predict(%s, %s)", NAME, ROWS)
    assert KEY_FILE in caught.value.diag.message_hint
    replace_key(superuser, key)
    assert len(second_user.rows("select * from ml.predict(%s, %s)", NAME, ROWS)) == 300
