"""A bundle from another Superset becomes files of this repository, and losses are reported."""

import copy
from itertools import pairwise
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from scripts.assets.checks.static import find_problems
from scripts.assets.files.bundle import FOLDER, MAX_BYTES, Files, read_files
from scripts.assets.files.export import read_export
from scripts.assets.files.yaml_text import dump_yaml, load_yaml
from scripts.assets.model.asset import Bundle
from scripts.assets.model.complete import complete
from scripts.assets.model.layout import charts_in
from scripts.assets.sync.import_bundle import convert, import_bundle
from scripts.errors import UserError
from tests.unit.assets.sample_assets import ASSETS, uuid_of

ELSEWHERE = "postgresql://reader:XXXXXXXXXX@db.example.org/sales"


def bundle_of(files: dict[str, dict]) -> Bundle:
    return Files({path: (path.split("/")[0], data) for path, data in files.items()}).bundle()


def exported_files(settings, **changes: dict) -> dict[str, str]:
    """Superset's export of the sample (path → text); `changes`: fields by file."""
    git = bundle_of(copy.deepcopy(ASSETS))
    files = {"metadata.yaml": {"version": "1.0.0", "type": "Dashboard"}}
    for number, asset in enumerate(git):
        data = complete(asset, git, settings) | changes.get(asset.kind, {})
        if asset.kind == "databases":
            data["sqlalchemy_uri"] = changes.get("databases", {}).get("sqlalchemy_uri", ELSEWHERE)
        files[f"{asset.kind}/{asset.title.replace(' ', '_')}_{number}.yaml"] = data
    return {path: dump_yaml(data) for path, data in files.items()}


def as_zip(tmp_path: Path, files: dict[str, str | bytes]) -> Path:
    target = tmp_path / "export.zip"
    with ZipFile(target, "w") as archive:
        for path, text in files.items():
            archive.writestr(f"dashboard_export_20260101/{path}", text)
    return target


def as_folder(tmp_path: Path, files: dict[str, str | bytes]) -> Path:
    for path, text in files.items():
        file = tmp_path / "elsewhere" / "deep" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return tmp_path / "elsewhere"


@pytest.mark.parametrize("pack", [as_zip, as_folder])
def test_superset_export_becomes_canonical_files(pack, tmp_path, settings):
    source = pack(tmp_path, exported_files(settings))
    assert import_bundle(settings, source)
    files = read_files(settings.root / FOLDER)
    assert find_problems(files) == []
    expected = bundle_of(copy.deepcopy(ASSETS))
    result = files.bundle()
    for asset in expected:
        if asset.kind != "databases":
            assert result.get(asset.uuid).data == asset.data
    (database,) = result.kind("databases")
    uri = "postgresql://reader:${WAREHOUSE_PASSWORD}@db.example.org/sales"
    assert database.data["sqlalchemy_uri"] == uri
    assert "charts/sales/rows.yaml" in files.data
    # A second time there is nothing to do.
    assert not import_bundle(settings, source)


def remarks(files: dict[str, str | bytes], tmp_path, settings, git: Bundle | None = None, **more):
    result = convert(read_export(as_zip(tmp_path, files)), git or Bundle(), settings, **more)
    return result, [f"{path}: {message}" for path, message in result.notes]


def test_unsupported_parts_are_reported_for_each_file(tmp_path, settings):
    files: dict[str, str | bytes] = dict(exported_files(
        settings,
        datasets={"sql": "select * from {{ schema }}.x", "made_by": "a tool", "columns": [
            {"column_name": "amount", "colour": "red"}]},
        databases={"ssh_tunnel": {"password": "x"}, "sqlalchemy_uri": "{{ DATABASE_URI }}"},
        dashboards={"_roles": ["x"]},
    ))  # fmt: skip
    files["charts/loop.yaml"] = "{% for x in y %}\nslice_name: {{ x }}\n{% endfor %}\n"
    files["charts/latin.yaml"] = "slice_name: Gebühr\n".encode("latin-1")
    files["charts/list.yaml"] = "- a\n"
    files["charts/large.yaml"] = "a" * (MAX_BYTES + 1)
    files["charts/bomb.yaml"] = "a: &a [x, x]\n" + "".join(
        f"{n}: &{n} [*{p}, *{p}, *{p}, *{p}, *{p}, *{p}]\n" for p, n in pairwise("abcdefgh")
    )
    files["charts/none.yaml"] = "slice_name: No identity\n"
    files["themes/dark.yaml"] = "theme_name: dark\n"
    result, lines = remarks(files, tmp_path, settings)
    text = "\n".join(lines)
    for expected in (
        "the field made_by is unknown",
        "columns: the fields colour are unknown",
        "sql holds Jinja, which stays as text: {{ schema }}",
        "sqlalchemy_uri holds Jinja, which stays as text: {{ DATABASE_URI }}",
        "ssh_tunnel may hold a secret",
        "the field _roles is unknown",
        "charts/loop.yaml: is not YAML",
        "it holds Jinja, so render it with its own tool first",
        "charts/latin.yaml: is not UTF-8",
        "charts/list.yaml: holds no fields",
        f"charts/large.yaml: has {MAX_BYTES + 1:,} bytes",
        "charts/bomb.yaml: is not YAML (line",
        "charts/none.yaml: uuid is missing, so the file is left out",
        "themes/dark.yaml: is not an asset that git can hold",
    ):
        assert expected in text
    assert len(result.written.assets) == len(ASSETS)


def test_bundle_gets_no_password_of_installation(tmp_path, settings):
    uri = "postgresql://dashboard:${DASHBOARD_PASSWORD}@db.example.org/warehouse"
    result, lines = remarks(
        exported_files(settings, databases={"sqlalchemy_uri": uri}), tmp_path, settings
    )
    assert result.written.kind("databases") == []
    assert any("would get a password of this installation" in line for line in lines)
    files = exported_files(
        settings, databases={"sqlalchemy_uri": "mysql://me:secret@db.example.org/x"}
    )
    result, lines = remarks(files, tmp_path, settings)
    assert "secret" not in str(result)
    assert any("put WAREHOUSE_PASSWORD=… into .env" in line for line in lines)


def test_annotations_refer_to_charts_of_bundle_only(tmp_path, settings):
    files = exported_files(settings)
    name = next(path for path in files if "By_region" in path)
    (dashboard,) = [text for path, text in files.items() if path.startswith("dashboards/")]
    position = load_yaml(dashboard)["position"]
    number = {uuid: each for each, uuid in charts_in(position).items()}[uuid_of("Rows")]
    layers = [
        {"name": "a", "annotationType": "EVENT", "sourceType": "NATIVE", "value": 3},
        {"name": "b", "annotationType": "EVENT", "sourceType": "line", "value": number},
        {"name": "c", "annotationType": "FORMULA", "value": "2"},
    ]
    data = load_yaml(files[name])
    data["params"]["annotation_layers"] = layers
    files[name] = dump_yaml(data)
    result, lines = remarks(files, tmp_path, settings)
    annotation_layers = result.written.get(uuid_of("By region")).data["params"]["annotation_layers"]
    assert [(each["name"], each["value"]) for each in annotation_layers] == [
        ("b", uuid_of("Rows")),
        ("c", "2"),
    ]
    assert any("1 annotations refer to ids of the other server" in line for line in lines)


def test_taken_names_get_suffix(tmp_path, settings):
    git = bundle_of(copy.deepcopy(ASSETS))
    other = exported_files(settings)
    for name in ("warehouse", "sales", "By region", "Rows", "dashboard"):
        other = {
            path: text.replace(uuid_of(name), uuid_of(f"other {name}"))
            for path, text in other.items()
        }
    result, lines = remarks(other, tmp_path, settings, git)
    assert [asset.title for asset in result.written.kind("databases")] == ["warehouse 2"]
    assert [asset.data["slug"] for asset in result.written.kind("dashboards")] == ["sales_2"]
    assert {a.path.split("/")[1] for a in result.written.kind("charts")} == {"sales_2"}
    assert any('the name "warehouse" is taken' in line for line in lines)
    assert not {asset.path for asset in result.written} & {asset.path for asset in git}
    files = exported_files(settings, charts={"description": "Newer."})
    result, lines = remarks(files, tmp_path, settings, git)
    assert not result.written.assets
    assert any("is in git already, and stays as it is; FORCE=1 overwrites it" in x for x in lines)
    result, lines = remarks(files, tmp_path, settings, git, force=True)
    assert {asset.path for asset in result.written} == {
        "charts/sales/by_region.yaml", "charts/sales/rows.yaml",
    }  # fmt: skip


@pytest.mark.parametrize(
    "title", ["a/b\\c..", "売上レポート", "x" * 250, "Größe & Café", "con", ".hidden", "-rf"]
)
def test_any_title_gives_file_name(title, tmp_path, settings):
    files = exported_files(settings, charts={"slice_name": title}, dashboards={"slug": None,
                     "dashboard_title": title * 2 if len(title) > 200 else title})  # fmt: skip
    import_bundle(settings, as_folder(tmp_path, files))
    result = read_files(settings.root / FOLDER)
    assert find_problems(result) == []
    assert [each.title for each in result.bundle().kind("charts")] == [title, title]
    assert all(len(part.encode()) < 200 for path in result.data for part in path.split("/"))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "There is no"),
        (b"no zip", "cannot be read as a zip file"),
        (b"", "cannot be read as a zip file"),
    ],
)
def test_invalid_source_is_one_line_error(content, expected, tmp_path, settings):
    source = tmp_path / "x.zip"
    if content is not None:
        source.write_bytes(content)
    with pytest.raises(UserError, match=expected):
        import_bundle(settings, source)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no file of an asset"):
        import_bundle(settings, tmp_path / "empty")


@pytest.mark.parametrize(
    ("offset", "value"),
    [
        (6, 1),  # the flag of an encrypted file
        (8, 99),  # a compression method that zipfile does not know
        (None, 0xFF),  # damaged content
    ],
)
def test_damaged_zip_is_one_line_error(tmp_path: Path, offset: int | None, value: int) -> None:
    source = tmp_path / "x.zip"
    name = "charts/sales.yaml"
    with ZipFile(source, "w", ZIP_DEFLATED) as archive:
        archive.writestr(name, "slice_name: Sales\n" * 50)
    content = bytearray(source.read_bytes())
    if offset is None:
        content[30 + len(name)] = value
    else:
        content[offset] = value
        # The directory at the end of the file repeats the fields two bytes later.
        content[content.index(b"PK\x01\x02") + offset + 2] = value
    source.write_bytes(content)
    with pytest.raises(UserError, match="cannot be read as a zip file"):
        read_export(source)
