"""JSON as the os402 server reads, hashes and prints it.

An offer's identity is the SHA-256 of its canonical form: compact JSON in UTF-8, keys sorted by their UTF-8 bytes at
every level, numbers as `floats` writes them. The server parses an uploaded offer, writes it again in this form and
checks the signature over the result, so both directions are here.
"""

from __future__ import annotations

import json
from typing import Any

from hatch_os402.errors import OfferError
from hatch_os402.foreign.strict_json import NESTING_LIMIT, refuse_deep
from hatch_os402.offer.floats import I64_MIN, U64_MAX, format_float, server_float, server_number

__all__ = ["NESTING_LIMIT", "canonical", "format_float", "parse_json", "pretty", "server_float"]


def parse_json(text: str) -> Any:
    """Parse JSON text as the server would: dict, list, str, int, float, bool or None.

    Integers inside i64 or u64 are int, all other numbers float (see `floats.server_number`); of a duplicate key the
    last value counts. Raises `OfferError` for whatever the server refuses: NaN, trailing commas, lone surrogates,
    numbers out of range, nesting as deep as `NESTING_LIMIT`.
    """
    try:
        refuse_deep(text)
        return _DECODER.decode(text)
    except UnicodeEncodeError as error:
        raise _lone_surrogate() from error
    except ValueError as error:
        raise OfferError(f"not valid JSON: {error}") from error


def canonical(value: Any) -> bytes:
    """Write the canonical form of parsed JSON, in UTF-8: the bytes whose SHA-256 names an offer.

    Raises `OfferError` for what JSON or the server does not have (NaN, integers beyond u64, lone surrogates, keys that
    are not strings).
    """
    return _encoded(_compact(value))


def pretty(value: Any) -> str:
    """Write parsed JSON as `serde_json::to_string_pretty`: two spaces an indent, keys as given, no final newline.

    Raises `OfferError` as `canonical` does.
    """
    text = _indented(value, "\n")
    _encoded(text)
    return text


def _refuse_constant(name: str) -> Any:
    raise OfferError(f"not valid JSON: {name} is not a JSON value")


_DECODER = json.JSONDecoder(parse_float=server_number, parse_int=server_number, parse_constant=_refuse_constant)


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise _lone_surrogate() from error


def _lone_surrogate() -> OfferError:
    return OfferError("half of a surrogate pair stands alone in a text; os402 refuses such JSON")


def _compact(value: Any) -> str:
    if isinstance(value, dict):
        # Python compares code points, which puts strings in the same order as their UTF-8 bytes.
        members = (f"{_scalar(key)}:{_compact(value[key])}" for key in sorted(_keys(value)))
        return "{" + ",".join(members) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_compact, value)) + "]"
    return _scalar(value)


def _indented(value: Any, newline: str) -> str:
    deeper = newline + "  "
    if isinstance(value, dict) and value:
        members = (f"{_scalar(key)}: {_indented(value[key], deeper)}" for key in _keys(value))
        return "{" + deeper + f",{deeper}".join(members) + newline + "}"
    if isinstance(value, (list, tuple)) and value:
        return "[" + deeper + f",{deeper}".join(_indented(item, deeper) for item in value) + newline + "]"
    return _compact(value)


def _keys(value: dict[Any, Any]) -> list[str]:
    for key in value:
        if not isinstance(key, str):
            raise OfferError(f"{key!r} cannot be a key in JSON: keys are strings")
    return list(value)


def _scalar(value: Any) -> str:
    if isinstance(value, float):
        return format_float(value)
    if isinstance(value, int) and not isinstance(value, bool) and not I64_MIN <= value <= U64_MAX:
        raise OfferError("an integer does not fit into 64 bits; os402 would read it as a float")
    if value is None or isinstance(value, (str, bool, int)):
        return json.dumps(value, ensure_ascii=False)
    raise OfferError(f"a {type(value).__name__} cannot be written as JSON")
