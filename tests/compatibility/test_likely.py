"""The modules that a start is likely to import, from crafted sources."""

from __future__ import annotations

import pytest

from hatch_os402.compatibility.imports.likely import imported_at_start
from hatch_os402.compatibility.imports.reach import Archive, module_names
from hatch_os402.compatibility.imports.source import read_source

LIBRARY = {
    "lib/__init__.py": "from .front import *\n",
    "lib/front.py": "from . import middle\n",
    "lib/middle.py": "",
    "lib/deep/__init__.py": "",
    "lib/deep/inner.py": "import other\n",
    "other.py": "",
}
ALL = {"app", *module_names(LIBRARY)}
LIB = {"app", "lib", "lib.front", "lib.middle"}


def led_to(app: str, *starts: str, lazy=(), others=()) -> set[str]:
    """Return the modules to which the imports of the module `app` lead; `others` are files beside the library's."""
    sources = LIBRARY | {"app.py": app} | dict(others)
    paths = module_names(sources)
    archive = Archive(paths, frozenset(), frozenset(), {}, lambda module: read_source(sources[paths[module]].encode()))
    return imported_at_start(starts or ["app:main"], archive, lazy) & paths.keys()


@pytest.mark.parametrize(
    ("app", "expected"),
    [
        ("", {"app"}),
        ("import lib", LIB),
        ("import lib.deep.inner", LIB | {"lib.deep", "lib.deep.inner", "other"}),
        ("from lib import deep", LIB | {"lib.deep"}),
        ("from lib.deep import inner", ALL),
        ("class A:\n    import other", {"app", "other"}),
        ("try:\n    import missing\nexcept ImportError:\n    import other", {"app", "other"}),
        ("if flag:\n    import other", {"app", "other"}),
        ("from importlib import import_module\nimport_module('other.name')", {"app", "other"}),
        ("APPS = ['lib.deep.apps.Config']", LIB | {"lib.deep"}),
        ('load("lib.deep:plugin")', LIB | {"lib.deep"}),
    ],
)
def test_what_is_imported_at_the_top_is_followed(app, expected):
    assert led_to(app) == expected


@pytest.mark.parametrize(
    "app",
    [
        "def main():\n    import other",
        "async def main():\n    from lib import deep",
        "call = lambda: __import__('other')",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import other",
        "import typing\nif typing.TYPE_CHECKING:\n    import other",
        "if __name__ == '__main__':\n    import other",
        "# import other",
        "WORD = 'other'",  # a word is no module
        "import standard_library_or_missing",
    ],
)
def test_what_may_be_imported_later_is_not(app):
    assert led_to(app) == {"app"}


def test_a_module_that_is_started_runs_as_main():
    source = "if __name__ == '__main__':\n    import other"
    assert led_to(source, "app") == {"app", "other"}
    assert led_to("import tool", "app", others={"tool.py": source}) == {"app", "tool"}
    assert led_to("", "tool", others={"tool/__init__.py": "", "tool/__main__.py": source}) == {
        "tool",
        "tool.__main__",
        "other",
    }


def test_each_of_several_starts_counts():
    assert led_to("", "app:main", "lib.deep.inner:tool") == ALL


@pytest.mark.parametrize(
    ("lazy", "expected"),
    [
        ("lib", {"app", "other"}),
        ("lib.deep", LIB | {"other"}),
        ("other", LIB | {"lib.deep", "lib.deep.inner"}),
    ],
)
def test_lazy_imports_happen_later(lazy, expected):
    assert led_to("import other\nimport lib.deep.inner", lazy=[lazy]) == expected


def test_a_module_that_cannot_be_read_ends_the_way():
    assert led_to("import broken", others={"broken.py": "import other\nprint 'a syntax error'"}) == {"app", "broken"}


def test_an_entry_point_elsewhere_leads_nowhere():
    assert led_to("", "runpy") == set()


def test_what_is_imported_from_elsewhere_is_named():
    paths = {"app": "app.py"}
    facts = read_source(b"import json.decoder\nfrom concurrent import futures\n")
    archive = Archive(paths, frozenset(), frozenset(), {}, lambda _: facts)
    expected = {"app", "json", "json.decoder", "concurrent", "concurrent.futures"}
    assert imported_at_start(["app:main"], archive) == expected
    assert imported_at_start(["app:main"], archive, ["json.decoder"]) == expected - {"json.decoder"}
    assert imported_at_start(["runpy"], archive) == set()


def test_cycles_end():
    assert led_to("import one", others={"one.py": "import two", "two.py": "import one, app"}) == {"app", "one", "two"}
