from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.wheelcraft import ELF, make_wheel

from hatch_os402.archive.entries import EntryReader
from hatch_os402.compatibility import render
from hatch_os402.compatibility.imports.reach import Library
from hatch_os402.compatibility.imports.scan import Scanned, scan
from hatch_os402.compatibility.vet import vet
from hatch_os402.launcher import STAND_INS
from hatch_os402.resolution.graph import Graph
from hatch_os402.runtime.modules import facts
from hatch_os402.wheels.reading import read_wheel

if TYPE_CHECKING:
    from pathlib import Path

LIBRARY = Library(*(frozenset(facts()[key]) for key in ("modules", "missing", "undecided")), partial=STAND_INS)


def scanned(folder: Path, own, others=None, *, entry="app:main", strip=(), exclude=(), lazy=()) -> Scanned:
    """Scan the project app with the files `own`, and `others`: name → files."""
    wheels = [make_wheel(folder, "app", "1.0", own)]
    wheels += [make_wheel(folder, name, "2.0", files) for name, files in (others or {}).items()]
    vetted_wheels = [vet(read_wheel(wheel), strip=strip) for wheel in wheels]
    graph = Graph("app", {name: frozenset({"app"}) for name in others or {}})
    with EntryReader() as reader:
        return scan(
            (entry,),
            vetted_wheels,
            graph,
            LIBRARY,
            excluded=lambda path: path in exclude,
            lazy=lazy,
            reader=reader,
            memory=folder / "memory",
        )


def reported(found: Scanned) -> list[str]:
    return [f"{finding.level}: {render.note(finding)}" for finding in found.findings]


def test_a_missing_module_is_told_with_file_line_and_chain(tmp_path):
    others = {
        "upper": {"upper/__init__.py": "from .sub import x\n", "upper/sub.py": "import lower.deep\nx = 1\n"},
        "lower": {"lower/__init__.py": "", "lower/deep.py": "\nfrom lzma import open\n"},
    }
    found = scanned(tmp_path, {"app.py": "import upper\n"}, others)
    assert reported(found) == [
        "warning: lower 2.0: imports lzma, which the runtime does not have (lower/deep.py:2) (imported by app -> upper -> upper.sub -> lower.deep)."
    ]
    (finding,) = found.findings
    assert finding.chains == (("app", "lower"),)
    assert (finding.places[0].path, finding.places[0].line) == ("lower/deep.py", 2)


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    import lower\nexcept ImportError:\n    lower = None\n",
        "import sys\nif sys.platform == 'win32':\n    import lower\n",
        "def main():\n    import lower\n",
        "if __name__ == '__main__':\n    import lower\n",
        "",
    ],
)
def test_what_is_guarded_or_not_reached_is_quiet(tmp_path, source):
    found = scanned(tmp_path, {"app.py": source}, {"lower": {"lower.py": "import lzma\n"}})
    assert found.findings == ()


def test_a_guarded_import_of_what_is_missing_is_for_those_who_ask(tmp_path):
    found = scanned(tmp_path, {"app.py": "try:\n    import lzma\nexcept ImportError:\n    pass\n"})
    assert found.findings == ()
    assert [render.note(finding) for finding in found.quiet] == [
        "app 1.0: imports lzma, which the runtime does not have (app.py:2)."
    ]


MISSING = {
    "import lzma": "lzma, which the runtime does not have",
    "from tkinter import ttk": "tkinter, which the runtime does not have",
    "import tkinter.ttk": "tkinter.ttk, and the runtime does not have tkinter",
    "from multiprocessing import sharedctypes": "multiprocessing.sharedctypes, which the runtime does not have",
    "import dbm.ndbm": "dbm.ndbm, which the runtime does not have",
    "import imp": "imp, which is neither in the runtime nor in the archive",
    "import nowhere.at.all": "nowhere.at.all, which is neither in the runtime nor in the archive",
}


@pytest.mark.parametrize(("source", "reason"), MISSING.items())
def test_what_is_missing(tmp_path, source, reason):
    (finding,) = scanned(tmp_path, {"app.py": source}).findings
    assert finding.message == f"imports {reason}"
    assert bool(finding.advice) == ("neither" in reason)


def test_what_a_dependency_does_not_require_is_no_advice_to_the_project(tmp_path):
    (finding,) = scanned(tmp_path, {"app.py": "import lower\n"}, {"lower": {"lower.py": "import nowhere\n"}}).findings
    assert (finding.subject, finding.advice) == ("lower", "")


@pytest.mark.parametrize(
    "source",
    [
        "import os.path, ssl, sqlite3, multiprocessing, dbm, curses",
        "from xml.etree import ElementTree",
        "import __main__",
        "from . import app",
        "import nis",  # nobody has looked yet
        "import bundled",  # vendored deeper, and put on sys.path by its owner
        "import distutils",
    ],
)
def test_what_is_there_or_may_be(tmp_path, source):
    others = {"tools": {"tools/_vendor/bundled/__init__.py": "", "tools/_distutils/__init__.py": ""}}
    assert scanned(tmp_path, {"app.py": source}, others).findings == ()


def test_one_finding_for_one_module_and_what_it_lacks(tmp_path):
    own = {"app.py": "import tkinter\nimport tkinter.ttk\nfrom tkinter import Tk\nimport lzma\n"}
    found = scanned(tmp_path, own).findings
    assert [[place.line for place in finding.places] for finding in found] == [[1, 2, 3], [4]]


def test_ctypes_is_a_hint_and_what_comes_after_it_is_followed(tmp_path):
    others = {
        "lower": {"lower.py": "import ctypes.util\nfrom ctypes import c_int, wintypes\nimport deep\n"},
        "deep": {"deep.py": "import lzma\ntry:\n    import ctypes\nexcept ImportError:\n    pass\n"},
    }
    found = scanned(tmp_path, {"app.py": "import lower\n"}, others)
    assert reported(found) == [
        "warning: deep 2.0: imports lzma, which the runtime does not have (deep.py:1) (imported by app -> lower -> deep).",
        "hint: lower 2.0: imports ctypes.util, which can load nothing there (lower.py:1, lower.py:2) (imported by app -> lower).",
    ]
    assert [finding.code for finding in found.findings] == ["missing-module", "needs-ctypes"]
    assert [str(finding.places[0]) for finding in found.quiet] == ["deep.py:3"]


def test_a_ctypes_of_the_archive_is_no_stand_in(tmp_path):
    assert scanned(tmp_path, {"app.py": "import ctypes\n", "ctypes.py": ""}).findings == ()


def test_a_module_of_the_archive_stands_before_a_missing_one(tmp_path):
    assert scanned(tmp_path, {"app.py": "import turtle\n", "turtle.py": ""}).findings == ()


def test_an_extension_that_was_left_out_and_is_needed(tmp_path):
    fast = {
        "fast/__init__.py": "from ._speed import run\n",
        "fast/_speed.cpython-312-x86_64-linux-gnu.so": ELF,
    }
    found = scanned(tmp_path, {"app.py": "import fast"}, {"fast": fast}, strip=("fast",))
    assert found.findings[0].message.startswith("imports fast._speed, which was left out (fast/_speed.cpython-312")
    fast["fast/__init__.py"] = "try:\n    from ._speed import run\nexcept ImportError:\n    run = None\n"
    assert scanned(tmp_path, {"app.py": "import fast"}, {"fast": fast}, strip=("fast",)).findings == ()
    fast |= {"fast/__init__.py": "from ._speed import run\n", "fast/_speed.py": "run = None\n"}
    assert scanned(tmp_path, {"app.py": "import fast"}, {"fast": fast}, strip=("fast",)).findings == ()


def test_a_package_that_is_run(tmp_path):
    own = {"app/__init__.py": "", "app/__main__.py": "from app import work\n", "app/work.py": "import lzma\n"}
    found = scanned(tmp_path, own, entry="app")
    assert found.findings[0].imports == ("app.__main__", "app.work")
    main = {"app.py": "if __name__ == '__main__':\n    import lzma\n"}
    assert len(scanned(tmp_path, main, entry="app").findings) == 1
    assert scanned(tmp_path, main, entry="app:main").findings == ()


def test_what_is_excluded_is_not_there(tmp_path):
    own = {"app/__init__.py": "import app.work\n", "app/work.py": "import lzma\n"}
    assert scanned(tmp_path, own, exclude=["app/work.py"]).findings == ()


WORK = "import subprocess, threading, socket\ndef main():\n    subprocess.run(['x'])\n    threading.Thread()\n    socket.socket()\n"


def test_behaviours_of_the_project_are_hinted_at(tmp_path):
    assert reported(scanned(tmp_path, {"app.py": WORK})) == [
        "hint: app 1.0: calls subprocess.run: os402 runs no other program and lends no semaphores (PermissionError, OSError) (app.py:3).",
        "hint: app 1.0: calls threading.Thread: os402 starts no threads (RuntimeError) (app.py:4).",
        "hint: app 1.0: calls socket.socket: os402 gives no program a network, whatever `net` says (OSError) (app.py:5).",
    ]


def test_behaviours_whose_failure_is_expected_are_quiet(tmp_path):
    found = scanned(
        tmp_path, {"app.py": "import os\ndef main():\n    try:\n        os.fork()\n    except OSError:\n        pass\n"}
    )
    assert found.findings == ()
    assert [finding.code for finding in found.quiet] == ["processes"]


def test_of_a_dependency_only_what_it_does_when_it_is_imported(tmp_path):
    assert scanned(tmp_path, {"app.py": "import lower"}, {"lower": {"lower.py": WORK}}).findings == ()
    at_once = "import subprocess\nVERSION = subprocess.check_output(['git', 'describe'])\n"
    (finding,) = scanned(tmp_path, {"app.py": "import lower"}, {"lower": {"lower.py": at_once}}).findings
    assert (finding.subject, finding.level, finding.code) == ("lower", "hint", "processes")


def test_what_is_imported_on_first_use_is_not_certain(tmp_path):
    others = {"lower": {"lower/__init__.py": "import lzma\n"}}
    assert scanned(tmp_path, {"app.py": "import lower\n"}, others, lazy=("lower",)).findings == ()
    assert len(scanned(tmp_path, {"app.py": "import lower\n"}, others).findings) == 1


def test_circles_end(tmp_path):
    own = {"app.py": "import a\n", "a.py": "import b\n", "b.py": "import a, app, lzma\n"}
    assert len(scanned(tmp_path, own).findings) == 1
