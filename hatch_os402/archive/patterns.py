"""Prepare regular expressions: what a program gives to `re` as constants is compiled by the target's `re`.

The table is the archive's member `NAME`, which is read when `re` is imported, and of it only what is asked for
(`hatch_os402/launcher/inside/prepared.py`). All numbers are little-endian and have four bytes:

- `MARK`, the magic number of the target's bytecode, that of its `_sre`, and the number of slots, a power of two;
- the slots: a slot is 0, or where an entry begins, counted from the start. The entry of a pattern is found from the
  slot that its key names (modulo their number) on, and an empty slot ends the search. The key is the CRC-32 of the
  pattern (text as UTF-8), continued from the flags;
- the entries: `marshal` (version 2) of pattern, flags as `re` is given them, and the other arguments of `_sre.compile`:
  flags, number of groups, names of groups with their numbers, and the code: the lowest byte of each word, and for the
  words that have more, their places in it (two bytes each) and their values. Nine of ten words are a byte.
"""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatch_os402.archive import stdlib_patterns
from hatch_os402.archive.kept import folder_of, keep, load
from hatch_os402.archive.target_process import TargetProcess
from hatch_os402.errors import CompilerProcessError, PatternsError
from hatch_os402.runtime.interpreters import MAGIC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from hatch_os402.archive.entries import Entry
    from hatch_os402.archive.stdlib_patterns import Pattern
    from hatch_os402.runtime.interpreters import Interpreter

NAME = "_os402/patterns"
"""The archive path of the table."""
MARK = b"402r"
SRE_MAGIC = 20221023
"""`_sre.MAGIC` of CPython 3.12, which the worker compares with its own."""
_HEADER = struct.Struct("<4s4s2I")
_SLOT = struct.Struct("<I")
_ENTRY, _EIGHT = struct.Struct("<5sci"), b"(\10\0\0\0"
_FLAGS = struct.Struct("<ci")
_KINDS = {b"u": "str", b"s": "bytes"}
_FOLDER = Path(__file__).parent
_WORKER = _FOLDER / "_pattern_worker.py"
_TEXTS = (_WORKER, _FOLDER / "rewriting" / "parsing.py", _FOLDER / "_pattern_finder.py", _FOLDER / "_pattern_values.py")
_TIMEOUT = 300
"""Seconds for one distribution. The worker bounds its work by counts; this is for what nobody has thought of."""

Compiled = tuple[int, bytes]
"""Key and content of an entry."""


@dataclass(frozen=True)
class Prepared:
    """The prepared regular expressions of an archive."""

    count: int
    table: bytes
    """The member; empty when there are none."""


NOTHING = Prepared(0, b"")


def prepare(
    modules: Iterable[Entry],
    read: Callable[[Entry], bytes],
    *,
    interpreter: Interpreter,
    cache: Path,
    recorded: Iterable[Pattern] = (),
    imported: Iterable[str] = (),
) -> Prepared:
    """Return what is prepared for a program of these modules.

    `recorded` and `imported` are patterns and modules of its runs. The table depends on these, on the sources of
    `modules` and on the release of the interpreter alone. Raises `PatternsError` when the compiler cannot be used.
    """
    entries: set[Compiled] = set()
    imports = set(imported)
    with _Patterns(interpreter, cache) as patterns:
        by_owner = sorted(modules, key=lambda entry: (entry.owner, entry.path.encode()))
        for _, own in groupby(by_owner, key=lambda entry: entry.owner):
            found = patterns.of_modules(list(own), read)
            imports.update(found["imports"])
            entries.update((key, bytes.fromhex(content)) for key, content in found["entries"])
        listed = {*stdlib_patterns.reached_by(imports), *recorded}
        if not listed and not entries:
            return NOTHING
        found = patterns.of_list(sorted({*listed, *stdlib_patterns.ALWAYS}))
        entries.update((key, bytes.fromhex(content)) for key, content in filter(None, found))
    return Prepared(len(entries), build_table(entries))


def build_table(entries: Iterable[Compiled]) -> bytes:
    """Return the table of these entries, which depends on nothing else (not even on their order)."""
    chosen = sorted(set(entries))
    slots = [0] * (1 << (2 * len(chosen)).bit_length())
    at = _HEADER.size + _SLOT.size * len(slots)
    for key, content in chosen:
        slot = key % len(slots)
        while slots[slot]:
            slot = (slot + 1) % len(slots)
        slots[slot] = at
        at += len(content)
    head = _HEADER.pack(MARK, MAGIC, SRE_MAGIC, len(slots)) + b"".join(map(_SLOT.pack, slots))
    return head + b"".join(content for _, content in chosen)


def count_entries(table: bytes) -> int:
    """Return how many entries the slots of a table name; 0 for what is no table."""
    if len(table) < _HEADER.size or table[: len(MARK)] != MARK:
        return 0
    slots = table[_HEADER.size : _HEADER.size + _SLOT.size * _HEADER.unpack_from(table)[3]]
    return sum(at != 0 for (at,) in _SLOT.iter_unpack(slots[: len(slots) // _SLOT.size * _SLOT.size]))


def underived(table: bytes, *, interpreter: Interpreter, cache: Path) -> str:
    """Return why `interpreter` does not make `table` of the patterns that it holds, or nothing.

    Of the entries only pattern and flags are read: they give all the rest. Raises `PatternsError` when the interpreter
    cannot be used.
    """
    try:
        listed = [_pattern_at(table, at) for at in _offsets(table)]
    except (LookupError, ValueError, struct.error) as error:
        return f"it is no table as a build writes it ({error})"
    with _Patterns(interpreter, cache) as patterns:
        found = patterns.of_list(listed) if listed else []
    made = {(key, bytes.fromhex(content)) for key, content in filter(None, found)}
    return "" if build_table(made) == table else "its patterns compile to something else"


def _offsets(table: bytes) -> list[int]:
    """Return where the entries begin, sorted."""
    count = _HEADER.unpack_from(table)[3]
    slots = table[_HEADER.size : _HEADER.size + _SLOT.size * count]
    return sorted(at for (at,) in _SLOT.iter_unpack(slots) if at)


def _pattern_at(table: bytes, at: int) -> Pattern:
    """Return the pattern of an entry by reading the start of what `marshal` (version 2) has written: no `loads` of it.

    A tuple of eight, text (`u`) or bytes (`s`) with their length, and an integer (CPython's `Python/marshal.c`).
    """
    head, kind, size = _ENTRY.unpack_from(table, at)
    start = at + _ENTRY.size
    text = table[start : start + size]
    mark, flags = _FLAGS.unpack_from(table, start + size)
    if head != _EIGHT or kind not in _KINDS or mark != b"i":
        raise ValueError(f"at {at}")
    return _KINDS[kind], text.decode("latin-1" if kind == b"s" else "utf-8", "surrogatepass"), flags


class _Patterns(TargetProcess):
    """Asks the worker, or the cache: for the modules of one distribution at once, so that few files are read."""

    def __init__(self, interpreter: Interpreter, cache: Path) -> None:
        super().__init__(interpreter, str(_WORKER), timeout=_TIMEOUT)
        worker = b"".join(path.read_bytes() for path in _TEXTS)
        build = hashlib.sha256(worker + interpreter.build.encode()).hexdigest()[:16]
        self._cache = cache / f"{interpreter.version}-{build}"

    def of_modules(self, modules: Sequence[Entry], read: Callable[[Entry], bytes]) -> Any:
        """Return `imports` and `entries` of these modules, as the worker answers."""
        paths = json.dumps([module.path for module in modules])

        def made() -> Any:
            return self._asked(f"modules of {modules[0].owner}", b"d" + paths.encode(), *map(read, modules))

        return self._kept("\n".join([paths, *(module.sha256 for module in modules)]), made)

    def of_list(self, patterns: Sequence[Pattern]) -> Any:
        """Return the entries of these patterns, None for one that is left as it is."""
        asked = json.dumps(patterns)
        return self._kept(asked, lambda: self._asked("the standard library", b"p" + asked.encode()))

    def _kept(self, key: str, make: Callable[[], Any]) -> Any:
        folder = folder_of(self._cache, key)
        if (known := load(folder)) is not None:
            return json.loads(known[1])
        made = make()
        keep(folder, json.dumps(made).encode(), ".json")
        return made

    def _asked(self, what: str, *request: bytes) -> Any:
        try:
            return json.loads(self.ask(*request))
        except CompilerProcessError as error:
            how = f"was ended after {_TIMEOUT} s" if error.late else error.how
            raise PatternsError(
                f"{self._interpreter.path} (CPython {self._interpreter.version}) {how} while it prepared the regular "
                f"expressions of {what}.\n"
                "Use another CPython 3.12, leave files out with `exclude`, or set `prepared-patterns = false`."
            ) from error
