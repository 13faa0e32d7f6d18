"""Compiles modules. A script for one fresh CPython 3.12 of its own: `python -I -S -B _compile_worker.py`.

Reads requests from stdin until its end and answers each on stdout, all in frames of a length (8 bytes, big-endian) and
that many bytes: the virtual file name (UTF-8), the level of optimization (a digit) and the source come in; `+` and the
.pyc, or `-` and the reason, go out.

The .pyc is of PEP 552's unchecked-hash kind, so that no clock is in it.
"""

from __future__ import annotations

import marshal
import os
import sys
from importlib.util import MAGIC_NUMBER, source_hash
from typing import BinaryIO

sys.path.append(os.path.dirname(__file__))  # noqa: PTH120 - an isolated Python leaves it out
from _references import with_references  # type: ignore[import-not-found]  # it lies beside

_MARSHAL_VERSION = 2
_UNCHECKED_HASH = 0b01


def _read(stream: BinaryIO) -> bytes:
    return stream.read(int.from_bytes(stream.read(8), "big"))


def _compile(name: str, level: int, source: bytes) -> bytes:
    code = compile(source, name, "exec", dont_inherit=True, optimize=level)
    header = MAGIC_NUMBER + _UNCHECKED_HASH.to_bytes(4, "little") + source_hash(source)
    references: bytes = with_references(marshal.dumps(code, _MARSHAL_VERSION))
    return header + references


def main() -> None:
    """Answer until there is nothing more to read; no name is empty."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.setrecursionlimit(10_000)
    while name := _read(requests):
        level, source = int(_read(requests)), _read(requests)
        try:
            answer = b"+" + _compile(name.decode(), level, source)
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
            line = getattr(error, "lineno", None)
            reason = getattr(error, "msg", None) or str(error)
            answer = b"-" + (f"line {line}: {reason}" if line else f"{type(error).__name__}: {reason}").encode(
                "utf-8", "replace"
            )
        answers.write(len(answer).to_bytes(8, "big") + answer)
        answers.flush()


if __name__ == "__main__":
    main()
