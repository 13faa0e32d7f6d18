"""The fixture with MCP tools: built, described, called by a real MCP client, signed, published and verified."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from support.browser import browsing
from support.buildproject import build, copy_fixture, environment, write_project
from support.diskless import run_diskless

from hatch_os402 import launcher
from hatch_os402.cli import main

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "sandbox"))  # noqa: PTH118, PTH120 - its gatewaycraft
from support.gatewaycraft import LIMIT, alive, descendants, serving, soon

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.skipif(sys.platform != "linux", reason="os402's sandbox is Linux's"), pytest.mark.once]

TOOLS = ("forecast", "convert", "archive", "ask")
MARKER = "4bad" * 16
PLACE = {"latitude": 50, "longitude": 8.5, "name": "Größenwahn"}


@pytest.fixture(scope="module")
def weather(tmp_path_factory) -> Path:
    """The fixture's copy, built."""
    root = copy_fixture("weather", tmp_path_factory.mktemp("weather") / "project")
    built = build(root)
    assert built.code == 0, built.err
    assert (
        "read 4 signatures by running the project's code: imported weather.later, weather.tools with CPython"
        in built.err
    )
    assert "without files and network" in built.err
    return root


@pytest.fixture(scope="module")
def payloads(weather) -> dict[str, Any]:
    """Tool → the payload of its offer."""
    return {name: json.loads(offer(weather, name).read_bytes())["payload"] for name in TOOLS}


def offer(root: Path, tool: str) -> Path:
    return root / "dist" / f"weather-0.1.0.{tool}.offer.json"


def test_each_tool_has_an_offer(weather, payloads):
    record = json.loads((weather / "dist/weather-0.1.0.build.json").read_bytes())
    assert list(record["tools"]) == list(TOOLS)
    assert record["project"]["entry_point"] == ""
    digests = {item["offer"] for item in record["tools"].values()}
    assert digests == {json.loads(offer(weather, name).read_bytes())["sha256"] for name in TOOLS}
    assert len(digests) == 4
    for name, payload in payloads.items():
        assert payload["name"] == name
        assert payload["exec"]["args"] == [*launcher.ARGS, name]
        for key in ("input_schema", "output_schema"):
            jsonschema.Draft202012Validator.check_schema(payload[key])
    assert payloads["forecast"]["description"] == "Forecast the weather at a place."
    days = payloads["forecast"]["input_schema"]["properties"]["days"]
    assert days == {"type": "integer", "minimum": 1, "maximum": 14, "default": 3, "description": "How many days."}
    assert payloads["archive"]["input_schema"]["properties"]["stations"]["description"] == "Their names."
    assert payloads["ask"]["input_schema"]["required"] == ["question"]


def test_the_source_says_the_same(weather, tmp_path):
    root = copy_fixture("weather", tmp_path / "project")
    table = "[tool.hatch.build.targets.os402]\n"
    text = (root / "pyproject.toml").read_text()
    (root / "pyproject.toml").write_text(text.replace(table, f'{table}schema = "static"\n'))
    built = build(root)
    assert "read the signatures of 4 tools from the source, which was not run" in built.err
    assert {name: content for name, content in built.ours.items() if name.endswith(".json")} == {
        path.name: path.read_bytes() for path in (weather / "dist").glob("*.json")
    }


CALLS = [
    ("forecast", {"place": PLACE, "start": "2026-01-31", "days": 2, "unit": "fahrenheit"}, None),
    ("forecast", {"place": json.dumps(PLACE), "start": "2026-01-31"}, None),
    ("forecast", {"place": {"latitude": 91, "longitude": 0}, "start": "2026-01-31"}, (400, "place.latitude")),
    ("forecast", {"place": PLACE}, (400, "start")),
    ("forecast", {"place": PLACE, "start": "31.1.2026"}, (400, "start")),
    ("forecast", {"place": PLACE, "start": "2026-01-31", "dayz": 1}, (400, "dayz")),
    ("convert", {"value": "10.5", "source": "m/s"}, None),
    ("convert", {"value": -1, "source": "m/s"}, (500, "ValueError")),
    ("archive", {"stations": ["☃"], "kilobytes": 1024}, None),
    ("ask", {"question": "Wird es schön", "ticket": "12345678-1234-1234-1234-123456789abc"}, None),
]


def served_tools(*what: Any, folder: Path, mode: str = "auto") -> tuple[dict[str, Any], list[Any]]:
    """Start `hatch-os402 mcp` as a client does; return the tools by name, and the results of `CALLS`."""

    async def ask() -> tuple[dict[str, Any], list[Any]]:
        with (folder / "log").open("w") as log:
            started = StdioServerParameters(
                command=sys.executable,
                args=["-m", "hatch_os402.cli", "mcp", *map(str, what)],
                env=environment(PIP_NO_INDEX="1"),
            )
            async with Client(stdio_client(started, errlog=log), mode=mode) as client:
                listed = await client.list_tools()
                results = [await client.call_tool(name, arguments) for name, arguments, _ in CALLS]
        return {tool.name: tool for tool in listed.tools}, results

    return asyncio.run(ask())


def check_results(tools, results, payloads):
    assert set(tools) == set(TOOLS)
    for (name, _, failure), result in zip(CALLS, results, strict=True):
        text = result.content[0].text
        assert result.is_error is (failure is not None), text
        if failure is None:
            answer = json.loads(text)
            jsonschema.Draft202012Validator(payloads[name]["output_schema"]).validate(answer)
            wrapped = tools[name].output_schema != payloads[name]["output_schema"]
            assert result.structured_content == ({"result": answer} if wrapped else answer)
            jsonschema.Draft202012Validator(tools[name].output_schema).validate(result.structured_content)
            continue
        status, where = failure
        assert text.startswith(f"Backend error ({status}): ")
        error = json.loads(text.partition(": ")[2])["error"]
        assert where in {error.get("path"), error.get("type")}
    days = json.loads(results[0].content[0].text)["days"]
    assert [day["notes"] for day in days] == [[], ["☔ Größere Schauer"]]
    assert results[6].structured_content == {"result": "37.80"}
    assert len(base64.b64decode(results[8].structured_content["☃"])) == 1 << 20
    assert results[9].structured_content["text"].startswith("Wird es schön? Again: Ja, öfter ☀.")


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_client_calls_a_projects_tools(mode, weather, payloads, tmp_path):
    tools, results = served_tools(weather, folder=tmp_path, mode=mode)
    check_results(tools, results, payloads)
    for name, payload in payloads.items():
        assert tools[name].input_schema == payload["input_schema"]
        assert tools[name].description == payload["description"]
    # What the tools print, and tracebacks, are for whoever started the server.
    log = (tmp_path / "log").read_text()
    assert "forecasting Größenwahn" in log
    assert "ValueError: no wind is as slow as -1 m/s ☹" in log


def test_a_client_calls_one_artifact(weather, tmp_path):
    async def ask():
        started = StdioServerParameters(
            command=sys.executable,
            args=["-m", "hatch_os402.cli", "mcp", str(offer(weather, "ask"))],
            env=environment(),
        )
        async with Client(stdio_client(started)) as client:
            listed = await client.list_tools()
            failed = await client.call_tool("forecast", {})
        return [tool.name for tool in listed.tools], failed

    names, failed = asyncio.run(ask())
    assert names == ["ask"]
    assert (failed.is_error, failed.content[0].text) == (True, "there is no tool 'forecast'; there are: ask")


@pytest.mark.parametrize(("how", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (None, 0)])
def test_it_stops_and_leaves_nothing(how, status, weather):
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    messages = (
        {"id": 1, "method": "initialize", "params": hello},
        {"id": 2, "method": "tools/call", "params": {"name": "ask", "arguments": {"question": "x"}}},
    )
    command = [sys.executable, "-m", "hatch_os402.cli", "mcp", str(weather)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=environment(PIP_NO_INDEX="1"), **pipes) as process:
        try:
            for message in messages:
                process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
                process.stdin.flush()
                assert json.loads(process.stdout.readline())["id"] == message["id"]
            family = {process.pid, *descendants(process.pid)}
            assert len(family) > 1
            process.stdin.close() if how is None else process.send_signal(how)  # its stdin stays open then
            assert process.wait(LIMIT) == status
            assert soon(lambda: not alive(family))
        finally:
            process.kill()


def test_a_client_calls_a_gateway(weather, payloads, tmp_path):
    with serving(tmp_path / "serve.log", weather) as served:
        tools, results = served_tools(served.url, folder=tmp_path)
        check_results(tools, results, payloads)
        reply = served.call("/ask.cgi", "POST", json={"question": "Wie"}, headers={"X-402-Key": MARKER})
        assert (reply.status_code, reply.json()["number"]) == (200, 3)
    gone, _ = served_tools_of_nobody(served.url, tmp_path)
    assert gone == []
    assert "cannot be reached" in (tmp_path / "log").read_text()


def served_tools_of_nobody(url: str, folder: Path) -> tuple[list[str], Any]:
    async def ask():
        with (folder / "log").open("w") as log:
            started = StdioServerParameters(
                command=sys.executable, args=["-m", "hatch_os402.cli", "mcp", url], env=environment()
            )
            async with Client(stdio_client(started, errlog=log)) as client:
                listed = await client.list_tools()
                return [tool.name for tool in listed.tools], await client.call_tool("ask", {})

    return asyncio.run(ask())


@pytest.mark.parametrize(("tool", "arguments"), [(name, arguments) for name, arguments, _ in CALLS])
def test_the_callers_key_is_nowhere(tool, arguments, weather, python312):
    frame = (weather / "dist/weather-0.1.0.stdin").read_bytes()
    arguments = {**arguments, **({"environment": True} if tool == "ask" else {})}
    body = json.dumps(arguments).encode()
    variables = {"HTTP_X_402_KEY": MARKER, "HTTP_X_PAYMENT": MARKER, "CONTENT_LENGTH": str(len(body))}
    env = {"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "POST", **variables}
    found = run_diskless(python312.path, [*launcher.ARGS[1:], tool], frame + body, env)
    assert b"\r\n\r\n" in found.stdout
    if tool == "ask":
        assert b"REQUEST_METHOD=POST" in found.stdout
    assert MARKER.encode() not in found.stdout + found.stderr


def test_the_page_has_a_form_for_each_tool(weather, tmp_path):
    with browsing() as browser, serving(tmp_path / "log", weather) as served:
        browser.open(served.url)
        assert sorted(
            browser.run("return [...document.querySelectorAll('article h2')].map(one => one.textContent)")
        ) == [*("archive", "ask", "convert", "forecast")]
        # Only the article of the tool that is tried stays, so that selectors mean its elements.
        browser.run(
            "for (const one of document.querySelectorAll('article'))"
            " if (one.querySelector('h2').textContent !== 'forecast') one.remove()"
        )
        assert browser.text("article p") == "Forecast the weather at a place."
        assert browser.text("input[name=days] + small") == "How many days."
        browser.write("textarea[name=place]", json.dumps(PLACE, ensure_ascii=False))
        browser.write("input[name=days]", "15")
        browser.click("button")
        refused = browser.text("output .bad")
        assert '"path": "days"' in refused or '"path": "start"' in refused  # the date is still empty
        browser.run("document.querySelector('[name=start]').value = '2026-01-31'")
        browser.write("input[name=days]", "2")
        browser.click("button")
        browser.text("output .good")  # waits for it
        answer = browser.run("return document.querySelector('output .good').textContent")
        assert [day for day in ("2026-01-31", "2026-02-01") if f'"date": "{day}"' in answer] == [
            "2026-01-31",
            "2026-02-01",
        ]
        assert '"name": "Größenwahn"' in answer
        reported = [line for line in browser.errors() if "400 (Bad Request)" not in line]
        assert reported == []


def cli(capfd, *arguments: Any) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments)])
    out, err = capfd.readouterr()
    return (1, out, ended.value.code) if isinstance(ended.value.code, str) else (ended.value.code or 0, out, err)


def test_commands_know_the_offers_of_a_build(weather, tmp_path, capfd):
    code, out, err = cli(capfd, "run", weather, "--tool", "convert", "-d", '{"value": 1, "source": "m/s"}')
    assert (code, out) == (0, '"3.60"'), err
    code, _, err = cli(capfd, "run", weather)
    assert code == 1
    assert "there are several tools" in err
    assert "  --tool forecast\n" in err
    assert (
        "has no tool 'none'; its tools: forecast, convert, archive, ask"
        in cli(capfd, "run", weather, "--tool", "none")[2]
    )
    code, out, _ = cli(capfd, "run", offer(weather, "ask"), "-d", '{"question": "x"}')
    assert (code, json.loads(out)["number"]) == (0, 1)
    code, out, err = cli(capfd, "inspect", weather)
    assert code == 0
    assert "ask: weather.later:ask" in out


def test_sign_publish_and_verify(weather, tmp_path, capfd, monkeypatch):
    root = tmp_path / "project"
    copied = shutil.copytree(weather, root)
    key = tmp_path / "key"
    key.write_text("11" * 32)
    code, out, err = cli(capfd, "sign", root, "--key", f"@{key}")
    assert code == 0, err
    assert {path.name for path in (copied / "dist").glob("*.signed.json")} == {
        f"weather-0.1.0.{name}.offer.signed.json" for name in TOOLS
    }
    code, out, err = cli(capfd, "verify", root)
    assert code == 0, out + err
    assert "signed offer of ask" in out
    monkeypatch.setenv("X402_KEY", f"@{key}")
    monkeypatch.chdir(root)
    owner = json.loads(offer(root, "ask").with_suffix("").with_suffix(".offer.signed.json").read_text())["payload"][
        "owner"
    ]
    with serving(tmp_path / "log", "--owner", owner) as served:
        code, out, err = cli(capfd, "publish", "--url", served.url)
        assert code == 0, err
        assert served.call("/offers").json()["count"] == 4
        assert served.call("/convert.cgi", "POST", json={"value": 1, "source": "m/s"}).text == '"3.60"'
    offer(root, "ask").write_bytes(offer(root, "convert").read_bytes())
    code, out, err = cli(capfd, "verify", root)
    assert code == 1


def test_a_tool_that_is_renamed_leaves_no_offer(tmp_path):
    root = copy_fixture("weather", tmp_path / "project")
    assert build(root).code == 0
    text = (root / "pyproject.toml").read_text()
    (root / "pyproject.toml").write_text(text.replace("ask = ", "enquire = "))
    built = build(root)
    assert built.code == 0, built.err
    assert {name for name in built.artifacts if name.endswith(".offer.json")} == {
        f"weather-0.1.0.{name}.offer.json" for name in ("forecast", "convert", "archive", "enquire")
    }
    cleaned = build(root, "-t", "os402", "--clean-only")
    assert [name for name in cleaned.artifacts if name.startswith("weather")] == []


def project(folder: Path, source: str, *, options: str = "", offered: str = "", **files: str) -> Path:
    table = 'interface = "mcp"\nentry-point = "sample.tools:tool"\n'
    return write_project(
        folder,
        files={"sample/__init__.py": "", "sample/tools.py": source, **files},
        options=f"bytecode = false\n{options or table}",
        offer=f"valid-until = 2030-01-01T00:00:00Z\n{offered}",
    )


def test_one_tool(tmp_path):
    root = project(tmp_path, "def tool(a: int) -> int:\n    '''Do it.'''\n    return a + 1\n")
    built = build(root).succeeded()
    payload = json.loads(built[".offer.json"])["payload"]
    assert (payload["name"], payload["description"]) == ("tool", "Do it.")
    assert payload["exec"]["args"] == list(launcher.ARGS)
    assert payload["output_schema"] == {"type": "integer"}
    assert not [path for path in built.members if "wsgi" in path or "asgi" in path]
    assert [path for path in built.members if path.startswith("_os402/interfaces/mcp")]


def test_what_is_written_by_hand_wins_and_nothing_is_run(tmp_path):
    root = project(
        tmp_path,
        "raise SystemExit('it ran')\ndef tool(a: int) -> int:\n    '''Do it.'''\n",
        offered='name = "other"\ninput-schema = "in.json"\noutput-schema = {type = "number"}\n',
        **{"in.json": '{"type": "object", "title": "mine"}'},
    )
    built = build(root).succeeded()
    assert "read" not in built.err.replace("read_", "")
    payload = json.loads(built[".offer.json"])["payload"]
    assert (payload["name"], payload["description"]) == ("other", "Do it.")
    assert payload["input_schema"] == {"title": "mine", "type": "object"}
    assert payload["output_schema"] == {"type": "number"}


NO_SCHEMA = [
    ("import pathlib\ndef tool(a: pathlib.Path): ...", "sample.tools:tool: a: pathlib.Path has no counterpart in JSON"),
    ("def tool(*a: int): ...", "sample.tools:tool: *a: callers give arguments by name"),
    ("def other(): ...", "it cannot be imported: AttributeError: module 'sample.tools' has no attribute 'tool'"),
    ("import nothing", "sample.tools:tool: it cannot be imported: ModuleNotFoundError: No module named 'nothing'"),
    ("raise SystemExit('no')", "sample.tools:tool: it cannot be imported: SystemExit: no"),
    ("tool = 5", "sample.tools:tool: it is no function of Python, but a int"),
    ("import os\nos._exit(3)", "the process that imports the project ended with exit code 3 and no answer"),
    (
        "def tool(a: float = 1.6666666666666667e-6): ...",
        "the input schema of the tool 'tool' cannot be offered: `properties.a.default` in the schema is",
    ),
    ("open('/etc/hostname')", "it cannot be imported: FileNotFoundError: [Errno 2] No such file or directory"),
]


@pytest.mark.parametrize(("source", "why"), NO_SCHEMA)
def test_no_schema(source, why, tmp_path):
    reported = build(project(tmp_path, source)).refused()
    assert why in reported
    assert "may fail" not in reported, "the error says it"
    assert not list(tmp_path.glob("dist/*.json"))


def test_there_is_no_network_while_importing(tmp_path):
    source = "import socket\nsocket.create_connection(('127.0.0.1', {}), timeout=3)\ndef tool(): ..."
    with socket.create_server(("127.0.0.1", 0)) as listening:
        reported = build(project(tmp_path, source.format(listening.getsockname()[1]))).refused()
        listening.settimeout(0)
        with pytest.raises(BlockingIOError):  # nobody came
            listening.accept()
    assert "it cannot be imported: " in reported


def test_every_tool_without_a_schema_is_named(tmp_path):
    source = "def one(*a): ...\ndef two(b: object, /): ...\ndef three(): '''Fine.'''\n"
    tools = "bytecode = false\n[tool.hatch.build.targets.os402.tools]\n" + "".join(
        f'{name} = "sample.tools:{name}"\n' for name in ("one", "two", "three")
    )
    reported = build(project(tmp_path, source, options=tools.removeprefix("bytecode = false\n"))).refused()
    assert "2 tools have no schema:" in reported
    assert "sample.tools:one: *a:" in reported
    assert "sample.tools:two: b: it is positional-only" in reported


def test_prints_while_importing_do_not_disturb(tmp_path):
    source = "import os\nprint('hello')\nos.write(1, b'raw')\ndef tool(): '''Do.'''\n"
    built = build(project(tmp_path, source)).succeeded()
    assert json.loads(built[".offer.json"])["payload"]["name"] == "tool"


def test_a_tool_without_a_docstring_is_warned_of(tmp_path):
    built = build(project(tmp_path, "def tool(): ...")).succeeded()
    assert "the tool 'tool' has no description" in built.err
    assert "description" not in json.loads(built[".offer.json"])["payload"]
