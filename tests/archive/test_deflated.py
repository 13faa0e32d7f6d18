from __future__ import annotations

import pytest

from hatch_os402.archive.assemble import may_be_deflated
from hatch_os402.launcher import inside_files


@pytest.mark.parametrize(
    ("path", "stored", "auto", "deflated"),
    [
        ("__main__.py", False, False, False),
        ("_os402/patterns", False, False, False),
        ("_os402/start.pyc", False, False, False),
        ("_os402/start.py", False, True, True),
        ("_os402/vfs/tmpfs.pyc", False, True, True),
        ("greeter/cgi.py", False, True, True),
        ("greeter/cgi.pyc", False, False, True),
        ("greeter/texts.txt", False, True, True),
    ],
)
def test_without_a_profile(path, stored, auto, deflated):
    assert [may_be_deflated(path, how) for how in ("stored", "auto", "deflated")] == [stored, auto, deflated]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("greeter/cgi.pyc", False),
        ("greeter/__init__.pyc", False),
        ("greeter/admin.pyc", True),
        ("greeter/admin/__init__.pyc", True),
        ("_os402/start.pyc", False),
    ],
)
def test_modules_that_no_start_imports(path, expected):
    assert may_be_deflated(path, "auto", {"greeter", "greeter.cgi"}) is expected
    assert not may_be_deflated(path, "stored", {"greeter", "greeter.cgi"})


def test_what_few_programs_load_of_the_launcher_is_stored_for_those():
    assert may_be_deflated("_os402/lazy.pyc", "auto", {"greeter"})
    assert not may_be_deflated("_os402/lazy.pyc", "auto", {"greeter", "_os402.lazy"})


def test_the_rarely_loaded_modules_of_the_launcher_are_there():
    launcher = inside_files()
    rarely = [path for path in launcher if may_be_deflated(f"{path}c", "auto")]
    assert len(rarely) == 18
    assert not {"_os402/start.py", "_os402/index.py", "_os402/importer.py", "_os402/streams.py"}.intersection(rarely)
