"""Run a program without a disk, and fail when it so much as tries to open anything outside its interpreter.

Without a watch a program that asks for a file, is refused and goes another way looks like one that never asked. The
watch is an audit hook in front of the program: it sees what Python opens, and not what C libraries open themselves
(the sandbox refuses that all the same).
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, NamedTuple

from support.diskless import MEBIBYTE, installation, run_diskless

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from support.buildproject import Build

# Which audit events (https://docs.python.org/3/library/audit_events.html) have a path as their first argument. A number
# there is a file that is open already.
_PATHS = (
    "open os.listdir os.scandir os.chdir os.mkdir os.rmdir os.remove os.rename os.link os.symlink os.truncate os.utime "
    "os.chmod os.chown os.setxattr os.exec os.posix_spawn subprocess.Popen sqlite3.connect ctypes.dlopen"
)
_PROBE = "/probe-of-the-watch"
_HOOK = f"""
def watch():
    import os, sys
    paths = frozenset({_PATHS!r}.split())
    def hook(event, details):
        if event in paths and not isinstance(details[0], int):
            told = details[0]
        elif event == "compile":
            told = details[1]
        else:
            return
        told = b"." if told is None else os.fsencode(told)
        os.write(2, b"\\0" + event.encode() + b" " + told + b"\\0")
    sys.addaudithook(hook)
    try:
        open({_PROBE!r}).close()
    except OSError:
        pass  # there is no such file; the watch has seen the attempt
watch()
del watch
"""
_TOLD = re.compile(rb"\0([\w.]+) ([^\0]*)\0")
_ALLOWED = re.compile(rf"{_PROBE}|/proc/self/fd(/\d+)?|/proc/self/stat|:memory:")
"""What the watch asks for itself; what the sandbox allows; what is open already, once more; SQLite's name for no file."""


class Watched(NamedTuple):
    """What a run gave."""

    returncode: int
    stdout: bytes
    stderr: bytes
    """Without what the watch wrote there."""
    compiled: set[str]
    """The file names that source was compiled under."""


def run_watched(
    python: str,
    options: Sequence[str],
    code: str,
    stdin: bytes,
    env: Mapping[str, str],
    *,
    arguments: Sequence[str] = (),
    ram: int = 512 * MEBIBYTE,
) -> Watched:
    """Run `python *options -c code *arguments` as `run_diskless` does.

    Raises `AssertionError`, which names them, when paths outside the interpreter's installation were to be opened,
    listed or changed.
    """
    run = run_diskless(python, [*options, "-c", _HOOK + code, *arguments], stdin, env, ram=ram)
    reported = [(event.decode(), os.fsdecode(path)) for event, path in _TOLD.findall(run.stderr)]
    paths = [(event, path) for event, path in reported if event != "compile"]
    prefix = installation(python)[1]
    own = (f"{prefix}/lib/", f"{prefix}/lib64/")  # python312.zip too, which is on sys.path and so is tried
    outside = [
        (event, path)
        for event, path in paths
        if not _ALLOWED.fullmatch(path) and not os.path.normpath(path).startswith(own)
    ]
    stated = _TOLD.sub(b"", run.stderr)
    assert not outside, f"outside the interpreter, without a disk: {outside}; {stated.decode()}"
    assert ("open", _PROBE) in paths, f"the watch did not see what it opened itself; {stated.decode()}"
    compiled = {path for event, path in reported if event == "compile"}
    return Watched(run.returncode, run.stdout, stated, compiled)


def serve(built: Build, python: str, body: bytes = b"", *, frame: bytes = b"") -> Watched:
    """Run the frame of `built` with the command line, the variables and the memory of its offer, and send it `body`.

    `frame` replaces the one that was built. Raises as `run_watched` does.
    """
    payload = json.loads(built[".offer.json"])["payload"]
    _, *options, _, bootstrap = payload["exec"]["args"]
    cgi = {"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(body))}
    return run_watched(
        python,
        options,
        bootstrap,
        (frame or built[".stdin"]) + body,
        payload["exec"]["env"] | cgi,
        ram=payload["limits"]["ram_kb"] * 1024,
    )
