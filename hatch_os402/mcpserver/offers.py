"""An offer as a tool: its name, its schemas, and what a call of it gives."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from hatch_os402.foreign.strict_json import read_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_UNFIT = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST_NAME = 64
_HASH_SHOWN = 12
_ANY_TEXT = {"type": "object", "properties": {"input": {"type": "string"}}}
"""What os402's own MCP server assumes of an offer that has no schema."""


@dataclass(frozen=True)
class Answer:
    """What a call gave."""

    status: int
    body: bytes

    @property
    def text(self) -> str:
        """The body, as text."""
        return self.body.decode(errors="replace")

    @property
    def is_error(self) -> bool:
        """Whether the status is not one of success."""
        return not HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


@dataclass(frozen=True)
class Offered:
    """One offer of a source."""

    source: OfferSource
    sha256: str
    payload: Mapping[str, Any]

    @property
    def description(self) -> str:
        """What it does, in words."""
        return str(self.payload.get("description") or "")

    @property
    def input_schema(self) -> dict[str, Any]:
        """A schema of an object, as MCP needs it."""
        schema = self.payload.get("input_schema")
        return {"type": "object", **(schema if isinstance(schema, dict) else _ANY_TEXT)}

    @property
    def wraps(self) -> bool:
        """Whether a result stands under the name `result`, for it is no object, which MCP needs."""
        schema = self.payload.get("output_schema")
        return isinstance(schema, dict) and schema.get("type") != "object"

    @property
    def output_schema(self) -> dict[str, Any] | None:
        """A schema of an object, or None when nothing is known."""
        schema = self.payload.get("output_schema")
        if not isinstance(schema, dict) or not self.wraps:
            return schema if isinstance(schema, dict) else None
        inner = {name: value for name, value in schema.items() if name != "$defs"}
        whole = {"type": "object", "properties": {"result": inner}, "required": ["result"]}
        return {**whole, **({"$defs": schema["$defs"]} if "$defs" in schema else {})}

    def structured(self, answer: Answer) -> Any:
        """Return the result as the output schema describes it; None when there is no such schema, or no JSON."""
        if self.output_schema is None or answer.is_error:
            return None
        try:
            value = read_json(answer.body)
        except ValueError:
            return None
        return {"result": value} if self.wraps else value if isinstance(value, dict) else None


class OfferSource(Protocol):
    """Where offers come from."""

    async def offers(self) -> Sequence[Offered]:
        """Return the offers that there are now. Raises `Os402Error`."""

    async def call(self, offered: Offered, body: bytes) -> Answer:
        """Call an offer with a JSON body. Raises `CallError`."""


def by_name(offers: Iterable[Offered]) -> dict[str, Offered]:
    """Return the offers by the names that models can call them by; the first of a name keeps it."""
    found: dict[str, Offered] = {}
    for offered in offers:
        stated = str(offered.payload.get("name") or "")
        short = offered.sha256[:_HASH_SHOWN]
        name = _UNFIT.sub("_", stated)[:_LONGEST_NAME] or short
        if name in found:
            name = f"{name[: _LONGEST_NAME - len(short) - 1]}_{short}"
        found[name] = offered
    return found
