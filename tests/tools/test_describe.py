"""What a signature and a docstring say: descriptions, defaults, kinds, and what is refused with its reason."""

# ruff: noqa: UP006, UP007, UP045, PYI061 - both ways to write a union are meant

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import functools
import pathlib
import typing
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import attrs
import jsonschema
import pytest
from annotated_types import Ge, Gt, Len, Predicate
from pydantic import v1 as pydantic

from hatch_os402.launcher.inside.interfaces.mcp import call, read_arguments
from hatch_os402.launcher.inside.interfaces.mcp_types.common import AnnotationError
from hatch_os402.launcher.inside.interfaces.mcp_types.mismatch import Mismatch
from hatch_os402.launcher.inside.interfaces.mcp_types.results import to_json
from hatch_os402.launcher.inside.interfaces.mcp_types.signatures import arguments_of
from hatch_os402.tools.describe import describe

T = typing.TypeVar("T")
Number = typing.TypeVar("Number", int, float)
Small = typing.TypeVar("Small", bound=int)


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Flag(enum.Flag):
    A = 1


@dataclasses.dataclass
class Node:
    """A node.

    Attributes:
        value: What it holds.
    """

    value: int
    next: Node | None = None


@dataclasses.dataclass
class Page(typing.Generic[T]):
    items: list[T]
    number: int = 1


@dataclasses.dataclass
class Base:
    secret: dataclasses.InitVar[int]
    made: str = dataclasses.field(default="", init=False)
    kept: typing.ClassVar[int] = 1
    tags: list[str] = dataclasses.field(default_factory=list, metadata={"description": "Some words."})
    when: dt.datetime = dataclasses.field(default_factory=dt.datetime.now)

    def __post_init__(self, secret):
        self.made = str(secret)


class Total(typing.TypedDict):
    a: int
    b: typing.NotRequired[str] if hasattr(typing, "NotRequired") else str


class Partial(Total, total=False):
    c: float


class Point(typing.NamedTuple):
    x: int
    y: int = 0


@attrs.define
class Attrs:
    name: str = attrs.field()
    _hidden: int = 0
    many: list[int] = attrs.field(factory=list, metadata={"description": "How many."})

    @name.validator
    def _check(self, _attribute, value):
        if not value:
            raise ValueError("it has no name")


class Inner(pydantic.BaseModel):
    n: int = pydantic.Field(..., ge=1, description="At least one.")


class Model(pydantic.BaseModel):
    """A model."""

    inner: Inner
    pair: typing.Tuple[int, str]
    others: typing.List[Inner] = []


def schema_of(annotation, **more):
    def function(value): ...

    function.__annotations__ = {"value": annotation}
    if more:
        function.__defaults__ = (more["default"],)
    schema = describe(function)["input_schema"]
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema["properties"]["value"]


STRING, INTEGER, NUMBER, NULL = {"type": "string"}, {"type": "integer"}, {"type": "number"}, {"type": "null"}


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        (typing.Any, {}),
        (object, {}),
        (typing.Optional[int], {"anyOf": [INTEGER, NULL]}),
        (typing.Union[int, typing.Optional[str]], {"anyOf": [INTEGER, STRING, NULL]}),
        ("int | None", {"anyOf": [INTEGER, NULL]}),
        (typing.List["int"], {"type": "array", "items": INTEGER}),
        (collections.deque[int], {"type": "array", "items": INTEGER}),
        (collections.OrderedDict[str, int], {"type": "object", "additionalProperties": INTEGER}),
        (typing.Tuple[()], {"type": "array", "maxItems": 0}),
        (tuple[()], {"type": "array", "maxItems": 0}),
        (tuple, {"type": "array"}),
        (tuple[int, str], {"type": "array", "prefixItems": [INTEGER, STRING], "minItems": 2, "maxItems": 2}),
        (set[str], {"type": "array", "items": STRING, "uniqueItems": True}),
        (Number, {"anyOf": [INTEGER, NUMBER]}),
        (Small, INTEGER),
        (T, {}),
        (typing.Literal["a"], {"type": "string", "const": "a"}),
        (typing.Literal["a", 1, None], {"enum": ["a", 1, None]}),
        (Color, {"type": "string", "enum": ["red", "blue"]}),
        (dt.date, {"type": "string", "format": "date"}),
        (dt.datetime, {"type": "string", "format": "date-time"}),
        (dt.time, {"type": "string", "format": "time"}),
        (uuid.UUID, {"type": "string", "format": "uuid"}),
        (typing.Annotated[int, Ge(1), Gt(0)], {**INTEGER, "minimum": 1, "exclusiveMinimum": 0}),
        (typing.Annotated[int, Ge(1), Ge(3)], {**INTEGER, "minimum": 3}),
        (typing.Annotated[decimal.Decimal, Ge(decimal.Decimal(1))], {**NUMBER, "minimum": 1}),
        (typing.Annotated[str, "Words.", Len(1, 3)], {**STRING, "minLength": 1, "maxLength": 3, "description": "Words."}),
        (typing.Annotated[typing.Optional[int], Ge(0)], {"anyOf": [{**INTEGER, "minimum": 0}, NULL]}),
        (
            typing.Annotated[int, pydantic.Field(gt=2, description="More.", title="N")],
            {**INTEGER, "exclusiveMinimum": 2, "description": "More.", "title": "N"},
        ),
        (typing.Annotated[str, pydantic.Field(regex="^a")], {**STRING, "pattern": "^a"}),
    ],
)  # fmt: skip
def test_kinds(annotation, schema):
    assert schema_of(annotation) == schema


def record(properties, required, **more):
    return {
        "type": "object",
        "properties": properties,
        **({"required": required} if required else {}),
        "additionalProperties": False,
        **more,
    }


def test_classes_with_fields():
    tags = {"type": "array", "items": STRING, "default": [], "description": "Some words."}
    assert schema_of(Base) == record(
        {"secret": INTEGER, "tags": tags, "when": {"type": "string", "format": "date-time"}}, ["secret"]
    )
    assert schema_of(Point) == record({"x": INTEGER, "y": {**INTEGER, "default": 0}}, ["x"])
    many = {"type": "array", "items": INTEGER, "description": "How many."}
    assert schema_of(Attrs) == record({"name": STRING, "hidden": {**INTEGER, "default": 0}, "many": many}, ["name"])
    assert schema_of(Page[int]) == record(
        {"items": {"type": "array", "items": INTEGER}, "number": {**INTEGER, "default": 1}}, ["items"]
    )


@pytest.mark.skipif(not hasattr(typing, "NotRequired"), reason="of Python 3.11")
def test_typed_dicts_in_a_module_of_texts():
    assert schema_of(Partial) == record({"a": INTEGER, "b": STRING, "c": NUMBER}, ["a"])


@dataclasses.dataclass
class Shadowed:
    date: date | None = None


date = dt.date


def test_a_default_does_not_hide_the_type_of_its_name():
    assert set(schema_of(Shadowed)["properties"]) == {"date"}
    dates = {"anyOf": [{"type": "string", "format": "date"}, NULL], "default": None}
    assert schema_of(Shadowed)["properties"]["date"] == dates


def test_what_holds_itself_is_defined_once():
    def tool(first: Node, second: Node, colors: list[Color]) -> Node: ...

    found = describe(tool)
    reference = {"$ref": "#/$defs/Node"}
    value = {**INTEGER, "description": "What it holds."}
    node = record({"value": value, "next": {"anyOf": [reference, NULL], "default": None}}, ["value"])
    assert found["input_schema"]["properties"]["first"] == reference
    assert found["input_schema"]["$defs"] == {"Node": {"description": "A node.", **node}}
    assert found["output_schema"]["$ref"] == reference["$ref"]
    nested = read_arguments(
        arguments_of(tool), b'{"first": {"value": 1, "next": {"value": 2}}, "second": {"value": 3}, "colors": []}'
    )
    assert nested["first"] == Node(1, Node(2))


def test_models_of_pydantic_describe_themselves():
    def tool(model: Model) -> Model: ...

    found = describe(tool)
    schema = found["input_schema"]
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    given = {"model": {"inner": {"n": 1}, "pair": [1, "a"], "others": [{"n": 2}]}}
    assert validator.is_valid(given)
    assert not validator.is_valid({"model": {"inner": {"n": 0}, "pair": [1, "a"]}})
    assert not validator.is_valid({"model": {"inner": {"n": 1}, "pair": ["a", 1]}})
    kind = arguments_of(tool)
    model = kind.convert(given, False)["model"]
    assert (type(model), model.inner.n, model.pair) == (Model, 1, (1, "a"))
    assert to_json(model) == given["model"]
    with pytest.raises(Mismatch) as caught:
        kind.convert({"model": {"inner": {"n": 0}, "pair": [1, "a"]}}, False)
    assert (caught.value.place(), caught.value.got) == ("model.inner.n", "0")
    assert "greater than or equal to 1" in caught.value.expected


def test_attrs_check_themselves():
    def tool(one: Attrs) -> Attrs: ...

    kind = arguments_of(tool)
    made = kind.convert({"one": {"name": "a", "hidden": 3, "many": [1]}}, False)["one"]
    assert made == Attrs("a", 3, [1])
    assert to_json(made) == {"name": "a", "_hidden": 3, "many": [1]}
    assert set(describe(tool)["output_schema"]["properties"]) == {"name", "_hidden", "many"}
    with pytest.raises(Mismatch, match="it has no name"):
        kind.convert({"one": {"name": ""}}, False)


@pytest.mark.parametrize(
    ("default", "annotation", "shown"),
    [
        (Color.RED, Color, {"default": "red"}),
        (dt.date(2026, 1, 31), dt.date, {"default": "2026-01-31"}),
        (decimal.Decimal("1.50"), decimal.Decimal, {"default": "1.50"}),
        (Point(1), Point, {"default": {"x": 1, "y": 0}}),
        (None, str, {"default": None}),
        (float("inf"), float, {}),
        (object(), typing.Any, {}),
    ],
)
def test_defaults(default, annotation, shown):
    schema = schema_of(annotation, default=default)
    assert {name: value for name, value in schema.items() if name == "default"} == shown


def test_none_as_a_default_may_be_said():
    def tool(word: str = None): ...  # noqa: RUF013 - as many write it

    assert arguments_of(tool).convert({"word": None}, False) == {"word": None}


def refused(function):
    with pytest.raises(AnnotationError) as caught:
        describe(function)
    return ".".join(caught.value.path), caught.value.why


class Plain:
    pass


async def later() -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("function", "path", "why"),
    [
        (lambda *words: 0, "*words", "callers give arguments by name"),
        (lambda **words: 0, "*words", "callers give arguments by name"),
        (lambda word, /: 0, "word", "it is positional-only"),
        (Plain, "", "it is no function of Python, but a type"),
        (print, "", "it is no function of Python"),
        (functools.partial(describe), "", "it is no function of Python"),
        (later, "", "an asynchronous generator is no tool"),
    ],
)
def test_functions_that_are_refused(function, path, why):
    place, reason = refused(function)
    assert place == path
    assert reason.startswith(why)


@pytest.mark.parametrize(
    ("annotation", "path", "why"),
    [
        (pathlib.Path, "value", "pathlib.Path has no counterpart in JSON: os402 has no files of its callers"),
        (Plain, "value", "test_describe.Plain has no counterpart in JSON"),
        (Callable[[int], int], "value", "a caller cannot send one"),
        (complex, "value", "complex has no counterpart"),
        (Flag, "value", "is a Flag"),
        (set[list[int]], "value", "a set cannot hold lists"),
        (set[Node], "value", "a set cannot hold an object, which has no hash"),
        (dict[float, int], "value", "the names in a JSON object are strings"),
        (dict[str, pathlib.Path], "value", "pathlib.Path"),
        (typing.Annotated[int, Predicate(bool)], "value", "cannot be said in JSON Schema"),
        (typing.Annotated[dt.date, Ge(dt.date(2026, 1, 1))], "value", "cannot be said in JSON Schema"),
        (typing.Annotated[str, Ge(1)], "value", "'ge' does not apply to a string"),
        ("Unknown", "value", "'Unknown' cannot be evaluated: NameError"),
        ("list[", "value", "cannot be evaluated: SyntaxError"),
        (dataclasses.make_dataclass("Deep", [("path", pathlib.Path)]), "value.path", "pathlib.Path"),
    ],
)
def test_annotations_that_are_refused(annotation, path, why):
    def function(value): ...

    function.__annotations__ = {"value": annotation}
    place, reason = refused(function)
    assert place == path
    assert why in reason


def test_a_result_that_is_refused():
    def function() -> pathlib.Path: ...

    assert refused(function)[0] == "return"


class Owner:
    @staticmethod
    def static(word: str) -> str:
        return word

    @classmethod
    def of_class(cls, word: str) -> str:
        return cls.__name__ + word

    def method(self, word: str) -> str:
        return word


def doubled(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs) * 2

    return wrapper


@doubled
def decorated(word: str) -> str:
    return word


@pytest.mark.parametrize(
    ("function", "result"),
    [(Owner.static, "a"), (Owner.of_class, "Ownera"), (Owner().method, "a"), (decorated, "aa")],
)
def test_methods_and_decorated_functions(function, result):
    assert describe(function)["input_schema"] == record({"word": STRING}, ["word"])
    assert call(function, read_arguments(arguments_of(function), b'{"word": "a"}')) == result


async def waits() -> list[int]:
    return [1]


def promises() -> Awaitable[int]: ...


def generates() -> Iterator[int]: ...


def tells_nothing(): ...


def tells_anything() -> typing.Any: ...


def returns_nothing() -> None: ...


@pytest.mark.parametrize(
    ("function", "schema"),
    [
        (waits, {"type": "array", "items": INTEGER}),
        (promises, INTEGER),
        (generates, {"type": "array", "items": INTEGER}),
        (tells_nothing, None),
        (tells_anything, None),
        (returns_nothing, NULL),
    ],
)
def test_results(function, schema):
    assert describe(function)["output_schema"] == schema


def test_a_result_has_what_arguments_may_leave_out():
    def function(value: Base) -> Base: ...

    found = describe(function)["output_schema"]
    assert found["required"] == ["made", "tags", "when"]
    assert "default" not in str(found)


def test_a_field_info_may_be_the_default():
    def function(value: int = pydantic.Field(5, ge=1, description="Some."), other: str = pydantic.Field(...)): ...

    found = describe(function)["input_schema"]
    assert found["properties"]["value"] == {**INTEGER, "minimum": 1, "description": "Some.", "default": 5}
    assert found["required"] == ["other"]
