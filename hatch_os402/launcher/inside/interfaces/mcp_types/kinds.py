"""What a tool's arguments can be: each kind with its JSON Schema (2020-12) and its conversion from JSON beside it.

A value is converted exactly when its kind's schema accepts it, with one exception: where an object or an array is
expected, its JSON text will do, which is how models send it now and then. A schema's assertions are those of JSON
Schema, applied to the JSON value. `format` is taken as an assertion.
"""

import json
import re

from .mismatch import Mismatch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, Protocol

    from .containers import Named

    class References(Protocol):
        """Where the schemas of named kinds go: `schema` calls it, and refers to what is there."""

        output: bool
        """Whether results are described, rather than arguments."""

        def refer(self, kind: "Named") -> "dict[str, Any]":
            """Return the schema `{"$ref": …}` of `kind`, whose own is `kind.body(self)`."""

        def define(self, name: str, schema: "dict[str, Any]") -> None:
            """Have `schema` under `#/$defs/{name}`."""

        def default(self, value: "Any") -> "tuple[Any, ...]":
            """Return a default in JSON's types, in a tuple; an empty one when it has no counterpart there."""


_NOTHING: "Mapping[str, Any]" = {}


class Kind:
    """What values there are, and what becomes of them. A kind is not changed once it is used."""

    name = "a value"
    bounds: "Mapping[str, str]" = _NOTHING
    """The constraint (as annotated-types names it) → the keyword of JSON Schema that asserts it."""
    assertions: "Mapping[str, Any]" = _NOTHING
    annotations: "Mapping[str, Any]" = _NOTHING

    def schema(self, references: "References") -> "dict[str, Any]":
        """Return the JSON Schema of the JSON values that `convert` accepts, apart from JSON texts."""
        return {**self._schema(references), **self.assertions, **self.annotations}

    def _schema(self, references: "References") -> "dict[str, Any]":
        raise NotImplementedError

    def convert(self, value: "Any", texts: bool) -> "Any":  # noqa: FBT001 - by place, at each of many values
        """Return what the JSON value `value` means; with `texts`, a JSON text may stand for an object or an array.

        Raises `Mismatch`.
        """
        raise NotImplementedError

    def bounded(self, constraints: "Mapping[str, Any]") -> "Kind":
        """Return this kind within `constraints`. Raises `TypeError` for one that does not apply to it."""
        assertions = dict(self.assertions)
        for name, value in constraints.items():
            keyword = self.bounds.get(name)
            if keyword is None:
                raise TypeError(f"{name!r} does not apply to {self.name}")
            before = assertions.get(keyword, value)
            if keyword not in {*_LOWER, *_UPPER} and before != value:
                raise TypeError(f"{name!r} stands there twice")
            assertions[keyword] = min(before, value) if keyword in _UPPER else max(before, value)
        return self._with(assertions=assertions)

    def annotated(self, annotations: "Mapping[str, Any]") -> "Kind":
        """Return this kind with a description, a title, …, for its schema alone."""
        return self._with(annotations={**self.annotations, **annotations})

    def _with(self, **changes: "Any") -> "Kind":
        made = type(self).__new__(type(self))
        made.__dict__.update(self.__dict__, **changes)
        return made

    def _checked(self, value: "Any") -> None:
        for keyword, bound in self.assertions.items():
            holds, words = _ASSERTIONS[keyword]
            if not holds(value, bound):
                raise Mismatch(f"{self.name}{words.format(bound)}", value)


def _multiple(value: "int | float", of: "int | float") -> bool:
    if isinstance(value, int) and isinstance(of, int):
        return value % of == 0
    try:
        return bool((value / of).is_integer())
    except OverflowError:
        return False


_ASSERTIONS: "Mapping[str, tuple[Callable[[Any, Any], bool], str]]" = {
    "minimum": (lambda value, bound: value >= bound, " of at least {}"),
    "maximum": (lambda value, bound: value <= bound, " of at most {}"),
    "exclusiveMinimum": (lambda value, bound: value > bound, " greater than {}"),
    "exclusiveMaximum": (lambda value, bound: value < bound, " less than {}"),
    "multipleOf": (_multiple, " that is a multiple of {}"),
    "minLength": (lambda value, bound: len(value) >= bound, " of at least {} characters"),
    "maxLength": (lambda value, bound: len(value) <= bound, " of at most {} characters"),
    "pattern": (lambda value, bound: re.search(bound, value) is not None, " that matches {}"),
    "minItems": (lambda value, bound: len(value) >= bound, " of at least {} items"),
    "maxItems": (lambda value, bound: len(value) <= bound, " of at most {} items"),
    "minProperties": (lambda value, bound: len(value) >= bound, " of at least {} properties"),
    "maxProperties": (lambda value, bound: len(value) <= bound, " of at most {} properties"),
}
_LOWER = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"})
_UPPER = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"})
_NUMERIC = {
    "ge": "minimum",
    "le": "maximum",
    "gt": "exclusiveMinimum",
    "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf",
}


class Anything(Kind):
    """Any JSON value, as it is."""

    def _schema(self, references: "References") -> "dict[str, Any]":  # noqa: ARG002 - as the others
        return {}

    def convert(self, value: "Any", texts: bool) -> "Any":  # noqa: ARG002, FBT001 - as the others
        """Return the value."""
        return value


class Simple(Kind):
    """One of JSON's own: a string, true or false, null."""

    def __init__(self, json_type: str, name: str, python: type, bounds: "Mapping[str, str]") -> None:
        self.json_type, self.name, self.python, self.bounds = json_type, name, python, bounds

    def _schema(self, references: "References") -> "dict[str, Any]":  # noqa: ARG002
        return {"type": self.json_type}

    def convert(self, value: "Any", texts: bool) -> "Any":  # noqa: ARG002, FBT001
        """Return the value, which is of the Python type."""
        if type(value) is not self.python:
            raise Mismatch(self.name, value)
        if self.assertions:
            self._checked(value)
        return value


STRING = Simple("string", "a string", str, {"min_length": "minLength", "max_length": "maxLength", "pattern": "pattern"})
BOOLEAN = Simple("boolean", "true or false", bool, {})
NULL = Simple("null", "null", type(None), {})


class Integer(Kind):
    """A whole number, however it is written: for JSON Schema, 1.0 is one."""

    name, bounds = "an integer", _NUMERIC

    def _schema(self, references: "References") -> "dict[str, Any]":  # noqa: ARG002
        return {"type": "integer"}

    def convert(self, value: "Any", texts: bool) -> int:  # noqa: ARG002, FBT001
        """Return the int."""
        if type(value) is not int:
            if type(value) is not float or not value.is_integer():
                raise Mismatch(self.name, value)
            value = int(value)
        if self.assertions:
            self._checked(value)
        return value  # type: ignore[no-any-return]  # it is an int


class Number(Kind):
    """A number, as `python` has it: a float or a Decimal. A Decimal may come as a string, where it has no bounds."""

    bounds = _NUMERIC

    def __init__(self, python: "Callable[[Any], Any]", *, textual: bool) -> None:
        self.python, self.textual = python, textual

    @property
    def name(self) -> str:  # type: ignore[override]
        """What is expected."""
        return "a number, or a string that holds one" if self._as_text else "a number"

    @property
    def _as_text(self) -> bool:
        return self.textual and not self.assertions

    def _schema(self, references: "References") -> "dict[str, Any]":
        text = {"type": "string", "pattern": _DECIMAL.pattern}
        if self.textual and references.output:
            return text
        return {"anyOf": [{"type": "number"}, text]} if self._as_text else {"type": "number"}

    def schema(self, references: "References") -> "dict[str, Any]":
        """Return the schema. A Decimal is written as a string, for which numbers' bounds mean nothing."""
        if self.textual and references.output:
            return {**self._schema(references), **self.annotations}
        return super().schema(references)

    def convert(self, value: "Any", texts: bool) -> "Any":  # noqa: ARG002, FBT001
        """Return the number."""
        if type(value) is str and self._as_text and _DECIMAL.search(value):
            return self.python(value)
        if type(value) not in {int, float} or value in {_INFINITY, -_INFINITY}:
            raise Mismatch(self.name, value)
        if self.assertions:
            self._checked(value)
        try:
            # The shortest digits that are this float, and not all those of its binary fraction.
            return self.python(str(value) if self.textual else value)
        except OverflowError:
            raise Mismatch("a number that fits a float", value) from None


_INFINITY = float("inf")
_DECIMAL = re.compile(r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,9})?$(?!\n)")


class Text(Kind):
    """A string of a format, which `make` makes something of. Raises `ValueError`, as `make` may."""

    def __init__(self, name: str, keywords: "Mapping[str, Any]", pattern: str, make: "Callable[[str], Any]") -> None:
        self.name, self.keywords, self.make = name, keywords, make
        self.pattern = re.compile(pattern)

    def _schema(self, references: "References") -> "dict[str, Any]":  # noqa: ARG002
        return {"type": "string", **self.keywords}

    def convert(self, value: "Any", texts: bool) -> "Any":  # noqa: ARG002, FBT001
        """Return what the string stands for."""
        if type(value) is not str or not self.pattern.search(value):
            raise Mismatch(self.name, value)
        try:
            return self.make(value)
        except (ValueError, OverflowError):
            raise Mismatch(self.name, value) from None


class Choice(Kind):
    """One of some values, each a JSON scalar with what it means: a Literal, or an Enum's members."""

    def __init__(self, values: "Iterable[tuple[Any, Any]]") -> None:
        self.values = {identity(written): (written, meant) for written, meant in values}

    @property
    def name(self) -> str:  # type: ignore[override]
        """What is expected."""
        return "one of " + ", ".join(json.dumps(written, ensure_ascii=False) for written, _ in self.values.values())

    def _schema(self, references: "References") -> "dict[str, Any]":  # noqa: ARG002
        written = [written for written, _ in self.values.values()]
        types = sorted({_json_type(value) for value in written})
        return {
            **({"type": types[0]} if len(types) == 1 else {}),
            **({"const": written[0]} if len(written) == 1 else {"enum": written}),
        }

    def convert(self, value: "Any", texts: bool) -> "Any":  # noqa: ARG002, FBT001
        """Return the value that is meant."""
        found = self.values.get(identity(value)) if not isinstance(value, (list, dict)) else None
        if found is None:
            raise Mismatch(self.name, value)
        return found[1]


def identity(value: "Any") -> "tuple[bool, Any]":
    """Return what tells JSON values apart: 1 is 1.0, and not true."""
    return isinstance(value, bool), value


def _json_type(value: "Any") -> str:
    if value is None:
        return "null"
    for python, name in ((bool, "boolean"), (int, "integer"), (float, "number")):
        if isinstance(value, python):
            return name
    return "string"
