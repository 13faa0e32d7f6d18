from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from support.standins import pretender

from hatch_os402.errors import Os402Error
from hatch_os402.runtime import check as module
from hatch_os402.runtime import pins
from hatch_os402.runtime.check import Deviation, check
from hatch_os402.runtime.modules import facts

AS_KNOWN = """
facts = json.load(open({modules!r}))
print(json.dumps({{
    "implementation": "cpython", "version": facts["version"], "magic": "cb0d0d0a", "platform": "linux",
    "path": ["/zip/Lib", "/zip/Lib/site-packages"], "library": "/zip/Lib/json/__init__.pyc",
    "memfd_create": False, "folders": ["/zip/usr/share/ssl"],
}}), flush=True)
for name in names:
    {each}
    print(json.dumps([name, "not found" if name in facts["missing"] else None]), flush=True)
"""


def as_known(path, each="pass"):
    """An executable that answers as cosmo-python should, but for what `each` does with a `name`."""
    modules = str(Path(module.__file__).with_name("modules.json"))
    return pretender(path, AS_KNOWN.format(modules=modules, each=each))


def test_every_module_of_the_standard_library_is_decided(python312):
    code = "import sys; print(*sys.stdlib_module_names)"
    names = subprocess.run([python312.path, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    lists = [facts()["modules"], facts()["missing"], facts()["undecided"]]
    listed = [name for group in lists for name in group]
    assert len(listed) == len(set(listed))
    assert {name for name in listed if "." not in name} == set(names)


def test_a_cpython_is_told_from_cosmo_python(python312):
    report = check(Path(python312.path))
    differences = {item.what: item for item in report.differences}
    assert report.version == python312.version
    assert differences["module ctypes"] == Deviation("module ctypes", "missing", "importable")
    assert "/zip/" in differences["sys.path"].expected
    assert differences["standard library"].expected == "/zip/Lib/json/__init__.pyc"
    assert ("version" in differences) == (python312.version != "3.12.3")
    assert not {"bytecode magic", "implementation"} & differences.keys()
    assert f"os.memfd_create is {'there' if hasattr(os, 'memfd_create') else 'not there'}" in report.notes
    assert report.importable > 250


def test_what_is_as_known_differs_in_nothing(tmp_path):
    report = check(as_known(tmp_path / "python"))
    assert report.differences == ()
    assert report.importable == len(facts()["modules"]) + len(facts()["undecided"])
    digest = hashlib.sha256((tmp_path / "python").read_bytes()).hexdigest()
    assert f"sha256 {digest} is not that of the pinned cosmo-python" in report.notes
    assert "/zip/usr/share/ssl is there" in report.notes
    assert "/zip/usr/share/zoneinfo is not there" in report.notes
    assert "os.memfd_create is not there" in report.notes


def test_the_pinned_one_is_recognised(tmp_path, monkeypatch):
    path = as_known(tmp_path / "python")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr(pins, "ASSIMILATED_SHA256", {"x86_64": digest})
    assert check(path).notes[0] == f"sha256 {digest} is that of the pinned cosmo-python"


@pytest.mark.parametrize("ending", ["exit(3)", "print('garbage'); exit(3)"])
def test_an_import_that_ends_the_process_is_named_and_the_rest_is_asked(tmp_path, ending):
    report = check(as_known(tmp_path / "python", f"name in ('json', 'zlib') and ({ending.replace('; ', ', ')})"))
    expected = "importing it: exit status 3"
    assert report.differences == tuple(Deviation(f"module {name}", "importable", expected) for name in ("json", "zlib"))


def test_an_import_without_end_is_given_up(tmp_path, monkeypatch):
    really = subprocess.run

    def run(*arguments, timeout, **options):
        done = really(*arguments, **options)
        if done.returncode == 3:
            raise subprocess.TimeoutExpired(arguments[0], timeout, output=done.stdout)
        return done

    monkeypatch.setattr(module.subprocess, "run", run)
    (difference,) = check(as_known(tmp_path / "python", "name == 'json' and exit(3)")).differences
    assert difference == Deviation("module json", "importable", "importing it: no end after 120 seconds")


@pytest.mark.parametrize("body", ["", "print('Python 2.7')", "print('{}')", "exit(1)", "print('[]')"])
def test_what_does_not_answer_as_a_python(tmp_path, body):
    with pytest.raises(Os402Error, match="did not answer as a Python"):
        check(pretender(tmp_path / "python", body))


@pytest.mark.parametrize("content", [b"MZqFpD='\n\0\0\0", b"\x7fELF\2\1\1" + bytes(100), None])
def test_what_cannot_be_run(tmp_path, content):
    path = tmp_path / "python"
    if content:
        path.write_bytes(content)
        path.chmod(0o755)
    with pytest.raises(Os402Error, match=r"cannot be run on this machine: .*\nThe runtime is an ELF for Linux"):
        check(path)


def test_nothing_secret_is_passed_on(tmp_path, monkeypatch):
    monkeypatch.setenv("X402_KEY", "marker")
    dump = tmp_path / "environ"
    check(as_known(tmp_path / "python", f"import os; open({str(dump)!r}, 'w').write(repr(dict(os.environ)))"))
    assert "COSMOPOLITAN_INIT_ZIPOS" in dump.read_text()
    assert "marker" not in dump.read_text()


def test_a_relative_path(tmp_path, monkeypatch):
    as_known(tmp_path / "python")
    monkeypatch.chdir(tmp_path)
    assert check(Path("python")).differences == ()
