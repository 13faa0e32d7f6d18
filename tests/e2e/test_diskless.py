"""What a build gives runs where os402 runs it: without a disk, a network, threads, or an end of stdin."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.buildproject import build, copy_fixture, environment, write_project
from support.diskless import MEBIBYTE, SERVER_FILE, HarnessError, installation, run_diskless
from support.watched import run_watched, serve

if TYPE_CHECKING:
    from support.buildproject import Build

pytestmark = pytest.mark.once

RAM = 256 * MEBIBYTE

FORBIDDEN = {
    "read a file": ("open('/etc/passwd')", "PermissionError"),
    "make a file": ("open('made', 'w')", "OSError"),  # on a read-only file system
    "make a file elsewhere": ("open(folder + '/made', 'w')", "FileNotFoundError"),  # there is no elsewhere
    "write a file": ("open('server.db', 'a')", "PermissionError|OSError"),
    "make a folder": ("os.mkdir('folder')", "OSError"),
    "list the folder it is in": ("os.listdir('.')", "PermissionError"),
    "read a file of that folder": (f"open({SERVER_FILE!r})", "PermissionError"),
    "reach a server over TCP": ("socket.create_connection(('127.0.0.1', port))", "PermissionError|OSError"),
    "reach a server over UDP": ("socket.socket(type=socket.SOCK_DGRAM).connect(('127.0.0.1', port))", "OSError"),
    "start a thread": ("threading.Thread(target=int).start()", "RuntimeError"),
    "fork twice": ("[os.waitpid(os.fork() or os._exit(0), 0) for _ in range(2)]", "OSError"),
    "run a program": ("os.execv('/bin/true', ['true'])", "PermissionError"),
}
ATTEMPT = """
import os, socket, sys, threading
folder, port = sys.argv[1], int(sys.argv[2])
try:
    {}
except Exception as error:
    print(type(error).__name__)
"""


@pytest.mark.parametrize(("statement", "expected"), FORBIDDEN.values(), ids=FORBIDDEN)
def test_forbidden_inside_and_allowed_outside(tmp_path, python312, statement, expected):
    (tmp_path / SERVER_FILE).touch()
    with socket.create_server(("127.0.0.1", 0)) as server:
        arguments = ["-I", "-c", ATTEMPT.format(statement), str(tmp_path), str(server.getsockname()[1])]
        inside = run_diskless(python312.path, arguments, b"", {})
        outside = subprocess.run([python312.path, *arguments], cwd=tmp_path, capture_output=True, check=False)
    assert (inside.returncode, inside.stderr) == (0, b"")
    assert inside.stdout.decode().strip() in expected.split("|")
    assert (outside.returncode, outside.stdout, outside.stderr) == (0, b"", b"")


@pytest.mark.parametrize("path", ["/etc/passwd", "/etc/none", "server.db", ".", "{prefix}/../outside"])
def test_an_attempt_to_open_anything_fails_the_test(python312, path):
    """Whether it is there or not, and however the program takes the refusal."""
    path = path.format(prefix=installation(python312.path)[1])
    open_it = f"import contextlib\nwith contextlib.suppress(OSError): open({path!r})"
    with pytest.raises(AssertionError, match=re.escape(f"('open', {path!r})")):
        run_watched(python312.path, ["-I"], open_it, b"", {})


WAYS = {
    "os.listdir": "os.listdir()",
    "os.scandir": "os.scandir('/etc')",
    "os.mkdir": "pathlib.Path('made').mkdir()",
    "os.remove": "os.remove(b'server.db')",
    "os.rename": "os.rename('server.db', 'made')",
    "sqlite3.connect": "sqlite3.connect('made')",
    "os.exec": "os.execv('/bin/true', ['true'])",
}


@pytest.mark.parametrize(("event", "statement"), WAYS.items(), ids=WAYS)
def test_the_watch_knows_more_than_open(python312, event, statement):
    program = f"import os, pathlib, sqlite3\ntry: {statement}\nexcept (OSError, sqlite3.Error): pass"
    with pytest.raises(AssertionError, match=re.escape(f"[('{event}', ")):
        run_watched(python312.path, ["-I"], program, b"", {})


def test_what_the_watch_lets_pass(python312):
    """The interpreter's own files, files that are open already; the program is told nothing of the watch."""
    program = "import os, sqlite3, json.tool\nopen(0); sqlite3.connect(':memory:'); os.listdir('/proc/self/fd')\n"
    show = "print([name for name in vars() if not name.startswith('_')])"
    run = run_watched(python312.path, ["-I"], program + show, b"", {})
    assert (run.returncode, run.stdout, run.stderr) == (0, b"['os', 'sqlite3', 'json']\n", b"")


SITUATION = """
import json, os, resource, sys
os.set_blocking(0, False)
limits = ("AS", "DATA", "FSIZE", "CPU", "STACK", "CORE", "NOFILE", "SIGPENDING", "MSGQUEUE")
print(json.dumps({
    "limits": {name: resource.getrlimit(getattr(resource, "RLIMIT_" + name)) for name in limits},
    "env": dict(os.environ),
    "open": sorted(map(int, os.listdir("/proc/self/fd")))[:-1],  # the last is that of listdir itself
    "pid": int(open("/proc/self/stat").read().split()[0]) == os.getpid(),
    "seen": [os.path.isdir(os.getcwd()), os.stat("server.db").st_size, os.path.isfile("/etc/passwd")],
    "namespaces": [os.readlink("/proc/self/ns/" + name) for name in ("user", "net", "ipc", "uts")],
    "stdin": sys.stdin.buffer.raw.read(1),  # None: nothing yet, and not the end
    "privileges": [os.getuid() == os.geteuid() > 65535, os.getuid() == 0],
}))
"""


def test_the_situation_is_the_servers(python312):
    """Limits, environment and open files are what was asked for, and what cannot be read can be seen."""
    env = {"LC_ALL": "C.UTF-8", "NAME": "value"}
    run = run_diskless(python312.path, ["-I", "-c", SITUATION], b"", env, ram=RAM, cpu=7)
    assert (run.returncode, run.stderr) == (0, b"")
    reported = json.loads(run.stdout)
    ours = {str(path.readlink()) for path in Path("/proc/self/ns").iterdir() if path.name != "pid_for_children"}
    assert ours.isdisjoint(reported.pop("namespaces"))
    limits = {"AS": RAM, "DATA": RAM, "FSIZE": RAM, "CPU": 7, "STACK": MEBIBYTE, "CORE": 0, "NOFILE": 256}
    limits |= {"SIGPENDING": 2, "MSGQUEUE": 0}
    assert reported == {
        "limits": {name: [value, value] for name, value in limits.items()},
        "env": env,
        "open": [0, 1, 2],
        "pid": True,
        "seen": [True, len(b"of the server"), True],
        "stdin": None,
        "privileges": [True, False],
    }


def test_what_fails_before_the_command_starts_is_no_run(python312):
    with pytest.raises(HarnessError, match="could not be started: ValueError: embedded null"):
        run_diskless(python312.path, ["\0"], b"", {})


def answer(built: Build, python: str, body: bytes = b"") -> str:
    """Return what `built` answers, without its headers, once it is known to have ended well."""
    run = serve(built, python, body)
    assert (run.returncode, run.stderr) == (0, b""), run
    return run.stdout.decode().partition("\r\n\r\n")[2]


@pytest.mark.network
def test_greeter(tmp_path, python312):
    built = build(copy_fixture("greeter", tmp_path / "greeter"), env=environment(pip=True)).succeeded()
    body = json.dumps({"name": "Zoë", "language": "fr"}).encode()
    assert "Zoë" in json.loads(answer(built, python312.path, body))["message"]
    assert "World" in json.loads(answer(built, python312.path))["message"]


@pytest.mark.network
def test_namespaced(tmp_path, python312):
    built = build(copy_fixture("namespaced", tmp_path / "namespaced"), env=environment(pip=True)).succeeded()
    rows = dict(line.split() for line in answer(built, python312.path).splitlines() if len(line.split()) == 2)
    assert built.vendored.items() <= rows.items()
    assert rows["acme-report"] == "1.2.0"


def test_plain(tmp_path, python312):
    built = build(copy_fixture("plain", tmp_path / "plain")).succeeded()
    reported = json.loads(answer(built, python312.path, b'{"name": "Ada"}'))
    assert reported == {"message": "Hello, Ada!", "arguments": []}


MAIN = """
import json
from importlib import metadata
from importlib.resources import as_file, files

import sample.helper


def main():
    if input() == "fail":
        sample.helper.fail()
    print("Content-Type: application/json\\r\\n\\r")
    print(json.dumps({
        "text": files("sample").joinpath("data", "text.txt").read_text(encoding="utf-8"),
        "bytes": list(files("sample.data").joinpath("bytes.bin").read_bytes()),
        "names": sorted(entry.name for entry in files("sample").joinpath("data").iterdir()),
        "version": metadata.version("sample"),
        "scripts": [point.value for point in metadata.distribution("sample").entry_points],
        "modules": [sample.__file__, sample.helper.__file__],
    }))
"""
HELPER = """
def fail():
    raise ValueError("on purpose")  # this very line
"""


@pytest.fixture(scope="module", params=[True, False], ids=["bytecode", "source"])
def sample(request, tmp_path_factory, python312) -> tuple[bool, Build]:
    """Whether there is bytecode, and a project that reads its data and metadata, or fails."""
    files = {
        "sample/__init__.py": "",
        "sample/main.py": MAIN,
        "sample/helper.py": HELPER,
        "sample/data/text.txt": "für alle\n",
        "sample/data/bytes.bin": bytes((0, 255)),
    }
    root = write_project(
        tmp_path_factory.mktemp("sample"),
        files=files,
        options=f"bytecode = {str(request.param).lower()}\n",
        project='[project.scripts]\nsample = "sample.main:main"\n',
    )
    return request.param, build(root).succeeded()


def test_data_and_metadata(sample, python312):
    assert json.loads(answer(sample[1], python312.path, b"go\n")) == {
        "text": "für alle\n",
        "bytes": [0, 255],
        "names": ["bytes.bin", "text.txt"],
        "version": "0.1.0",
        "scripts": ["sample.main:main"],
        "modules": ["/os402/app/sample/__init__.py", "/os402/app/sample/helper.py"],
    }


def test_bytecode_is_not_compiled(sample, python312):
    bytecode, built = sample
    compiled = {path for path in serve(built, python312.path, b"go\n").compiled if path.startswith("/os402/app/sample")}
    assert compiled == (
        set() if bytecode else {f"/os402/app/sample/{name}.py" for name in ("__init__", "main", "helper")}
    )


def test_an_uncaught_exception_shows_its_line(sample, python312):
    run = serve(sample[1], python312.path, b"fail\n")
    assert run.returncode == 1
    reported = run.stderr.decode()
    assert 'raise ValueError("on purpose")  # this very line' in reported
    assert '"/os402/app/sample/helper.py", line 3, in fail' in reported
    assert reported.endswith("ValueError: on purpose\n")


DAMAGES = {
    "no size": lambda frame: b"x" + frame[1:],
    "no newline": lambda frame: frame.replace(b"\n", b" ", 1),
    "another first byte": lambda frame: frame.replace(b"\nPK", b"\nXK", 1),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_frame(sample, python312, damage):
    run = serve(sample[1], python312.path, b"go\n", frame=damage(sample[1][".stdin"]))
    assert (run.returncode, run.stdout) == (70, b"")
    (line,) = run.stderr.decode().splitlines()
    assert line.startswith("os402: damaged frame: ")
