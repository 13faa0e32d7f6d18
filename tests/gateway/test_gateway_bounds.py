"""What a gateway takes, all together: one clear answer beyond each bound, and the others go on."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import socket
import sys
import threading
from pathlib import Path

import pytest
from support.gatewaycraft import LIMIT, alive, serving, soon
from support.offering import KEY
from support.programs import offer_of, write_offer
from test_serve import HELLO, SLOW, STATIC, put, signed_offer, with_executable

from hatch_os402.offer.signing import complete, sign

pytestmark = [pytest.mark.skipif(sys.platform != "linux", reason="os402's sandbox is Linux's"), pytest.mark.once]

SUM = "import sys, hashlib; print('A: b\\r\\n\\r\\n' + hashlib.sha256(sys.stdin.buffer.read()).hexdigest(), end='')"


@contextlib.contextmanager
def connected(served):
    with socket.create_connection(("127.0.0.1", int(served.url.rpartition(":")[2])), LIMIT) as client:
        yield client


def answer_of(client):
    """Return status and body of what comes until the connection ends."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while part := client.recv(1 << 16):
            received += part
    head, _, body = received.partition(b"\r\n\r\n")
    return (int(head.split()[1]), json.loads(body), head) if received else (None, None, b"")


BEGUN = b"POST /hello.cgi HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture(scope="module")
def hurried(tmp_path_factory):
    """A gateway without patience, and with little room."""
    folder = tmp_path_factory.mktemp("hurried")
    write_offer(folder, HELLO, name="hello")
    write_offer(folder, SLOW, name="slow")
    write_offer(folder, SUM, name="sum")
    bounds = {"header_time": 3, "idle_time": 3, "body": 4 << 20, "bodies": 6 << 20, "in_memory": 1000, "calls": 3}
    with serving(folder / "log", folder, "--owner", KEY.address, bounds=bounds) as served:
        yield served


def test_headers_that_do_not_end(hurried):
    with connected(hurried) as client:
        client.sendall(BEGUN)
        status, body, _ = answer_of(client)
        assert (status, body) == (408, {"error": "The headers of the request did not come within 3 seconds"})


def test_headers_that_come_byte_by_byte(hurried):
    """Time runs from their beginning, whatever comes meanwhile."""
    with connected(hurried) as client:

        def drip():
            with contextlib.suppress(OSError):
                for byte in BEGUN * 1000:
                    client.sendall(bytes([byte]))
                    ended.wait(0.05)

        ended = threading.Event()
        thread = threading.Thread(target=drip)
        thread.start()
        with contextlib.suppress(ConnectionError):
            assert answer_of(client)[0] == 408
        ended.set()
        client.close()
        thread.join()


def test_a_connection_that_asks_nothing(hurried):
    with connected(hurried) as client:
        assert client.recv(1) == b""


def test_a_body_that_stops(hurried):
    for path in (b"/hello.cgi", b"/0"):
        with connected(hurried) as client:
            method = b"POST" if b"cgi" in path else b"PUT"
            client.sendall(method + b" " + path + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n")
            client.sendall(b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x")
            status, body, head = answer_of(client)
            assert (status, body) == (408, {"error": "Nothing came of the body for 3 seconds"})
            assert b"connection: close" in head.lower()


def test_a_body_that_is_too_large(hurried):
    """By what it says, and by what comes; the client hears of it, although it still sends."""
    for content in (bytes(5_000_000), iter([bytes(1 << 20)] * 5)):
        answer = hurried.call("/hello.cgi", "POST", content=content)
        assert answer.status_code == 413
        assert answer.json() == {"error": "The body is larger than 4,194,304 bytes, the limit of this gateway"}


def test_a_body_that_goes_on_after_its_answer(hurried):
    with connected(hurried) as client:
        client.sendall(BEGUN + b"Transfer-Encoding: chunked\r\n\r\n")
        with pytest.raises(ConnectionError):
            while True:
                client.sendall(b"10000\r\n" + bytes(1 << 16) + b"\r\n")


def test_a_large_body_arrives_whole(hurried):
    for size in (0, 999, 1000, 1001, 3_000_000):
        content = os.urandom(size)
        answer = hurried.call("/sum.cgi", "POST", content=content)
        assert answer.text == hashlib.sha256(content).hexdigest()


def test_all_bodies_together(hurried):
    """Those beyond the bound are refused, and what they used is free again."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connected(hurried)) for _ in range(3)]
        for client in clients:
            client.sendall(BEGUN + b"Content-Length: 4000000\r\n\r\n" + bytes(3_000_000))
        statuses = sorted(answer_of(client)[0] for client in clients)
        assert statuses == [408, 408, 503]
    assert hurried.call("/sum.cgi", "POST", content=bytes(4_000_000)).status_code == 200


def test_calls_that_run_or_wait(hurried):
    family = hurried.family()
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            client = stack.enter_context(connected(hurried))
            client.sendall(b"GET /slow.cgi HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert soon(lambda: hurried.call("/hello.cgi").status_code == 503)
        answer = hurried.call("/hello.cgi")
        assert answer.json() == {"error": "3 calls run or wait here already"}
        assert answer.headers["retry-after"] == "1"
        assert hurried.call("/offers").status_code == 200
    assert soon(lambda: hurried.call("/hello.cgi").status_code == 200)
    assert soon(lambda: hurried.family() <= family | hurried.family())


def test_connections(tmp_path):
    write_offer(tmp_path, HELLO, name="hello")
    with serving(tmp_path / "log", tmp_path, bounds={"connections": 4}) as served:
        with contextlib.ExitStack() as stack:
            for _ in range(4):
                stack.enter_context(connected(served)).sendall(BEGUN)
            with connected(served) as client:
                assert answer_of(client)[:2] == (503, {"error": "More than 4 connections are open here"})
        assert soon(lambda: served.call("/hello.cgi").status_code == 200)


def test_memory_does_not_grow_with_bodies(tmp_path):
    """20 clients with an unfinished body of 20 MB each."""
    write_offer(tmp_path, HELLO, name="hello")
    with serving(tmp_path / "log", tmp_path) as served:

        def resident():
            status = Path(f"/proc/{served.process.pid}/status").read_text()
            return int(status.partition("VmRSS:")[2].split()[0]) >> 10  # MiB

        assert served.call("/hello.cgi").text == "hello"
        before = resident()
        with contextlib.ExitStack() as stack:
            for _ in range(20):
                client = stack.enter_context(connected(served))
                client.sendall(BEGUN + b"Content-Length: 20000001\r\n\r\n" + bytes(20_000_000))
            assert served.call("/hello.cgi").text == "hello"
            assert resident() - before < 100


def test_what_is_kept_of_uploads(tmp_path):
    bounds = {"programs": 2, "uploads": 3_000_000}
    with serving(tmp_path / "log", "--owner", KEY.address, bounds=bounds) as served:

        def private(name, size):
            stdin = bytes(size)
            part = {"stdin_private": True, "stdin_sha256": hashlib.sha256(stdin).hexdigest()}
            return put(served, signed_offer(name=name, exec=part), stdin=stdin)

        assert private("one", 1_000_000).status_code == 201
        assert private("one", 1_000_000).status_code == 201  # again: it takes no more room
        refused = private("two", 2_000_001)
        assert refused.status_code == 503
        assert refused.json() == {"error": "This gateway keeps 3,000,000 bytes of uploads at most: restart it"}
        content = STATIC + bytes(2_000_001)
        assert put(served, with_executable(content, name="exe"), exe_x86_64=content).status_code == 503
        assert served.call("/exe").status_code == served.call("/two").status_code == 404
        assert private("two", 1_000_000).status_code == 201
        refused = private("three", 1)
        assert refused.json() == {"error": "This gateway keeps 2 uploaded offers at most: restart it"}


def test_kill_9_leaves_no_uploaded_executable(tmp_path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    with serving(tmp_path / "log", "--owner", KEY.address, TMPDIR=str(folder)) as served:
        assert put(served, with_executable(STATIC), exe_x86_64=STATIC).status_code == 201
        assert served.call("/static.cgi").text == "from the executable itself"
        assert [path for path in folder.rglob("*") if path.is_file()]
        family = served.family()
        os.kill(served.process.pid, signal.SIGKILL)
        assert soon(lambda: alive(family) == set())
        assert list(folder.iterdir()) == []


def test_what_others_say_does_not_command_a_terminal(tmp_path):
    """Names of offers, addresses that are called, and error output."""
    name = "evil\x1b]0;taken\x07\nhatch-os402: forged"
    signed = sign(
        complete(offer_of("import sys; sys.stderr.write('\\x1b[2Jwiped\\x9b1m')", name=name), KEY.address), KEY
    )
    with serving(tmp_path / "log", "--owner", KEY.address) as served:
        assert put(served, signed).status_code == 201
        served.call(f"/{signed.sha256}.cgi")
        assert served.logged("wiped")
        log = served.log.read_text()
    assert not set(log) & {"\x1b", "\x07", "\x9b"}
    assert r"evil\x1b]0;taken\x07\nhatch-os402: forged" in log
    assert r"\x1b[2Jwiped\x9b1m" in log
