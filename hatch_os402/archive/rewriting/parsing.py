"""Parses a source of others, but for one that no parser should be given. Also a part of the workers above."""

from __future__ import annotations

import ast
import re
import warnings

_MOST = 100
"""Parts of a dotted name. CPython's parser keeps each of its beginnings (`Parser/action_helpers.c`,
_PyPegen_join_names_with_dot), so that an import of 40 kB takes 445 MB, and one of 400 kB all that there is."""
_gaps = re.compile(rb"[ \t\f]+").sub
_names = re.compile(rb"[\w.\x80-\xff]+").findall
_parts = re.compile(rb"\.(?![0-9])").findall


def refuse_deep_names(source: bytes) -> None:
    """Raise `ValueError` for a source with a dotted name of more than a hundred parts."""
    for line in re.sub(rb"\\(?:\r\n|\r|\n)", b" ", source).splitlines():
        if line.count(b".") > _MOST:
            text = _gaps(b" ", line).replace(b" .", b".").replace(b". ", b".")
            if any(len(_parts(name)) > _MOST for run in _names(text) for name in run.split(b"..")):
                raise ValueError(f"a dotted name of more than {_MOST} parts")


def parse(source: bytes) -> ast.Module:
    """Return the tree of `source`, without warnings. Raises `ValueError` as above, and whatever `ast.parse` does."""
    refuse_deep_names(source)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)
