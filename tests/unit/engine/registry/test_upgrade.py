"""Artifacts of older versions: moved modules, missing signatures, and invalid bytes."""

import io
import zipfile
from typing import Any

import numpy as np
import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.core.feature import Feature
from glasshouse_ml.core.model import Model
from glasshouse_ml.model.algorithms import find_algorithm
from glasshouse_ml.model.preprocessing import preprocessing_pipeline
from glasshouse_ml.registry.artifacts import pack, unpack
from glasshouse_ml.registry.signatures import verify
from glasshouse_ml.registry.upgrade import MOVED_MODULES, rename_modules, sign_artifacts

FEATURES = [Feature("a", "double precision", "number"), Feature("b", "double precision", "number")]


class Registry:
    """ml.artifacts in memory, with the part of plpy that the upgrade calls."""

    def __init__(self, **contents: bytes) -> None:
        self.rows = {(model, 1): [content, None, None] for model, content in contents.items()}
        self.warnings: list[str] = []

    def prepare(self, statement: str, types: list[str]) -> str:
        return statement

    def execute(self, statement: str, values: Any = ()) -> list[dict[str, Any]]:
        if statement.startswith("update"):
            self.rows[tuple(values[:2])] = list(values[2:])
            return []
        if "content" in statement:
            return [{"content": self.rows[tuple(values)][0]}]
        return [{"model": m, "version": v} for (m, v), row in self.rows.items() if row[2] is None]

    def warning(self, message: str) -> None:
        self.warnings.append(message)


def artifact(algorithm: str, **params: Any) -> tuple[bytes, np.ndarray]:
    """A trained regression, and what it predicts for the rows it was trained on."""
    rows = np.random.default_rng(0).normal(size=(60, 2))
    pipeline = preprocessing_pipeline(
        find_algorithm("regression", algorithm), params, FEATURES, 0
    ).fit(rows, rows[:, 0])
    model = Model(pipeline, tuple(FEATURES), (), None, None, "regression")
    return pack(model), pipeline.predict(rows)


def as_before(content: bytes) -> bytes:
    """The artifact as an older version wrote it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as new, zipfile.ZipFile(buffer, "w") as old:
        for name in new.namelist():
            member = new.read(name)
            for before, now in MOVED_MODULES.items() if name == "schema.json" else ():
                member = member.replace(f'"{now}"'.encode(), f'"{before}"'.encode())
            old.writestr(name, member)
    return buffer.getvalue()


@pytest.mark.parametrize("library", ["lightgbm", "xgboost"])
def test_moved_classes_are_loaded(library: str) -> None:
    pytest.importorskip(library)
    content, predictions = artifact(library, n_estimators=3)
    old = as_before(content)
    with pytest.raises(GlasshouseError, match=r"not loaded.*glasshouse_ml\.boosting"):
        unpack(old)
    rows = np.random.default_rng(0).normal(size=(60, 2))
    model = unpack(rename_modules(old))
    np.testing.assert_array_equal(model.pipeline.predict(rows), predictions)


def test_artifact_without_moved_classes_is_unchanged() -> None:
    content, _ = artifact("ridge")
    assert rename_modules(content) is content


@pytest.mark.parametrize("content", [b"", b"no zip file", b"PK"])
def test_invalid_artifact_is_refused(content: bytes) -> None:
    with pytest.raises(GlasshouseError, match="cannot be read: BadZipFile"):
        rename_modules(content)


def test_artifacts_are_signed_and_invalid_one_is_reported() -> None:
    content_of_ridge, _ = artifact("ridge")
    untrusted = io.BytesIO()
    with zipfile.ZipFile(untrusted, "w") as file:
        file.writestr("schema.json", '{"__class__": "system", "__module__": "os", "__loader__": 1}')
    registry = Registry(
        good=content_of_ridge, broken=b"no zip file", untrusted=untrusted.getvalue()
    )
    sign_artifacts(registry)
    content, checksum, signature = registry.rows["good", 1]
    verify("good", 1, content, signature)
    assert len(checksum) == 64
    assert registry.rows["broken", 1][2] is None
    assert registry.rows["untrusted", 1][2] is None
    assert [warning.partition(" cannot be used")[0] for warning in registry.warnings] == [
        "Version 1 of model 'broken'",
        "Version 1 of model 'untrusted'",
    ]
    assert all("\n" not in warning for warning in registry.warnings)
