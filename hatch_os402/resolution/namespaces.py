"""The `__init__.py` of packages that several distributions share, from before PEP 420.

Every one of them ships the file, in forms that differ (`pkgutil.extend_path`, `pkg_resources.declare_namespace`, both,
or nothing but comments), and means the same: other distributions add to this package. In one tree one of them is
enough.
"""

from __future__ import annotations

import ast

from hatch_os402.archive.rewriting.parsing import parse

_EXTENSIONS = frozenset({
    "__path__ = __import__('pkgutil').extend_path(__path__, __name__)",
    "__path__ = extend_path(__path__, __name__)",
    "__path__ = pkgutil.extend_path(__path__, __name__)",
    "__import__('pkg_resources').declare_namespace(__name__)",
    "pkg_resources.declare_namespace(__name__)",
    "declare_namespace(__name__)",
    "from pkgutil import extend_path",
    "from pkg_resources import declare_namespace",
    "import pkgutil",
    "import pkg_resources",
    "pass",
})  # fmt: skip
"""What such a file may consist of, as `ast.unparse` writes it."""


def declares_namespace(source: bytes) -> bool:
    """Whether the module `source` does nothing but say that its package is shared, if it does anything."""
    try:
        tree = parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return all(map(_harmless, tree.body))


def needs_pkg_resources(source: bytes) -> bool:
    """Whether the module mentions `pkg_resources`, which setuptools no longer has."""
    return b"pkg_resources" in source


def _harmless(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return isinstance(statement.value.value, str)  # a docstring
    if isinstance(statement, ast.Try):
        blocks = [*statement.body, *statement.orelse, *statement.finalbody]
        handled = [inner for handler in statement.handlers for inner in handler.body]
        return all(map(_harmless, [*blocks, *handled]))
    return ast.unparse(statement) in _EXTENSIONS
