"""The assets in this repository are sound, and in the form that `make pull` writes."""

from scripts.assets.bundle import FOLDER, read_files
from scripts.assets.check import find_problems, unformatted
from scripts.settings import ROOT


def test_the_files_pass_every_static_check():
    assert [str(problem) for problem in find_problems(read_files(ROOT / FOLDER))] == []


def test_the_files_are_in_canonical_form():
    bundle = read_files(ROOT / FOLDER).bundle()
    assert bundle.kind("dashboards")
    assert [problem.file for problem in unformatted(ROOT / FOLDER, bundle)] == []
