"""What PEP 3333 asks of a server, a test for each row; and what os402 makes of an answer."""

from __future__ import annotations

import io
import sys
from wsgiref.validate import validator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.interfacing import Answer, Output, response, variables

from hatch_os402.launcher.inside.interfaces import _cgi, wsgi

TEXT = [("Content-Type", "text/plain")]


def call(app, method="GET", address="/", body=b"", environ=None, **headers) -> Answer:
    source = variables(method, address, body, **headers) | (environ or {})
    request = _cgi.variables(source)
    out, errors, raised = Output(), io.StringIO(), None
    answer = response(request, out)
    try:
        wsgi.respond(app, request, io.BytesIO(body), errors, answer)
    except BaseException as error:  # noqa: BLE001 - as the adapter itself
        _cgi.failed(error, answer)
        raised = error
    return Answer(out.getvalue(), out.seen, errors.getvalue(), raised)


def answering(*parts, status="200 OK", headers=TEXT):
    def app(environ, start_response):
        start_response(status, list(headers))
        return list(parts)

    return app


def environ_of(method="GET", address="/", body=b"", environ=None, **headers):
    got = {}

    def app(environ, start_response):
        got.update(environ, read=environ["wsgi.input"].read())
        start_response("200 OK", list(TEXT))
        return []

    assert call(app, method, address, body, environ, **headers).raised is None
    return got


# The specification: environ Variables


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({}, {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "/shop.cgi", "PATH_INFO": "/", "QUERY_STRING": ""}),
        ({"method": "PUT"}, {"REQUEST_METHOD": "PUT"}),
        ({"address": "/a/b?c=d&e"}, {"PATH_INFO": "/a/b", "QUERY_STRING": "c=d&e", "REQUEST_URI": "/shop.cgi/a/b"}),
        ({"address": "/%C3%A9%20%2Fx"}, {"PATH_INFO": "/\xc3\xa9 /x"}),  # bytes as Latin-1
        ({"address": "/100%25%zz%"}, {"PATH_INFO": "/100%%zz%"}),
        ({"address": "/?q=%C3%A9"}, {"QUERY_STRING": "q=%C3%A9"}),
        ({"environ": {"QUERY_STRING": "q=é"}}, {"QUERY_STRING": "q=\xc3\xa9"}),
        ({"body": b"abc", "content_type": "a/b"}, {"CONTENT_LENGTH": "3", "CONTENT_TYPE": "a/b", "read": b"abc"}),
        ({}, {"SERVER_NAME": "os402.example", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": ""}),
        ({"host": "a.example:8402"}, {"SERVER_NAME": "a.example", "SERVER_PORT": "8402"}),
        ({"host": "[::1]:8402"}, {"SERVER_NAME": "[::1]", "SERVER_PORT": "8402"}),
        ({"host": "[::1]"}, {"SERVER_NAME": "[::1]", "SERVER_PORT": "80"}),
        ({"host": "x:y"}, {"SERVER_NAME": "x", "SERVER_PORT": "80"}),
        ({"x_forwarded_proto": "https"}, {"wsgi.url_scheme": "https", "SERVER_PORT": "443"}),
        ({"x_forwarded_proto": "https, http"}, {"wsgi.url_scheme": "https"}),
        ({"x_forwarded_proto": "gopher"}, {"wsgi.url_scheme": "http"}),
        ({"environ": {"HTTPS": "on"}}, {"wsgi.url_scheme": "https"}),
        ({"x_own": "v", "cookie": "a=b"}, {"HTTP_X_OWN": "v", "HTTP_COOKIE": "a=b", "HTTP_HOST": "os402.example"}),
        ({}, {"wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input_terminated": True}),
        ({}, {"wsgi.multithread": False, "wsgi.multiprocess": True, "wsgi.run_once": True}),
    ],
)
def test_environ(sent, expected):
    environ = environ_of(**sent)
    assert {name: environ[name] for name in expected} == expected


def test_server_name_and_port_are_there_without_a_host():
    environ = wsgi.environ({"REQUEST_METHOD": "GET"}, io.BytesIO(), sys.stderr)
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("localhost", "80")
    given = wsgi.environ({"SERVER_NAME": "a", "SERVER_PORT": "81"}, io.BytesIO(), sys.stderr)
    assert (given["SERVER_NAME"], given["SERVER_PORT"]) == ("a", "81")


def test_what_is_no_part_of_the_request_is_left_out():
    environ = environ_of(
        environ={"SECRET": "s", "HOME": "/"}, content_length="5", transfer_encoding="chunked", content_type="a/b"
    )
    assert not {"SECRET", "HOME", "HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE", "HTTP_TRANSFER_ENCODING"} & environ.keys()


@given(st.text(st.characters(codec="ascii", exclude_characters="?#", min_codepoint=33), max_size=30))
def test_any_path_is_decoded_as_others_do(path):
    from urllib.parse import unquote_to_bytes

    assert _cgi.unquote("/" + path).encode("latin-1") == unquote_to_bytes("/" + path)


# The specification: Input and Error Streams


def test_the_streams():
    def app(environ, start_response):
        lines = [environ["wsgi.input"].readline(), *environ["wsgi.input"]]
        environ["wsgi.errors"].write("a\n")
        environ["wsgi.errors"].writelines(["b\n", "c\n"])
        environ["wsgi.errors"].flush()
        start_response("200 OK", list(TEXT))
        return lines

    answer = call(app, "POST", body=b"one\ntwo\nthree")
    assert (answer.body, answer.errors) == (b"one\ntwo\nthree", "a\nb\nc\n")


# The specification: The start_response() Callable


def test_an_answer():
    answer = call(answering(b"hello ", b"", b"world", headers=[*TEXT, ("X-Own", "v")]))
    assert answer.lines == ["Status: 200 OK", "Content-Type: text/plain", "X-Own: v"]
    assert (answer.status, answer.body, answer.raised) == (200, b"hello world", None)


@pytest.mark.parametrize("status", ["404 Not Found", "204 No Content", "599 Own", "999 Message here", "200"])
def test_status(status):
    assert call(answering(status=status)).status == int(status[:3])


@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [
        (200, TEXT, TypeError),
        (b"200 OK", TEXT, TypeError),
        ("OK", TEXT, ValueError),
        ("2000 OK", TEXT, ValueError),
        ("200 OK\r\nX: y", TEXT, ValueError),
        ("100 Continue", TEXT, ValueError),
        ("101 Switching Protocols", TEXT, ValueError),
        ("200 OK", tuple(TEXT), TypeError),
        ("200 OK", [["A", "b"]], TypeError),
        ("200 OK", [("A", "b", "c")], TypeError),
        ("200 OK", [("A", b"b")], TypeError),
        ("200 OK", [("A", 1)], TypeError),
        ("200 OK", [("A b", "c")], ValueError),
        ("200 OK", [("", "c")], ValueError),
        ("200 OK", [("A:", "c")], ValueError),
        ("200 OK", [("A", "b\r\nSet-Cookie: c")], ValueError),
        ("200 OK", [("A", "b\0")], ValueError),
        ("200 OK", [("A", "b\x7f")], ValueError),
        ("200 OK", [("A", "\u20ac")], ValueError),
        ("200 OK", [("Set-Cookie", "a=b\r\nX: y"), ("Set-Cookie", "c=d")], ValueError),
        ("200 OK\nX: y", TEXT, ValueError),
        ("200 OK", [("Status", "404")], ValueError),
        ("200 OK", [("Content-Length", "many")], ValueError),
        ("200 OK", [("Content-Length", "-1")], ValueError),
        *(("200 OK", [(name, "x")], ValueError) for name in sorted(_cgi.HOP_BY_HOP)),
        ("200 OK", [("CONNECTION", "close")], ValueError),
    ],
)
def test_what_is_wrong_with_the_head_is_refused(status, headers, error):
    def app(environ, start_response):
        start_response(status, headers)
        return [b"x"]

    answer = call(app)
    assert isinstance(answer.raised, error)
    assert (answer.status, answer.body) == (500, b"Internal Server Error")


def test_headers_wait_for_the_first_byte():
    seen = []

    def app(environ, start_response):
        start_response("200 OK", list(TEXT))
        yield b""
        seen.append(out.getvalue())
        yield b"a"
        seen.append(out.getvalue())
        yield b"b"

    out = Output()
    request = _cgi.variables(variables())
    wsgi.respond(app, request, io.BytesIO(), io.StringIO(), response(request, out))
    assert seen[0] == b""
    assert seen[1].endswith(b"\r\n\r\na")
    assert [part.rpartition(b"\n")[2] for part in out.seen] == [b"a", b"ab"]  # "must not delay the transmission"


def test_headers_are_sent_when_there_is_no_body():
    answer = call(answering(status="204 No Content", headers=[("X-Own", "v")]))
    assert answer.raw == b"Status: 204 No Content\r\nX-Own: v\r\n\r\n"


def test_start_response_may_come_with_the_first_byte():
    def app(environ, start_response):
        start_response("200 OK", list(TEXT))
        yield b"late"

    assert call(app).body == b"late"


def test_without_start_response_there_is_no_answer():
    assert isinstance(call(lambda environ, start_response: []).raised, AssertionError)
    answer = call(lambda environ, start_response: [b"x"])
    assert isinstance(answer.raised, AssertionError)
    assert answer.status == 500


def test_start_response_once():
    def app(environ, start_response):
        start_response("200 OK", list(TEXT))
        start_response("201 Created", list(TEXT))
        return []

    assert isinstance(call(app).raised, AssertionError)


def test_exc_info_replaces_what_was_not_sent():
    def app(environ, start_response):
        start_response("200 OK", [*TEXT, ("X-First", "1"), ("Set-Cookie", "a=b")])
        try:
            raise LookupError("x")  # noqa: TRY301 - as applications do
        except LookupError:
            start_response("503 Out", [("Content-Type", "text/html")], sys.exc_info())
        return [b"sorry"]

    answer = call(app)
    assert answer.raised is None
    assert answer.lines == ["Status: 503 Out", "Content-Type: text/html"]
    assert answer.body == b"sorry"


def test_exc_info_is_raised_when_headers_were_sent():
    def app(environ, start_response):
        start_response("200 OK", list(TEXT))
        yield b"first"
        try:
            raise LookupError("late")  # noqa: TRY301 - as above
        except LookupError:
            start_response("500 Late", list(TEXT), sys.exc_info())
        yield b"never"

    answer = call(app)
    assert isinstance(answer.raised, LookupError)
    assert answer.raised.__traceback__ is not None
    assert (answer.status, answer.body) == (200, b"first")


def test_write():
    def app(environ, start_response):
        write = start_response("200 OK", list(TEXT))
        write(b"a")
        write(b"")
        write(b"b")
        return [b"c"]

    answer = call(app)
    assert answer.body == b"abc"
    assert answer.seen[0].endswith(b"\r\n\r\na")


@pytest.mark.parametrize("part", ["text", bytearray(b"x"), None, 1])
def test_a_body_is_bytes(part):
    answer = call(answering(part))
    assert isinstance(answer.raised, TypeError)
    assert answer.status == 500


# The specification: Handling the Content-Length Header


def test_no_content_length_but_for_head():
    app = answering(b"12345", headers=[*TEXT, ("Content-Length", "5")])
    assert "content-length" not in call(app).headers
    head = call(app, "HEAD")
    assert head.headers == {"content-type": "text/plain", "content-length": "5"}
    assert head.body == b""


def test_no_more_than_the_content_length_is_sent(capsys):
    answer = call(answering(b"123", b"456", b"789", headers=[("Content-Length", "5")]))
    assert answer.body == b"12345"
    assert capsys.readouterr().err == ""


def test_less_than_the_content_length_is_told(capsys):
    assert call(answering(b"123", headers=[("Content-Length", "5")])).body == b"123"
    assert capsys.readouterr().err == "os402: the body is 2 bytes shorter than its Content-Length\n"


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_no_body_where_http_has_none(status, capsys):
    answer = call(answering(b"123", status=status, headers=[("Content-Length", "3"), ("ETag", '"x"')]))
    assert answer.raw == f'Status: {status}\r\nETag: "x"\r\n\r\n'.encode()
    assert capsys.readouterr().err == ""


# Iterables


@pytest.mark.parametrize("failing", [False, True])
def test_close_is_called_whatever_happens(failing):
    events = []

    class Result:
        def __iter__(self):
            yield b"a"
            if failing:
                raise LookupError("in the middle")

        def close(self):
            events.append("closed")

    def app(environ, start_response):
        start_response("200 OK", list(TEXT))
        return Result()

    answer = call(app)
    assert events == ["closed"]
    assert answer.body == b"a"
    assert isinstance(answer.raised, LookupError) == failing


def test_an_error_in_close_spoils_no_answer():
    class Result(list):
        def close(self):
            raise LookupError("closing")

    def app(environ, start_response):
        start_response("200 OK", list(TEXT))
        return Result([b"a"])

    answer = call(app)
    assert (answer.status, answer.body) == (200, b"a")
    assert isinstance(answer.raised, LookupError)


def test_an_error_before_the_first_byte_is_500():
    def app(environ, start_response):
        start_response("200 OK", [*TEXT, ("X-First", "1")])
        yield b""
        raise LookupError("early")

    answer = call(app)
    assert answer.lines == ["Status: 500 Internal Server Error", "Content-Type: text/plain; charset=utf-8"]
    assert isinstance(answer.raised, LookupError)


def test_500_to_head_has_no_body():
    assert call(lambda environ, start_response: 1 / 0, "HEAD").body == b""


def test_the_system_exits_too():
    def app(environ, start_response):
        raise SystemExit(3)

    answer = call(app)
    assert isinstance(answer.raised, SystemExit)
    assert answer.status == 500


# What os402 makes of it


def test_repeated_headers_are_joined():
    """os402 keeps the last of a name; RFC 9110, 5.3."""
    answer = call(answering(headers=[("Vary", "Cookie"), ("X", "y"), ("vary", "Accept"), ("Set-Cookie", "a=b")]))
    assert answer.headers["vary"] == "Cookie, Accept"
    assert answer.lines[1:] == ["Vary: Cookie, Accept", "X: y", "Set-Cookie: a=b"]


def test_of_a_header_with_one_value_the_last_counts():
    answer = call(answering(headers=[*TEXT, ("content-type", "a/b"), ("Location", "/a"), ("Location", "/b")]))
    assert answer.headers == {"content-type": "a/b", "location": "/b"}


@pytest.mark.parametrize("value", ["\xe9", "\xc3\xa9"])
def test_a_value_beyond_ascii_arrives(value):
    """os402 reads the head as UTF-8 and puts U+FFFD for anything else."""
    assert call(answering(headers=[("X", value)])).headers["x"] == "é"


def test_a_body_with_a_separator_in_it():
    assert call(answering(b"a\n\nb\r\n\r\nc")).body == b"a\n\nb\r\n\r\nc"


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
@pytest.mark.parametrize("address", ["/", "/a%20b?c=d"])
def test_the_validator_finds_nothing(method, address):
    def app(environ, start_response):
        body = environ["wsgi.input"].read(10)
        environ["wsgi.errors"].write("x")
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body] if method != "HEAD" else []

    answer = call(validator(app), method, address, b"" if method in {"GET", "HEAD"} else b"body", cookie="a=b")
    assert answer.raised is None
    assert answer.status == 200
