"""What the names of a source stand for, made of the standard library's parts without running the source."""

from __future__ import annotations

import ast
import builtins
import enum
import importlib
import typing
from types import FunctionType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from hatch_os402.archive.rewriting.parsing import parse
from hatch_os402.errors import StaticError
from hatch_os402.tools.static_classes import MADE, class_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SAFE_MODULES = frozenset({
    "collections", "collections.abc", "dataclasses", "datetime", "decimal", "enum", "types", "typing", "uuid",
    "typing_extensions",
})  # fmt: skip
"""Modules of the standard library whose names mean what they mean here, and the one that has typing's newer names."""

_CONSTRAINTS = {
    "Gt": ("gt",), "Ge": ("ge",), "Lt": ("lt",), "Le": ("le",), "MultipleOf": ("multiple_of",),
    "MinLen": ("min_length",), "MaxLen": ("max_length",), "Len": ("min_length", "max_length"), "Interval": (),
    "Doc": ("documentation",), "doc": ("documentation",),
}  # fmt: skip
"""The constraints of annotated-types (and PEP 727's Doc), with the attributes that their arguments become."""

_BUILTINS = ("int", "float", "str", "bool", "bytes", "list", "dict", "tuple", "set", "frozenset", "object", "type")


class _Form:
    """A special form of typing that this Python does not have yet."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getitem__(self, arguments: Any) -> Any:
        arguments = arguments if isinstance(arguments, tuple) else (arguments,)
        return SimpleNamespace(__origin__=self, __args__=arguments, __module__="typing")


class Sources:
    """The modules of an archive; `read` returns the content of a path, None when there is no such file."""

    def __init__(self, read: Callable[[str], bytes | None]) -> None:
        self._read = read
        self._modules: dict[str, ModuleSource | None] = {}

    def function(self, module: str, name: str) -> Callable[..., Any]:
        """Return a function with the signature and the docstring of the one in the source. Raises `StaticError`."""
        found = self.module(module)
        if found is None:
            raise StaticError(f"{module} is not in the archive")
        node = found.bound.get(name)
        if isinstance(node, ast.ImportFrom):
            origin = found.imported(node, name)
            if origin is not None:
                return self.function(*origin)
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            raise StaticError(f"{found.path} does not define the function {name} at its top level")
        return found.function(node)

    def module(self, name: str) -> ModuleSource | None:
        """Return a module of the archive; None for any other."""
        if name not in self._modules:
            folder = name.replace(".", "/")
            self._modules[name] = None
            for path in (f"{folder}/__init__.py", f"{folder}.py"):
                if (source := self._read(path)) is not None:
                    self._modules[name] = ModuleSource(self, name, path, source)
                    break
        return self._modules[name]


class ModuleSource:
    """One module's source, and what it binds at its top level; the last binding counts."""

    def __init__(self, sources: Sources, name: str, path: str, source: bytes) -> None:
        self.sources, self.name, self.path = sources, name, path
        try:
            tree = parse(source)
        except (SyntaxError, ValueError) as error:
            raise StaticError(f"{path} cannot be read by this Python: {error}") from error
        self.bound: dict[str, ast.AST] = dict(_bindings(tree.body))
        self._values: dict[str, Any] = {}

    def imported(self, node: ast.ImportFrom, name: str) -> tuple[str, str] | None:
        """Return module and name that an import binds as `name`."""
        base = node.module or ""
        if node.level:
            parts = self.name.split(".")
            parts = parts[: len(parts) - node.level + self.path.endswith("/__init__.py")]
            base = ".".join([*parts, *([node.module] if node.module else [])])
        return next(((base, alias.name) for alias in node.names if (alias.asname or alias.name) == name), None)

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Callable[..., Any]:
        """Return a function of the same signature, which does nothing."""
        given = node.args
        everything = [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, (given.vararg, given.kwarg))]
        annotated = [(argument.arg, argument.annotation) for argument in everything] + [("return", node.returns)]
        stub = ast.parse("def stub(): pass").body[0]
        assert isinstance(stub, ast.FunctionDef)  # noqa: S101 - see above
        none = ast.Constant(None)
        stub.args = ast.arguments(
            [ast.arg(item.arg) for item in given.posonlyargs],
            [ast.arg(item.arg) for item in given.args],
            given.vararg and ast.arg(given.vararg.arg),
            [ast.arg(item.arg) for item in given.kwonlyargs],
            [None for _ in given.kwonlyargs],
            given.kwarg and ast.arg(given.kwarg.arg),
            [none for _ in given.defaults],
        )
        tree = ast.fix_missing_locations(ast.Module([stub], []))
        (code,) = [item for item in compile(tree, self.path, "exec").co_consts if hasattr(item, "co_varnames")]
        function = FunctionType(code.replace(co_name=node.name), self._values, node.name)
        function.__defaults__ = tuple(self.value(item) for item in given.defaults) or None
        function.__kwdefaults__ = {
            item.arg: self.value(default)
            for item, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
            if default is not None
        }
        function.__annotations__ = {name: self.annotation(item) for name, item in annotated if item is not None}
        function.__doc__ = ast.get_docstring(node, clean=False)
        return function

    def annotation(self, node: ast.expr) -> Any:
        """Return what an annotation means."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                return self.annotation(ast.parse(node.value.strip(), mode="eval").body)
            except SyntaxError as error:
                raise StaticError(f"{self.path}, line {node.lineno}: {node.value!r} is no annotation") from error
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return typing.Union[self.annotation(node.left), self.annotation(node.right)]  # noqa: UP007 - of values
        if isinstance(node, ast.Subscript):
            return self._subscripted(node)
        found = self.value(node)
        if isinstance(found, str):  # an alias that is a text
            return self.annotation(ast.copy_location(ast.Constant(found), node))
        return found

    def _subscripted(self, node: ast.Subscript) -> Any:
        origin = self.value(node.value)
        items = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
        name = getattr(origin, "_name", None) or getattr(origin, "__name__", "")
        if name == "Literal":
            arguments = [self.value(item) for item in items]
        elif name == "Annotated":
            arguments = [self.annotation(items[0]), *(self.value(item) for item in items[1:])]
        else:
            arguments = [self.annotation(item) for item in items]
        try:
            return origin[
                tuple(arguments) if len(arguments) != 1 or isinstance(node.slice, ast.Tuple) else arguments[0]
            ]
        except TypeError as error:
            raise self._unknown(node, f"cannot be subscripted: {error}") from error

    def value(self, node: ast.expr) -> Any:  # noqa: C901, PLR0911 - a case each
        """Return what an expression stands for, when that is a literal, a class, or a constraint."""
        try:
            return ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            pass
        if isinstance(node, ast.Name):
            return self.named(node.id, node)
        if isinstance(node, ast.Attribute):
            module = self._dotted(node.value)
            if module is not None:
                return self._of_module(module, node.attr, node)
            owner = self.value(node.value)
            if isinstance(owner, type) and issubclass(owner, enum.Enum) and node.attr in owner.__members__:
                return owner[node.attr]
        if isinstance(node, ast.Subscript):
            return self._subscripted(node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self.annotation(node)
        if isinstance(node, ast.Call):
            return self._called(node)
        if isinstance(node, (ast.List, ast.Tuple)):
            return type(ast.literal_eval(type(node)([], ast.Load())))(self.value(item) for item in node.elts)
        if isinstance(node, ast.Dict) and None not in node.keys:
            pairs = zip(node.keys, node.values, strict=True)
            return {self.value(key): self.value(item) for key, item in pairs if key is not None}
        raise self._unknown(node, "it is not a literal")

    def named(self, name: str, node: ast.AST) -> Any:
        """Return what a name of the module stands for."""
        if name in self._values:
            return self._values[name]
        bound = self.bound.get(name)
        if bound is None:
            if name in _BUILTINS:
                return getattr(builtins, name)
            raise self._unknown(node, f"{name} is bound nowhere at the top level")
        self._values[name] = typing.ForwardRef(name)  # until it is known: it may use itself
        try:
            self._values[name] = found = self._made(name, bound, node)
        except BaseException:
            del self._values[name]
            raise
        return found

    def _made(self, name: str, bound: ast.AST, node: ast.AST) -> Any:
        if isinstance(bound, ast.ImportFrom):
            origin = self.imported(bound, name)
            if origin is not None:
                return self._of_module(*origin, node)
        if isinstance(bound, ast.ClassDef):
            return class_of(self, bound)
        value = getattr(bound, "value", None)
        if isinstance(bound, (ast.Assign, ast.AnnAssign)) and isinstance(value, ast.expr):
            return self.annotation(value) if not isinstance(value, ast.Constant) else value.value
        if (
            type(bound).__name__ == "TypeAlias"
            and isinstance(value, ast.expr)
            and not getattr(bound, "type_params", ())
        ):
            return self.annotation(value)
        raise self._unknown(node, f"{name} is bound in a way that only running tells")

    def _of_module(self, module: str, name: str, node: ast.AST) -> Any:
        if module in _SAFE_MODULES:
            home: Any = importlib.import_module("typing" if module == "typing_extensions" else module)
            if hasattr(home, name):
                return getattr(home, name)
            if module.startswith("typing"):
                return _Form(name)
        if (found := self.sources.module(module)) is not None and name in found.bound:
            return found.named(name, node)
        raise self._unknown(node, f"{module}.{name} is not known without running it")

    def _dotted(self, node: ast.expr) -> str | None:
        """Return the module that an expression such as `datetime` or `collections.abc` names."""
        if isinstance(node, ast.Name):
            bound = self.bound.get(node.id)
            if isinstance(bound, ast.Import):
                return next(
                    (item.name if item.asname else item.name.partition(".")[0])
                    for item in bound.names
                    if (item.asname or item.name.partition(".")[0]) == node.id
                )
            if isinstance(bound, ast.ImportFrom) and (origin := self.imported(bound, node.id)):
                module = ".".join(filter(None, origin))
                return module if module in _SAFE_MODULES or self.sources.module(module) else None
        elif isinstance(node, ast.Attribute) and (outer := self._dotted(node.value)):
            inner = f"{outer}.{node.attr}"
            return inner if inner in _SAFE_MODULES or self.sources.module(inner) else None
        return None

    def called_name(self, node: ast.expr) -> str:
        """Return the last name of what is called, or decorates: `dataclass` of `@dataclasses.dataclass()`."""
        target = node.func if isinstance(node, ast.Call) else node
        if isinstance(target, ast.Attribute):
            return target.attr
        if not isinstance(target, ast.Name):
            return ""
        bound = self.bound.get(target.id)
        origin = self.imported(bound, target.id) if isinstance(bound, ast.ImportFrom) else None
        return origin[1] if origin else target.id

    def _called(self, node: ast.Call) -> Any:
        name = self.called_name(node)
        arguments = [self.value(item) for item in node.args]
        keywords = {item.arg: self.value(item.value) for item in node.keywords if item.arg}
        if name in _CONSTRAINTS:
            given = dict(zip(_CONSTRAINTS[name], arguments, strict=False)) | keywords
            return type(name, (), {})() if not given else _with_attributes(name, given)
        if name == "Field":  # pydantic's: the first is the default
            described = {"default": arguments[0] if arguments else ..., "description": None} | keywords
            return _with_attributes("FieldInfo", described)
        if name == "NewType" and arguments:
            return typing.NewType(arguments[0], arguments[1])
        if name in {"TypeVar", "TypedDict", "NamedTuple"} and arguments:
            maker: Any = getattr(typing, name)
            return maker(*arguments, **keywords)
        target = self.value(node.func)
        if isinstance(target, type) and (target.__module__ == MADE or target.__module__ in _SAFE_MODULES):
            try:
                return target(*arguments, **keywords)
            except (TypeError, ValueError) as error:
                raise self._unknown(node, f"{name}(…) fails: {error}") from error
        raise self._unknown(node, f"{name}(…) is not known without running it")

    def _unknown(self, node: ast.AST, why: str) -> StaticError:
        return StaticError(f"{self.path}, line {getattr(node, 'lineno', '?')}: {why}")


def _with_attributes(name: str, attributes: dict[str, Any]) -> Any:
    created = type(name, (), {"__hash__": object.__hash__})()
    vars(created).update(attributes)
    return created


def _bindings(  # noqa: C901 - a case each
    body: list[ast.stmt],
) -> Iterator[tuple[str, ast.AST]]:
    """Yield the names that statements at the top level bind; both branches of a condition count."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name, node
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                own = alias.name if isinstance(node, ast.ImportFrom) else alias.name.partition(".")[0]
                yield alias.asname or own, node
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target.id, node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, node
        elif type(node).__name__ == "TypeAlias":
            yield node.name.id, node  # type: ignore[attr-defined]  # of Python 3.12
        elif isinstance(node, ast.If):
            yield from _bindings([*node.orelse, *node.body])
        elif isinstance(node, ast.Try):
            yield from _bindings([*(item for handler in node.handlers for item in handler.body), *node.body])
