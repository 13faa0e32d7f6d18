"""The kinds of classes, generic ones included: those of the standard library, and the project's own."""

import sys
from _collections_abc import (
    AsyncGenerator,
    AsyncIterable,
    Collection,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    MutableSequence,
    MutableSet,
    Reversible,
    Sequence,
    Set,
)

from .common import AnnotationError, member_written, shown
from .containers import Array, Dictionary, Record, Tuple, Union
from .kinds import BOOLEAN, NULL, STRING, Anything, Choice, Integer, Kind, Number, Text
from .records import record_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .annotations import Scope

_LISTS = (list, Sequence, MutableSequence, Collection, Iterable, Reversible, Iterator, Generator)
_DICTIONARIES = (dict, Mapping, MutableMapping)
BASE64 = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$(?!\\n)"
_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = "[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
_UUID = "^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$(?!\\n)"


def of_class(origin: type, arguments: "tuple[Any, ...] | None", scope: "Scope") -> Kind:  # noqa: C901, PLR0911, PLR0912 - a case each
    """Return the kind of a class, or of a generic one with its arguments."""
    if (simple := _SIMPLE.get(origin)) is not None:
        return simple
    if origin in _LISTS:
        item = scope.kind(arguments[0]) if arguments else Anything()
        return Array(item, list)
    if origin is tuple:
        if arguments is None:
            return Array(Anything(), tuple)
        if len(arguments) == 2 and arguments[1] is ...:  # noqa: PLR2004 - tuple[X, ...]
            return Array(scope.kind(arguments[0]), tuple)
        if arguments == ((),):  # typing.Tuple[()] of Python 3.10
            return Tuple(())
        return Tuple([scope.kind(argument) for argument in arguments])
    if origin in {set, frozenset, Set, MutableSet}:
        item = scope.kind(arguments[0]) if arguments else STRING
        _require_hashable(item)
        return Array(item, frozenset if origin is frozenset else set, unique=True)
    if origin in _DICTIONARIES:
        key, value = arguments or (str, object)
        return Dictionary(_key(scope.kind(key)), scope.kind(value), dict)
    if origin in {AsyncGenerator, AsyncIterable}:
        raise AnnotationError("an asynchronous generator is no result: return a list")
    if (known := _KNOWN.get((origin.__module__, origin.__qualname__))) is not None:
        return known(origin)
    if (found := _collection(origin, arguments, scope)) is not None:
        return found
    enum = sys.modules.get("enum")
    if enum and issubclass(origin, enum.Enum):
        if issubclass(origin, enum.Flag):
            raise AnnotationError(f"{shown(origin)} is a Flag, whose members combine: take a list of an Enum")
        return Choice((member_written(member), member) for member in origin)  # type: ignore[attr-defined]
    return record_of(origin, arguments, scope)


def _collection(origin: type, arguments: "tuple[Any, ...] | None", scope: "Scope") -> "Kind | None":
    """Return the kind of one of collections' classes."""
    if origin.__module__ != "collections":
        return None
    if origin.__name__ == "deque":
        return Array(scope.kind(arguments[0]) if arguments else Anything(), origin)
    if origin.__name__ == "OrderedDict":
        key, value = arguments or (str, object)
        return Dictionary(_key(scope.kind(key)), scope.kind(value), origin)
    return None


def _key(kind: Kind) -> Kind:
    """Return the kind of an object's names, which are strings: of integers, their digits."""
    if type(kind) is Integer and not kind.assertions:
        return Text("an integer's digits", {"pattern": _DIGITS}, _DIGITS, int)
    strings = kind.kinds if isinstance(kind, Union) else (kind,)
    for item in strings:
        if isinstance(item, Choice) and all(isinstance(written, str) for written, _ in item.values.values()):
            continue
        if not (isinstance(item, Text) or (getattr(item, "json_type", "") == "string")):
            raise AnnotationError(f"the names in a JSON object are strings, and a key here is {kind.name}")
    return kind


_DIGITS = "^(?:0|-?[1-9][0-9]{0,999})$(?!\\n)"


def _require_hashable(kind: Kind) -> None:
    """Raise `AnnotationError` for items that no set can hold."""
    if isinstance(kind, Union):
        for item in kind.kinds:
            _require_hashable(item)
    elif isinstance(kind, Tuple):
        for item in kind.items:
            _require_hashable(item)
    elif isinstance(kind, Array):
        if kind.make not in {tuple, frozenset}:
            raise AnnotationError("a set cannot hold lists or sets: take tuples, or frozensets")
        _require_hashable(kind.item)
    elif isinstance(kind, (Dictionary, Anything)) or (
        isinstance(kind, Record) and getattr(kind.source, "__hash__", None) is None
    ):
        raise AnnotationError(f"a set cannot hold {kind.name}, which has no hash")


def _moment(kind: type) -> "Any":
    """Return what makes a date or a time of RFC 3339's text, which older Pythons do not read themselves."""

    def make(text: str) -> "Any":
        text = text.upper().replace("Z", "+00:00")
        clock, dot, rest = text.partition(".")
        if dot:  # as many digits as there are microseconds
            digits = rest.rstrip("0123456789:")[:0] + rest[: len(rest) - len(rest.lstrip("0123456789"))]
            text = f"{clock}.{digits[:6].ljust(6, '0')}{rest[len(digits) :]}"
        return kind.fromisoformat(text)  # type: ignore[attr-defined]

    return make


def _bytes(text: str) -> bytes:
    from binascii import a2b_base64  # noqa: PLC0415 - where there are such arguments

    return a2b_base64(text)


_SIMPLE: "dict[type, Kind]" = {
    str: STRING,
    bool: BOOLEAN,
    int: Integer(),
    float: Number(float, textual=False),
    type(None): NULL,
    object: Anything(),
    bytes: Text("base64", {"contentEncoding": "base64", "pattern": BASE64}, BASE64, _bytes),
}

_KNOWN: "dict[tuple[str, str], Callable[[Any], Kind]]" = {
    ("datetime", "date"): lambda kind: Text(
        "a date, as 2026-01-31", {"format": "date"}, f"^{_DATE}$(?!\\n)", kind.fromisoformat
    ),
    ("datetime", "datetime"): lambda kind: Text(
        "a date and time with its offset, as 2026-01-31T12:00:00Z",
        {"format": "date-time"},
        f"^{_DATE}[Tt]{_TIME}$(?!\\n)",
        _moment(kind),
    ),
    ("datetime", "time"): lambda kind: Text(
        "a time with its offset, as 12:00:00Z", {"format": "time"}, f"^{_TIME}$(?!\\n)", _moment(kind)
    ),
    ("uuid", "UUID"): lambda kind: Text("a UUID", {"format": "uuid"}, _UUID, kind),
    ("decimal", "Decimal"): lambda kind: Number(kind, textual=True),
}
