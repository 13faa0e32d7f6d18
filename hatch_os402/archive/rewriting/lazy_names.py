"""Rewrites `from module import name` of a module's syntax tree so that the first use of the name imports it.

For `_compile_worker.py`, by the same CPython 3.12. What PEP 810 calls reification is
written into the functions that use such a name: `name` becomes `_@name() if _@name else name`. `_@name` is a global of
the module that no source can spell: what imports the name until then, and None from then on. The import itself becomes
a call of `put_off` (`hatch_os402/launcher/inside/lazy.py`), which makes these.

A name is put off if it is bound once in all of the module, by that import at its top level, and is used in nothing but
functions: not in a decorator, a default, an annotation or a pattern. A module that looks at its names as a dictionary,
or has a `__getattr__` of its own, stays as it is.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_LOOKERS = frozenset({"__getattr__", "__import__", "dir", "eval", "exec", "globals", "locals", "vars"})
_LOADER = "_os402.lazy"


_WORD = re.compile(r"\w+")
_ANNOTATIONS = frozenset({"annotation", "returns"})
_NOW = _ANNOTATIONS | {"type_params"}
"""Fields that functions and statements do not run, or that others evaluate."""
_BINDING: dict[type[ast.AST], tuple[str, ...]] = {
    ast.FunctionDef: ("name",),
    ast.AsyncFunctionDef: ("name",),
    ast.ClassDef: ("name",),
    ast.arg: ("arg",),
    ast.ExceptHandler: ("name",),
    ast.MatchAs: ("name",),
    ast.MatchStar: ("name",),
    ast.MatchMapping: ("rest",),
}
"""Fields of nodes that are the name of something that is bound."""


def put_off(
    tree: ast.Module, module: str, *, is_package: bool, lazy: frozenset[str], submodules: frozenset[str] = frozenset()
) -> bool:
    """Rewrite the imports of `tree`, the module of that dotted name, of modules that `lazy` names.

    Return whether anything was changed. An import from a module in `lazy`, or from one inside of it, counts where
    `module` is not inside of it itself; so does the import of a submodule that `lazy` names. `submodules` of a package
    are set in it by whoever imports them: no other object is put off by such a name.
    """
    found = _NamesOf(tree)
    bound = found.bound
    if _LOOKERS & (found.used | bound.keys()):
        return False
    free = {name for name, times in bound.items() if times == 1 and not name.startswith("__")} - found.elsewhere
    done: set[str] = set()
    body: list[ast.stmt] = []
    for statement in tree.body:
        names = _put_off(statement, module, is_package, lazy, free, submodules)
        body += _rewritten(statement, names)
        done |= {alias.asname or alias.name for alias in names}
    if done:
        tree.body[:] = body
        _Uses(done).visit(tree)
    return bool(done)


def _put_off(
    statement: ast.stmt,
    module: str,
    is_package: bool,  # noqa: FBT001
    lazy: frozenset[str],
    free: set[str],
    submodules: frozenset[str],
) -> list[ast.alias]:
    """Return the names of an import that are put off; none of what is no such import."""
    if not isinstance(statement, ast.ImportFrom) or statement.module == "__future__":
        return []
    base = _absolute(statement, module, is_package)
    own = submodules if base == module else frozenset()  # `from . import submodule` binds what is set anyway
    names = [
        alias
        for alias in statement.names
        if (bound := alias.asname or alias.name) in free
        and (bound not in submodules or (bound == alias.name and bound in own))
    ]
    if any(_covers(one, base, module) for one in lazy):  # where one name has to be imported now, all else comes along
        return names if len(names) == len(statement.names) else []
    return [alias for alias in names if f"{base}.{alias.name}" in lazy and f"{base}.{alias.name}" != module]


def _absolute(statement: ast.ImportFrom, module: str, is_package: bool) -> str:  # noqa: FBT001
    if not statement.level:
        return statement.module or ""
    parts = module.split(".")
    parts = parts[: max(0, len(parts) - statement.level + is_package)]
    if not parts:
        return ""  # an error once it runs
    return ".".join([*parts, *([statement.module] if statement.module else [])])


def _covers(one: str, base: str, module: str) -> bool:
    return (base == one or base.startswith(f"{one}.")) and module != one and not module.startswith(f"{one}.")


def _rewritten(statement: ast.stmt, names: list[ast.alias]) -> Iterator[ast.stmt]:
    """Yield what stands in the place of a statement of which `names` are put off."""
    if not names:
        yield statement
        return
    assert isinstance(statement, ast.ImportFrom)  # noqa: S101 - nothing else has names
    table = {alias.asname or alias.name: alias.name for alias in names}
    call = (
        f"__import__({_LOADER!r}, None, None, ('put_off',)).put_off"
        f"(globals(), {statement.module or ''!r}, {statement.level}, {statement.lineno}, {table!r})"
    )
    (made,) = ast.parse(call).body
    for node in ast.walk(made):
        ast.copy_location(node, statement)
    yield made
    put_off_now = set(map(id, names))
    if rest := [alias for alias in statement.names if id(alias) not in put_off_now]:
        yield ast.copy_location(ast.ImportFrom(statement.module, rest, statement.level), statement)


_TYPES = (ast.Subscript, ast.Call)
"""What types are made by."""


class _NamesOf:
    """How often each name of a module is bound, all names that are used, and those that are used outside functions."""

    def __init__(self, tree: ast.Module) -> None:
        self.bound: dict[str, int] = {}
        self.used: set[str] = set()
        self.elsewhere: set[str] = set()
        self._walk(tree, deferred=False, annotation=False)

    def _walk(self, node: ast.AST, *, deferred: bool, annotation: bool) -> None:
        self._note(node, deferred=deferred, annotation=annotation)
        for field, child in ast.iter_fields(node):
            # `Optional["X"]`, `TypeVar("T", bound="X")`: such texts are looked up in the module's dictionary.
            states = annotation or field in _ANNOTATIONS or (not deferred and isinstance(node, _TYPES))
            later = deferred
            if isinstance(node, _FUNCTIONS) and field == "body":
                later = True
            elif field in _NOW or isinstance(node, (ast.MatchClass, ast.MatchValue)):
                later = False  # in a pattern there is only room for a name
            for one in child if isinstance(child, list) else [child]:
                if isinstance(one, ast.AST):
                    self._walk(one, deferred=later, annotation=states)

    def _note(self, node: ast.AST, *, deferred: bool, annotation: bool) -> None:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            self.used.add(node.id)
            if not deferred:
                self.elsewhere.add(node.id)
        elif isinstance(node, ast.Name):
            self._bind(node.id)
        elif isinstance(node, ast.alias):
            # What a star brings along is not known.
            self._bind(*(_LOOKERS if node.name == "*" else (node.asname or node.name.partition(".")[0],)))
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            self._bind(*node.names, *node.names)
        elif isinstance(node, ast.Attribute) and node.attr == "modules":  # sys.modules[__name__]
            self.used |= _LOOKERS
        elif isinstance(node, ast.Constant) and annotation and isinstance(node.value, str):
            self.elsewhere.update(_WORD.findall(node.value))
        self._bind(*(getattr(node, field) for field in _BINDING.get(type(node), ())))

    def _bind(self, *names: str | None) -> None:
        for name in names:
            if name is not None:
                self.bound[name] = self.bound.get(name, 0) + 1


class _Uses(ast.NodeTransformer):
    """Makes each use of some names one that imports them at first."""

    def __init__(self, names: set[str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in self._names:
            return node
        loader = f"_@{node.id}"
        made = ast.IfExp(ast.Name(loader, ast.Load()), ast.Call(ast.Name(loader, ast.Load()), [], []), node)
        for part in ast.walk(made):
            ast.copy_location(part, node)
        return made
