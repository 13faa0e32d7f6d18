"""Compares a table of prepared patterns with what `re` compiles. A script for one CPython 3.12, in frames as the workers.

A request is the table, and the JSON of a list of `[kind, pattern, flags]`. The answer is the JSON of a list: for each
`null` when the table has nothing, else whether what it has is the very object that `re` makes, or what differs.
"""

from __future__ import annotations

import json
import pathlib
import re
import sys
import warnings
from re import _compiler

sys.path.append(str(pathlib.Path(__file__).parent.parent.parent / "hatch_os402/launcher/inside"))
from prepared import Table


def read(stream) -> bytes:
    return stream.read(int.from_bytes(stream.read(8), "big"))


def compared(table: Table, kind: str, text: str, flags: int):
    pattern = text.encode("latin-1") if kind == "bytes" else text
    found = table.find(pattern, flags)
    if found is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        real = _compiler.compile(pattern, flags)
    facts = [
        (one.pattern, type(one.pattern), one.flags, one.groups, list(one.groupindex.items()), repr(one))
        for one in (found, real)
    ]
    # Patterns are equal when their flags, their code and their texts are (Modules/_sre/sre.c, pattern_richcompare).
    return True if found == real and facts[0] == facts[1] else repr(facts)


def main() -> None:
    while table := read(sys.stdin.buffer):
        known = Table(memoryview(table))
        answer = json.dumps([compared(known, *asked) for asked in json.loads(read(sys.stdin.buffer))]).encode()
        sys.stdout.buffer.write(len(answer).to_bytes(8, "big") + answer)
        sys.stdout.buffer.flush()
    assert re


if __name__ == "__main__":
    main()
