"""Offers as MCP tools: names, schemas, structured results, and servers that answer as they should not."""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import json
import re
import threading

import jsonschema
import pytest

from hatch_os402.cli import main
from hatch_os402.errors import CallError
from hatch_os402.mcpserver.offers import Answer, Offered, by_name
from hatch_os402.mcpserver.remote import RemoteOffers


def offered(sha256="ab" * 32, **payload):
    return Offered(None, sha256, payload)


@pytest.mark.parametrize(
    ("schema", "result"),
    [
        ({"type": "object", "title": "t"}, {"type": "object", "title": "t"}),
        ({"properties": {}}, {"type": "object", "properties": {}}),
        (None, {"type": "object", "properties": {"input": {"type": "string"}}}),
        (True, {"type": "object", "properties": {"input": {"type": "string"}}}),
    ],
)
def test_input_schemas(schema, result):
    assert offered(input_schema=schema).input_schema == result


NODE = {"Node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}}


@pytest.mark.parametrize(
    ("schema", "body", "structured"),
    [
        ({"type": "object"}, b'{"a": 1}', {"a": 1}),
        ({"type": "object"}, b"[1]", None),
        ({"type": "array"}, b"[1]", {"result": [1]}),
        ({"type": "null"}, b"null", {"result": None}),
        ({"$ref": "#/$defs/Node", "$defs": NODE}, b'{"next": {}}', {"result": {"next": {}}}),
        ({"type": "string"}, b"no JSON", None),
        (None, b'{"a": 1}', None),
    ],
)
def test_structured_results(schema, body, structured):
    one = offered(output_schema=schema)
    assert one.structured(Answer(200, body)) == structured
    assert one.structured(Answer(500, body)) is None
    if schema is not None:
        assert one.output_schema["type"] == "object"
        jsonschema.Draft202012Validator.check_schema(one.output_schema)
    if structured is not None:
        jsonschema.Draft202012Validator(one.output_schema).validate(structured)


def test_names():
    offers = [
        offered("a" * 64, name="forecast"),
        offered("b" * 64, name="forecast"),
        offered("c" * 64, name="größe: über/alles " + "x" * 80),
        offered("d" * 64),
        offered("e" * 64, name="☃"),
    ]
    assert list(by_name(offers)) == [
        "forecast",
        "forecast_bbbbbbbbbbbb",
        ("gr_e_ber_alles_" + "x" * 80)[:64],
        "dddddddddddd",
        "_",
    ]
    assert all(len(name) <= 64 for name in by_name(offers))


@contextlib.contextmanager
def serving(answers):
    """Serve `answers`, path → status and body; yield the address and the requests that came."""
    came = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            size = int(self.headers.get("Content-Length") or 0)
            came.append((self.command, self.path, dict(self.headers), self.rfile.read(size)))
            status, body = answers.get(self.path, (404, b"nothing"))
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815 - http.server's names

        def log_message(self, *_arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", came
        finally:
            server.shutdown()
            thread.join()


def ask(url, do, **headers):
    async def run():
        async with RemoteOffers(url, headers) as remote:
            return await do(remote)

    return asyncio.run(run())


def test_a_server_is_listed_and_called():
    sha256 = "12" * 32
    listed = json.dumps({"offers": {sha256: {"name": "one"}}, "count": 1}).encode()
    with serving({"/offers": (200, listed), f"/{sha256}.cgi": (200, b'"done"')}) as (url, came):

        async def both(remote):
            (one,) = await remote.offers()
            return one, await remote.call(one, b'{"a": 1}')

        one, answer = ask(f"{url}/", both, **{"X-402-Key": "secret"})
    assert (one.sha256, one.payload, answer) == (sha256, {"name": "one"}, Answer(200, b'"done"'))
    (_, _, headers, _), (method, path, called, body) = came
    assert (method, path, body) == ("POST", f"/{sha256}.cgi", b'{"a": 1}')
    assert called["Content-Type"] == "application/json"
    assert headers["X-402-Key"] == called["X-402-Key"] == "secret"


@pytest.mark.parametrize("body", [b"no JSON", b"\xff", b"null", b'{"offers": ' + b"[" * 100_000], ids=range(4))
def test_an_answer_that_is_no_list_is_an_error_without_the_password(body):
    with serving({"/offers": (200, body)}) as (url, _), pytest.raises(CallError, match="no list of offers") as caught:
        ask(url.replace("://", "://me:hunter2@"), lambda remote: remote.offers())
    assert f"{url}/offers" in caught.value.message
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize("url", ["http://me:hunter2@127.0.0.1:1", "http://me:hunter2/x@127.0.0.1"])
def test_a_server_that_cannot_be_reached_is_named_without_the_password(url):
    with pytest.raises(CallError, match="cannot be reached") as caught:
        ask(url, lambda remote: remote.offers())
    assert "hunter2" not in caught.value.message


def test_a_result_that_nests_without_end_is_text():
    assert offered(output_schema={"type": "object"}).structured(Answer(200, b"[" * 100_000)) is None


def test_a_server_that_wants_to_be_paid():
    with serving({f"/{'ab' * 32}.cgi": (402, b"pay")}) as (url, _):
        answer = ask(url, lambda remote: remote.call(offered(), b"{}"))
    assert answer.status == 402
    assert answer.is_error
    assert "asks for payment" in answer.text
    assert answer.text.endswith("It answered: pay")


@pytest.mark.parametrize(
    "answer", [(200, b"no JSON"), (200, b"[]"), (200, b'{"offers": [1]}'), (404, b"{}"), (302, b"")]
)
def test_an_address_that_is_no_server(answer):
    with serving({"/offers": answer}) as (url, came):
        with pytest.raises(CallError, match=r"answers \d+ and no list of offers"):
            ask(url, lambda remote: remote.offers())
        assert [path for _, path, _, _ in came] == ["/offers"]  # a key in a header follows no redirect


def test_a_server_that_is_not_there():
    with serving({}) as (url, _):
        pass
    with pytest.raises(CallError, match="cannot be reached") as caught:
        ask(url, lambda remote: remote.offers(), **{"X-402-Key": "secret"})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("header", ["no colon secret", "X 402: secret", "X-402-Key: @/nowhere/secret"])
def test_headers_that_are_none(header, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["mcp", "http://127.0.0.1:9", "--header", header])
    assert ended.value.code == 2
    assert "secret" not in capsys.readouterr().err.replace("/nowhere/secret", "")


def test_without_an_argument_the_project_is_that_of_the_current_folder_or_above_it(tmp_path, monkeypatch):
    """As for every other command: an archive that happens to lie in the current folder is not what is served."""
    (inner := tmp_path / "shop" / "src").mkdir(parents=True)
    (inner / "app.pyz").write_bytes(b"")
    monkeypatch.chdir(inner)
    with pytest.raises(SystemExit, match=re.escape(f"there is no pyproject.toml in {inner} or above it.")):
        main(["mcp"])
    (tmp_path / "shop/pyproject.toml").write_text("no TOML")
    with pytest.raises(SystemExit, match=re.escape(f"{tmp_path / 'shop/pyproject.toml'} cannot be read")):
        main(["mcp"])
