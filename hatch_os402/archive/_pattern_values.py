"""What the expressions of a module are worth where they are constants, without running them. See _pattern_finder.py.

Names are looked up without regard to the order of statements, and a name that is assigned several times stands for each
of its values. All work is bounded by counts, never by time: the same source gives the same values on every machine.
"""

from __future__ import annotations

import ast
import re
from string import Formatter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_PATTERN = 8192
"""Characters of a pattern."""
FLAGS = {
    "A": 256, "ASCII": 256, "I": 2, "IGNORECASE": 2, "M": 8, "MULTILINE": 8, "S": 16, "DOTALL": 16, "X": 64,
    "VERBOSE": 64, "U": 32, "UNICODE": 32, "NOFLAG": 0,
}  # fmt: skip
"""Those of `re` that leave a pattern the same everywhere (`L` depends on the locale, `DEBUG` prints)."""
_MAX_TEXT = 8 * MAX_PATTERN
"""Characters of what a pattern is put together of."""
_MAX_VALUES = 64
"""Values of one expression."""
_MAX_ITEMS = 1_000
"""Of one list."""
_MAX_DEPTH = 60
_MAX_STEPS = 100_000
"""Expressions that are looked at in one module; each kilobyte that one stands for counts as another."""
_conversions = re.compile(r"%(?:\((\w+)\))?([sd%])")
_TEXT = {"strip": 1, "lstrip": 1, "rstrip": 1, "lower": 0, "upper": 0, "replace": 2, "encode": 1, "decode": 1}
"""Methods of text that are called with so many constants at most."""
_ENCODINGS = ("ascii", "latin-1", "latin1", "iso-8859-1", "utf-8", "utf8")
_SIMPLE = (str, bytes, int)


class _Namespace:
    """What `globals()` and `locals()` return, as far as it is asked."""


class Scope:
    def __init__(self, outer: Scope | None) -> None:
        self.outer = outer
        self.names: dict[str, list[tuple[ast.expr, tuple[int, ...] | None]]] = {}
        """Name → what is assigned to it; with a path, the elements of that, or what lies in them."""


class Values:
    """The constants of one module. `others` gives those of a module of the same distribution, or None."""

    def __init__(self, others: Callable[[str], Values | None]) -> None:
        self._others = others
        self._steps = _MAX_STEPS
        self.top = Scope(None)
        self.modules: set[str] = set()
        """The names by which the module knows `re`."""
        self.flags: dict[str, int] = {}
        """The names of flags that it has imported from there."""
        self.origins: dict[str, tuple[str, str]] = {}
        """Name → the module that it is imported from, and its name there."""
        self.attributes: dict[str, list[tuple[ast.expr, Scope]]] = {}
        """What is assigned to a name in any class."""

    def exported(self, name: str, depth: int) -> list[Any]:
        """Return the constants that the module's global `name` may be."""
        return self.of(ast.Name(name), self.top, depth)

    def is_re(self, node: ast.Attribute) -> bool:
        """Whether `node` is an attribute of `re`."""
        return isinstance(node.value, ast.Name) and node.value.id in self.modules

    def of(self, node: ast.expr, scope: Scope, depth: int = 0) -> list[Any]:
        """Return the constants that `node` may be: text, bytes, integers, lists and dictionaries of these."""
        self._steps -= 1
        if self._steps < 0 or depth > _MAX_DEPTH:
            return []
        read = getattr(self, f"_{type(node).__name__.lower()}", None)
        try:
            found: list[Any] = [] if read is None else read(node, scope, depth + 1)
        except (ArithmeticError, ValueError):  # what Python has no value for either, or one that is too large
            found = []
        found = [one for one in found if not isinstance(one, (str, bytes)) or len(one) <= _MAX_TEXT][:_MAX_VALUES]
        self._steps -= sum(len(one) for one in found if isinstance(one, (str, bytes))) >> 10
        return found

    def _constant(self, node: ast.Constant, _scope: Scope, _depth: int) -> list[Any]:
        return [node.value] if type(node.value) in _SIMPLE else []

    def _name(self, node: ast.Name, scope: Scope, depth: int) -> list[Any]:
        if node.id in self.flags:
            return [self.flags[node.id]]
        at: Scope | None = scope
        while at is not None:
            if node.id in at.names:
                return [one for value, path in at.names[node.id] for one in self._assigned(value, path, at, depth)]
            at = at.outer
        return self._imported(*self.origins[node.id], depth) if node.id in self.origins else []

    def _imported(self, module: str, name: str, depth: int) -> list[Any]:
        other = self._others(module) if depth < _MAX_DEPTH else None
        return [] if other is None else other.exported(name, depth)

    def _assigned(self, value: ast.expr, path: tuple[int, ...] | None, scope: Scope, depth: int) -> list[Any]:
        values = self.of(value, scope, depth)
        if path is None:
            return values
        found = [item for one in values if isinstance(one, (list, dict)) for item in one]
        for at in path:
            found = [item[at] for item in found if isinstance(item, list) and at < len(item)]
        return found

    def _attribute(self, node: ast.Attribute, _scope: Scope, depth: int) -> list[Any]:
        if self.is_re(node) or (isinstance(node.value, ast.Attribute) and node.value.attr == "RegexFlag"):
            return [FLAGS[node.attr]] if node.attr in FLAGS else []
        if not isinstance(node.value, ast.Name):
            return []
        if node.value.id in self.origins and (
            found := self._imported(".".join(self.origins[node.value.id]), node.attr, depth)
        ):
            return found
        return [
            one
            for value, inner in self.attributes.get(node.attr, ())[:_MAX_VALUES]
            for one in self.of(value, inner, depth)
        ]

    def _joinedstr(self, node: ast.JoinedStr, scope: Scope, depth: int) -> list[Any]:
        found = [""]
        for part in node.values:
            found = [
                f"{before}{one}"
                for before in found
                for one in self.of(part, scope, depth)
                if type(one) in (str, int) and len(before) <= _MAX_TEXT
            ][:_MAX_VALUES]
        return found

    def _formattedvalue(self, node: ast.FormattedValue, scope: Scope, depth: int) -> list[Any]:
        if node.format_spec is not None or node.conversion not in (-1, ord("s")):
            return []
        return [str(one) for one in self.of(node.value, scope, depth) if type(one) in (str, int)]

    def _binop(self, node: ast.BinOp, scope: Scope, depth: int) -> list[Any]:
        found: list[Any] = []
        for left in self.of(node.left, scope, depth):
            rights = self.of(node.right, scope, depth)
            made = (self._operated(node.op, left, right, scope, depth) for right in rights)
            found += [one for one in made if one is not None]
            if len(found) >= _MAX_VALUES:
                break
        return found

    def _operated(self, op: ast.operator, left: Any, right: Any, scope: Scope, depth: int) -> Any:
        if isinstance(op, ast.Add) and type(left) is type(right) and isinstance(left, (str, bytes, int, list)):
            return None if isinstance(left, list) and len(left) + len(right) > _MAX_ITEMS else left + right
        if isinstance(op, ast.BitOr) and type(left) is type(right) is int:
            return left | right
        if isinstance(op, ast.Mult):
            if type(left) is int:
                left, right = right, left
            if isinstance(left, (str, bytes)) and type(right) is int and len(left) * right <= _MAX_TEXT:
                return left * right
        if isinstance(op, ast.Mod) and isinstance(left, str):
            return self._percent(left, right, scope, depth)
        return None

    def _percent(self, text: str, given: Any, scope: Scope, depth: int) -> str | None:
        """Return `text % given`, for conversions without widths."""
        if text.count("%") != sum(1 + (found[2] == "%") for found in _conversions.finditer(text)):
            return None
        rest = iter(given if isinstance(given, list) else [given])
        parts, end = [], 0
        for found in _conversions.finditer(text):
            if found[2] == "%":
                one: Any = "%"
            else:
                one = next(rest, None) if found[1] is None else self._item(given, found[1], scope, depth)
            if type(one) not in (str, int) or (found[2] == "d" and type(one) is not int):
                return None
            parts += [text[end : found.start()], str(one)]
            end = found.end()
        if not isinstance(given, (dict, _Namespace)) and next(rest, None) is not None:
            return None  # Python takes this for an error
        return _joined([*parts, text[end:]])

    def _item(self, mapping: Any, name: str, scope: Scope, depth: int) -> Any:
        if isinstance(mapping, dict):
            return mapping.get(name)
        if isinstance(mapping, _Namespace):
            return next(iter(self._name(ast.Name(name), scope, depth)), None)
        return None

    def _list(self, node: ast.List | ast.Tuple, scope: Scope, depth: int) -> list[Any]:
        """Return one list, of what is known in it; what is not known stays None."""
        return [[next(iter(self.of(one, scope, depth)), None) for one in node.elts]]

    _tuple = _list

    def _dict(self, node: ast.Dict, scope: Scope, depth: int) -> list[Any]:
        found = {}
        for key, value in zip(node.keys, node.values, strict=True):
            known = self.of(key, scope, depth) if key is not None else []
            if known and type(known[0]) in _SIMPLE:
                found[known[0]] = next(iter(self.of(value, scope, depth)), None)
        return [found]

    def _unaryop(self, node: ast.UnaryOp, scope: Scope, depth: int) -> list[Any]:
        negative = isinstance(node.op, ast.USub)
        return [-one for one in self.of(node.operand, scope, depth) if negative and type(one) is int]

    def _sliced(self, node: ast.Subscript, part: ast.Slice, scope: Scope, depth: int) -> list[Any]:
        ends: list[Any] = []
        for end in (part.lower, part.upper):
            known = [None] if end is None else self.of(end, scope, depth)[:1]
            if not known or type(known[0]) not in (int, type(None)):
                return []
            ends += known
        held = self.of(node.value, scope, depth)
        return [one[slice(*ends)] for one in held if part.step is None and isinstance(one, (str, bytes, list))]

    def _subscript(self, node: ast.Subscript, scope: Scope, depth: int) -> list[Any]:
        if isinstance(node.slice, ast.Slice):
            return self._sliced(node, node.slice, scope, depth)
        found = []
        for held in self.of(node.value, scope, depth):
            for at in self.of(node.slice, scope, depth):
                if isinstance(held, dict) and type(at) in _SIMPLE:
                    found.append(held.get(at))
                elif isinstance(held, list) and type(at) is int and -len(held) <= at < len(held):
                    found.append(held[at])
        return found

    def _ifexp(self, node: ast.IfExp, scope: Scope, depth: int) -> list[Any]:
        return self.of(node.body, scope, depth) + self.of(node.orelse, scope, depth)

    def _boolop(self, node: ast.BoolOp, scope: Scope, depth: int) -> list[Any]:
        return [one for part in node.values for one in self.of(part, scope, depth)]

    def _listcomp(self, node: ast.ListComp | ast.GeneratorExp, scope: Scope, depth: int) -> list[Any]:
        (loop, *more) = node.generators
        if more or loop.ifs or not isinstance(loop.target, ast.Name):
            return []
        made = []
        for held in self.of(loop.iter, scope, depth)[:1]:
            for item in held if isinstance(held, list) else ():
                if type(item) not in _SIMPLE:
                    return []
                inner = Scope(scope)
                inner.names[loop.target.id] = [(ast.Constant(item), None)]
                made.append(next(iter(self.of(node.elt, inner, depth)), None))
        return [made]

    _generatorexp = _listcomp

    def _call(self, node: ast.Call, scope: Scope, depth: int) -> list[Any]:
        if isinstance(node.func, ast.Name):
            if node.func.id in ("globals", "locals", "vars") and not node.args:
                return [_Namespace()]
            if node.func.id == "dict" and not node.args:
                return [self._keywords(node, scope, depth)]
            return []
        if not isinstance(node.func, ast.Attribute):
            return []
        if node.func.attr == "escape" and self.is_re(node.func) and node.args:
            return [re.escape(one) for one in self.of(node.args[0], scope, depth) if type(one) in (str, bytes)]
        found = (self._method(node, one, scope, depth) for one in self.of(node.func.value, scope, depth))
        return [one for one in found if one is not None]

    def _method(self, node: ast.Call, held: Any, scope: Scope, depth: int) -> Any:
        assert isinstance(node.func, ast.Attribute)  # noqa: S101 - see above
        name = node.func.attr
        if isinstance(held, dict) and not node.args:
            made = {"values": [*held.values()], "keys": [*held], "items": [[key, held[key]] for key in held]}
            return made.get(name)
        if not isinstance(held, (str, bytes)):
            return None
        if name == "format" and isinstance(held, str):
            return self._format(held, node, scope, depth)
        given = [next(iter(self.of(one, scope, depth)), None) for one in node.args]
        if name == "join":
            return _join(held, given[0]) if len(given) == 1 and isinstance(given[0], list) else None
        return None if node.keywords else _called(held, name, given)

    def _keywords(self, node: ast.Call, scope: Scope, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for word in node.keywords:
            for one in self.of(word.value, scope, depth)[:1]:
                if word.arg is not None:
                    found[word.arg] = one
                elif isinstance(one, dict):
                    found.update(one)
        return found

    def _format(self, text: str, node: ast.Call, scope: Scope, depth: int) -> str | None:
        """Return `text.format(…)`, for fields that are a name or a number and nothing else."""
        given = [next(iter(self.of(one, scope, depth)), None) for one in node.args]
        words = self._keywords(node, scope, depth)
        spaces = [
            one
            for word in node.keywords
            if word.arg is None
            for one in self.of(word.value, scope, depth)
            if isinstance(one, _Namespace)
        ]
        parts: list[str] = []
        try:
            fields = list(Formatter().parse(text))
        except ValueError:
            return None
        self._steps -= len(fields)
        automatic = 0
        for before, name, spec, conversion in fields:
            parts.append(before)
            if name is None:
                continue
            if spec or conversion not in (None, "s"):
                return None
            if name.isdecimal() or not name:
                at = int(name) if name else automatic
                automatic += not name
                one = given[at] if at < len(given) else None
            else:
                one = words[name] if name in words else self._item(next(iter(spaces), None), name, scope, depth)
            if type(one) not in (str, int):
                return None
            parts.append(str(one))
        return _joined(parts)


def _joined(parts: list[str]) -> str | None:
    return "".join(parts) if sum(map(len, parts)) <= _MAX_TEXT else None


def _join(separator: Any, items: list[Any]) -> Any:
    if any(type(one) is not type(separator) for one in items):
        return None
    return separator.join(items) if sum(len(one) + len(separator) for one in items) <= _MAX_TEXT else None


def _called(held: Any, name: str, given: list[Any]) -> Any:
    """Return `held.name(*given)` for a method of text, or None."""
    if name not in _TEXT or len(given) > _TEXT[name] or not all(type(one) in _SIMPLE for one in given):
        return None
    if name in ("encode", "decode") and any(str(one).lower() not in _ENCODINGS for one in given):
        return None
    if name == "replace" and sum(len(str(one)) for one in given) * (len(held) + 1) > _MAX_TEXT:
        return None
    try:
        return getattr(held, name)(*given)
    except (AttributeError, TypeError, ValueError):
        return None
