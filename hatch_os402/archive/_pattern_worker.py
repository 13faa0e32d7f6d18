"""Prepares regular expressions. A script for one fresh CPython 3.12 of its own: `python -I -S -B _pattern_worker.py`.

Reads requests from stdin until its end and answers each on stdout, all in frames of a length (8 bytes, big-endian) and
that many bytes. A request is `d`, and for the modules of a distribution the JSON of their archive paths, and behind it
a frame for the source of each; or it is `p` and the JSON of a list of `[kind, pattern, flags]`, where the kind is `str`
or `bytes` (then the pattern is its Latin-1). The answer is JSON: to `d` an object with `imports`, names of modules that
the sources may import, and `entries`; to `p` a list of entries. An entry is `[key, hex]`: the key and the content of
what `hatch_os402/archive/patterns.py` puts into the table; `null` stands for a pattern of a list that is left as it is.

Nothing of what is read is run. A pattern is left as it is when it is no pattern, when compiling it warns, and when that
is much work.
"""

from __future__ import annotations

import json
import marshal
import os
import re
import sys
import warnings
from re import _compiler, _parser  # type: ignore[attr-defined]  # what the target's `re` compiles with
from typing import TYPE_CHECKING, Any, BinaryIO
from zlib import crc32

sys.path.append(os.path.dirname(__file__))  # noqa: PTH120 - an isolated Python leaves it out
from _pattern_finder import Finder  # type: ignore[import-not-found]  # they lie beside
from _pattern_values import MAX_PATTERN  # type: ignore[import-not-found]
from rewriting.parsing import parse  # type: ignore[import-not-found]  # they lie beside

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARSHAL_VERSION = 2
_ASIS = re.DEBUG | re.LOCALE | re.TEMPLATE
"""Flags whose patterns are left to `re`: they print, depend on the locale, warn."""
_KNOWN = range(512)
"""Flags that `re` has."""
_MAX_CODE = 16_384
"""Words of code that a pattern may have: fewer than two bytes can count."""
_BYTE = 0xFF
_MAX_CASES = 300_000
"""Characters in the ranges of a pattern without regard to case: each is looked up by itself."""
_imported = re.compile(rb"^[^#\n]*?\b(?:import|from)\b([^#\n]*)", re.MULTILINE).finditer
"""What stands in a line behind its first import: one step a line, however many there are in it."""
_names_re = re.compile(rb"\bre\b").search
_imports = re.compile(rb"^[ \t]*(?:import|from)[ \t]+([\w.]+)(?:[ \t]+import[ \t]+(\w+))?", re.MULTILINE).findall

Entry = tuple[int, str]


def _read(stream: BinaryIO) -> bytes:
    return stream.read(int.from_bytes(stream.read(8), "big"))


def key_of(pattern: str | bytes, flags: int) -> int:
    """Return the key of an entry, as the launcher computes it (`launcher/inside/prepared.py`)."""
    return crc32(pattern.encode("utf-8", "surrogatepass") if isinstance(pattern, str) else pattern, flags)


def prepared(pattern: str | bytes, flags: int) -> Entry | None:
    """Return the entry of a pattern, or None when it is left to `re`."""
    if flags & _ASIS or flags not in _KNOWN or len(pattern) > MAX_PATTERN:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            parsed = _parser.parse(pattern, flags)
            final = flags | parsed.state.flags
            if final & _ASIS or _cases(parsed, final) > _MAX_CASES:
                return None
            code = _compiler._code(parsed, flags)  # noqa: SLF001 - as `_compiler.compile` does
    except (re.error, Warning, ArithmeticError, LookupError, MemoryError, RecursionError, TypeError, ValueError):
        return None
    if len(code) > _MAX_CODE:
        return None
    wide = [at for at, word in enumerate(code) if word > _BYTE]
    packed = (
        bytes(word & _BYTE for word in code),
        b"".join(at.to_bytes(2, "little") for at in wide),
        b"".join(code[at].to_bytes(4, "little") for at in wide),
    )
    made = (pattern, flags, final, parsed.state.groups - 1, parsed.state.groupdict, *packed)
    return key_of(pattern, flags), marshal.dumps(made, _MARSHAL_VERSION).hex()


def _cases(parsed: Any, flags: int) -> int:
    """Return how many characters are in ranges, if any part of the pattern has no regard to case."""
    total, anywhere = 0, bool(flags & re.IGNORECASE)
    waiting = [parsed]
    while waiting:
        part = waiting.pop()
        if type(part) in (tuple, list):
            if len(part) == 2 and str(part[0]) == "RANGE":  # noqa: PLR2004 - an operator and what it is given
                total += part[1][1] - part[1][0]
            elif len(part) == 2 and str(part[0]) == "SUBPATTERN":  # noqa: PLR2004 - as above
                anywhere = anywhere or bool(part[1][1] & re.IGNORECASE)
            waiting.extend(part)
        elif isinstance(part, _parser.SubPattern):
            waiting.extend(part.data)
    return total if anywhere else 0


class ModuleSet:
    """The modules of a distribution: archive path → source."""

    def __init__(self, sources: dict[str, bytes]) -> None:
        self._sources = sources
        self._paths = {
            path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in sorted(sources)
        }
        self._finders: dict[str, Finder | None] = {}

    def answer(self) -> dict[str, Any]:
        """Return what the sources import, and the entries of their patterns."""
        imports: set[str] = set()
        patterns: dict[tuple[type, str | bytes, int], None] = {}
        for name, path in self._paths.items():
            source = self._sources[path]
            if not _uses(source):
                imports.update(part.decode("utf-8", "replace") for pair in _imports(source) for part in _dotted(*pair))
            elif (finder := self.finder(name)) is not None:
                imports |= finder.imports
                patterns.update(dict.fromkeys((type(text), text, flags) for text, flags in finder.patterns()))
        made = (prepared(text, flags) for _, text, flags in patterns)
        return {"imports": sorted(imports), "entries": sorted({one for one in made if one is not None})}

    def finder(self, name: str) -> Finder | None:
        """Return what has read the module with the dotted name `name`; None for what is none, or cannot be read."""
        if name not in self._finders:
            self._finders[name] = self._read(name) if name in self._paths else None
        return self._finders[name]

    def _read(self, name: str) -> Finder | None:
        path = self._paths[name]
        try:
            tree = parse(self._sources[path])
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        return Finder(tree, name, package=path.endswith("/__init__.py"), others=self.finder)


def _uses(source: bytes) -> bool:
    """Whether a line of `source` names `re` behind `import` or `from`."""
    return any(_names_re(found[1]) for found in _imported(source))


def _dotted(module: bytes, name: bytes) -> Iterator[bytes]:
    if module and not module.startswith(b"."):
        yield module
        if name:
            yield module + b"." + name


def _listed(patterns: list[tuple[str, str, int]]) -> list[Entry | None]:
    return [prepared(text.encode("latin-1") if kind == "bytes" else text, flags) for kind, text, flags in patterns]


def main() -> None:
    """Answer until there is nothing more to read; no request is empty."""
    if (_compiler.MAGIC, _compiler._sre.CODESIZE) != (20221023, 4):  # noqa: SLF001 - `patterns.SRE_MAGIC`
        sys.exit("another `_sre` than CPython 3.12 has")
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while request := _read(requests):
        asked = json.loads(request[1:])
        if request[:1] == b"p":
            made: Any = _listed(asked)
        else:
            made = ModuleSet({path: _read(requests) for path in asked}).answer()
        answer = json.dumps(made).encode()
        answers.write(len(answer).to_bytes(8, "big") + answer)
        answers.flush()


if __name__ == "__main__":
    main()
