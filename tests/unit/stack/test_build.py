"""Which parts of the engine a build brings up to date."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scripts.settings import Settings
from scripts.stack import build as module


def test_build_of_a_part_leaves_unchanged_functions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[str] = []

    def dbt(settings: Settings, target: str, *_: Any) -> str:
        runs.append(target)
        return ""

    settings = Settings.model_construct(root=tmp_path, state=tmp_path)
    stack = SimpleNamespace(
        database_id=lambda: "1", library_path=lambda: "", clear_query_cache=lambda: None
    )
    function = tmp_path / "udf" / "functions" / "train.py"
    function.parent.mkdir(parents=True)
    function.write_text("1")
    monkeypatch.setattr(module, "_dbt", dbt)
    monkeypatch.setattr(module, "_build_models", lambda *_: "")
    monkeypatch.setattr(module, "_require_same_shop", lambda *_: False)
    monkeypatch.setattr(module, "_record_success", lambda *_: None)
    monkeypatch.setattr(module, "update_registry", lambda *_: "")
    monkeypatch.setattr(module, "is_cluster", lambda *_: False)
    monkeypatch.setattr(module, "upgrade_warehouse", lambda *_: None)
    monkeypatch.setattr(module.build_inputs, "current_state", lambda *_: {"files": ""})
    monkeypatch.setattr(module.build_inputs, "warn_of_malformed_versions", lambda *_: None)
    for _ in range(2):
        module.build(settings, stack, ("churn",), show=False)
    assert runs == ["admin"]
    module.build(settings, stack, show=False)
    assert runs == ["admin"] * 2
    function.write_text("2")
    module.build(settings, stack, ("churn",), show=False)
    assert runs == ["admin"] * 3
    stack.database_id = lambda: "2"
    module.build(settings, stack, ("churn",), show=False)
    assert runs == ["admin"] * 4
