"""stdin, stdout and stderr as a CGI program needs them: UTF-8, newlines untouched, and stdin ending with the body."""

from __future__ import annotations

import sys
from io import BytesIO, TextIOWrapper
from os import environ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO


def prepare() -> None:
    """Set up sys.stdin, sys.stdout and sys.stderr. Streams that are missing or of another kind are left alone."""
    sys.stdin = _body(sys.stdin)
    _set(sys.stdin, "strict")
    _set(sys.stdout, "strict")
    _set(sys.stderr, "backslashreplace")


def _body(stdin: TextIO) -> TextIO:
    """Return a stdin that ends where the body ends (RFC 3875, 4.2). The pipe itself need never end."""
    buffer = getattr(stdin, "buffer", None)
    if buffer is None or isinstance(buffer, BytesIO):
        return stdin
    length = environ.get("CONTENT_LENGTH", "")
    if length.isascii() and length.isdigit():
        return TextIOWrapper(BytesIO(buffer.read(int(length))), encoding="utf-8")
    if "GATEWAY_INTERFACE" in environ:  # without a length there is no body
        return TextIOWrapper(BytesIO(), encoding="utf-8")
    return stdin


def _set(stream: TextIO, errors: str) -> None:
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(encoding="utf-8", errors=errors, newline="\n")
