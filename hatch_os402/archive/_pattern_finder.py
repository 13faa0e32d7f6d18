"""Finds the patterns that a module gives to `re` as constants, without running it. A part of the pattern worker.

What is found too much costs room in the archive and nothing else: an entry of the table is true of its pattern and
flags wherever they come from.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from _pattern_values import FLAGS, MAX_PATTERN, Scope, Values  # type: ignore[import-not-found]  # it lies beside

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_PATTERNS, _MAX_ALL = 1_000, 256 * 1024
"""Patterns of one module, and their characters together."""
_FLAGS_AT = {
    "compile": 1, "search": 2, "match": 2, "fullmatch": 2, "findall": 2, "finditer": 2, "split": 3, "sub": 4, "subn": 4,
}  # fmt: skip
"""The functions of `re` that take a pattern, and where their flags stand."""


class Finder(Values):  # type: ignore[misc]  # it lies beside
    """Reads one module. `others` gives the one that has read a module of the same distribution, or None."""

    def __init__(self, tree: ast.Module, name: str, *, package: bool, others: Callable[[str], Finder | None]) -> None:
        super().__init__(others)
        self._package = name.split(".") if package else name.split(".")[:-1]
        self.imports: set[str] = set()
        """The dotted names of modules that may be imported; those of `from` may be other things in a module."""
        self._functions: dict[str, str] = {}
        """Name → the function of `re` that it stands for."""
        self._calls: list[tuple[ast.Call, Scope]] = []
        self._read(tree)

    def patterns(self) -> list[tuple[str | bytes, int]]:
        """Return each pattern with its flags, in the order of the source, once."""
        found: dict[tuple[type, str | bytes, int], None] = {}
        for call, scope in self._calls:
            if (name := self._function(call.func)) is None:
                continue
            pattern = _argument(call, 0, "pattern")
            flags = _argument(call, _FLAGS_AT[name], "flags")
            if pattern is None:
                continue
            wanted = [0] if flags is None else [flag for flag in self.of(flags, scope) if type(flag) is int]
            for text in self.of(pattern, scope):
                if isinstance(text, (str, bytes)) and len(text) <= MAX_PATTERN:
                    found.update(dict.fromkeys((type(text), text, flag) for flag in wanted))
        kept = [(text, flag) for _, text, flag in found][:_MAX_PATTERNS]
        while kept and sum(len(text) for text, _ in kept) > _MAX_ALL:
            del kept[len(kept) // 2 :]
        return kept

    def _read(self, tree: ast.Module) -> None:
        waiting: list[tuple[ast.AST, Scope, bool]] = [(tree, self.top, False)]
        while waiting:
            node, scope, in_class = waiting.pop()
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
                scope, in_class = Scope(scope), isinstance(node, ast.ClassDef)
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                self._import(node)
            elif isinstance(node, ast.Assign):
                for target in node.targets:
                    self._assign(target, node.value, None, scope, in_class=in_class)
            elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)):
                if node.value is not None:
                    self._assign(node.target, node.value, None, scope, in_class=in_class)
            elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
                self._assign(node.target, node.iter, (), scope, in_class=in_class)
            elif isinstance(node, ast.Call):
                self._calls.append((node, scope))
            waiting.extend((child, scope, in_class) for child in reversed(list(ast.iter_child_nodes(node))))

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        base = node.module or "" if isinstance(node, ast.ImportFrom) else ""
        if isinstance(node, ast.ImportFrom) and node.level:
            base = ".".join([*self._package[: len(self._package) - node.level + 1], *([base] if base else [])])
        for alias in node.names:
            if isinstance(node, ast.ImportFrom):
                self.origins[alias.asname or alias.name] = base, alias.name
            if isinstance(node, ast.Import):
                self.imports.add(alias.name)
                if alias.name == "re":
                    self.modules.add(alias.asname or alias.name)
            elif not node.level and node.module:
                self.imports.update((node.module, f"{node.module}.{alias.name}"))
                if node.module == "re" and alias.name in _FLAGS_AT:
                    self._functions[alias.asname or alias.name] = alias.name
                elif node.module == "re" and alias.name in FLAGS:
                    self.flags[alias.asname or alias.name] = FLAGS[alias.name]

    def _assign(
        self, target: ast.expr, value: ast.expr, path: tuple[int, ...] | None, scope: Scope, *, in_class: bool
    ) -> None:
        if isinstance(target, ast.Name):
            scope.names.setdefault(target.id, []).append((value, path))
            if in_class and path is None:
                self.attributes.setdefault(target.id, []).append((value, scope))
            if path is None and isinstance(value, ast.Attribute) and value.attr in _FLAGS_AT and self.is_re(value):
                self._functions[target.id] = value.attr
        elif isinstance(target, (ast.Tuple, ast.List)) and path is not None:
            for at, part in enumerate(target.elts):
                self._assign(part, value, (*path, at), scope, in_class=in_class)
        elif isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List)):
            for part, one in zip(target.elts, value.elts):  # noqa: B905 - starred ones have other lengths
                self._assign(part, one, None, scope, in_class=in_class)

    def _function(self, node: ast.expr) -> str | None:
        """Return the name of the function of `re` that `node` is, or None."""
        if isinstance(node, ast.Name):
            return self._functions.get(node.id)
        if isinstance(node, ast.Attribute) and node.attr in _FLAGS_AT and self.is_re(node):
            return node.attr
        return None


def _argument(call: ast.Call, at: int, name: str) -> ast.expr | None:
    if any(isinstance(one, ast.Starred) for one in call.args[: at + 1]):
        return None
    if at < len(call.args):
        return call.args[at]
    return next((word.value for word in call.keywords if word.arg == name), None)
