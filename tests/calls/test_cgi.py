"""CGI as os402 reads and writes it (`webapp/handlers/cgi.rs`)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_os402.calls.cgi import CgiRequest, environment, parse
from hatch_os402.errors import NoResponseError

STATUSES = {
    "404": 404,
    "404 Not Found": 404,
    " 201": 201,
    "+204": 204,
    "999": 999,
    "99": 200,
    "1000": 200,
    "70000": 200,
    "-5": 200,
    "4 04": 200,
    "fine": 200,
    "": 200,
    "４０４": 200,  # other digits than Rust's
}


@pytest.mark.parametrize(("value", "status"), STATUSES.items())
def test_status(value, status):
    assert parse(f"StAtUs:{value}\r\n\r\n".encode()).status == status


def test_the_last_status_that_can_be_read_counts():
    assert parse(b"Status: 404\nStatus: no number\n\n").status == 404
    assert parse(b"Status: 404\nStatus: 20\n\n").status == 200


def test_headers():
    answer = parse(
        b"Text\r\n  X-One :  1  \r\nx-one: 2\r\nbad name: x\r\n: x\r\nX-Bad: a\0b\r\nX-Caf\xc3\xa9: x\r\n\r\nbody"
    )
    assert dict(answer.headers) == {
        "x-one": b"2",
        "content-type": b"text/plain",
        "access-control-allow-origin": b"*",
    }
    assert answer.body == b"body"
    assert parse(b"A: caf\xc3\xa9\n\n").headers[0] == ("a", "café".encode())
    # A type that is no value counts as one, so that there is none.
    assert "content-type" not in dict(parse(b"Content-Type: a\0\n\n").headers)


PIECES = st.sampled_from([b"\r\n", b"\n", b"\r", b":", b" ", b"Status", b"A", b"200", b"\0", b"\xff", b"x" * 50])


@given(st.lists(PIECES | st.binary(max_size=5), max_size=40).map(b"".join))
def test_any_output(output):
    try:
        answer = parse(output)
    except NoResponseError:
        answer = None
    assert (answer is None) == (b"\n\n" not in output and b"\r\n\r\n" not in output)
    if answer is None:
        return
    separator = b"\r\n\r\n" if b"\r\n\r\n" in output else b"\n\n"
    assert answer.body == output.split(separator, 1)[1]
    assert 100 <= answer.status <= 999
    names = [name for name, _ in answer.headers]
    assert len(set(names)) == len(names)
    assert "access-control-allow-origin" in names
    for name, value in answer.headers:
        assert re.fullmatch(r"[!#$%&'*+\-.^_`|~0-9a-z]+", name)
        assert not re.search(rb"[\0\r\n\x7f]", value)


def test_environment():
    headers = [
        ("Host", "one.example:8080"),
        ("Host", "two.example"),
        ("Content-Type", "a/b"),
        ("content-type", "c/d"),
        ("User-Agent", "one"),
        ("User-Agent", "two"),
        ("X-Some_Thing", "one"),
        ("x-some_thing", "two"),
        ("X-Latin", "caf\xe9"),
        ("Content-Length", "4"),
    ]
    request = CgiRequest("PATCH", "name", "/a%2Fb", "x=%20", headers, b"body")
    assert environment(request, "x86_64") == {
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REQUEST_METHOD": "PATCH",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "os402",
        "SERVER_ARCH": "x86_64",
        "CONTENT_LENGTH": "4",
        "PATH_INFO": "/a%2Fb",
        "SCRIPT_NAME": "/name.cgi",
        "REQUEST_URI": "/name.cgi/a%2Fb",
        "QUERY_STRING": "x=%20",
        "CONTENT_TYPE": "a/b",
        "HTTP_HOST": "one.example:8080",
        "SERVER_NAME": "one.example",
        "SERVER_PORT": "8080",
        "HTTP_USER_AGENT": "one",
        "HTTP_X_SOME_THING": "two",
        "HTTP_CONTENT_LENGTH": "4",
    }


def test_what_follows_the_ending_is_the_path():
    """os402 looks for the first `.cgi`, and takes one slash after it for its own."""
    for rest, path_info in (("", "/"), ("/", "/"), ("x", "/x"), ("//x", "//x"), ("/.cgi", "/.cgi")):
        assert environment(CgiRequest("GET", "name", rest), "x")["PATH_INFO"] == path_info
