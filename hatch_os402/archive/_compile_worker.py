"""Compiles modules. A script for one fresh CPython 3.12 of its own: `python -I -S -B _compile_worker.py`.

Reads requests from stdin until its end and answers each on stdout, all in frames of a length (8 bytes, big-endian) and
that many bytes: the virtual file name (UTF-8), what to keep and the source come in; `+` and the .pyc, or `-` and the
reason, go out. What to keep is a digit, the level of optimization, and `d` behind it, where docstrings go but
assertions stay. Behind a space, it is the dotted name of the module (ending with `.` if that is a package), and behind
more of them the modules whose names are imported on first use (`rewriting/lazy_names.py`), and `!` with each submodule
of it.

The .pyc is of PEP 552's unchecked-hash kind, so that no clock is in it.
"""

from __future__ import annotations

import ast
import marshal
import os
import sys
from importlib.util import MAGIC_NUMBER, source_hash
from typing import Any, BinaryIO

sys.path.append(os.path.dirname(__file__))  # noqa: PTH120 - an isolated Python leaves it out
from _references import with_references  # type: ignore[import-not-found]  # it lies beside
from rewriting.lazy_names import put_off  # type: ignore[import-not-found]  # as well
from rewriting.parsing import refuse_deep_names  # type: ignore[import-not-found]  # it lies beside

_MARSHAL_VERSION = 2
_UNCHECKED_HASH = 0b01
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def _read(stream: BinaryIO) -> bytes:
    return stream.read(int.from_bytes(stream.read(8), "big"))


def _compile(name: str, keep: bytes, source: bytes) -> bytes:
    keep, _, lazily = keep.partition(b" ")
    text: Any = source
    refuse_deep_names(source)
    if keep.endswith(b"d") or lazily:
        text = compile(source, name, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    if keep.endswith(b"d"):
        _remove_docstrings(text)
    if lazily and not _put_off(text, lazily.decode().split(" ")) and not keep.endswith(b"d"):
        text = source
    code = compile(text, name, "exec", dont_inherit=True, optimize=int(keep[:1]))
    header = MAGIC_NUMBER + _UNCHECKED_HASH.to_bytes(4, "little") + source_hash(source)
    references: bytes = with_references(marshal.dumps(code, _MARSHAL_VERSION))
    return header + references


def _put_off(tree: ast.Module, said: list[str]) -> bool:
    """Rewrite imports of a module; return whether there were any. `said`: see the head of this file."""
    module, *names = said
    inside = frozenset(name[1:] for name in names if name[0] == "!")
    lazy = frozenset(name for name in names if name[0] != "!")
    try:
        return bool(put_off(tree, module.rstrip("."), is_package=module.endswith("."), lazy=lazy, submodules=inside))
    except RecursionError:  # it is nested more deeply than this can follow
        return False


def _remove_docstrings(tree: ast.Module) -> None:
    """Take the docstrings out of a module; all else stays at its lines."""
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED):
            while node.body and _is_string(first := node.body[0]):  # what follows it would be the docstring then
                del node.body[0]
                if not node.body and not isinstance(node, ast.Module):
                    node.body.append(ast.copy_location(ast.Pass(), first))


def _is_string(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def main() -> None:
    """Answer until there is nothing more to read; no name is empty."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.setrecursionlimit(10_000)
    while name := _read(requests):
        keep, source = _read(requests), _read(requests)
        try:
            answer = b"+" + _compile(name.decode(), keep, source)
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
