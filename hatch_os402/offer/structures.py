"""An offer's JSON as the server's typed structures take it: what is understood, what is dropped, what is refused.

Source: `webapp/models.rs` and `os/task.rs` of os402, and what serde makes of them: an unknown key is ignored, but in
`exec` it names an architecture; `null` stands for an optional value that is not there and is an error elsewhere; a
field that is written twice is an error; integers have the range of their type, and a float is none.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hatch_os402.errors import OfferError
from hatch_os402.offer.canonical import parse_json
from hatch_os402.offer.floats import U64_MAX, server_number
from hatch_os402.offer.payload import U16_MAX, U32_MAX

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def read_structure(text: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Read the text of an envelope: the server's view of it, and the dotted names of the keys that it would not write.

    The view has `payload` and, where they are stated, `sha256` and `k256`. Raises `OfferError` for what the server
    refuses, naming the place.
    """
    parse_json(text)  # whatever is not JSON for the server; what follows keeps repeated keys in sight
    content = json.loads(text, parse_float=server_number, parse_int=server_number, object_pairs_hook=_Object.of_pairs)
    dropped: list[str] = []
    return _ENVELOPE(content, _Place("", dropped)), tuple(dropped)


class _Object(dict[str, Any]):
    """A JSON object that knows which of its keys were written more than once."""

    repeated: frozenset[str] = frozenset()

    @classmethod
    def of_pairs(cls, pairs: list[tuple[str, Any]]) -> _Object:
        made = cls(pairs)
        if len(made) < len(pairs):
            made.repeated = frozenset(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        return made


@dataclass(frozen=True)
class _Place:
    """Where a value stands, and the list of what is dropped anywhere."""

    path: str
    dropped: list[str]

    def at(self, name: str | int) -> _Place:
        return _Place(f"{self.path}.{name}".lstrip("."), self.dropped)

    def wrong(self, value: Any, must: str) -> OfferError:
        shown = json.dumps(value, ensure_ascii=False)
        shown = shown if len(shown) <= 60 else shown[:59] + "…"  # noqa: PLR2004 - a line remains readable
        return OfferError(f"`{self.path or 'envelope'}` of the offer is {shown} and must be {must}.")


@dataclass(frozen=True)
class _Field:
    """One field: how it is read; what it is when it is missing, if it may be; whether the server writes that."""

    read: Callable[[Any, _Place], Any]
    may_be_missing: bool = False
    default: Any = None
    always_written: bool = False


class _Struct:
    """Reads an object with these fields; other keys are dropped, or read by `others`."""

    def __init__(self, fields: Mapping[str, _Field], others: Callable[[Any, _Place], Any] | None = None) -> None:
        self._fields = fields
        self._others = others

    def __call__(self, value: Any, place: _Place) -> dict[str, Any]:
        """Return what the server would write for `value`, in its order."""
        if not isinstance(value, _Object):
            raise place.wrong(value, "an object")
        result: dict[str, Any] = {}
        if self._others:
            for name in sorted(value.keys() - self._fields.keys()):
                result[name] = self._others(value[name], place.at(name))
        for name, field in self._fields.items():
            found = self._read(value, name, field, place.at(name))
            if field.always_written or not field.may_be_missing or found != field.default:
                result[name] = found
        place.dropped.extend(place.at(name).path for name in value if name not in result)
        return result

    @staticmethod
    def _read(value: _Object, name: str, field: _Field, place: _Place) -> Any:
        if name in value.repeated:
            raise OfferError(f"`{place.path}` stands twice in the offer.")
        if name not in value:
            if not field.may_be_missing:
                raise OfferError(f"`{place.path}` is missing in the offer.")
            return field.default
        if value[name] is None and field.may_be_missing and field.default is None:
            return None
        return field.read(value[name], place)


def _optional(read: Callable[[Any, _Place], Any]) -> _Field:
    return _Field(read, may_be_missing=True)


def _string(value: Any, place: _Place) -> str:
    if not isinstance(value, str):
        raise place.wrong(value, "a string")
    return value


def _boolean(value: Any, place: _Place) -> bool:
    if not isinstance(value, bool):
        raise place.wrong(value, "true or false")
    return value


def _float(value: Any, place: _Place) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise place.wrong(value, "a number")
    return float(value)


def _integer(high: int) -> Callable[[Any, _Place], int]:
    def read(value: Any, place: _Place) -> int:
        if type(value) is not int or not 0 <= value <= high:
            raise place.wrong(value, f"a whole number from 0 to {high}")
        return value

    return read


def _any(value: Any, _place: _Place) -> Any:
    return value


def _base64(value: Any, place: _Place) -> str:
    text = _string(value, place)
    try:
        whole = base64.b64encode(base64.b64decode(text, validate=True)).decode() == text
    except ValueError:
        whole = False
    if not whole:
        raise place.wrong(text, "base64 with its padding (RFC 4648, 4)")
    return text


def _list(read: Callable[[Any, _Place], Any]) -> Callable[[Any, _Place], list[Any]]:
    def read_all(value: Any, place: _Place) -> list[Any]:
        if not isinstance(value, list):
            raise place.wrong(value, "an array")
        return [read(item, place.at(index)) for index, item in enumerate(value)]

    return read_all


def _strings_by_name(value: Any, place: _Place) -> dict[str, str]:
    if not isinstance(value, _Object):
        raise place.wrong(value, "an object")
    return {name: _string(value[name], place.at(name)) for name in sorted(value)}


_FLAG = _Field(_boolean, may_be_missing=True, default=False)
_PORTS = _Field(_list(_integer(U16_MAX)), may_be_missing=True, default=[])
_STRING = _Field(_string)
_U32 = _Field(_integer(U32_MAX))
_U64 = _Field(_integer(U64_MAX))
_OPTIONAL_STRING = _optional(_string)
_OPTIONAL_U32 = _optional(_integer(U32_MAX))

_EXECUTABLE = _Struct({"url": _OPTIONAL_STRING, "sha256": _STRING, "stack_kb": _OPTIONAL_U32})

_EXEC = _Struct(
    {
        "args": _optional(_list(_string)),
        "args_extendable": _FLAG,
        "env": _optional(_strings_by_name),
        "env_extendable": _FLAG,
        "env_sha256": _OPTIONAL_STRING,
        "env_private": _FLAG,
        "stdin": _optional(_base64),
        "stdin_appendable": _FLAG,
        "stdin_sha256": _OPTIONAL_STRING,
        "stdin_private": _FLAG,
    },
    others=_EXECUTABLE,
)

_LIMITS = _Struct(
    {
        "cpu_units": _U32,
        "ram_kb": _U32,
        "buffer_capacity": _U64,
        "cpu_time_secs": _U64,
        "wall_time_secs": _U64,
        "net": _FLAG,
        "tcp_bind": _PORTS,
        "tcp_connect": _PORTS,
        "retain": _Field(_integer(U64_MAX), may_be_missing=True, default=0, always_written=True),
        "stack_kb": _OPTIONAL_U32,
    }
)

_PRICE = _Struct(
    {
        "token": _STRING,
        "token_address": _STRING,
        "network": _STRING,
        "per_second": _Field(_float),
        "payment_address": _STRING,
    }
)

_PAYLOAD = _Struct(
    {
        "name": _OPTIONAL_STRING,
        "description": _OPTIONAL_STRING,
        "input_schema": _optional(_any),
        "output_schema": _optional(_any),
        "pool": _OPTIONAL_STRING,
        "exec": _Field(_EXEC),
        "limits": _Field(_LIMITS),
        "price": _Field(_list(_PRICE)),
        "min_duration_seconds": _U32,
        "max_duration_seconds": _OPTIONAL_U32,
        "owner": _STRING,
        "valid_until": _U64,
    }
)

# The server requires all three; a file that is not signed yet has no `k256`.
_ENVELOPE = _Struct({"k256": _OPTIONAL_STRING, "sha256": _OPTIONAL_STRING, "payload": _Field(_PAYLOAD)})
