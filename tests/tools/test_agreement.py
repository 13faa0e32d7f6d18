"""A tool's schema and its conversion agree: what one accepts the other accepts, and nothing else."""

# ruff: noqa: UP006, UP007, UP045, PYI061 - both ways to write a union are meant

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import decimal
import enum
import functools
import json
import operator
import typing
import uuid

import jsonschema
import pytest
from annotated_types import Ge, Gt, Le, Len, Lt, MaxLen, MinLen, MultipleOf
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from hatch_os402.launcher.inside.interfaces.mcp_types.mismatch import Mismatch
from hatch_os402.launcher.inside.interfaces.mcp_types.results import dumps
from hatch_os402.launcher.inside.interfaces.mcp_types.signatures import arguments_of, result_of
from hatch_os402.tools.describe import describe

FORMATS = jsonschema.FormatChecker(["date", "date-time", "uuid"])


class Color(enum.Enum):
    RED = "red"
    GREEN = 2
    NONE = None


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Name(str, enum.Enum):
    A = "a"
    B = "b"


class Shape(enum.Enum):
    POINT = (0, 0)
    LINE = (1, 0)


class Tree(typing.NamedTuple):
    value: int
    children: list[Tree] = []  # noqa: RUF012 - a NamedTuple's default


Json = typing.Union[typing.Dict[str, "Json"], typing.List["Json"], str, float, bool, None]


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-3, 3).map(float),
    st.text(max_size=5),
    st.sampled_from(["red", "a", "b", "POINT", "2", "-0", "1.50", "1e5", "AAAA", "AAA=", "AAAA\n", "A", "1\n", "1_0"]),
    st.dates().map(str),
    st.sampled_from(["2026-02-30", "20260201", "2026-02-01\n", "2026-W05-1", "2026-02-01T10:00:00", "２026-02-01"]),
    st.datetimes(timezones=st.just(dt.timezone.utc)).map(lambda moment: moment.isoformat()),
    st.sampled_from(["2026-02-01T10:00:00.123456789Z", "2026-02-01t10:00:00z", "2026-02-01T10:00:00+05:30"]),
    st.uuids().map(str),
    st.uuids().map(lambda value: value.hex),
    st.binary(max_size=4).map(lambda content: base64.b64encode(content).decode()),
)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "x", "1", "value", "children", "red"]), inner, max_size=3)
    ),
    max_leaves=8,
)

bounds = st.sampled_from(
    [Ge(0), Gt(0), Le(3), Lt(3), MultipleOf(2), Ge(0.5), Lt(2.5), MultipleOf(0.5), Ge(decimal.Decimal("1.5"))]
)
lengths = st.sampled_from([MinLen(1), MaxLen(2), Len(1, 2), Len(0), Len(2, None)])


@dataclasses.dataclass(frozen=True)
class Field:
    """As pydantic's, which is compiled: what counts are its attributes."""

    description: str = ""
    ge: float | None = None
    max_length: int | None = None
    pattern: str | None = None


plain = st.sampled_from(
    [
        *(int, float, str, bool, type(None), None, bytes, typing.Any, dt.date, dt.datetime),
        *(uuid.UUID, decimal.Decimal, Color, Level, Name, Shape, Tree, Json),
        typing.Literal["a", 1],
        typing.Literal[True, 0, None],
        typing.Literal[Color.RED, "b"],
        typing.NewType("Id", int),
        *(list, dict, tuple, set),
    ]
)
hashable = st.sampled_from([int, float, str, bool, uuid.UUID, Color, tuple[int, ...], tuple[int, str], frozenset[int]])
keys = st.sampled_from([str, int, Name, typing.Literal["a", "x"], uuid.UUID, dt.date])


@st.composite
def bounded(draw):
    kind = draw(st.sampled_from([int, float, decimal.Decimal, str, list[int], dict[str, int], typing.Optional[int]]))
    if kind in {str, list[int], dict[str, int]}:
        items = draw(st.lists(lengths, min_size=1, max_size=2))
        if kind is str:
            items += draw(st.sampled_from([[], [Field("words", pattern="^[a-c]*$")], [Field(max_length=3)]]))
    else:
        items = draw(st.lists(bounds | st.just(Field(ge=1)), min_size=1, max_size=2))
        assume(sum(isinstance(item, MultipleOf) for item in items) < 2)
    return functools.reduce(lambda created, item: typing.Annotated[created, item, "words"], items, kind)


def named(names, kinds, required):
    return typing.TypedDict(
        "Typed",
        {
            name: kind if needed else typing.NotRequired[kind]
            for name, kind, needed in zip(names, kinds, required, strict=False)
        },
    )


def containers(inner):
    pairs = st.lists(inner, min_size=1, max_size=2)
    return st.one_of(
        inner.map(lambda kind: list[kind]),
        inner.map(lambda kind: typing.Sequence[kind]),
        inner.map(lambda kind: tuple[kind, ...]),
        pairs.map(lambda kinds: tuple[tuple(kinds)]),
        hashable.map(lambda kind: set[kind]),
        st.tuples(keys, inner).map(lambda pair: dict[pair]),
        inner.map(lambda kind: typing.Optional[kind]),
        pairs.map(lambda kinds: functools.reduce(operator.or_, [typing.Union[kind, None] for kind in kinds])),
        pairs.map(lambda kinds: typing.Union[tuple(kinds)]),
        pairs.map(
            lambda kinds: dataclasses.make_dataclass(
                "Data",
                [
                    ("a", kinds[0]),
                    ("b", kinds[-1], dataclasses.field(default=None)),
                    ("c", list, dataclasses.field(default_factory=list)),
                ],
                namespace={"__module__": __name__},
            )
        ),
        pairs.map(lambda kinds: typing.NamedTuple("Named", [("x", kinds[0]), ("a", kinds[-1])])),
        pairs.map(lambda kinds: typing.TypedDict("Typed", {"a": kinds[0], "b": kinds[-1]}, total=False)),
    )


annotations = st.recursive(plain | bounded(), containers, max_leaves=5)


def tool(annotation):
    def function(value):
        return value

    function.__annotations__ = {"value": annotation, "return": annotation}
    return function


def accepted(kind, value, texts=False):
    try:
        kind.convert(value, texts)
    except Mismatch as error:
        return not (error.expected and error.got and isinstance(error.place(), str))
    return True


@st.composite
def near(draw, schema, definitions, depth=0):  # noqa: C901, PLR0911, PLR0912 - a case each
    """Draw a value that is near the schema, and now and then one that is not: else nearly all would be refused."""
    if draw(st.integers(0, 11)) == 0:
        return draw(anything)

    def follow(part):
        return draw(near(part, definitions, depth + 1))

    match schema:
        case {"$ref": name}:
            return follow(definitions[name.rpartition("/")[2]])
        case {"const": value}:
            return value
        case {"enum": values}:
            return draw(st.sampled_from(values))
        case {"anyOf": parts}:
            return follow(draw(st.sampled_from(parts)))
        case {"type": "array", "prefixItems": parts}:
            return [follow(part) for part in parts]
        case {"type": "array"}:
            count = draw(st.integers(0, 3 if depth < 5 else 0))
            return [follow(schema.get("items", {})) for _ in range(count)]
        case {"type": "object", "properties": parts}:
            needed = schema.get("required", ())
            return {name: follow(part) for name, part in parts.items() if name in needed or draw(st.booleans())}
        case {"type": "object"}:
            names = [follow(schema.get("propertyNames", {"type": "string"})) for _ in range(draw(st.integers(0, 2)))]
            part = schema.get("additionalProperties", {})
            return {name: follow(part) for name in names if isinstance(name, str)}
        case {"type": "integer"}:
            value = draw(st.integers(-4, 4))
            return draw(st.sampled_from([value, float(value)]))
        case {"type": "number"}:
            return draw(st.integers(-4, 4) | st.sampled_from([0.5, 1.5, 2.25, -0.0]))
        case {"type": "string", "pattern": pattern}:
            return draw(st.from_regex(pattern) | scalars)
        case {"type": "string"}:
            return draw(scalars.filter(lambda value: isinstance(value, str)))
        case _:
            return draw(anything)


@settings(max_examples=settings.default.max_examples * 3 // 2, deadline=None, suppress_health_check=list(HealthCheck))
@given(annotation=annotations, data=st.data())
def test_schema_and_conversion_agree(annotation, data):
    function = tool(annotation)
    found = describe(function)
    schema = json.loads(json.dumps(found["input_schema"], allow_nan=False))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema, format_checker=FORMATS)
    kind = arguments_of(function)
    for _ in range(5):
        value = data.draw(near(schema["properties"]["value"], schema.get("$defs", {})))
        for candidate in ({"value": value}, {"value": value, "more": 1}, value, {}):
            stated = validator.is_valid(candidate)
            assert accepted(kind, candidate) == stated, (schema, candidate)
            if stated:  # a JSON text may stand for more than the schema says, and for nothing less
                assert accepted(kind, candidate, True)


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(annotation=annotations, data=st.data())
def test_what_was_accepted_fits_the_schema_of_the_result(annotation, data):
    function = tool(annotation)
    found = describe(function)
    arguments = found["input_schema"]
    value = data.draw(near(arguments["properties"]["value"], arguments.get("$defs", {})))
    try:
        converted = arguments_of(function).convert({"value": value}, False)["value"]
    except Mismatch:
        assume(False)
    answer = json.loads(dumps(converted))
    if found["output_schema"] is None:
        assert result_of(function) is None
        return
    schema = json.loads(json.dumps(found["output_schema"]))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(answer)


LIMITS = [
    (typing.Annotated[int, Ge(1), Le(3)], [1, 3, 2.0], [0, 4, 2.5, True, "2"]),
    (typing.Annotated[int, Gt(1), Lt(3)], [2], [1, 3]),
    (typing.Annotated[float, MultipleOf(0.5)], [0, 1.5, -2], [0.25, 1.6]),
    (typing.Annotated[int, MultipleOf(3)], [0, -3, 6.0], [1, 4]),
    (typing.Annotated[str, Len(1, 2)], ["a", "ab", "☃😀"], ["", "abc"]),
    (typing.Annotated[str, Field(pattern="^[ab]*$")], ["", "ab"], ["c"]),
    (typing.Annotated[list[int], Len(1, 2)], [[1], [1, 2]], [[], [1, 2, 3]]),
    (typing.Annotated[dict[str, int], Len(1, 2)], [{"a": 1}, {"a": 1, "b": 2}], [{}, {"a": 1, "b": 2, "c": 3}]),
    (set[int], [[], [1, 2]], [[1, 1], [1, 1.0], [2, 1, 2]]),
    (set[tuple[int, str]], [[[1, "a"], [1, "b"]]], [[[1, "a"], [1, "a"]]]),
    (set[typing.Union[int, bool]], [[1, True, 0, False]], [[True, True]]),
    (tuple[int, str], [[1, "a"]], [[1], [1, "a", 2], ["a", 1]]),
    (typing.Literal[1, "1"], [1, 1.0, "1"], [True, 2, None]),
    (typing.Literal[True], [True], [1, "true"]),
    (dict[int, str], [{"-1": "a", "0": "b"}], [{"01": "a"}, {"-0": "a"}, {"1.0": "a"}, {"1\n": "a"}, {"": "a"}]),
    (bytes, ["", "AA==", "AAA=", "AAAA"], ["A", "AA", "AAAA\n", "A===", "AA=="[::-1], "AA-_"]),
    (dt.date, ["2024-02-29"], ["2023-02-29", "2024-2-9", "20240229", "2024-02-29\n", "2024-W09-4"]),
    (decimal.Decimal, [1, 1.5, "1", "-1.50", "1e5"], ["", "x", "1.", ".5", "NaN", "Infinity", "1_0", True, None]),
    (uuid.UUID, ["12345678-1234-1234-1234-123456789ABC"], ["12345678123412341234123456789abc", "{}", ""]),
]


@pytest.mark.parametrize(("annotation", "good", "bad"), LIMITS)
def test_limits(annotation, good, bad):
    function = tool(annotation)
    validator = jsonschema.Draft202012Validator(describe(function)["input_schema"], format_checker=FORMATS)
    kind = arguments_of(function)
    for expected, values in ((True, good), (False, bad)):
        for value in values:
            assert accepted(kind, {"value": value}) is expected, value
            assert validator.is_valid({"value": value}) is expected, value


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (list[int], "[1, 2]", [1, 2]),
        (dict[str, int], '{"a": 1}', {"a": 1}),
        (typing.Optional[list[int]], "[1]", [1]),
        (tuple[int, str], '[1, "x"]', (1, "x")),
        (typing.Union[str, list[int]], "[1]", "[1]"),
        (typing.Union[list[int], str], "[1]", "[1]"),
        (list[list[int]], ["[1]", [2]], [[1], [2]]),
        (typing.Union[list[list[int]], list[str]], ["[1]"], ["[1]"]),
        (Tree, '{"value": 1, "children": "[]"}', Tree(1, [])),
    ],
)
def test_a_json_text_stands_for_an_object_or_an_array(annotation, text, value):
    from hatch_os402.launcher.inside.interfaces.mcp import read_arguments

    assert read_arguments(arguments_of(tool(annotation)), json.dumps({"value": text}).encode()) == {"value": value}
