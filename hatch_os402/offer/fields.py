"""Fields of an offer, and how one declaration serves to check, write, read and set a field.

`payload` declares the fields, in the server's own order, as dataclasses: `Annotated[int, U32, Option("cpu-units")]`.
The kind (`U32`) says what the server's type takes, the default when the field is left out, and the option what sets the
field in pyproject.toml and on the command line of os402.

Source: `webapp/models.rs` and `os/task.rs` of os402, and what serde makes of them: an unknown key is ignored; `null`
stands for an optional value that is not there and is an error elsewhere; a field that is written twice is an error;
integers have the range of their type, and a float is none.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, get_type_hints

from hatch_os402.errors import OfferError
from hatch_os402.offer.kinds import ByName, JsonObject, JsonPath, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from typing_extensions import Self


class NestedObject(Kind):
    """An object with the fields of a `Structure`."""

    def __init__(self, structure: type[Structure]) -> None:
        self.structure = structure

    def accepts(self, value: Any) -> bool:
        """See `Kind`."""
        return isinstance(value, self.structure)

    def read(self, value: Any, path: JsonPath) -> Any:
        """See `Kind`."""
        return self.structure.read(value, path)

    def load(self, value: Any) -> Structure:
        """See `Kind`."""
        return self.structure.load(value)

    def dump(self, value: Any) -> Any:
        """See `Kind`."""
        return value.to_json()


class Unit(Enum):
    """How an option writes a number."""

    COUNT = ""
    SECONDS = "seconds"
    BYTES = "bytes"
    KIBIBYTES = "KiB"


@dataclass(frozen=True)
class Option:
    """The option of pyproject.toml that sets a field, and the flag of `os402 offer` that does."""

    name: str
    default: Any = None
    """What an offer of this tool has when the option is not set; None: the field's own default."""
    default_from: str = ""
    """The option whose value is the default."""
    unit: Unit = Unit.COUNT
    low: int = 0
    """Of a number: the least that makes sense."""
    may_be_empty: bool = False
    """Of a string."""
    fault: Callable[[Any], str | None] = lambda _: None
    """Says, beginning with a verb, why an offer should not have a value that the server takes."""
    flag: str = ""
    """The flag where it has another name than the option."""


@dataclass(frozen=True)
class Field:
    """One field of an offer."""

    name: str
    kind: Kind
    option: Option | None
    required: bool
    default: Any
    """The default in JSON, if it is not required; None: the field is left out, as for `null`."""
    always_written: bool

    def is_written(self, value: Any) -> bool:
        """Whether the server would write a field of this JSON value."""
        return self.required or self.always_written or value != self.default


ALWAYS_WRITTEN = object()
"""Marks a field that the server writes although it has the default."""


class Structure:
    """An object of an offer: a dataclass whose fields are annotated with their kinds."""

    def __post_init__(self) -> None:
        """Raise `OfferError` for the first field that the server, or this model, would not take."""
        for field in fields_of(type(self)):
            value = getattr(self, field.name)
            if (value is not None or field.required) and (fault := field.kind.fault(value)):
                where = f"{type(self).__name__}.{field.name}".lower().removeprefix("offer.")
                raise OfferError(f"`{where}` of the offer is {value!r} and must {fault}")

    def to_json(self) -> dict[str, Any]:
        """Return the JSON of it, in the server's order, without what the server would leave out."""
        result: dict[str, Any] = {}
        for field in fields_of(type(self)):
            value = getattr(self, field.name)
            written: Any = None if value is None else field.kind.dump(value)
            if isinstance(field.kind, ByName) and field.kind.flattened:
                result.update(written)
            elif field.is_written(written):
                result[field.name] = written
        return result

    @classmethod
    def read(cls, value: Any, path: JsonPath) -> dict[str, Any]:
        """Return what the server would write for JSON `value`, in its order. Raises `OfferError`, naming the place."""
        if not isinstance(value, JsonObject):
            raise path.wrong(value, "be an object")
        named, others = _by_name(cls)
        result: dict[str, Any] = {}
        if others:
            result.update(others.kind.read({name: value[name] for name in value if name not in named}, path))
        for name, field in named.items():
            found = _read(value, field, path.at(name))
            if field.is_written(found):
                result[name] = found
        path.dropped.extend(path.at(name).path for name in value if name not in result)
        return result

    @classmethod
    def load(cls, value: Mapping[str, Any]) -> Self:
        """Return the model of what `read` returned. Raises `OfferError` where the model is stricter."""
        named, others = _by_name(cls)
        arguments = {name: field.kind.load(value[name]) for name, field in named.items() if name in value}
        if others:
            arguments[others.name] = others.kind.load({name: value[name] for name in value if name not in named})
        return cls(**arguments)


_FIELDS: dict[type[Structure], tuple[Field, ...]] = {}


def fields_of(structure: type[Structure]) -> tuple[Field, ...]:
    """Return the fields that `structure` declares, in order."""
    if structure not in _FIELDS:
        _FIELDS[structure] = tuple(_declared(structure))
    return _FIELDS[structure]


def _declared(structure: type[Structure]) -> Iterator[Field]:
    hints = get_type_hints(structure, include_extras=True)
    for declared in dataclasses.fields(structure):  # type: ignore[arg-type]  # every structure is a dataclass
        marks = hints[declared.name].__metadata__
        kind = next(mark for mark in marks if isinstance(mark, Kind))
        required = declared.default is dataclasses.MISSING
        default = None if required or declared.default is None else kind.dump(declared.default)
        option = next((mark for mark in marks if isinstance(mark, Option)), None)
        yield Field(declared.name, kind, option, required, default, ALWAYS_WRITTEN in marks)


def _by_name(structure: type[Structure]) -> tuple[dict[str, Field], Field | None]:
    """Return the fields of `structure` that have a key of their own, and the one whose members stand among them."""
    named = {field.name: field for field in fields_of(structure)}
    others = next((field for field in named.values() if getattr(field.kind, "flattened", False)), None)
    if others:
        del named[others.name]
    return named, others


def _read(value: JsonObject, field: Field, path: JsonPath) -> Any:
    if field.name in value.repeated:
        raise OfferError(f"`{path.path}` stands twice in the offer")
    if field.name not in value:
        if field.required:
            raise OfferError(f"`{path.path}` is missing in the offer")
        return field.default
    if value[field.name] is None and not field.required and field.default is None:
        return None
    return field.kind.read(value[field.name], path)
