"""Every member that is the launcher's is explained, and no other."""

from __future__ import annotations

import pytest

from hatch_os402.archive import index, patterns
from hatch_os402.inspection.purposes import purpose
from hatch_os402.launcher import inside_files


@pytest.mark.parametrize("interface", ["script", "wsgi", "asgi", "mcp"])
def test_every_module_says_what_it_is_for(interface):
    paths = inside_files(interface)
    assert [path for path in paths if not purpose(path)] == []
    assert [path for path in paths if purpose(f"{path}c") != purpose(path)] == []


def test_what_is_no_module():
    assert purpose("__main__.py").startswith("Starts the launcher")
    assert purpose(patterns.NAME).startswith("Regular expressions")
    assert purpose(index.NAME).startswith("Where each file of the archive lies")


@pytest.mark.parametrize(
    "path",
    ["sample/main.py", "start.py", "_os402/other.py", "_os402/../__init__.py", "_os402/vfs", "_os402/", "_os402"],
)
def test_others_are_not_the_launchers(path):
    assert purpose(path) == ""
