"""The MCP adapter as it runs inside an archive: what a request is answered with, and what a command line gives."""

from __future__ import annotations

import json

import pytest
from support import launching
from support.once import once_but

TOOLS = '''
"""Tools."""
from __future__ import annotations
import asyncio, dataclasses, datetime, decimal, enum, os, sys, uuid
from typing import Annotated, Any, Literal, NamedTuple, Optional, TypedDict, NotRequired

print("printed while it is imported")


class Unit(enum.Enum):
    C = "celsius"
    F = "fahrenheit"


@dataclasses.dataclass(frozen=True)
class Place:
    lat: float
    lon: float

    def __post_init__(self):
        if not -90 <= self.lat <= 90:
            raise ValueError("there is no such latitude")


class Point(NamedTuple):
    x: int
    y: int = 0


@dataclasses.dataclass
class Ge:
    ge: int


def forecast(place: Place, days: Annotated[int, Ge(1)] = 1, unit: Unit = Unit.C, *, tags: list[str] | None = None):
    """Forecast the weather."""
    print("printed while it runs")
    os.write(2, b"")
    return {"place": place, "days": days, "unit": unit, "tags": tags}


def everything():
    moment = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.timezone.utc)
    return {
        "c": datetime.date(2026, 1, 31),
        Unit.F: [moment, uuid.UUID(int=1), decimal.Decimal("0.10"), b"\\xff\\x00", Point(1), {3, 1, 2}, (1, 2),
                 frozenset({"a"}), None, True],
        1: Unit.F,
        "x": iter([1]),
    }


async def slowly(seconds: float = 0) -> str:
    await asyncio.sleep(seconds)
    return "größe ☃"


def fail(how: str = "raise"):
    if how == "exit":
        sys.exit("done")
    if how == "object":
        return object()
    if how == "nan":
        return float("nan")
    if how == "half":
        return "\\ud800"
    raise LookupError("no such thing: ☃")


def echo(value: Any):
    return value


def nothing():
    pass


@dataclasses.dataclass
class Picky:
    word: str

    def __post_init__(self):
        if self.word == "key":
            raise KeyError(self.word)


def picky(one: Picky):
    return one.word


def mixed(value: int | float | str | list[int]):
    return [type(value).__name__, value]
'''
JSON = b"Content-Type: application/json\r\n\r\n"
NAMES = ("forecast", "everything", "slowly", "fail", "echo", "nothing", "mixed", "picky")


@pytest.fixture(scope="module")
def several(python312):
    tools = tuple((name, f"app.tools:{name}") for name in NAMES)
    files = {"app/__init__.py": "", "app/tools.py": TOOLS}
    return launching.archive(files, "", interface="mcp", tools=tools, compiled_by=python312.path)


@pytest.fixture
def ask(several, tmp_path, python312):
    def call(tool, body=b"", *, how="ours", **more):
        given = body if isinstance(body, bytes) else json.dumps(body).encode()
        arguments = () if tool is None else (tool,)
        return launching.run(
            several,
            tmp_path,
            *arguments,
            how=how,
            python=python312.path,
            body=given,
            GATEWAY_INTERFACE="CGI/1.1",
            **more,
        )

    return call


def answer(result):
    """Return the status and the content of an answer."""
    assert result.code == 0
    head, _, body = result.out.partition(b"\r\n\r\n")
    status, *headers = head.decode().split("\r\n")
    assert headers == ["Content-Type: application/json"]
    assert status.startswith("Status: ")
    return int(status.split()[1]), json.loads(body)


def test_a_result(ask):
    result = ask("forecast", {"place": {"lat": 1, "lon": 2.5}, "tags": ["a"]})
    content = {"place": {"lat": 1.0, "lon": 2.5}, "days": 1, "unit": "celsius", "tags": ["a"]}
    assert answer(result) == (200, content)
    assert result.err == "printed while it is imported\nprinted while it runs\n"


def test_an_answer_is_written_to_the_byte(ask):
    body = b'"gr\xc3\xb6\xc3\x9fe \xe2\x98\x83"'
    assert ask("slowly").out == b"Status: 200 OK\r\n" + JSON + body


@pytest.mark.parametrize("how", launching.WITH_BODY)
def test_every_launcher_serves(how, ask):
    assert answer(ask("echo", {"value": {"größe": [1, "☃"]}}, how=how)) == (200, {"größe": [1, "☃"]})


def test_what_has_a_counterpart_in_json(ask):
    assert answer(ask("everything")) == (
        200,
        {
            "c": "2026-01-31",
            "fahrenheit": [
                "2026-01-31T12:00:00+00:00",
                "00000000-0000-0000-0000-000000000001",
                "0.10",
                "/wA=",
                {"x": 1, "y": 0},
                [1, 2, 3],
                [1, 2],
                ["a"],
                None,
                True,
            ],
            "1": "fahrenheit",
            "x": [1],
        },
    )


REFUSED = [
    ({}, "place", "an object", "nothing"),
    ({"place": {"lat": 1}}, "place.lon", "a number", "nothing"),
    ({"place": {"lat": "x", "lon": 1}}, "place.lat", "a number", '"x"'),
    ({"place": {"lat": True, "lon": 1}}, "place.lat", "a number", "true"),
    ({"place": {"lat": 91, "lon": 1}}, "place", "what Place accepts (there is no such latitude)", "an object of 2"),
    ({"place": {"lat": 1, "lon": 1, "z": 1}}, "place.z", "a known name (lat, lon)", '"z"'),
    ({"place": "{"}, "place", "an object (or its JSON text)", '"{"'),
    ({"place": "[]"}, "place", "an object (or its JSON text)", '"[]"'),
    ({"place": {"lat": 1, "lon": 1}, "days": 0}, "days", "an integer of at least 1", "0"),
    ({"place": {"lat": 1, "lon": 1}, "days": 1.5}, "days", "an integer", "1.5"),
    ({"place": {"lat": 1, "lon": 1}, "days": "1"}, "days", "an integer", '"1"'),
    ({"place": {"lat": 1, "lon": 1}, "unit": "C"}, "unit", 'one of "celsius", "fahrenheit"', '"C"'),
    ({"place": {"lat": 1, "lon": 1}, "tags": ["a", 1]}, "tags[1]", "a string", "1"),
    ({"place": {"lat": 1, "lon": 1}, "tags": 5}, "tags", "an array or null", "5"),
    ({"place": {"lat": 1, "lon": 1}, "größe 1": 5}, '["größe 1"]', "a known name (place, days, unit, tags)", '"größe 1"'),
    ([], "", "an object", "an array of 0"),
    ("text", "", "an object (or its JSON text)", '"text"'),
    (b"{", "", "a JSON object", "what is no JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
    (b'{"place": NaN}', "", "a JSON object", "what is no JSON: NaN is not JSON"),
    (b"\xff", "", "a JSON object", "what is no JSON: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
    (b"[" * 100_000, "", "a JSON object", "what is no JSON: more than 128 levels"),
    (b"9" * 5000, "", "a JSON object", None),
    (b'{"place": "' + b"[" * 100_000 + b'"}', "place", "an object (or its JSON text)", None),
]  # fmt: skip


# The conversion is compared with the schema in `tests/tools/test_agreement.py`: here each Python tries a value, a text,
# and what is no JSON.
@pytest.mark.parametrize(("body", "path", "expected", "got"), once_but(REFUSED, REFUSED[3], REFUSED[6], REFUSED[17]))
def test_arguments_that_are_refused(body, path, expected, got, ask):
    result = ask("forecast", body)
    status, content = answer(result)
    assert status == 400
    assert (content["error"]["path"], content["error"]["expected"]) == (path, expected)
    assert content["error"]["got"] == got or (got is None and len(content["error"]["got"]) < 200)
    assert result.err == "printed while it is imported\n"


@pytest.mark.parametrize(
    ("body", "content"),
    [
        ({"place": '{"lat": 1, "lon": 2}', "tags": '["a"]'}, {"lat": 1.0, "lon": 2.0}),
        (b'\xef\xbb\xbf{"place": {"lat": 1, "lon": 2}, "tags": ["a"]}', {"lat": 1.0, "lon": 2.0}),
        ('{"place": {"lat": 1, "lon": 2}, "tags": ["a"]}', {"lat": 1.0, "lon": 2.0}),
    ],
)
def test_json_texts_are_parsed(body, content, ask):
    status, found = answer(ask("forecast", body))
    assert (status, found["place"], found["tags"]) == (200, content, ["a"])


@pytest.mark.parametrize(
    ("how", "kind", "message"),
    [
        ("raise", "LookupError", "no such thing: ☃"),
        ("exit", "SystemExit", "done"),
        ("object", "TypeError", "a object has no counterpart in JSON"),
        ("nan", "ValueError", "Out of range float values are not JSON compliant"),
    ],
)
def test_exceptions(how, kind, message, ask):
    result = ask("fail", {"how": how})
    status, content = answer(result)
    assert (status, content["error"]["type"]) == (500, kind)
    assert content["error"]["message"].startswith(message)  # a Python may say more
    printed = result.err.splitlines()
    if how == "raise":
        line = 1 + TOOLS.split("\n").index('    raise LookupError("no such thing: ☃")')
        assert printed[1:3] == [
            "Traceback (most recent call last):",
            f'  File "/os402/app/app/tools.py", line {line}, in fail',
        ]
    assert "_os402" not in result.err
    assert kind in printed[-1]


def test_a_class_that_fails_otherwise_than_by_its_values(ask):
    assert answer(ask("picky", {"one": {"word": "a"}})) == (200, "a")
    assert answer(ask("picky", {"one": {"word": "key"}})) == (500, {"error": {"type": "KeyError", "message": "'key'"}})


def test_half_a_character_is_escaped(ask):
    assert ask("fail", {"how": "half"}).out.endswith(b'"\\ud800"')


@pytest.mark.parametrize("body", [b"", b" \n", {}, {"value": None}])
def test_no_arguments(body, ask):
    tool = "nothing" if body != {"value": None} else "echo"
    assert answer(ask(tool, body)) == (200, None)


@pytest.mark.parametrize(
    ("value", "found"),
    [(1, ["int", 1]), (1.0, ["int", 1]), (1.5, ["float", 1.5]), ("[1]", ["str", "[1]"]), ([1], ["list", [1]])],
)
def test_the_first_kind_that_fits(value, found, ask):
    assert answer(ask("mixed", {"value": value})) == (200, found)


@pytest.mark.parametrize("tool", ["none", None])
def test_a_tool_that_there_is_not(tool, ask):
    status, content = answer(ask(tool))
    assert status == 404
    assert content == {"error": {"path": "", "expected": f"a tool: {', '.join(NAMES)}", "got": tool or ""}}


def test_a_large_result(ask):
    text = "☃" * 1_000_000
    assert answer(ask("echo", {"value": text})) == (200, text)


@pytest.mark.parametrize("how", ["ours", "pyz"])
def test_one_tool(how, tmp_path, python312):
    data = launching.archive({"app.py": TOOLS}, "app:forecast", interface="mcp", compiled_by=python312.path)
    body = b'{"place": {"lat": 1, "lon": 2}}'
    found = launching.run(
        data, tmp_path, "ignored", how=how, python=python312.path, body=body, GATEWAY_INTERFACE="CGI/1.1"
    )
    assert answer(found)[1]["days"] == 1


@pytest.fixture
def command(several, tmp_path, python312):
    def run(*arguments, stdin=b""):
        return launching.run(several, tmp_path, *arguments, how="pyz", python=python312.path, body=stdin)

    return run


@pytest.mark.parametrize(("arguments", "stdin"), [(('{"value": "☃"}',), b""), ((), '{"value": "☃"}'.encode())])
def test_from_a_command_line(arguments, stdin, command):
    result = command("echo", *arguments, stdin=stdin)
    assert (result.code, result.out) == (0, '"☃"\n'.encode())


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "usage: app.pyz TOOL [ARGUMENTS as JSON]; the tools are forecast"),
        (("none",), 2, "the tools are forecast"),
        (("forecast", "--help"), 2, "place, [days], [unit], [tags]"),
        (("forecast", "{}", "{}"), 2, "place, [days]"),
        (("forecast", '{"place": {"lat": 1}}'), 2, "app.pyz: place.lon: expected a number, got nothing"),
        (("forecast", "[]"), 2, "app.pyz: expected an object, got an array of 0"),
        (("fail",), 1, "LookupError: no such thing"),
    ],
)
def test_a_command_line_that_is_wrong(arguments, code, words, command):
    result = command(*arguments)
    assert (result.code, result.out) == (code, b"")
    assert words in result.err
