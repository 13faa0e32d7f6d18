"""An index that is slow, or has no end, ends in one message; a build that takes long says what it is at."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from support.wheelcraft import make_wheel

from hatch_os402.errors import ResolutionError
from hatch_os402.resolution import pip_job, pip_process
from hatch_os402.resolution.pip_process import Host, run_pip
from hatch_os402.resolution.target import Target

X86 = Target("x86_64")
PAGE = b"<!DOCTYPE html><html><body>"
LINK = b'<a href="/files/lower-1.0-py3-none-any.whl">lower-1.0-py3-none-any.whl</a>\n'
OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: %s\r\n"
HTML, FILE = OK % b"text/html", OK % b"application/octet-stream"


@contextmanager
def served(answers):
    """Serve at 127.0.0.1: `answers` has what yields the bytes of an answer, by the start of its path; yield the URL.

    What was sent is counted in the list that is yielded too.
    """
    sent = [0]
    over = threading.Event()

    def answer(connection):
        with connection, suppress(OSError):
            path = connection.recv(65536).split(b" ")[1].decode()
            for start, make in answers.items():
                if path.startswith(start):
                    for part in make(over):
                        connection.sendall(part)
                        sent[0] += len(part)
                    return
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    def accept():
        with suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(listening.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}", sent
        finally:
            over.set()
            listening.shutdown(socket.SHUT_RDWR)


def whole(head, body):
    return lambda _: [head + b"Content-Length: %d\r\n\r\n" % len(body) + body]


def a_byte_at_a_time(head, declared=b"Content-Length: 100000\r\n"):
    def make(over):
        yield head + declared + b"\r\n"
        while not over.wait(0.05):
            yield b"x"

    return make


def endless(head, declared=b""):
    def make(over):
        yield head + declared + b"\r\n"
        while not over.is_set():
            yield b"<!-- x -->" * 1000

    return make


def headers_without_end(over):
    yield b"HTTP/1.1 200 OK\r\n"
    while not over.wait(0.05):
        yield b"X"


def nothing(over):
    over.wait()
    return iter(())


def downloaded(monkeypatch, tmp_path, answers, bounds, wanted="lower", **more):
    monkeypatch.setattr(pip_job, "BOUNDS", {**pip_job.BOUNDS, **bounds})
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with served(answers) as (url, sent):
        monkeypatch.setenv("PIP_INDEX_URL", f"{url}/simple/")
        arguments = ["download", "--no-deps", "--dest", str(tmp_path / "d")]
        wanted = wanted.format(url=url)
        try:
            return run_pip(arguments, X86, tmp_path, requirements=[(wanted, ())], doing="fetching", **more), sent[0]
        except ResolutionError as error:
            return error.message, sent[0]


INDEX = whole(HTML, PAGE + LINK)
SLOW = {
    "the page": {"/simple/": a_byte_at_a_time(HTML)},
    "the page without length": {"/simple/": a_byte_at_a_time(HTML, b"")},
    "the headers": {"/simple/": headers_without_end},
    "the answer": {"/simple/": nothing},
    "the file": {"/simple/": INDEX, "/files/": a_byte_at_a_time(FILE)},
    "the file without length": {"/simple/": INDEX, "/files/": a_byte_at_a_time(FILE, b"")},
}


@pytest.mark.once
@pytest.mark.parametrize("answers", SLOW.values(), ids=SLOW)
def test_a_byte_at_a_time_is_given_up(monkeypatch, tmp_path, answers):
    reported, _ = downloaded(monkeypatch, tmp_path, answers, {"grace": 1, "assumed": 0, "slowest": 1 << 30})
    assert "did not arrive within 1 seconds" in reported
    assert "while fetching" in reported
    assert "PIP_INDEX_URL" in reported


ENDLESS = {
    "the page": ({"/simple/": endless(HTML)}, "larger than it may be, 1,000,000"),
    "the file": ({"/simple/": INDEX, "/files/": endless(FILE)}, "larger than it may be, 1,000,000"),
    "a file that says so": (
        {"/simple/": INDEX, "/files/": endless(FILE, b"Content-Length: 3000000000\r\n")},
        "larger than it may be, 2,000,000",
    ),
    "a file with a known size": (
        {
            "/simple/": whole(
                OK % b"application/vnd.pypi.simple.v1+json",
                b'{"meta": {"api-version": "1.1"}, "name": "lower", "versions": ["1.0"], "files": [{"hashes": {}, '
                b'"filename": "lower-1.0-py3-none-any.whl", "url": "/files/lower-1.0-py3-none-any.whl", "size": 777}]}',
            ),
            "/files/": endless(FILE),
        },
        "larger than it may be, 777",
    ),
    "more links than anybody reads": ({"/simple/": whole(HTML, PAGE + LINK * 1000)}, "lists more than 500 files"),
}


@pytest.mark.once
@pytest.mark.parametrize(("answers", "expected"), ENDLESS.values(), ids=ENDLESS)
def test_what_has_no_end_is_given_up(monkeypatch, tmp_path, answers, expected):
    bounds = {"page": 1_000_000, "undeclared": 1_000_000, "file": 2_000_000, "links": 500}
    reported, sent = downloaded(monkeypatch, tmp_path, answers, bounds)
    assert expected in reported
    assert sent < 16_000_000  # what the two ends of a connection may hold


@pytest.mark.once
def test_what_is_within_its_bounds_arrives(monkeypatch, tmp_path):
    wheel = make_wheel(tmp_path, "lower", "1.0", {"lower.py": "x" * 100_000})
    answers = {"/simple/": INDEX, "/files/": whole(FILE, wheel.read_bytes())}
    size = wheel.stat().st_size
    downloaded(monkeypatch, tmp_path, answers, {"file": size, "undeclared": 1, "links": 1})
    assert (tmp_path / "d" / wheel.name).read_bytes() == wheel.read_bytes()


@pytest.mark.once
def test_what_takes_long_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(pip_process, "PROGRESS_AFTER", 0.7)
    lines = []
    answers = {"/simple/": INDEX, "/files/": a_byte_at_a_time(FILE)}
    bounds = {"grace": 4, "assumed": 0, "slowest": 1 << 30}
    downloaded(monkeypatch, tmp_path, answers, bounds, host=Host(progress=lines.append))
    assert any("/files/lower-1.0-py3-none-any.whl" in line for line in lines), lines
    assert all(line.startswith("still fetching, for ") for line in lines)


@pytest.mark.once
def test_pip_does_not_outlive_who_started_it(tmp_path):
    """A build that is killed leaves nothing behind that goes on asking an index."""
    program = (
        "import sys; from pathlib import Path\n"
        "from hatch_os402.resolution.pip_process import run_pip\n"
        "from hatch_os402.resolution.target import Target\n"
        "folder = Path(sys.argv[1])\n"
        "run_pip(['download', '--dest', str(folder)], Target('x86_64'), folder, requirements=[('lower', ())], doing='x')\n"
    )
    with served({"/simple/": nothing}) as (url, _):
        env = {**os.environ, "PIP_INDEX_URL": f"{url}/simple/", "PIP_NO_CACHE_DIR": "1"}
        started = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], env=env)
        with started:
            while not (tmp_path / "pip-download-x86_64.status.json").is_file():
                assert started.poll() is None
                time.sleep(0.05)
            children = Path(f"/proc/{started.pid}/task/{started.pid}/children").read_text().split()
            started.kill()
    (child,) = children
    deadline = time.monotonic() + 60
    while Path(f"/proc/{child}/cmdline").exists() and Path(f"/proc/{child}/cmdline").read_bytes():
        assert time.monotonic() < deadline, "pip goes on"
        time.sleep(0.05)
