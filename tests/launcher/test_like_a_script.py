"""How a program ends, what its hooks see and what its stdin is: as of a script on a disk."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from support import launching

from hatch_os402 import launcher

CASES = {
    "stdout without flush": """
class Out:
    def write(self, text): sys.__stdout__.write(text)
def main():
    sys.stdout = Out()
    print("x")
""",
    "stdout whose flush fails": """
class Out:
    closed = False
    def write(self, text): sys.__stdout__.write(text)
    def flush(self): raise OSError("no")
def main():
    sys.stdout = Out()
    print("x")
""",
    "stdout removed": """
def main():
    print("a")
    del sys.stdout
""",
    "descriptor closed": """
import os
def main():
    print("x")
    os.close(1)
""",
    "stderr that can only write": """
class Err:
    def write(self, text): sys.__stderr__.write(text)
    def flush(self): pass
def main():
    sys.stderr = Err()
    1 / 0
""",
    "hook that exits": """
def main():
    sys.excepthook = lambda *_: sys.exit(5)
    1 / 0
""",
    "both hooks are the program's, and exit": """
def main():
    sys.excepthook = sys.__excepthook__ = lambda *_: sys.exit(7)
    1 / 0
""",
    "hook that calls the original": """
def hook(*what):
    print("hook")
    sys.__excepthook__(*what)
def main():
    sys.excepthook = hook
    1 / 0
""",
    "hook that is called": """
def main():
    print("Content-Type: text/plain\\r\\n\\r\\n", end="")
    try:
        1 / 0
    except ZeroDivisionError:
        sys.excepthook(*sys.exc_info())
    print("sorry")
""",
    "interrupt that is caught": """
def main():
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        sys.excepthook(*sys.exc_info())
    print("goes on")
""",
    "kind of KeyboardInterrupt": """
class Stop(KeyboardInterrupt): pass
def main():
    raise Stop("x")
""",
    "SystemExit without a code": """
class Leave(SystemExit):
    @property
    def code(self): raise RuntimeError("none")
def main():
    raise Leave(3)
""",
    "collection disabled": """
import gc
gc.disable()
def main():
    print(gc.isenabled())
""",
    "thresholds": """
import gc
gc.set_threshold(50, 5, 5)
def main():
    print(gc.isenabled(), gc.get_threshold())
""",
    "namespace": """
def main():
    own = vars(sys.modules["__main__"])
    print(type(own["__builtins__"]).__name__, own["__cached__"])
""",
    "threads, handlers and finalizers": """
import atexit, threading, time, weakref
def main():
    atexit.register(print, 1)
    weakref.finalize(main, print, "finalize")
    atexit.register(lambda: atexit.register(print, "nested"))
    threading.Thread(target=lambda: (time.sleep(0.1), print("thread"))).start()
    print("main")
""",
    "handlers that fail": """
import atexit
def failing(): raise ValueError("x")
def main():
    atexit.register(failing)
    atexit.register(sys.exit, 9)
    sys.exit(4)
""",
    "descriptors that lead to /dev/null for a while": """
import os
def main():
    null = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        kept = os.dup(number)
        os.dup2(null, number)
        os.write(number, b"noise")
        os.dup2(kept, number)
        os.write(number, b"said")
    print(os.dup2(null, 20), os.write(20, b"noise"), os.close(20), os.dup2(null, null) == null, flush=True)
    zero = os.open("/dev/zero", os.O_RDONLY)
    print(os.dup2(zero, 20), os.read(20, 2), os.close(20))
""",
    "stdin": """
import io, os
def main():
    print(sys.stdin, sys.stdin.mode, sys.stdin.buffer.name, sys.stdin.fileno(), sys.stdin is sys.__stdin__)
    kept = os.dup(0)  # as pytest captures it
    empty = os.open("/dev/null", os.O_RDONLY)
    print(os.dup2(empty, 0), os.read(0, 1), os.dup2(kept, 0))
    buffers = bytearray(1), bytearray(0)
    print(os.readv(0, buffers), buffers)
    print(os.read(0, 1), os.read(os.dup(0), 1), open(0, "rb", closefd=False).read(2), io.FileIO(0, closefd=False).read())
    print(os.isatty(0), os.fstat(0).st_mode >> 12)
    try:
        os.lseek(0, 0, 0)
    except OSError as error:
        print(error)
    os.close(0)
    try:
        os.read(0, 1)
    except OSError as error:
        print(error)
""",
}
BODY = b"abcdefgh"


def normal(result, folder):
    """Return status, output and what was written to stderr without what is different at each run."""
    err = result.stderr.decode().replace(str(folder), launcher.ROOT).replace("__main__.", "")  # C's alone, in 3.10
    return result.returncode, result.stdout, re.sub(r"0x[0-9a-f]+", "0x", err)


@pytest.mark.parametrize("name", CASES)
def test_as_on_a_disk(name, tmp_path):
    source = "import sys\n" + CASES[name] + "if __name__ == '__main__':\n    main()\n"
    (tmp_path / "app.py").write_text(source)
    options = {"capture_output": True, "cwd": tmp_path}
    on_disk = subprocess.run(
        [sys.executable, "-s", "-E", "-B", "-X", "utf8", str(tmp_path / "app.py")],
        input=BODY,
        env=launching.environment(),
        check=False,
        **options,
    )
    data = launching.archive({"app.py": source}, "app", compiled_by=sys.executable)
    here = subprocess.run(
        [sys.executable, *launcher.ARGS[1:]],
        input=launching.frame(data) + BODY,
        env=launching.environment(GATEWAY_INTERFACE="CGI/1.1", CONTENT_LENGTH=str(len(BODY))),
        check=False,
        **options,
    )
    assert normal(here, tmp_path) == normal(on_disk, tmp_path)


UNAWAITED = """
async def never(): pass
def main():
    coroutine = never()
"""


def test_what_c_code_warns_of_when_main_returns(tmp_path):
    data = launching.archive({"app.py": UNAWAITED}, "app:main", compiled_by=sys.executable)
    result = launching.run(data, tmp_path)
    assert "RuntimeWarning: coroutine 'never' was never awaited" in result.err
    assert "Exception ignored" not in result.err


def test_collection_may_be_disabled_by_what_a_function_is_imported_from(tmp_path):
    source = "import gc\ngc.disable()\ndef main(): print(gc.isenabled(), gc.get_threshold()[0])\n"
    data = launching.archive({"app.py": source}, "app:main", compiled_by=sys.executable)
    usual = subprocess.run(
        [sys.executable, "-c", "import gc; print(gc.get_threshold()[0])"], capture_output=True, check=True
    )
    assert launching.run(data, tmp_path).out == b"False " + usual.stdout


def test_the_body_does_not_end_with_the_pipe(tmp_path):
    """Another task of a server may hold it open: the kernel's stdin never ends then."""
    source = "import os\ndef main(): print(os.read(0, 3), open(0).read())\n"
    data = launching.archive({"app.py": source}, "app:main", compiled_by=sys.executable)
    result = launching.run(data, tmp_path, body=b"hello", GATEWAY_INTERFACE="CGI/1.1", CONTENT_LENGTH="5")
    assert (result.out, result.err) == (b"b'hel' lo\n", "")
