"""Subprocesses end with the process that started them, and signals unwind it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hatch_os402.processes.interruption import Interrupted, interruptible, uninterrupted
from hatch_os402.processes.subprocesses import run_python

LIMIT = 60
SLEEPS = (
    "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import sys, time; time.sleep(600)', sys.argv[1]])\n"
)
"""Starts another process, and waits for it."""
STARTS = """
import os, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from hatch_os402.processes.interruption import Interrupted, interruptible
from hatch_os402.processes.subprocesses import run_python

def call(_number):
    run_python(sys.executable, ["-I"], sys.argv[1], [sys.argv[1]], env=os.environ, cwd=Path(sys.argv[1]).parent)

try:
    with interruptible(), ThreadPoolExecutor(1) as pool:
        list(pool.map(call, range(3)))
except Interrupted as interrupted:
    sys.exit(interrupted.status)
"""
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and process groups are POSIX's")


@pytest.fixture
def sleeper(tmp_path):
    path = tmp_path / "sleeper.py"
    path.write_text(SLEEPS)
    return path


def running(path, starter=0):
    """Return the processes, but for the one that started them, that have `path` in their command line."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if os.fsencode(path) in command and int(process.name) != starter:
            found.add(int(process.name))
    return found


def soon(holds):
    end = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def run(script, *arguments, folder, timeout=None):
    return run_python(sys.executable, ["-I"], str(script), list(arguments), env=os.environ, cwd=folder, timeout=timeout)


def test_output_and_status(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import os, sys\nassert __name__ == '__main__'\nprint(sys.argv[1:], repr(sys.stdin.read()), flush=True)\n"
        "os.write(2, b'\\xff')\nsys.exit(3)\n"
    )
    assert run(script, "one", folder=tmp_path) == ("['one'] ''\n�", 3)


def test_after_its_time_nothing_of_it_is_left(sleeper, tmp_path):
    with pytest.raises(subprocess.TimeoutExpired):
        run(sleeper, str(sleeper), folder=tmp_path, timeout=1)
    soon(lambda: not running(sleeper))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_ends_it_with_the_process_that_waits_in_a_thread(sleeper, number):
    process = subprocess.Popen([sys.executable, "-c", STARTS, str(sleeper)])
    try:
        soon(lambda: len(running(sleeper, process.pid)) == 2)
        process.send_signal(number)
        assert process.wait(LIMIT) == (-number if number == signal.SIGKILL else 128 + number)
        soon(lambda: not running(sleeper))
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_unwinds(number):
    before = signal.getsignal(number)
    unwound = []
    with pytest.raises(Interrupted) as error, interruptible():
        try:
            os.kill(os.getpid(), number)
            time.sleep(LIMIT)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)  # what is being tidied up is not interrupted
            unwound.append(True)
    assert (error.value.status, str(error.value)) == (128 + number, f"interrupted ({number.name})")
    assert unwound == [True]
    assert signal.getsignal(number) is before


def test_a_signal_waits_for_what_must_not_be_interrupted():
    done = []
    with pytest.raises(Interrupted), interruptible(), uninterrupted():
        os.kill(os.getpid(), signal.SIGTERM)
        done.append(True)
    assert done == [True]


def test_a_signal_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


LOST = """
import os, signal
from hatch_os402.processes.interruption import Interrupted, interruptible

class Loses:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)

try:
    with interruptible():
        Loses()
        raise RuntimeError("what was killed with this process")
except Interrupted as interrupted:
    print(interrupted.status)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_an_interruption_that_python_loses_is_one_all_the_same():
    """What a handler raises in a destructor is printed and forgotten; the error that follows is no failure."""
    done = subprocess.run([sys.executable, "-c", LOST], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(128 + signal.SIGTERM)
