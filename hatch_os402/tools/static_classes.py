"""The classes of a source, made anew with the same fields or members."""

from __future__ import annotations

import ast
import dataclasses
import enum
import typing
from typing import TYPE_CHECKING, Any

from hatch_os402.errors import StaticError

if TYPE_CHECKING:
    from hatch_os402.tools.standins import ModuleSource

MADE = "hatch_os402_standin"
"""What classes that are made here have as their module; there is none of that name."""

_OPTIONS = frozenset({"frozen", "eq", "order", "unsafe_hash", "kw_only"})
_FACTORIES = {"list": list, "dict": dict, "set": set, "tuple": tuple, "str": str, "int": int}


def class_of(module: ModuleSource, node: ast.ClassDef) -> type:
    """Return a class with the fields or members of one in the source. Raises `StaticError`."""
    try:
        return _class_of(module, node)
    except (TypeError, ValueError) as error:
        raise StaticError(f"{module.path}, line {node.lineno}: {node.name} cannot be made here: {error}") from error


def _class_of(module: ModuleSource, node: ast.ClassDef) -> type:
    doc = {"__doc__": ast.get_docstring(node, clean=False), "__module__": MADE}
    bases = [module.value(base) for base in node.bases if not isinstance(base, ast.Subscript)]
    fields = [item for item in node.body if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)]
    total = {item.arg: module.value(item.value) for item in node.keywords if item.arg == "total"}
    annotated = [(item.target.id, module.annotation(item.annotation), item.value) for item in fields]  # type: ignore[union-attr]  # see above
    if any(isinstance(base, type) and issubclass(base, enum.Enum) for base in bases):
        return _enum_of(module, node, bases, doc)
    if typing.NamedTuple in bases:
        make: Any = typing.NamedTuple
        created = make(node.name, [(name, kind) for name, kind, _ in annotated])
        defaults = {name: module.value(default) for name, _, default in annotated if default is not None}
        created._field_defaults = defaults
        created.__new__.__defaults__ = tuple(defaults.values())
        created.__module__ = MADE
        created.__doc__ = doc["__doc__"] or f"{node.name}("  # as it writes itself
        return created  # type: ignore[no-any-return]
    typed = [base for base in bases if hasattr(base, "__required_keys__")]
    if getattr(typing, "TypedDict", None) in bases or typed:
        return _typed_dict_of(
            node, typed, {name: kind for name, kind, _ in annotated}, doc, total=total.get("total", True)
        )
    decorators = [item for item in node.decorator_list if module.called_name(item) == "dataclass"]
    if decorators:
        return _dataclass_of(module, node, decorators[0], bases, annotated, doc)
    raise StaticError(
        f"{module.path}, line {node.lineno}: {node.name} is no dataclass, TypedDict, NamedTuple or Enum of the source"
    )


def _enum_of(module: ModuleSource, node: ast.ClassDef, bases: list[Any], doc: dict[str, Any]) -> type:
    members: list[tuple[str, Any]] = []
    mixins = [base for base in bases if not issubclass(base, enum.Enum)]
    kind = next(base for base in bases if issubclass(base, enum.Enum))
    for item in node.body:
        if isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name):
            name = item.targets[0].id
            automatic = isinstance(item.value, ast.Call) and module.called_name(item.value) == "auto"
            if not name.startswith("_"):
                members.append((name, enum.auto() if automatic else module.value(item.value)))
    created: Any = kind(node.name, members, module=MADE, **({"type": mixins[0]} if mixins else {}))
    created.__doc__ = doc["__doc__"]
    return created  # type: ignore[no-any-return]


def _typed_dict_of(
    node: ast.ClassDef, bases: list[Any], fields: dict[str, Any], doc: dict[str, Any], *, total: bool
) -> type:
    maker: Any = typing.TypedDict
    created = maker(node.name, fields, total=total)
    for base in bases:
        created.__annotations__ = {**base.__annotations__, **created.__annotations__}
        created.__required_keys__ = created.__required_keys__ | base.__required_keys__
    created.__module__, created.__doc__ = MADE, doc["__doc__"]
    return created  # type: ignore[no-any-return]


def _dataclass_of(
    module: ModuleSource,
    node: ast.ClassDef,
    decorator: ast.expr,
    bases: list[Any],
    annotated: list[tuple[str, Any, ast.expr | None]],
    doc: dict[str, Any],
) -> type:
    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
    options = {item.arg: module.value(item.value) for item in keywords if item.arg in _OPTIONS}
    fields = [(name, kind, _dataclass_field(module, default)) for name, kind, default in annotated]
    created = dataclasses.make_dataclass(node.name, fields, bases=tuple(bases), namespace=doc, **options)
    created.__module__ = MADE  # which it sets itself since Python 3.12
    return created


def _dataclass_field(module: ModuleSource, default: ast.expr | None) -> Any:
    if default is None:
        return dataclasses.field()
    if not (isinstance(default, ast.Call) and module.called_name(default) == "field"):
        return dataclasses.field(default=module.value(default))
    given: dict[str, Any] = {}
    for item in default.keywords:
        if item.arg == "default_factory":
            given["default_factory"] = _FACTORIES.get(getattr(item.value, "id", ""), _unknown)
        elif item.arg in {"default", "init", "metadata", "kw_only"}:
            given[item.arg] = module.value(item.value)
    return dataclasses.field(**given)


def _unknown() -> None:
    """Stand for a factory that only running tells."""
