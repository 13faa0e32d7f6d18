"""How a program ends, and what becomes of its output: as with `python -m`."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys

import pytest
from support import launching

from hatch_os402 import launcher

RUN = [sys.executable, *launcher.ARGS[1:]]


def started(body: str, *, entry: str = "app:main", **options) -> subprocess.Popen[bytes]:
    """Start a program whose `main` is that body, with its frame sent and stdin left open."""
    source = "import sys\ndef main():\n" + "".join(f"    {line}\n" for line in body.strip().splitlines())
    if entry == "app":
        source += "main()\n"
    process = subprocess.Popen(
        RUN,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=launching.environment(**options.pop("env", {})),
        **options,
    )
    process.stdin.write(launching.frame(launching.archive({"app.py": source}, entry)))
    process.stdin.flush()
    return process


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    _, err = process.communicate(timeout=60)
    return process.returncode, err.decode()


@pytest.mark.parametrize("entry", ["app:main", "app"])
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("print('x' * 100)", 0),  # found at the end, when what is left is flushed
        ("for _ in range(10000): print('x' * 1000)", 1),  # found while it is written
        ("import atexit; atexit.register(print, 'x' * 100)", 0),
        ("print('x' * 100); sys.exit(3)", 3),
    ],
)
def test_a_broken_pipe_is_quiet(body, code, entry):
    read, write = os.pipe()
    os.close(read)
    try:
        process = started(body, entry=entry, stdout=write)
    finally:
        os.close(write)
    assert ended(process) == (code, "")


def test_other_broken_pipes_are_told():
    process = started(
        "import os; read, write = os.pipe(); os.close(read); os.write(write, b'x')", stdout=subprocess.DEVNULL
    )
    code, err = ended(process)
    assert code == 1
    assert err.endswith("BrokenPipeError: [Errno 32] Broken pipe\n")


def test_output_is_flushed_at_the_end_and_utf8():
    process = started(
        "print('Größe ☃', end='')", stdout=subprocess.PIPE, env={"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    )
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out.decode(), err) == (0, "Größe ☃", b"")


@pytest.mark.parametrize("entry", ["app:main", "app"])
def test_what_signals_do(entry):
    body = "import time; print('up', flush=True); time.sleep(60)"
    for number, reported in ((signal.SIGINT, "KeyboardInterrupt\n"), (signal.SIGTERM, "")):
        process = started(body, entry=entry, stdout=subprocess.PIPE)
        assert process.stdout.readline() == b"up\n"
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
        assert process.returncode == -number
        assert err.decode().endswith(reported)
        assert bool(err) == bool(reported)


def test_a_program_handles_signals_itself():
    body = """
import signal, time
def stop(number, frame): sys.exit(f"got {number}")
signal.signal(signal.SIGTERM, stop)
print("up", flush=True)
time.sleep(60)
"""
    process = started(body, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"up\n"
    process.send_signal(signal.SIGTERM)
    assert ended(process) == (1, f"got {int(signal.SIGTERM)}\n")


def test_flags_are_those_of_an_isolated_python():
    process = started("print(sys.flags.isolated, sys.flags.utf8_mode, sys.argv, __name__)", stdout=subprocess.PIPE)
    out, _ = process.communicate(timeout=60)
    assert out.decode() == "1 1 ['/os402/app/__main__.py'] app\n"


MANY_OBJECTS = "made = [[] for _ in range(30000)]\n"
COUNTS = """
import gc, sys
before = gc.get_threshold()
import first
frozen = gc.get_freeze_count()
class Ring: pass
class Last:
    def __del__(self): print("collected", frozen > 20000)  # the last 10,000 wait for the next
ring = Ring(); ring.ring = ring; ring.last = Last()
del ring
made = [[] for _ in range(30000)]
print(before, gc.get_threshold(), len(gc.callbacks), gc.get_freeze_count() == frozen)
"""


def test_imports_of_a_module_that_runs_as_main_are_left_out_of_collection(tmp_path):
    data = launching.archive({"app.py": COUNTS, "first.py": MANY_OBJECTS}, "app")
    result = launching.run(data, tmp_path)
    usual = gc.get_threshold()
    assert result.err == ""
    assert result.out.decode().splitlines() == [
        "collected True",
        f"{(10_000, *usual[1:])} {usual} 0 True",
    ]


def test_a_threshold_that_the_program_sets_stays(tmp_path):
    source = "import gc\ngc.set_threshold(5000, 3, 4)\nmade = [[] for _ in range(30000)]\nprint(gc.get_threshold())\n"
    result = launching.run(launching.archive({"app.py": source}, "app"), tmp_path)
    assert (result.out, result.err) == (b"(5000, 3, 4)\n", "")


def test_collection_of_garbage_goes_on_after_the_import(tmp_path):
    source = """
import gc
during, threshold = gc.isenabled(), gc.get_threshold()[0]
def main(): print(during, threshold > 1_000_000, gc.isenabled(), gc.get_threshold(), gc.get_freeze_count() > 1000)
"""
    result = launching.run(launching.archive({"app.py": source}, "app:main"), tmp_path)
    assert (result.out, result.err) == (f"True True True {gc.get_threshold()} True\n".encode(), "")
