"""JSON that others wrote, such as answers of servers: read in linear time, and no deeper than it may nest."""

from __future__ import annotations

import json
import re
from typing import Any

NESTING_LIMIT = 128
"""The server gives up where this many arrays and objects would be open at once, and so does every reader here: what
nests as deep as its writer likes runs over the end of the C stack."""

_QUOTE_OR_BRACKET = re.compile(r'["\[\]{}]')
_STRINGS = json.JSONDecoder()


def read_json(content: str | bytes) -> Any:
    """Return what `content` (bytes: UTF-8) is in JSON, with Python's numbers.

    Raises `ValueError` for what is not JSON, NaN and infinities included, for lone surrogates, for integers of
    thousands of digits, and for nesting as deep as `NESTING_LIMIT`.
    """
    text = content if isinstance(content, str) else content.decode()
    refuse_deep(text)
    return _DECODER.decode(text)


def refuse_deep(text: str) -> None:
    """Raise `ValueError` for what the standard library's parser would let pass: deep nesting, lone surrogates.

    What else is wrong with `text` is left to that parser.
    """
    text.encode()
    depth, place = 0, 0
    while match := _QUOTE_OR_BRACKET.search(text, place):
        place = match.end()
        if match[0] == '"':
            try:
                value, place = _STRINGS.raw_decode(text, match.start())
            except ValueError:
                return  # the parser comes no further either, and says why
            value.encode()
        elif match[0] in "[{":
            depth += 1
            if depth >= NESTING_LIMIT:
                raise ValueError(f"{NESTING_LIMIT} or more nested arrays and objects")
        else:
            depth -= 1


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
