"""A parser of JSON in plain Python, with the interface, the modes and the errors of jiter."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, NamedTuple

__all__ = ["LosslessFloat", "__version__", "cache_clear", "cache_usage", "from_json"]
__version__ = "0.19.0"
_DEEPEST = 201
_MOST_DIGITS = 4300
_SPACE = re.compile(rb"[ \t\r\n]*")
_NUMBER = re.compile(rb"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_PLAIN = re.compile(rb"[^\"\\\x00-\x1f]*")
_HEX = frozenset(b"0123456789abcdefABCDEF")
_ESCAPES = dict(zip(b'"\\/bfnrt', '"\\/\b\f\n\r\t'))  # noqa: B905 - of one length
_IDENTS = {b"t": (b"true", True), b"f": (b"false", False), b"n": (b"null", None)}
_CONSTANTS = {b"N": b"NaN", b"I": b"Infinity"}
_UNKNOWN_MODE = "Invalid partial mode, should be `'off'`, `'on'`, `'trailing-strings'` or a `bool`"
_UNKNOWN_CACHE = "Invalid string cache mode, should be `'all'`, '`keys`', `'none`' or a `bool`"
_UNKNOWN_FLOAT = "Invalid float mode, should be `'float'`, `'decimal'` or `'lossless-float'`"


class _Error(Exception):
    """What is wrong, and at which byte. `partial`: of a part of a document it is forgiven."""

    def __init__(self, what: str, at: int, *, partial: bool = False) -> None:
        super().__init__(what)
        self.what, self.at, self.partial = what, at, partial


class LosslessFloat:
    __module__ = "jiter"
    __slots__ = ("_text",)

    def __init__(self, json_float: bytes, /) -> None:
        if isinstance(json_float, str):
            raise TypeError("Can't extract `str` to `Vec`")
        self._text = bytes(json_float)
        found = from_json(self._text)
        if type(found) not in (int, float):
            names = {str: "string", list: "array", dict: "object", bool: "bool", type(None): "null"}
            raise ValueError(f"expected float but found {names[type(found)]} at line 1 column 1")

    def as_decimal(self) -> Decimal:
        return Decimal(self._text.decode())

    def __float__(self) -> float:
        return float(self._text)

    def __bytes__(self) -> bytes:
        return self._text

    def __str__(self) -> str:
        return self._text.decode()

    def __repr__(self) -> str:
        return f"LosslessFloat({self})"


def cache_clear() -> None:
    """Do nothing: there is no cache."""


def cache_usage() -> int:
    return 0


def from_json(
    json_data: bytes,
    /,
    *,
    allow_inf_nan: bool = True,
    cache_mode: Any = "all",
    partial_mode: Any = False,
    catch_duplicate_keys: bool = False,
    float_mode: Any = "float",
) -> Any:
    """Return what the JSON document says. Raises `ValueError` where it is damaged, with line and column."""
    for value, kind in ((json_data, bytes), (allow_inf_nan, bool), (catch_duplicate_keys, bool)):
        if not isinstance(value, kind):
            what = "'None'" if value is None else f"'{type(value).__name__}' object"
            raise TypeError(f"{what} is not an instance of '{kind.__name__}'")
    _check(cache_mode, ("all", "keys", "none"), _UNKNOWN_CACHE, flags=True)
    _check(partial_mode, ("off", "on", "trailing-strings"), _UNKNOWN_MODE, flags=True)
    _check(float_mode, ("float", "decimal", "lossless-float"), _UNKNOWN_FLOAT, flags=False)
    partial = partial_mode not in (False, "off")
    modes = (allow_inf_nan, partial, partial_mode == "trailing-strings", catch_duplicate_keys, float_mode)
    parser = _JsonParser(json_data, *modes)
    try:
        found, at = parser.value(parser.space(0), _DEEPEST)
        at = parser.space(at)
        if not partial and at < len(json_data):
            raise _Error("trailing characters", at)
    except _Error as error:
        # The line of a newline is the next one, of which it is column 0.
        before = json_data[: error.at + 1]
        column = len(before) - (before.rfind(b"\n") + 1)
        raise ValueError(f"{error.what} at line {1 + before.count(10)} column {column}") from None
    return found


def _check(mode: Any, known: tuple[str, ...], problem: str, *, flags: bool) -> None:
    if flags and isinstance(mode, bool):
        return
    if mode not in known:
        raise (ValueError if isinstance(mode, str) else TypeError)(problem)


class _JsonParser(NamedTuple):
    data: bytes
    inf_nan: bool
    partial: bool
    trailing: bool
    unique: bool
    float_mode: str

    def space(self, at: int) -> int:
        return _SPACE.match(self.data, at).end()  # type: ignore[union-attr]  # it matches nothing as well

    def ended(self, what: str) -> _Error:
        return _Error(f"EOF while parsing {what}", len(self.data) - 1 + (not self.data), partial=True)

    def value(self, at: int, depth: int) -> tuple[Any, int]:
        first = self.data[at : at + 1]
        if first == b'"':
            return self.string(at + 1, trailing=self.trailing)
        if first in (b"[", b"{"):
            if not depth:
                raise _Error("recursion limit exceeded", at)
            return (self.array if first == b"[" else self.object)(at + 1, depth - 1)
        if first in _IDENTS:
            word, found = _IDENTS[first]
            return found, self.ident(at, word)
        if first in _CONSTANTS and self.inf_nan:
            return self.constant(at, at)
        if first and (first.isdigit() or first == b"-"):
            return self.number(at)
        if not first:
            raise self.ended("a value")
        raise _Error("expected value", at)

    def ident(self, at: int, word: bytes) -> int:
        for place, letter in enumerate(word, at):
            if place == len(self.data):
                raise self.ended("a value")
            if self.data[place] != letter:
                raise _Error("expected ident", place)
        return at + len(word)

    def constant(self, start: int, at: int) -> tuple[Any, int]:
        end = self.ident(at, _CONSTANTS[self.data[at : at + 1]])
        return self.float(self.data[start:end]), end

    def float(self, text: bytes) -> Any:
        if self.float_mode == "float":
            return float(text)
        return Decimal(text.decode()) if self.float_mode == "decimal" else LosslessFloat(text)

    def number(self, at: int) -> tuple[Any, int]:
        data = self.data
        after = at + data.startswith(b"-", at)
        if data[after : after + 1] == b"I" and self.inf_nan and after > at:
            return self.constant(at, after)
        found = _NUMBER.match(data, at)
        if found is None:
            if after == len(data):
                raise self.ended("a value")
            raise _Error("invalid number", after)
        end = found.end()
        rest = data[end : end + 1]
        if found[2] is None and found[3] is None and found[1] == b"0" and rest.isdigit():
            raise _Error("invalid number", end)
        if rest and ((rest in b"eE" and found[3] is None) or (rest == b"." and found[2] is found[3] is None)):
            end += 1
            if rest != b"." and data[end : end + 1] in (b"+", b"-"):
                end += 1
            if end == len(data):
                raise self.ended("a value")
            raise _Error("invalid number", end)
        if found[2] is None and found[3] is None:
            if end - after > _MOST_DIGITS:
                raise _Error("number out of range", at + _MOST_DIGITS + 1)
            return int(found[0]), end
        return self.float(found[0]), end

    def array(self, at: int, depth: int) -> tuple[list[Any], int]:
        items: list[Any] = []

        def item(at: int) -> int:
            value, at = self.value(at, depth)
            items.append(value)
            return at

        return items, self.container(at, b"]", "a list", item)

    def object(self, at: int, depth: int) -> tuple[dict[str, Any], int]:
        items: dict[str, Any] = {}

        def member(at: int) -> int:
            if not self.data.startswith(b'"', at):
                raise _Error("key must be a string", at) if at < len(self.data) else self.ended("a value")
            key, at = self.string(at + 1, trailing=False)
            at = self.space(at)
            if not self.data.startswith(b":", at):
                raise _Error("expected `:`", at) if at < len(self.data) else self.ended("an object")
            at = self.space(at + 1)
            if self.unique and key in items:
                raise _Error(f'Detected duplicate key "{key}"', at)
            items[key], at = self.value(at, depth)
            return at

        return items, self.container(at, b"}", "an object", member)

    def container(self, at: int, closing: bytes, what: str, item: Any) -> int:
        """Return the place behind what `item` parses, piece by piece, up to the closing bracket."""
        try:
            at = self.space(at)
            if self.data.startswith(closing, at):
                return at + 1
            if at == len(self.data):
                raise self.ended(what)
            while True:
                at = self.space(item(at))
                found = self.data[at : at + 1]
                if found == closing:
                    return at + 1
                if found != b",":
                    expected = f"expected `,` or `{closing.decode()}`"
                    raise _Error(expected, at, partial=True) if found else self.ended(what)
                at = self.space(at + 1)
                if self.data.startswith(closing, at):
                    raise _Error("trailing comma", at)
        except _Error as error:
            if not (self.partial and error.partial):
                raise
            return len(self.data) if error.what.startswith("EOF") else error.at

    def string(self, at: int, *, trailing: bool) -> tuple[str, int]:
        parts, first = bytearray(), at
        while True:
            end = _PLAIN.match(self.data, at).end()  # type: ignore[union-attr]  # it matches nothing as well
            parts += self.data[at:end]
            next_one = self.data[end : end + 1]
            if next_one == b'"':
                return self.text(parts, first, trailing=trailing), end + 1
            if next_one not in (b"", b"\\"):
                raise _Error("control character (\\u0000-\\u001F) found while parsing a string", end)
            found = self.escape(end + 1) if end + 1 < len(self.data) else None
            if found is None and trailing:
                return self.text(parts, first, trailing=True), len(self.data)
            if found is None:
                raise self.ended("a string")
            parts += found[0].encode()
            at = found[1]

    def text(self, parts: bytearray, first: int, *, trailing: bool) -> str:
        """Return what bytes say. With `trailing`, the last character may be cut off."""
        try:
            return parts.decode()
        except UnicodeDecodeError as error:
            if trailing and error.reason == "unexpected end of data":
                return parts[: error.start].decode()
            raise _Error("invalid unicode code point", first + error.start) from None

    def escape(self, at: int) -> tuple[str, int] | None:
        """Return what an escape says and the place behind it; `None` when the document ends in it."""
        letter = self.data[at]
        if letter in _ESCAPES:
            return _ESCAPES[letter], at + 1
        if letter != 117:
            raise _Error("invalid escape", at)
        code = self.four(at + 1)
        if code is None or not 0xD800 <= code < 0xE000:  # surrogates
            return None if code is None else (chr(code), at + 5)
        if code >= 0xDC00:
            raise _Error("lone leading surrogate in hex escape", at + 4)
        for place, wanted in ((at + 5, b"\\"), (at + 6, b"u")):
            if place < len(self.data) and not self.data.startswith(wanted, place):
                raise _Error("unexpected end of hex escape", place)
        second = self.four(at + 7)
        if second is None:
            return None
        if not 0xDC00 <= second < 0xE000:
            raise _Error("lone leading surrogate in hex escape", at + 10)
        return chr(0x10000 + (code - 0xD800 << 10) + second - 0xDC00), at + 11

    def four(self, at: int) -> int | None:
        digits = self.data[at : at + 4]
        if len(digits) < 4:
            return None
        for place, digit in enumerate(digits, at):
            if digit not in _HEX:
                raise _Error("invalid escape", place)
        return int(digits, 16)
