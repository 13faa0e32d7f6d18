"""What a build reads of the wheel that another backend made."""

from __future__ import annotations

from support.wheelcraft import make_wheel

from hatch_os402.backends.metadata import read_project
from hatch_os402.config.pyproject import read_pyproject

PYPROJECT = """[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "own"
version = "1.0"

[tool.hatch.build.hooks]
odd = 1

[tool.hatch.build.targets.wheel]
dependencies = ["one"]
"""


def test_a_summary_in_any_language(tmp_path):
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    wheel = make_wheel(tmp_path, "own", "1.0", {"own.py": ""}, metadata_extra="Summary: Grüße an alle\n")
    assert read_project(wheel, read_pyproject(tmp_path)).description == "Grüße an alle"


def test_requirements_of_a_build_that_is_written_oddly(tmp_path):
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    assert read_pyproject(tmp_path).build_requirements == ("setuptools", "one")
