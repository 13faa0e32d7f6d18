"""Kinds of values in an offer: what the server's types take, and how they stand in JSON and in the model."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hatch_os402.errors import OfferError

_LONGEST_SHOWN = 60


class JsonObject(dict[str, Any]):
    """A JSON object that knows which of its keys were written more than once."""

    repeated: frozenset[str] = frozenset()

    @classmethod
    def of_pairs(cls, pairs: list[tuple[str, Any]]) -> JsonObject:
        """Return the object of these members; for `json.loads(object_pairs_hook=…)`."""
        created = cls(pairs)
        if len(created) < len(pairs):
            created.repeated = frozenset(
                name for name, count in Counter(name for name, _ in pairs).items() if count > 1
            )
        return created


@dataclass(frozen=True)
class JsonPath:
    """Where a value stands in the JSON of an offer, and the list of what is dropped anywhere."""

    path: str
    dropped: list[str]

    def at(self, name: str | int) -> JsonPath:
        """Return the place of a member or an item."""
        return JsonPath(f"{self.path}.{name}".lstrip("."), self.dropped)

    def wrong(self, value: Any, must: str) -> OfferError:
        """Return the error of a `value` that must be something else."""
        shown = json.dumps(value, ensure_ascii=False)
        shown = shown if len(shown) <= _LONGEST_SHOWN else shown[: _LONGEST_SHOWN - 1] + "…"
        return OfferError(f"`{self.path or 'envelope'}` of the offer is {shown} and must {must}")


class Kind:
    """What a field holds. In the model it is what stands in the JSON, unless `load` and `dump` say otherwise."""

    must = ""
    """What is demanded of JSON, after "must"."""

    def accepts(self, value: Any) -> bool:
        """Whether the server reads JSON `value` as one of these."""
        raise NotImplementedError

    def read(self, value: Any, path: JsonPath) -> Any:
        """Return JSON `value` as the server would write it. Raises `OfferError`, naming the place."""
        if not self.accepts(value):
            raise path.wrong(value, self.must)
        return value

    def fault(self, value: Any) -> str | None:
        """Say, after "must", what keeps `value` of the model out of an offer; None if nothing does."""
        return None if self.accepts(value) else self.must

    def load(self, value: Any) -> Any:
        """Return the model's form of what `read` returned."""
        return value

    def dump(self, value: Any) -> Any:
        """Return the JSON of the model's form."""
        return value


class Text(Kind):
    """A string. The server takes any; with `pattern` this model is stricter."""

    must = "be a string"

    def __init__(self, pattern: str = "") -> None:
        self._pattern = re.compile(pattern) if pattern else None

    def accepts(self, value: Any) -> bool:
        return isinstance(value, str)

    def fault(self, value: Any) -> str | None:
        if self._pattern and isinstance(value, str) and not self._pattern.fullmatch(value):
            return f"match {self._pattern.pattern}"
        return super().fault(value)


class Flag(Kind):
    """A boolean."""

    must = "be true or false"

    def accepts(self, value: Any) -> bool:
        return isinstance(value, bool)


class Integer(Kind):
    """A whole number from 0 to `high`."""

    def __init__(self, high: int) -> None:
        self.high = high
        self.must = f"be a whole number from 0 to {high}"

    def accepts(self, value: Any) -> bool:
        return type(value) is int and 0 <= value <= self.high


class Number(Kind):
    """An f64: the server writes every number that it reads here as a float."""

    must = "be a number"

    def accepts(self, value: Any) -> bool:
        return isinstance(value, (int, float)) and not isinstance(value, bool)

    def read(self, value: Any, path: JsonPath) -> float:
        return float(super().read(value, path))


class AnyJson(Kind):
    """Whatever JSON has."""

    def accepts(self, value: Any) -> bool:  # noqa: ARG002 - as the others
        return True


class Base64(Kind):
    """Bytes: in JSON as base64, with its padding."""

    must = "be base64 with its padding (RFC 4648, 4)"

    def accepts(self, value: Any) -> bool:
        try:
            return isinstance(value, str) and base64.b64encode(base64.b64decode(value, validate=True)) == value.encode()
        except ValueError:
            return False

    def fault(self, value: Any) -> str | None:
        return None if isinstance(value, bytes) else "be bytes"

    def load(self, value: Any) -> bytes:
        return base64.b64decode(value)

    def dump(self, value: Any) -> str:
        return base64.b64encode(value).decode()


class ArrayOf(Kind):
    """An array, in the model a tuple."""

    must = "be an array"

    def __init__(self, item: Kind) -> None:
        self.item = item

    def accepts(self, value: Any) -> bool:
        return isinstance(value, list)

    def read(self, value: Any, path: JsonPath) -> Any:
        return [self.item.read(item, path.at(index)) for index, item in enumerate(super().read(value, path))]

    def fault(self, value: Any) -> str | None:
        fault = next(filter(None, map(self.item.fault, value)), None)
        return fault and f"be an array, where every item must {fault}"

    def load(self, value: Any) -> tuple[Any, ...]:
        return tuple(self.item.load(item) for item in value)

    def dump(self, value: Any) -> Any:
        return [self.item.dump(item) for item in value]


class ByName(Kind):
    """An object of any keys, sorted; with `flattened`, its members stand among the fields of the object around it."""

    must = "be an object"

    def __init__(self, item: Kind, *, flattened: bool = False) -> None:
        self.item, self.flattened = item, flattened

    def accepts(self, value: Any) -> bool:
        return isinstance(value, Mapping)

    def read(self, value: Any, path: JsonPath) -> Any:
        # Of a key that is written twice the last value counts.
        members = super().read(value, path)
        return {name: self.item.read(members[name], path.at(name)) for name in sorted(members)}

    def load(self, value: Any) -> Any:
        return {name: self.item.load(item) for name, item in value.items()}

    def dump(self, value: Any) -> Any:
        return {name: self.item.dump(item) for name, item in sorted(value.items())}
