"""How a process ends that the bootstrap has started from bytecode: at once, and with all that it has to say."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support import launching

from hatch_os402 import launcher

FULL = Path("/dev/full")
WITNESS = """
import os, posix, sys
class Witness:
    def __del__(self, write=posix.write): write(1, b"finalized")
sys.witness = Witness()
"""
"""What finalization tells: it clears what `sys` holds."""


def ended(source, tmp_path, *, how="ours", entry="app:main", **settings):
    if entry == "app":
        source += "main()\n"
    data = launching.archive({"app.py": source}, entry, compiled_by=sys.executable, **settings)
    return launching.run(data, tmp_path, how=how, GATEWAY_INTERFACE="CGI/1.1")


def main(*lines, before=WITNESS):
    return before + "def main():\n" + "".join(f"    {line}\n" for line in lines)


@pytest.mark.parametrize("entry", ["app:main", "app"])
@pytest.mark.parametrize(
    ("line", "code", "out", "err"),
    [
        ("print('out', end='')", 0, b"out", ""),
        ("print('out', end=''); sys.exit()", 0, b"out", ""),
        ("print('out', end=''); sys.exit(3)", 3, b"out", ""),
        ("sys.exit(True)", 1, b"", ""),
        ("sys.exit(-1)", 255, b"", ""),
        ("sys.exit(300)", 44, b"", ""),
        ("sys.exit('a reason')", 1, b"", "a reason\n"),
        ("raise SystemExit((1, 2))", 1, b"", "(1, 2)\n"),
        ("sys.stderr.write('half a line'); print('out')", 0, b"out\n", "half a line"),
        ("sys.__stdout__.write('original'); sys.stdout = open('/tmp/elsewhere', 'w')", 0, b"original", ""),
        ("sys.stdout.close()", 0, b"", ""),
        ("import atexit; atexit.register(print, 'late', end='')", 0, b"late", ""),
        ("import weakref; weakref.finalize(sys.witness, print, 'weak', end='')", 0, b"weak", ""),
        (
            "import threading, time; threading.Thread(target=lambda: (time.sleep(0.1), print('t'))).start()",
            0,
            b"t\n",
            "",
        ),
    ],
)
def test_nothing_is_lost_without_finalization(line, code, out, err, entry, tmp_path):
    assert ended(main(line), tmp_path, entry=entry) == (code, out, err)


def test_a_failure_ends_so_too(tmp_path):
    result = ended(main("1 / 0"), tmp_path)
    assert (result.code, result.out) == (1, b"")
    assert result.err.endswith("ZeroDivisionError: division by zero\n")


@pytest.mark.parametrize(
    ("line", "out"),
    [
        ("import io; held = io.TextIOWrapper(sys.stdout.buffer); held.write('held')", b"held"),
        ("import io; held = io.BufferedWriter(sys.stdout.buffer.raw); held.write(b'held')", b"held"),
        ("held = open(1, 'w', closefd=False); held.write('held')", b"held"),
        ("held = os.fdopen(os.dup(1), 'wb'); held.write(b'held')", b"held"),
        ("held = open('/dev/stdout', 'w'); held.write('held')", b"held"),
        ("import io; held = io.BufferedWriter(io.FileIO(1, 'w', closefd=False)); held.write(b'held')", b"held"),
    ],
)
def test_who_may_hold_output_is_finalized(line, out, tmp_path):
    result = ended(main("global held", line), tmp_path)
    assert (result.code, result.err) == (0, "")
    assert sorted([out, b"finalized"]) == sorted([out, result.out.replace(out, b"", 1)])


@pytest.mark.parametrize("line", ["held = open(0, closefd=False)", "sys.stdout.buffer.write(b'')", "held = sys.stdout"])
def test_who_reads_or_writes_in_passing_is_not(line, tmp_path):
    assert ended(main("global held", line), tmp_path) == (0, b"", "")


def test_a_project_can_have_its_objects_finalized(tmp_path):
    source = main(before=WITNESS.replace("sys.witness", "witness"))
    source += "    pass\n"
    assert ended(source, tmp_path, finalize=True) == (0, b"finalized", "")
    assert ended(source, tmp_path) == (0, b"", "")


@pytest.mark.parametrize("how", [way for way in launching.LAUNCHERS if way != "ours"])
def test_others_that_start_the_archive_end_as_they_do(how, tmp_path):
    result = ended(main("print('out', flush=True)"), tmp_path, how=how)
    assert (result.code, result.out, result.err) == (0, b"out\nfinalized", "")


def test_a_handler_that_was_there_before_is_called(tmp_path):
    data = launching.archive({"app.py": main("sys.exit(3)")}, "app:main", compiled_by=sys.executable)
    start = f"import atexit;atexit.register(print, 'first');{launcher.BOOTSTRAP}"
    done = subprocess.run(
        [sys.executable, *launcher.ARGS[1:-1], start],
        input=launching.frame(data),
        capture_output=True,
        check=False,
        env=launching.environment(),
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, b"first\nfinalized", b"")


@pytest.mark.skipif(not FULL.exists(), reason="needs a device that is full")
def test_output_that_cannot_be_written_is_told():
    data = launching.archive({"app.py": main("print('out')")}, "app:main", compiled_by=sys.executable)
    with FULL.open("wb") as full:
        done = subprocess.run(
            [sys.executable, *launcher.ARGS[1:]],
            input=launching.frame(data),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            env=launching.environment(GATEWAY_INTERFACE="CGI/1.1"),
        )
    assert done.returncode == 120
    assert b"No space left on device" in done.stderr


def test_an_interrupted_program_ends_by_its_signal(tmp_path):
    result = ended(main("import signal; os.kill(os.getpid(), signal.SIGINT)"), tmp_path)
    assert result.code == -signal.SIGINT
    assert result.err.endswith("KeyboardInterrupt\n")


BUILTINS = """
import sys
def main():
    print(sys.flags.no_site, "site" in sys.modules, callable(exit), callable(help))
    print(exit, quit, license, sep="\\n")
    print(exit.eof, type(exit).__name__, "site" in sys.modules)
    exit(5)
"""


def test_what_site_adds_is_there(tmp_path):
    result = ended(BUILTINS, tmp_path)
    assert (result.code, result.err) == (5, "")
    first, *told, last = result.out.decode().splitlines()
    assert (first, last) == ("1 False True True", "Ctrl-D (i.e. EOF) Quitter True")
    assert told == [
        "Use exit() or Ctrl-D (i.e. EOF) to exit",
        "Use quit() or Ctrl-D (i.e. EOF) to exit",
        "Type license() to see the full license text",
    ]


def test_what_site_adds_is_added_to_no_other_python(tmp_path):
    result = ended("def main(): print(type(exit).__module__)", tmp_path, how="readme")
    assert (result.out, result.err) == (b"_sitebuiltins\n", "")


def test_of_cosmo_pythons_paths_those_of_its_library_stay(tmp_path):
    start = (
        "import sys, zlib, marshal, os, atexit, gc\n"
        "sys.path[:] = ['/zip/Lib', '/zip/Lib/site-packages', '/opt/cosmos/lib/python312.zip']\n" + launcher.BOOTSTRAP
    )
    source = "import sys\ndef main(): print(sys.path)\n"
    data = launching.archive({"app.py": source}, "app:main", compiled_by=sys.executable)
    done = subprocess.run(
        [sys.executable, *launcher.ARGS[1:-1], start],
        input=launching.frame(data),
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env=launching.environment(),
    )
    assert (done.stdout.decode(), done.stderr) == ("['/zip/Lib', '/os402/app', '/zip/Lib/site-packages']\n", b"")


APPS = {
    "wsgi": """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
""",
    "asgi": """
async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"hello"})
""",
}


@pytest.mark.parametrize("interface", list(APPS))
def test_web_applications_end_so_too(interface, tmp_path):
    data = launching.archive(
        {"app.py": WITNESS + APPS[interface]}, "app:app", compiled_by=sys.executable, interface=interface
    )
    request = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "SERVER_NAME": "x", "SERVER_PORT": "80"}
    result = launching.run(data, tmp_path, GATEWAY_INTERFACE="CGI/1.1", SERVER_PROTOCOL="HTTP/1.1", **request)
    assert (result.code, result.err) == (0, "")
    assert result.out.endswith(b"\r\n\r\nhello")
