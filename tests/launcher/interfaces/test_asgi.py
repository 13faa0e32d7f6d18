"""What ASGI 3.0 asks of a server, a test for each row; and what os402 makes of an answer."""

from __future__ import annotations

import asyncio
import io

import pytest
from support.interfacing import Answer, Output, response, variables

from hatch_os402.launcher.inside.interfaces import _cgi, asgi

TEXT = [(b"content-type", b"text/plain")]
START = {"type": "http.response.start", "status": 200, "headers": TEXT}
BODY = {"type": "http.response.body", "body": b"hello"}


def call(app, method="GET", address="/", body=b"", environ=None, out=None, **headers) -> Answer:
    request = _cgi.variables(variables(method, address, body, **headers) | (environ or {}))
    out, errors = out or Output(), io.StringIO()
    answer = response(request, out)
    raised = asyncio.run(asgi.respond(app, request, io.BytesIO(body), errors, answer))
    if raised is not None:
        _cgi.failed(raised, answer)
    return Answer(out.getvalue(), out.seen, errors.getvalue(), raised)


def http(function):
    """Make an application of a coroutine function of an HTTP request, without a lifespan."""

    async def app(scope, receive, send):
        if scope["type"] == "http":
            await function(scope, receive, send)

    return app


def sending(*messages):
    @http
    async def app(scope, receive, send):
        for message in messages:
            await send(message)

    return app


def scope_of(*arguments, **keywords):
    got = {}

    @http
    async def app(scope, receive, send):
        got.update(scope)
        await send(START)
        await send(BODY)

    assert call(app, *arguments, **keywords).raised is None
    return got


# "HTTP Connection Scope"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({}, {"type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1"}),
        ({"method": "put"}, {"method": "PUT"}),
        ({}, {"scheme": "http", "server": ("os402.example", 80), "client": None}),
        ({"x_forwarded_proto": "https"}, {"scheme": "https", "server": ("os402.example", 443)}),
        ({"host": "[::1]:8402"}, {"server": ("[::1]", 8402)}),
        ({}, {"path": "/shop.cgi/", "root_path": "/shop.cgi", "raw_path": b"/shop.cgi"}),
        (
            {"address": "/%C3%A9%20%2F?a=%C3%A9"},
            {"path": "/shop.cgi/é /", "raw_path": b"/shop.cgi/%C3%A9%20%2F", "query_string": b"a=%C3%A9"},
        ),
        ({"address": "/%FF"}, {"path": "/shop.cgi/\ufffd", "raw_path": b"/shop.cgi/%FF"}),
        ({"environ": {"SERVER_PROTOCOL": "HTTP/2"}}, {"http_version": "2"}),
        ({}, {"state": {}}),
    ],
)
def test_scope(sent, expected):
    scope = scope_of(**sent)
    assert {name: scope[name] for name in expected} == expected


def test_headers_are_pairs_of_bytes():
    scope = scope_of("POST", "/", b"abc", content_type="a/b", x_own="V", transfer_encoding="chunked")
    assert sorted(scope["headers"]) == [
        (b"content-length", b"3"),
        (b"content-type", b"a/b"),
        (b"host", b"os402.example"),
        (b"x-own", b"V"),
    ]


# "Request" and "Disconnect"


@pytest.mark.parametrize("size", [0, 1, asgi.CHUNK, asgi.CHUNK + 1, 3 * asgi.CHUNK])
def test_the_body_comes_in_chunks(size):
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    messages = []

    @http
    async def app(scope, receive, send):
        while not messages or messages[-1]["more_body"]:
            messages.append(await receive())
        await send(START)
        await send(BODY)

    assert call(app, "POST", body=body).raised is None
    assert b"".join(message["body"] for message in messages) == body
    assert {message["type"] for message in messages} == {"http.request"}
    assert max(len(message["body"]) for message in messages) <= asgi.CHUNK
    assert len(messages) == max(1, -(-size // asgi.CHUNK))


def test_disconnect_comes_when_the_answer_is_complete():
    events = []

    @http
    async def app(scope, receive, send):
        await receive()
        waiting = asyncio.ensure_future(receive())
        await send(START)
        await send({**BODY, "more_body": True})
        await asyncio.sleep(0)
        events.append(waiting.done())
        await send(BODY)
        events.append(await waiting)
        events.append(await receive())

    assert call(app).body == b"hellohello"
    assert events == [False, {"type": "http.disconnect"}, {"type": "http.disconnect"}]


def test_a_body_that_nobody_reads_is_no_trouble():
    assert call(sending(START, BODY), "POST", body=b"x" * 100_000).body == b"hello"


# "Response Start" and "Response Body"


def test_an_answer():
    answer = call(sending({**START, "headers": [*TEXT, (b"x-own", b"v")]}, BODY))
    assert answer.lines == ["Status: 200", "content-type: text/plain", "x-own: v"]
    assert (answer.body, answer.raised) == (b"hello", None)


def test_headers_may_be_left_out_and_be_any_iterable_of_pairs():
    assert call(sending({"type": "http.response.start", "status": 204}, {"type": "http.response.body"})).status == 204
    listed = {**START, "headers": ([name, value] for name, value in TEXT)}
    assert call(sending(listed, BODY)).headers == {"content-type": "text/plain"}


def test_nothing_is_sent_before_the_first_body():
    seen = []

    @http
    async def app(scope, receive, send):
        await send(START)
        seen.append(out.getvalue())
        await send({**BODY, "body": b"", "more_body": True})
        seen.append(out.getvalue())
        await send({**BODY, "more_body": True})
        seen.append(out.getvalue())
        await send({"type": "http.response.body"})

    out = Output()
    answer = call(app, out=out)
    head = b"Status: 200\r\ncontent-type: text/plain\r\n\r\n"
    assert seen == [b"", head, head + b"hello"]
    assert answer.seen[:2] == [head, head + b"hello"]


def test_what_comes_after_the_answer_is_ignored():
    assert call(sending(START, BODY, BODY, START, {"type": "http.response.trailers"})).body == b"hello"


@pytest.mark.parametrize("body", [bytearray(b"hello"), memoryview(b"hello")])
def test_bytes_of_any_kind(body):
    assert call(sending(START, {**BODY, "body": body})).body == b"hello"


@pytest.mark.parametrize(
    ("messages", "error"),
    [
        ([BODY], RuntimeError),
        ([START, START], RuntimeError),
        ([{**START, "status": "200"}], TypeError),
        ([{**START, "status": 101}], ValueError),
        ([{**START, "headers": [("a", "b")]}], TypeError),
        ([{**START, "headers": [(b"a", "b")]}], TypeError),
        ([{**START, "headers": [(b"a", b"b\r\nc: d")]}], ValueError),
        ([{**START, "headers": [(b":status", b"200")]}], ValueError),
        ([START, {**BODY, "body": "text"}], TypeError),
        ([{**START, "trailers": True}], RuntimeError),
        ([START, {"type": "http.response.trailers", "headers": []}], RuntimeError),
        ([START, {"type": "http.response.pathsend", "path": "/etc/hosts"}], RuntimeError),
        ([START, {"type": "http.response.zerocopysend", "file": 0}], RuntimeError),
        ([{"type": "http.response.push", "path": "/"}], RuntimeError),
        ([{"type": "http.response.early_hint", "links": []}], RuntimeError),
        ([{"type": "websocket.accept"}], RuntimeError),
        ([START], RuntimeError),
        ([], RuntimeError),
    ],
)
def test_what_is_wrong_is_raised_from_send(messages, error):
    answer = call(sending(*messages))
    assert type(answer.raised) is error
    assert (answer.status, answer.body) == (500, b"Internal Server Error")


def test_the_scope_offers_no_extension():
    assert not scope_of().get("extensions")


def test_headers_about_the_connection_are_left_out():
    """As servers do: libraries for server-sent events send them."""
    answer = call(
        sending({**START, "headers": [(b"connection", b"keep-alive"), (b"Transfer-Encoding", b"chunked")]}, BODY)
    )
    assert answer.lines == ["Status: 200"]


def test_content_length_is_for_head_alone():
    app = sending({**START, "headers": [(b"content-length", b"5")]}, BODY)
    assert call(app).lines == ["Status: 200"]
    assert call(app, "HEAD").raw == b"Status: 200\r\ncontent-length: 5\r\n\r\n"


def test_an_answer_that_ends_too_early_is_told():
    answer = call(sending(START, {**BODY, "more_body": True}))
    assert answer.body == b"hello"
    assert "its answer is not complete" in str(answer.raised)


def test_an_error_after_the_answer_spoils_nothing():
    @http
    async def app(scope, receive, send):
        await send(START)
        await send(BODY)
        raise LookupError

    answer = call(app)
    assert (answer.status, answer.body, type(answer.raised)) == (200, b"hello", LookupError)


def test_send_raises_oserror_when_nobody_reads():
    raised = []

    class Gone(Output):
        def write(self, data):
            raise BrokenPipeError

    @http
    async def app(scope, receive, send):
        await receive()
        await send(START)
        try:
            await send({**BODY, "more_body": True})
        except OSError as error:
            raised.append(type(error))
        raised.append((await receive())["type"])
        raise LookupError

    request = _cgi.variables(variables())
    answer = asyncio.run(asgi.respond(app, request, io.BytesIO(), io.StringIO(), response(request, Gone())))
    assert raised == [BrokenPipeError, "http.disconnect"]
    assert type(answer) is LookupError


# What goes on beside the answer


def test_tasks_of_the_request_are_finished():
    done = []

    async def later():
        await asyncio.sleep(0.01)
        done.append(1)
        asyncio.get_running_loop().create_task(last())

    async def last():
        await asyncio.sleep(0.01)
        done.append(2)

    tasks = []

    @http
    async def app(scope, receive, send):
        tasks.append(asyncio.ensure_future(later()))
        await send(START)
        await send(BODY)

    assert call(app).body == b"hello"
    assert done == [1, 2]


# "Lifespan Protocol"


def living(events, *, startup=("lifespan.startup.complete",), shutdown=("lifespan.shutdown.complete",), message="why"):
    async def app(scope, receive, send):
        events.append(scope["type"])
        if scope["type"] == "http":
            events.append(dict(scope["state"]))
            scope["state"]["mine"] = True
            await send(START)
            await send(BODY)
            return
        assert scope["asgi"] == {"version": "3.0", "spec_version": "2.0"}
        for answers in (startup, shutdown):
            events.append((await receive())["type"])
            scope["state"]["pool"] = "open"
            for kind in answers:
                await send({"type": kind, "message": message})
                if kind.endswith("failed"):
                    raise LookupError("after it was told")

    return app


def test_lifespan_goes_around_the_request():
    events = []
    answer = call(living(events))
    assert (answer.body, answer.errors, answer.raised) == (b"hello", "", None)
    assert events == ["lifespan", "lifespan.startup", "http", {"pool": "open"}, "lifespan.shutdown"]


def test_a_failed_startup_is_500_with_its_reason(capsys):
    events = []
    answer = call(living(events, startup=["lifespan.startup.failed"]))
    assert (answer.status, answer.body) == (500, b"Internal Server Error")
    assert answer.errors == "os402: the application did not start: why\n"
    assert events == ["lifespan", "lifespan.startup"]
    assert isinstance(answer.raised, SystemExit)


def test_a_failed_shutdown_is_told():
    answer = call(living([], shutdown=["lifespan.shutdown.failed"], message=""))
    assert answer.body == b"hello"
    assert answer.errors == "os402: the application did not stop: the application gives no reason\n"


@pytest.mark.parametrize("how", ["raises", "returns", "asserts"])
def test_lifespan_need_not_be_supported(how, capsys):
    async def app(scope, receive, send):
        if scope["type"] == "lifespan" and how == "returns":
            return
        if scope["type"] != "http":
            raise ValueError("only http") if how == "raises" else AssertionError
        await send(START)
        await send(BODY)

    assert call(app).body == b"hello"
    assert capsys.readouterr().err == ""


def test_an_error_in_startup_is_shown_and_the_request_is_answered(capsys):
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            raise LookupError("no database")
        await send(START)
        await send(BODY)

    assert call(app).body == b"hello"
    assert "LookupError: no database" in capsys.readouterr().err


def test_a_wrong_message_of_lifespan_is_refused(capsys):
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            await send(START)
        await send(START)
        await send(BODY)

    assert call(app).body == b"hello"
    assert "is no message of lifespan" in capsys.readouterr().err


def test_shutdown_comes_after_an_error_too():
    events = []
    inner = living(events)

    async def app(scope, receive, send):
        if scope["type"] == "http":
            raise LookupError
        await inner(scope, receive, send)

    answer = call(app)
    assert answer.status == 500
    assert events[-1] == "lifespan.shutdown"


def test_workers_of_the_lifespan_are_not_waited_for():
    ended = []

    async def worker():
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append(True)

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            task = asyncio.ensure_future(worker())
            await send({"type": "lifespan.startup.complete"})
            await receive()
            task.cancel()
            await send({"type": "lifespan.shutdown.complete"})
            return
        await send(START)
        await send(BODY)

    assert call(app).body == b"hello"
    assert ended == [True]


# "WebSocket"


def test_websockets_are_refused_with_a_reason():
    def app(scope, receive, send):
        raise AssertionError("called")

    answer = call(app, connection="Upgrade", upgrade="websocket")
    assert answer.status == 501
    assert answer.body == b"os402 has no WebSockets: a call is one request and one answer\n"
