"""Ctrl-C while the command is still imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

INTERRUPTED = """
import os, signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[1]:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder())
from hatch_os402.cli import main
main(["cache"])
print("not interrupted")
"""


@pytest.mark.parametrize(
    "module",
    ["hatch_os402.processes.interruption", "click", "hatch_os402.errors", "hatch_os402.cli.cache", "hatch_os402.cache"],
)
def test_an_interrupted_import_is_one_line(module):
    done = subprocess.run([sys.executable, "-c", INTERRUPTED, module], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "hatch-os402: interrupted (SIGINT)\n")


def test_nothing_that_takes_long_is_imported_before():
    asked = "import sys; before = set(sys.modules); import hatch_os402.cli; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-I", "-c", asked], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {"__future__", "hatch_os402", "hatch_os402.__about__", "hatch_os402.cli"}
