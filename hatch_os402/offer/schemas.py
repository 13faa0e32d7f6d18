"""JSON schemas of an offer, in the form in which the server hashes them."""

from __future__ import annotations

import math
from typing import Any

from hatch_os402.errors import OfferError
from hatch_os402.offer.canonical import NESTING_LIMIT
from hatch_os402.offer.floats import I64_MIN, U64_MAX, format_float, nearest_surviving, server_number, survives

_LEVELS_ABOVE = 2  # an uploaded schema stands inside the payload, inside the envelope
_F64_BITS = 1024


def normalise(schema: Any) -> Any:
    """Return a schema (parsed JSON or TOML) as the server will read it, keys sorted as `os402 offer` prints them.

    None stands for no schema, as `null` does on the server. Raises `OfferError`, naming the place inside the schema,
    for values that JSON does not have, for nesting that the server refuses and for floats that do not survive its
    parser (see `floats`).
    """
    return _normalise(schema, ())


def _normalise(value: Any, path: tuple[str, ...]) -> Any:
    if isinstance(value, (dict, list)) and len(path) + _LEVELS_ABOVE + 1 >= NESTING_LIMIT:
        raise OfferError(f"the schema has more than {NESTING_LIMIT - _LEVELS_ABOVE - 1} levels, which os402 refuses")
    if isinstance(value, dict):
        return {key: _normalise(value[key], (*path, str(key))) for key in sorted(value)}
    if isinstance(value, list):
        return [_normalise(item, (*path, str(index))) for index, item in enumerate(value)]
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        return value if I64_MIN <= value <= U64_MAX else _float(_large(value, path), path)
    if isinstance(value, float):
        return _float(value, path)
    raise OfferError(f"{_place(path)} is a {type(value).__name__}, which JSON does not have; write it as a string")


def _large(value: int, path: tuple[str, ...]) -> float:
    if value.bit_length() > _F64_BITS:
        raise OfferError(f"{_place(path)} is too large for a number of os402")
    return float(server_number(str(value)))


def _float(value: float, path: tuple[str, ...]) -> float:
    if survives(value):
        return value
    if not math.isfinite(value):
        raise OfferError(f"{_place(path)} is {value}, a number that JSON does not have")
    near = ("-" if value < 0 else "") + nearest_surviving(abs(value))
    raise OfferError(
        f"{_place(path)} is {format_float(value)}, which os402 would read as another number, and so refuse the"
        f" signature; the nearest number that it reads back unchanged is {near}"
    )


def _place(path: tuple[str, ...]) -> str:
    return f"`{'.'.join(path)}` in the schema" if path else "the schema"
