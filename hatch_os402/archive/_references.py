"""marshal with references, whose bytes depend on the code alone. A part of the compile worker, run by CPython 3.12.

`marshal.dumps` writes an object that it meets again as a reference or a second time, depending on how many others share
it at that moment (python/cpython#98819, #78274); its version 2 knows no references. Here what version 2 wrote is read,
and every string, bytes, tuple, number and frozenset that stands there again becomes a reference to the first of the
same type and value. The bytecode is as small, and loads as fast, as what CPython itself writes.

The format, of version 4: `Python/marshal.c` of CPython 3.12.
"""

from __future__ import annotations

import re

_INTEGERS, _OBJECTS, _LINES = 20, 8, 2
"""A code object: bytes of integers, objects, 4 bytes of the first line's number, objects."""
_CONSTANTS, _NAMES = 1, (2, 3, 5, 6, 7)
"""Of its objects: the constants; names, names of variables, file name, name and qualified name."""
_FIXED = {ord(kind): size for kind, size in {"N": 1, "T": 1, "F": 1, "S": 1, ".": 1, "i": 5, "g": 9, "y": 17}.items()}
_SHORT = 256
_FLAG, _REFERENCE = 0x80, ord("r")
"""A type with the flag: what a reference can mean, by its number among these, in the order in which they begin."""
_SMALLEST_SHARED = 6
"""A reference takes five bytes."""
_interned = re.compile(rb"[A-Za-z0-9_]*").fullmatch
"""Constants that CPython interns (`Objects/codeobject.c`, all_name_chars); it interns all names."""


class _Group:
    """A tuple, a frozenset or a code object."""

    def __init__(self, plain: bytes, items: list[_Node], head: bytes = b"", line: bytes = b"") -> None:
        self.plain = plain
        """As version 2 has it."""
        self.items = items
        self.head = head
        self.line = line


_Node = bytes | _Group


def with_references(plain: bytes) -> bytes:
    """Return the code object that `plain` is in version 2 of marshal, in version 4, with all references there can be.

    Raises `ValueError` for a type that version 2 does not write for code.
    """
    tree, end = _read(plain, 0)
    if end != len(plain):
        raise ValueError("marshal wrote more than one object")
    writer = _Writer()
    writer.survey(tree)
    writer.write(tree)
    return bytes(writer.out)


def _read(plain: bytes, at: int) -> tuple[_Node, int]:
    """Return the object that begins there, and where it ends."""
    kind = plain[at]
    if kind in _FIXED:
        end = at + _FIXED[kind]
    elif kind in b"us":
        end = at + 5 + int.from_bytes(plain[at + 1 : at + 5], "little")
    elif kind == ord("l"):
        end = at + 5 + 2 * abs(int.from_bytes(plain[at + 1 : at + 5], "little", signed=True))
    elif kind in b"(>":
        items, end = _read_some(plain, at + 5, int.from_bytes(plain[at + 1 : at + 5], "little"))
        return _Group(plain[at:end], items), end
    elif kind == ord("c"):
        start = at + 1 + _INTEGERS
        items, middle = _read_some(plain, start, _OBJECTS)
        more, end = _read_some(plain, middle + 4, _LINES)
        return _Group(plain[at:end], items + more, plain[at:start], plain[middle : middle + 4]), end
    else:
        raise ValueError(f"marshal wrote a type that is not known here: {chr(kind)!r}")
    return plain[at:end], end


def _read_some(plain: bytes, at: int, count: int) -> tuple[list[_Node], int]:
    items = []
    for _ in range(count):
        item, at = _read(plain, at)
        items.append(item)
    return items, at


class _Writer:
    def __init__(self) -> None:
        self.out = bytearray()
        self._again: dict[bytes, int] = {}
        """How often each object that can be shared stands there."""
        self._names: set[bytes] = set()
        self._numbers: dict[bytes, int] = {}
        """The objects that a reference can mean, once they are written."""

    def survey(self, node: _Node) -> None:
        """Count what stands there again, and find the strings to be interned.

        This is a pass of its own, since a flag marks the first of several equal objects, and when that is written it
        has to be known whether another one follows. A flag without a reference would be read as well, but it would
        shift the numbers of all others, and so the bytes would depend on more than the code.
        """
        if isinstance(node, _Group) and node.head:
            for at in _NAMES:
                self._intern(node.items[at], every=True)
            self._intern(node.items[_CONSTANTS], every=False)
        else:
            plain = node.plain if isinstance(node, _Group) else node
            if len(plain) >= _SMALLEST_SHARED:
                self._again[plain] = self._again.get(plain, 0) + 1
                if (
                    self._again[plain] > 1
                ):  # a reference is written in its place, and so its items are written once only
                    return
        for item in node.items if isinstance(node, _Group) else ():
            self.survey(item)

    def _intern(self, node: _Node, *, every: bool) -> None:
        for item in node.items if isinstance(node, _Group) else (node,):
            if isinstance(item, bytes) and item[:1] == b"u" and (every or _interned(item, 5)):
                self._names.add(item)

    def write(self, node: _Node) -> None:
        """Write an object, or a reference to it."""
        if isinstance(node, _Group) and node.head:
            self.out += node.head
            for item in node.items[:_OBJECTS]:
                self.write(item)
            self.out += node.line
            for item in node.items[_OBJECTS:]:
                self.write(item)
            return
        plain = node.plain if isinstance(node, _Group) else node
        flag = 0
        if self._again.get(plain, 0) > 1:
            if plain in self._numbers:
                self.out.append(_REFERENCE)
                self.out += self._numbers[plain].to_bytes(4, "little")
                return
            self._numbers[plain] = len(self._numbers)
            flag = _FLAG
        if isinstance(node, _Group):
            short = plain[:1] == b"(" and len(node.items) < _SHORT
            self.out.append((ord(")") if short else plain[0]) | flag)
            self.out += plain[1:2] if short else plain[1:5]
            for item in node.items:
                self.write(item)
        elif plain[:1] == b"u":
            self._write_text(plain, flag)
        else:
            self.out.append(plain[0] | flag)
            self.out += plain[1:]

    def _write_text(self, plain: bytes, flag: int) -> None:
        text, interned = plain[5:], plain in self._names
        if not text.isascii():
            kind, size = "t" if interned else "u", plain[1:5]
        elif len(text) < _SHORT:
            kind, size = "Z" if interned else "z", plain[1:2]
        else:
            kind, size = "A" if interned else "a", plain[1:5]
        self.out.append(ord(kind) | flag)
        self.out += size + text
