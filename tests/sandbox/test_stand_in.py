"""A stand-in has no module that cosmo-python lacks, however it is run, and all others."""

from __future__ import annotations

import ast
import asyncio
import sys

import pytest
from support.once import once_but
from support.programs import write_offer

from hatch_os402.profiling.running import ProfiledProgram
from hatch_os402.profiling.running import run as run_to_measure
from hatch_os402.runtime.discovery import Runtime
from hatch_os402.runtime.modules import facts
from hatch_os402.sandbox.execute import Command, execute
from hatch_os402.sandbox.plain import UnsandboxedSpawner
from hatch_os402.sandbox.runtime_files import needs
from hatch_os402.sandbox.stand_in import concealed, lacking, offered

LOOK = f"""
import importlib, importlib.util, sys
found = {{}}
for name in {[*facts()["missing"], *facts()["modules"], "json.tool", "dbm.dumb", "multiprocessing.pool"]!r}:
    if name in ("antigravity", "this", "idlelib") or sys.modules.get(name):
        continue
    try:
        importlib.import_module(name)
        found[name] = "imported"
    except ModuleNotFoundError as error:
        found[name] = str(error)
    except ImportError as error:
        found[name] = type(error).__name__
    else:
        continue
    if name in {facts()["missing"]!r} and "." not in name and importlib.util.find_spec(name):
        found[name] = "found"
print(found)
"""


def in_sandbox(python):
    outcome, missing = execute(needs(python), Command([python, "-I", "-c", LOOK], {}))
    assert missing == ()
    return outcome.stdout


def without_sandbox(python):
    return execute(needs(python), Command([python, "-I", "-c", LOOK], {}), isolated=False)[0].stdout


def without_fork(python):
    async def main():
        async with UnsandboxedSpawner(needs(python)) as spawner:
            return await spawner.run(Command(["python", "-I", "-c", LOOK], {}))

    return asyncio.run(main()).stdout


def measured(python):
    return run_to_measure(
        Runtime(python, "a CPython", named=True), ProfiledProgram(("-I", "-c", LOOK), {}, b"", "")
    ).out


WAYS = {"run": in_sandbox, "--no-sandbox": without_sandbox, "no fork": without_fork, "profile": measured}


@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")
@pytest.mark.parametrize("way", once_but(WAYS, "no fork"))
def test_what_cosmo_python_lacks_is_not_found(way, python312):
    found = ast.literal_eval(way(python312.path).decode())
    for name in facts()["missing"]:
        if name != "idlelib":  # which would start an editor's parts
            assert found[name] == f"No module named {name!r}", found[name]
    there = {name: reported for name, reported in found.items() if name not in facts()["missing"]}
    assert there["json.tool"] == there["dbm.dumb"] == there["multiprocessing.pool"] == there["sqlite3"] == "imported"
    # What is not compiled into every CPython, and nothing else.
    assert {name for name, reported in there.items() if reported != "imported"} <= {
        *("_aix_support", "_curses", "_curses_panel", "_gdbm", "_osx_support", "curses", "readline"),
    }


@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")
def test_the_error_of_a_program(tmp_path, capfd):
    from hatch_os402.cli import main

    offer = write_offer(tmp_path, "import ctypes", name="foreign")
    with pytest.raises(SystemExit):
        main(["run", str(offer)])
    assert "ModuleNotFoundError: No module named 'ctypes'" in capfd.readouterr().err


def test_files(tmp_path):
    for name in ("ctypes/__init__.py", "dbm/__init__.py", "dbm/ndbm.py", "dbm/dumb.py", "json/__init__.py", "lzma.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "lib-dynload").mkdir()
    for name in ("_ctypes.cpython-312-x86_64-linux-gnu.so", "_ssl.cpython-312-x86_64-linux-gnu.so"):
        (tmp_path / "lib-dynload" / name).touch()
    kept = [part for entry in sorted(tmp_path.iterdir()) for part in offered(str(entry))]
    names = ["dbm/__init__.py", "dbm/dumb.py", "json", "lib-dynload/_ssl.cpython-312-x86_64-linux-gnu.so"]
    assert kept == [str(tmp_path / name) for name in names]


def test_a_command_line_without_code_is_left_alone():
    assert concealed(["python", "-m", "json.tool"]) == ["python", "-m", "json.tool"]
    assert concealed(["python", "-c"]) == ["python", "-c"]
    assert concealed(["python", "-c", "x = 1", "-c"])[2].endswith("\nx = 1")
    assert {"ctypes", "lzma", "dbm.ndbm"} <= lacking()
