"""Distributions that nothing imports: a hint, in which what is in doubt counts as used."""

from __future__ import annotations

import pytest

from hatch_os402.compatibility.imports.source import read_source
from hatch_os402.compatibility.imports.unused import ArchivedFile, described, unused

BIG = f"{'#' * 79}\n" * 375
"""Much to carry, and nothing to parse."""


def look(app: str, **others: str):
    """Return what is unused beside the module `app` of the project; `others` are modules of distributions."""
    sources = {"app.py": ("app", app)}
    for path, text in others.items():
        owner, _, rest = path.partition("__")
        sources[
            f"{owner}/{rest or '__init__'}.py"
            if not rest.startswith("info")
            else f"{owner}-1.dist-info/entry_points.txt"
        ] = (
            owner,
            text,
        )
    files = {
        path: ArchivedFile(owner, len(text), lambda text=text: text.encode()) for path, (owner, text) in sources.items()
    }
    return unused(["app:main"], files, "app", lambda path: read_source(files[path].read())), files


@pytest.mark.parametrize(
    "app",
    [
        "import dep",
        "from dep import x",
        "import dep.inner",
        "def main():\n    import dep",
        "try:\n    import dep\nexcept ImportError:\n    pass",
        "from importlib import import_module\nimport_module('dep')",
        "APPS = ['dep.apps.Config']",
        'load("dep:plugin")',
        "print 'a syntax error', dep",
    ],
)
def test_what_may_be_imported_is_used(app):
    assert look(app, dep=BIG)[0] == {}


@pytest.mark.parametrize(
    "app",
    [
        "",
        "import json",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import dep",
        "deputy = 1",
        "# import dep",
        "import other",
    ],
)
def test_what_nothing_names_is_not(app):
    assert look(app, dep=BIG, other="")[0] in ({"dep": len(BIG)}, {"dep": len(BIG), "other": 0})


def test_what_is_vendored_deeper():
    assert look("import bundled", dep__vendor=BIG, dep__bundled="")[0] == {}
    assert look("import distutils", dep___distutils=BIG)[0] == {}


def test_imports_of_what_is_unused_do_not_count():
    assert set(look("import one", one="import two", two=BIG, three=f"import four\n{BIG}", four=BIG)[0]) == {
        "three",
        "four",
    }


def test_a_plugin_is_found_by_its_group_and_a_command_is_not():
    plugin = "[flask.commands]\nx = plug:main\n"
    assert look("", plug=BIG, plug__info=plugin)[0] == {}
    assert look("", plug=BIG, plug__info="[console_scripts]\nx = plug:main\n")[0]
    assert look("", plug=BIG, plug__info="damaged")[0] == {}
    assert look("", tzdata=BIG)[0] == {}


def test_what_is_said():
    sizes, files = look("", one=BIG, two=BIG, three="import json")
    message, advice = described(sizes, files, ["two", "absent"])
    assert message == "nothing imports 3 distributions of 4, 60.0 kB or 100 % of the files: one, two, three"
    assert advice == (
        'If the program does not need them, drop two from the requirements, or set exclude = ["/one/", "/three/", "/two/"].'
    )


def test_little_is_not_worth_a_hint():
    assert look(BIG * 100, dep=BIG)[0] == {}
    assert look("", dep="x = 1\n")[0] == {}
