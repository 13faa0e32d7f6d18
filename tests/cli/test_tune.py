"""Sample requests decide: what changes an answer is not kept, whatever it brings."""

from __future__ import annotations

import json

import pytest
from support.buildproject import write_project
from support.commandline import call
from support.documented import check_described

from hatch_os402.config.pyproject import read_pyproject
from hatch_os402.config.run_profile import FILE
from hatch_os402.tuning.trials import KINDS, LAZY

pytestmark = pytest.mark.once

APP = """\
import sys
import names, plugin, idle, heavy
from parts.dear import table

def report():
    return table()

def main():
    body = sys.stdin.read()
    if "fail" in body:
        raise SystemExit(3)
    if "vary" in body:
        import time
        body = str(time.time_ns())
    value = heavy.value() if "heavy" in body else names.ALL
    print("Content-Type: text/plain\\r\\n\\r\\n", body, value, main.__doc__)
"""
SLOW = "TABLE = [sum(range(n)) for n in range(1500)]\n\ndef value():\n    return len(TABLE)\n"
ONLY_LAZY = [part for kind in KINDS if kind != LAZY for part in ("--skip", kind)]
FILES = {
    "app.py": APP,
    "names.py": "ALL = []\n",
    "plugin.py": SLOW + "import names\nnames.ALL.append('plugin')\n",
    "idle.py": SLOW,
    "heavy.py": SLOW,
    "parts/__init__.py": "",
    "parts/dear.py": SLOW + "def table():\n    return TABLE\n",
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A project that no test changes, so that it is built once."""
    return written(tmp_path_factory.mktemp("tuned"))


def written(folder):
    wheel = '[tool.hatch.build.targets.wheel]\ninclude = ["*.py", "parts"]\n'
    options, offer = 'entry-point = "app:main"\n', "valid-until = 2030-01-01T00:00:00Z\n"
    return write_project(folder / "tuned", files=FILES, options=options, offer=offer, extra=wheel)


def tuned(capsys, root, *arguments):
    code, out, err = call(capsys, "tune", root, "-n", "3", "--json", *arguments)
    assert code == 0, err
    found = json.loads(out)
    check_described("tune", found)
    return found


def lazily(found):
    return set(found["options"].get("lazy-imports", ()))


def test_what_no_sample_uses_is_imported_lazily_and_written(capsys, tmp_path):
    project = written(tmp_path)
    found = tuned(capsys, project, "-d", "one", "--write", "--skip", "docstrings")
    assert {"idle", "heavy"} <= lazily(found)
    assert {"parts", "parts.dear"} & lazily(found), "`from parts.dear import table` is put off as well"
    assert "plugin" in found["not_lazily"]
    (lazy,) = [trial for trial in found["tried"] if trial["kind"] == "lazy-imports"]
    assert lazy["kept"]
    assert lazy["significant"]
    assert lazy["saved_cpu_ms"] > 0
    assert read_pyproject(project).table["lazy-imports"] == found["options"]["lazy-imports"]
    assert "min-duration" not in read_pyproject(project).table["offer"], "a shorter one could end a call"
    if found["saves_profile"]:
        assert "app" in json.loads((project / FILE).read_text())["modules"]
    code, out, _ = call(capsys, "run", project, "-d", "one")
    assert (code, out) == (0, " one ['plugin'] None\n")


def test_every_sample_counts(capsys, shared):
    found = tuned(capsys, shared, "-d", "one", "-d", "heavy", *ONLY_LAZY)
    assert found["samples"] == ["POST /, 3 bytes", "POST /, 5 bytes"]
    assert "idle" in lazily(found)
    assert "heavy" not in lazily(found)
    assert not (shared / FILE).exists()
    assert "lazy-imports" not in read_pyproject(shared).table


def test_what_is_skipped_is_not_tried(capsys, shared):
    found = tuned(capsys, shared, "--skip", "lazy-imports", "--skip", FILE, "--next", "-d", "x", "/path?q")
    assert found["samples"] == ["GET /", "POST /path?q, 1 bytes"]
    assert not {"lazy-imports", FILE} & {trial["kind"] for trial in found["tried"]}


def test_the_report(capsys, shared):
    code, out, err = call(capsys, "tune", shared, "-n", "3", "-d", "one", *ONLY_LAZY)
    assert code == 0, err
    assert "samples        POST /, 3 bytes\n" in out
    assert "not lazily     plugin: without" in out
    (price,) = [line for line in out.splitlines() if line.startswith("price ")]
    assert price.split(maxsplit=1)[1].startswith("0.06 USD a call, for 60 seconds, of which the slowest sample took ")
    assert "[tool.hatch.build.targets.os402]\nlazy-imports = [" in out
    assert "sources = " not in out
    assert "`--write` writes it into pyproject.toml" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-d", "vary"], "the sample POST /, 4 bytes is answered differently each time"),
        (["-d", "fail"], "the sample POST /, 4 bytes gets no answer"),
        (["--next", "elsewhere"], "elsewhere stands behind --next"),
        (["--skip", "nothing"], "Invalid value for '--skip'"),
    ],
)
def test_what_cannot_be_tuned(capsys, shared, arguments, message):
    code, out, err = call(capsys, "tune", shared, "-n", "3", *arguments)
    assert code in {1, 2}
    assert not out
    assert message in err
    assert not (shared / FILE).exists()
