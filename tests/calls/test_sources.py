"""What counts as a change of a project: all that a build reads, wherever it is."""

from __future__ import annotations

import os
import time

import pytest

from hatch_os402.calls.sources import newest, shown

PROJECT = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n[project]\nname = "app"\nversion = "1"\n'


@pytest.fixture
def root(tmp_path):
    return made(tmp_path / "app")


def made(folder, more="", **tables):
    (folder / "app").mkdir(parents=True)
    (folder / "app" / "__init__.py").touch()
    (folder / "pyproject.toml").write_text(
        PROJECT.replace("[project]\n", f"[project]\n{tables.get('project', '')}") + more
    )
    return folder


def write(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x = 1\n")
    return path


def counts(root, path):
    """Whether a change of the file at `path` is one of the project. Nothing else is as new."""
    before = newest(root)[0]
    while time.time_ns() <= before + 20_000_000:  # the clock of a file system moves in steps
        time.sleep(0.005)
    with path.open("a") as file:
        file.write("# changed\n")
    return newest(root)[0] > before


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("web_cache/__init__.py", True),
        ("app/_cache/data.py", True),
        (".pytest_cache/x", False),
        (".ruff_cache/x", False),
        (".mypy_cache/3.12/x", False),
        (".import_linter_cache/x", False),
        (".hypothesis/x", False),
        ("app/__pycache__/x.pyc", False),
        ("app.egg-info/x", False),
        ("dist/app-1.pyz", False),
        ("venv/lib/x.py", False),
    ],
)
def test_caches_of_tools_are_left_out_and_packages_are_not(root, place, expected):
    path = write(root / place)
    if place.startswith("venv/"):
        write(root / "venv" / "pyvenv.cfg")
    assert counts(root, path) is expected


@pytest.mark.parametrize("key", ["build", "build.targets.wheel", "build.targets.os402"])
@pytest.mark.parametrize("option", ["force-include", "shared-data", "extra-metadata"])
def test_what_hatchling_includes_from_outside(tmp_path, key, option):
    root = made(tmp_path / "app", f'[tool.hatch.{key}.{option}]\n"../shared/lib" = "lib"\n"../one.py" = "one.py"\n')
    deep, one, other = (write(tmp_path / name) for name in ("shared/lib/in/x.py", "one.py", "shared/other.py"))
    assert counts(root, deep)
    assert shown(newest(root)[1], root) == str(deep)
    assert counts(root, one)
    assert not counts(root, other)


def test_an_absolute_place_and_one_that_is_not_there(tmp_path):
    lib = write(tmp_path / "lib" / "x.py")
    table = f'[tool.hatch.build.force-include]\n"{lib.parent.as_posix()}" = "lib"\n"../missing" = "missing"\n'
    assert counts(made(tmp_path / "app", table), lib)


@pytest.mark.parametrize(
    "more",
    [
        '[tool.hatch.build.targets.os402]\nlock = "../named"\n',
        '[tool.hatch.build.targets.os402.offer]\ninput-schema = "../named"\n',
        '[tool.hatch.build.hooks.custom]\npath = "../named"\n',
        '[tool.hatch.build.targets.wheel.hooks.custom]\npath = "../named"\n',
        '[tool.hatch.metadata.hooks.custom]\npath = "../named"\n',
        '[tool.hatch.version]\npath = "../named"\n',
        '[project.license]\nfile = "../named"\n',
    ],
)
def test_files_that_options_name(tmp_path, more):
    named = write(tmp_path / "named")
    assert counts(made(tmp_path / "app", more), named)


@pytest.mark.parametrize(
    "readme", ['readme = "../named"\n', 'readme = {file = "../named", content-type = "text/plain"}\n']
)
def test_the_readme(tmp_path, readme):
    named = write(tmp_path / "named")
    assert counts(made(tmp_path / "app", project=readme), named)


@pytest.mark.parametrize("more", ['dev-mode-dirs = ["../dev"]\n', 'exclude = ["../dev/x.py"]\n'])
def test_what_a_build_does_not_read(tmp_path, more):
    path = write(tmp_path / "dev" / "x.py")
    assert not counts(made(tmp_path / "app", f"[tool.hatch.build]\n{more}"), path)


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
class TestLinks:
    def test_a_folder_and_a_file_behind_links(self, root, tmp_path):
        deep, single = write(tmp_path / "shared" / "lib" / "in" / "x.py"), write(tmp_path / "single.py")
        (root / "lib").symlink_to(tmp_path / "shared" / "lib")
        (root / "single.py").symlink_to(single)
        assert counts(root, deep)
        assert shown(newest(root)[1], root) == os.path.join("lib", "in", "x.py")  # noqa: PTH118 - a text
        assert counts(root, single)

    def test_circles_and_links_to_nowhere(self, root, tmp_path):
        (root / "circle").symlink_to(root)
        (root / "app" / "up").symlink_to(tmp_path)
        (root / "self").symlink_to(root / "self")
        (root / "nowhere").symlink_to(tmp_path / "missing")
        assert counts(root, write(tmp_path / "near" / "x.py"))

    def test_what_is_behind_links_is_bounded(self, root, tmp_path, monkeypatch):
        monkeypatch.setattr("hatch_os402.calls.sources._MAX_LINKED", 3)
        for number in range(20):
            write(tmp_path / "many" / str(number) / "x.py")
        (root / "many").symlink_to(tmp_path / "many")
        assert counts(root, root / "app" / "__init__.py")
        assert sum(counts(root, path) for path in (tmp_path / "many").rglob("x.py")) == 2

    def test_a_link_to_the_output_is_no_source(self, root):
        path = write(root / "dist" / "x.pyz")
        (root / "latest").symlink_to(root / "dist")
        assert not counts(root, path)


class TestSiblings:
    URL = 'dependencies = ["sib @ {root:parent:uri}/sib"]\n'

    def test_a_project_that_is_required_by_its_folder(self, tmp_path):
        sibling, root = made(tmp_path / "sib"), made(tmp_path / "app", project=self.URL)
        assert counts(root, sibling / "app" / "__init__.py")
        assert not counts(root, write(sibling / "dist" / "sib-1.whl"))

    @pytest.mark.parametrize(
        "project",
        ['optional-dependencies = {more = ["sib @ {root:parent:uri}/sib"]}\n', "dependencies = ['sib @ FILE']\n"],
    )
    def test_an_extra_and_a_plain_address(self, tmp_path, project):
        sibling = made(tmp_path / "sib")
        root = made(tmp_path / "app", project=project.replace("FILE", sibling.as_uri()))
        assert counts(root, sibling / "app" / "__init__.py")

    def test_a_group(self, tmp_path):
        sibling = made(tmp_path / "sib")
        root = made(tmp_path / "app", '[dependency-groups]\nmore = ["sib @ {root:parent:uri}/sib"]\n')
        assert counts(root, sibling / "app" / "__init__.py")

    def test_what_siblings_require_and_include_counts_as_well(self, tmp_path):
        """Also where they require each other."""
        shared = write(tmp_path / "shared" / "x.py")
        root = made(tmp_path / "app", project=self.URL)
        made(tmp_path / "sib", project=self.URL.replace("sib", "deep"))
        table = '[tool.hatch.build.force-include]\n"../shared" = "shared"\n'
        made(tmp_path / "deep", table, project=self.URL.replace("sib", "app"))
        assert counts(root, shared)

    def test_a_broken_sibling_and_a_wheel_file(self, tmp_path):
        wheel = write(tmp_path / "sib-1-py3-none-any.whl")
        url = self.URL.replace('/sib"', '/sib-1-py3-none-any.whl", "bad @ {root:parent:uri}/bad"')
        root, bad = made(tmp_path / "app", project=url), made(tmp_path / "bad", "[")
        assert counts(root, wheel)
        assert counts(root, bad / "app" / "__init__.py")


@pytest.mark.parametrize("staging", ["build/os402", "../staged"])
def test_the_staged_tree_is_made_by_builds(tmp_path, staging):
    root = made(tmp_path / "app", f'[tool.hatch.build.targets.os402]\nstaging = "{staging}"\n')
    path = write(root / staging / "app.py")
    assert not counts(root, path)
    before = newest(root)[0]
    path.parent.rename(path.parent.with_name("old"))
    (path.parent.with_name("old") / "app.py").unlink()
    path.parent.with_name("old").rmdir()
    write(path)
    assert newest(root)[0] == before
