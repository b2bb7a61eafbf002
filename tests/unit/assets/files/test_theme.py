"""The shared style sheet: added when files are read, removed when they are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.assets.checks.static import find_problems, unformatted
from scripts.assets.files.bundle import FOLDER, read_files, write_asset
from scripts.assets.files.theme import FILE, IMPORT, with_theme, without_theme
from scripts.assets.model.problems import Rule

THEME = "/* Cards */\n.card{color:red}\n"
DASHBOARD = "dashboards/sales.yaml"


@given(st.text(alphabet="ab{}/*;: \n\t", max_size=60), st.booleans())
def test_css_round_trip_is_lossless(additions, imports):
    data = {"css": (THEME if imports else "") + additions}
    assert with_theme(without_theme(data, THEME), THEME) == data


@pytest.mark.parametrize(
    ("css", "composed"),
    [
        (IMPORT, THEME),
        (f"{IMPORT}\n.own{{}}\n", THEME + ".own{}\n"),
        (".own{}\n", ".own{}\n"),
        ('@import "other.css";\n', '@import "other.css";\n'),
    ],
)
def test_import_line_represents_theme(css, composed):
    assert with_theme({"css": css}, THEME) == {"css": composed}
    assert without_theme({"css": composed}, THEME) == {"css": css}


def test_theme_changed_in_superset_is_difference():
    dashboard = {"css": THEME.replace("red", "blue")}
    assert without_theme(dashboard, THEME) == dashboard


def test_bundle_has_css_and_file_has_import_line(assets, write, tmp_path):
    assets[DASHBOARD]["css"] = IMPORT
    files = write({FILE: THEME, **assets})
    assert find_problems(files) == []
    (dashboard,) = files.bundle().kind("dashboards")
    assert dashboard.data["css"] == THEME
    folder = tmp_path / FOLDER
    write_asset(folder, dashboard)
    assert f"css: '{IMPORT}'\n" in (folder / DASHBOARD).read_text()
    assert read_files(folder).bundle().get(dashboard.uuid).data == dashboard.data
    assert DASHBOARD not in [each.file for each in unformatted(folder, files.bundle())]


def test_import_of_missing_theme_is_reported(assets, write):
    assets[DASHBOARD]["css"] = IMPORT
    (problem,) = find_problems(write(assets))
    assert (problem.file, problem.rule) == (DASHBOARD, Rule.DANGLING_REFERENCE)
