"""Describes tools from their source, which is not run (`schema = "static"`).

The names in annotations are followed to where they are bound, through the modules of the archive. What they stand for
is made anew, of the standard library's own parts: a dataclass of the source becomes a dataclass here, with the same
fields, and so the rest is as with an imported function. Values are literals.
"""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING, Any

from hatch_os402.archive.rewriting.parsing import parse
from hatch_os402.errors import StaticError
from hatch_os402.launcher.inside.interfaces.mcp_types.common import AnnotationError
from hatch_os402.tools.describe import describe
from hatch_os402.tools.docstrings import read as read_docstring
from hatch_os402.tools.standins import Sources

if TYPE_CHECKING:
    from collections.abc import Callable


def describe_source(function: str, read: Callable[[str], bytes | None]) -> dict[str, Any]:
    """Return what `describe` says of `function` (`"module:function"`), or its error.

    `read` returns the content of an archive path, None when there is no such file.
    """
    module, _, name = function.partition(":")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in the source, which is the project's business
            return describe(Sources(read).function(module, name))
    except StaticError as error:
        return {"error": {"path": "", "why": f'{error} (`schema = "import"` runs the code)'}}
    except AnnotationError as error:
        return {"error": {"path": ".".join(error.path), "why": error.why}}


def docstring(function: str, read: Callable[[str], bytes | None]) -> str:
    """Return what the docstring of `function` says of it, as far as the source tells; else nothing."""
    module, _, name = function.partition(":")
    source = read(f"{module.replace('.', '/')}.py") or read(f"{module.replace('.', '/')}/__init__.py") or b""
    try:
        tree = parse(source)
    except (SyntaxError, ValueError):
        return ""
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name:
            return read_docstring(ast.get_docstring(node, clean=False)).description
    return ""
