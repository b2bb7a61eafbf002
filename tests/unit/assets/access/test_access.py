"""bundle.yml: reading, checks, writing, and the plan of changes to access."""

import copy

import pytest

from scripts.assets.access.file import FILE, canonical_entry, read_access, write_access
from scripts.assets.access.passwords import (
    outdated_passwords,
    save_password_digest,
    with_known_password,
)
from scripts.assets.files.bundle import FOLDER, Files
from scripts.assets.files.yaml_text import dump_yaml
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.sync.plan import compare
from scripts.assets.sync.pull_plan import plan_pull
from tests.unit.assets.sample_assets import ASSETS, uuid_of

SALES = uuid_of("sales")
SOUND = {
    "roles": {"Reader": {"permissions": ["can_read on Chart"], "schemas": ["reports"]}},
    "row_filters": {
        "Own region": {
            "description": "Only the North.",
            "clause": "region = 'North'",
            "datasets": [SALES],
            "roles": ["Reader"],
        }
    },
    "dashboards": {"sales": ["Reader"]},
    "users": {
        "ada": {
            "first_name": "Ada",
            "last_name": "L",
            "email": "ada@localhost",
            "roles": ["Reader", "Gamma"],
            "password": "${ADA_PASSWORD}",
        }
    },
}


def assets() -> Bundle:
    data = copy.deepcopy(ASSETS)
    return Files({path: (path.split("/")[0], each) for path, each in data.items()}).bundle()


@pytest.fixture
def read(tmp_path):
    """Write the file and read it again: its entries and the findings about it."""

    def do(data):
        text = data if isinstance(data, str) else dump_yaml(data)
        (tmp_path / FILE).write_text(text, encoding="utf-8")
        return read_access(tmp_path, assets())

    return do


def test_missing_file_gives_empty_bundle(tmp_path):
    assert read_access(tmp_path, assets()) == (Bundle(), [])


def test_sample_has_no_problems(read):
    entries, problems = read(SOUND)
    assert problems == []
    assert {str(entry) for entry in entries} == {
        'role "Reader"', 'row filter "Own region"', 'access to dashboard "sales"', 'user "ada"',
    }  # fmt: skip


def test_dashboard_without_entry_has_no_roles(read):
    entries, _ = read({"roles": {}})
    assert [(entry.title, entry.data["roles"]) for entry in entries] == [("sales", [])]


def with_change(path: str, value) -> dict:
    data = copy.deepcopy(SOUND)
    *above, last = path.split("/")
    inner = data
    for key in above:
        inner = inner[key]
    inner[last] = value
    return data


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("rolls", {}, "rolls is unknown; use one of roles, row_filters"),
        ("roles", ["Reader"], "roles must be a mapping"),
        ("roles/Reader", "all", "roles.Reader must be a mapping"),
        ("roles/Reader/permission", ["x on y"], "permission is unknown; write permissions"),
        ("roles/Reader/schemas", "reports", "schemas must be a list"),
        ("roles/Reader/schemas", [{"a": 1}], "schemas must hold texts"),
        ("roles/Reader/permissions", ["read charts"], 'write it like "can_read on Chart"'),
        ("roles/Reader/datasets", [uuid_of("other")], "is not in a file below datasets/"),
        ("roles/Reader/databases", [SALES], "is not in a file below databases/"),
        ("roles/Gamma", {"permissions": []}, "Superset writes this role anew by itself"),
        ("row_filters/Own region/clause", None, "row_filters.Own region.clause is missing"),
        ("row_filters/Own region/clause", 1, "clause must be text"),
        ("row_filters/Own region/type", "Maybe", "type Maybe is unknown; write Regular or Base"),
        ("row_filters/Own region/datasets", [uuid_of("Rows")], "is not in a file below datasets/"),
        ("row_filters/Own region/roles", ["Raeder"], 'there is no role "Raeder"'),
        ("dashboards/sales", {"roles": []}, "dashboards.sales must be a list"),
        ("dashboards/sals", ["Reader"], "no dashboard here has this slug"),
        ("dashboards/sales", ["Everybody"], 'there is no role "Everybody"'),
        ("users/ada/password", "secret", "the password must not be in this file"),
        ("users/ada/roles", [], "it has no role"),
        ("users/ada/email", None, "users.ada.email is missing"),
    ],
)
def test_rule_rejects_entry(path, value, expected, read):
    entries, problems = read(with_change(path, value))
    assert not entries.assets
    assert any(expected in str(problem) for problem in problems), problems
    assert all(str(problem).startswith(f"{FILE}: ") for problem in problems)
    assert "secret" not in "".join(map(str, problems))


@pytest.mark.parametrize("text", ["roles: [", "- a", "a: b\na: c"])
def test_unreadable_file_is_reported(text, read):
    assert read(text)[1]


def test_written_entries_read_back_equal(read, tmp_path):
    entries, _ = read(SOUND)
    assert write_access(tmp_path, entries, assets()) is True
    text = (tmp_path / FILE).read_text()
    assert f"- {SALES}  # reports.sales\n" in text
    entries_read, problems = read_access(tmp_path, assets())
    assert (entries_read, problems) == (entries, [])
    assert write_access(tmp_path, entries_read, assets()) is False


def test_order_and_repetition_of_names_are_ignored():
    one = canonical_entry("access", {"dashboard": "a", "roles": ["y", "x", "y"]})
    assert one == {"dashboard": "a", "roles": ["x", "y"]}
    assert canonical_entry("access", one) == one


def test_plan_names_changed_clause_and_origin(read):
    git, _ = read(SOUND)
    live, _ = read(with_change("row_filters/Own region/clause", "1 = 1"))
    (step,) = compare(git, live, git)
    assert str(step.asset) == 'row filter "Own region"'
    assert step.origin == "changed in Superset since the last push"
    assert str(step.changes[0]) == 'clause: "1 = 1" → "region = \'North\'"'


def test_role_with_dashboard_access_is_pulled(read):
    git, _ = read(SOUND)
    door = Asset("access", {"dashboard": "sales", "roles": ["Reader", "Sales"]})
    role = Asset("roles", {"name": "Sales", "permissions": ["can_read on Dashboard"]})
    live = git | Bundle.of([door, role])
    result = plan_pull(assets() | git, assets() | live, assets() | git)
    assert sorted(map(str, result.touched())) == ['access to dashboard "sales"', 'role "Sales"']
    second_plan = plan_pull(assets() | git, assets() | git | Bundle.of([role]), None)
    assert not second_plan, "a role that nothing of ours names is somebody else's"


def test_user_without_known_password_is_not_created(read, settings):
    entries, _ = read(SOUND)
    assert not with_known_password(entries, settings).kind("users")
    own_settings = settings.model_copy(update={"extra_values": {"ADA_PASSWORD": "x"}})
    assert with_known_password(entries, own_settings).kind("users")


def test_new_password_is_detected_and_not_stored(read, settings):
    entries, _ = read(SOUND)
    first = settings.model_copy(update={"extra_values": {"ADA_PASSWORD": "a first secret"}})
    (user,) = outdated_passwords(entries, first)
    save_password_digest(user, first)
    assert outdated_passwords(entries, first) == []
    second = settings.model_copy(update={"extra_values": {"ADA_PASSWORD": "another"}})
    assert outdated_passwords(entries, second) == [user]
    stored_text = "".join(file.read_text() for file in (settings.state / "pushed").iterdir())
    assert "a first secret" not in stored_text


def test_password_digest_is_independent_of_superset_key(read, settings):
    entries, _ = read(SOUND)
    own_settings = settings.model_copy(update={"extra_values": {"ADA_PASSWORD": "a first secret"}})
    save_password_digest(outdated_passwords(entries, own_settings)[0], own_settings)
    assert (
        outdated_passwords(entries, own_settings.model_copy(update={"superset_secret_key": "new"}))
        == []
    )


def test_committed_file_is_valid_and_canonical(tmp_path):
    from scripts.assets.files.bundle import read_files
    from scripts.assets.files.managed import read_previously_managed
    from scripts.settings import ROOT

    folder = ROOT / FOLDER
    bundle = read_files(folder).bundle()
    entries, problems = read_access(folder, bundle)
    assert problems == []
    write_access(tmp_path, entries, bundle)
    assert (tmp_path / FILE).read_text() == (folder / FILE).read_text()
    uuids = read_previously_managed(folder)
    missing_uuids = [str(a) for a in bundle | entries if a.kind != "access" and a.uuid not in uuids]
    assert not missing_uuids, "make format adds them to owned.lock"
