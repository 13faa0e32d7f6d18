from __future__ import annotations

import pytest

from hatch_os402.archive.staging import exclusion
from hatch_os402.inspection.contents import DATA, LAUNCHER, ArchiveMember
from hatch_os402.inspection.needless import C_SOURCES, CATALOGUES, STUBS, TESTS, needless_files

PATHS = {
    "dep/__init__.py": "dep",
    "dep/__init__.pyi": "dep",
    "dep/py.typed": "dep",
    "dep/fast.pyx": "dep",
    "dep/fast.c": "dep",
    "dep/locale/de/django.po": "dep",
    "dep/locale/de/django.mo": "dep",
    "dep/tests/__init__.py": "dep",
    "dep/tests/__init__.pyc": "dep",
    "dep/tests/data/one.c": "dep",
    "dep/tests.py": "dep",
    "tests/top.py": "other",
    "app/tests/own.py": "app",
    "app/own.txt": "app",
    "_os402/tests/x.py": LAUNCHER,
}


def members(paths):
    return [ArchiveMember(path, 100, 10, DATA, owner) for path, owner in paths.items()]


def test_each_kind():
    found = {one.kind: one for one in needless_files(members(PATHS), "app")}
    assert {kind: one.files for kind, one in found.items()} == {CATALOGUES: 1, STUBS: 2, C_SOURCES: 2, TESTS: 3}
    assert found[STUBS].patterns == ("*.pyi", "py.typed")
    assert found[TESTS].patterns == ("/dep/tests/",)
    assert found[TESTS].packed == 30


@pytest.mark.parametrize("more", [{}, {"app/own.pyi": "app", "app/x.c": "app", "dep/only.po": "dep"}])
def test_patterns_match_these_files_alone(more):
    paths = PATHS | more
    found = needless_files(members(paths), "app")
    for one in found:
        matches = exclusion(one.patterns)
        matched = [path for path in paths if matches(path)]
        assert matched
        assert all(paths[path] == "dep" for path in matched)
        assert "dep/only.po" not in matched
    everything = exclusion([pattern for one in found for pattern in one.patterns])
    assert sum(map(everything, paths)) == sum(one.files for one in found)


def test_nothing_is_said_where_the_project_is_unknown():
    assert needless_files(members(PATHS), None) == ()


def test_a_folder_with_the_name_of_a_pattern():
    paths = {"*/tests/a.py": "evil", "mine/tests/data.json": "app"}
    assert needless_files(members(paths), "app") == ()
