"""The kinds of classes with fields: dataclasses, attrs classes, TypedDicts, NamedTuples, and models of pydantic 1."""

import sys

from .common import MISSING, AnnotationError, hint, origin_name, shown
from .containers import Field, Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .annotations import Scope
    from .kinds import Kind


def record_of(origin: type, arguments: "tuple[Any, ...] | None", scope: "Scope") -> "Kind":
    """Return the kind of a class with fields."""
    if hasattr(origin, "__fields__") and hasattr(origin, "parse_obj"):
        from .models import Model  # noqa: PLC0415 - where there are such classes

        return Model(origin)
    complete = next((complete for has, complete in _RECORDS if has(origin)), None)
    if complete is None:
        raise AnnotationError(f"{shown(origin)} has no counterpart in JSON{hint(origin)}")
    resolved = tuple(scope.variables.get(argument, argument) for argument in arguments or ())
    key = (origin, repr(resolved) if resolved else "")
    if key in scope.kinds:
        return scope.kinds[key]
    record = scope.kinds[key] = Record(origin.__name__, origin, origin)
    parameters_ = getattr(origin, "__type_params__", ()) or getattr(origin, "__parameters__", ())
    variables = dict(zip(parameters_, resolved))  # noqa: B905 - typing has counted them
    complete(record, origin, scope.inside(origin, variables))
    return record


def _scope_of_field(owner: type, name: str, scope: "Scope") -> "Scope":
    """Return the scope of the class, among the bases of `owner`, that annotates the field."""
    for base in owner.__mro__:
        if name in vars(base).get("__annotations__", ()):
            return scope if base is owner else scope.inside(base, scope.variables)
    return scope


def _complete_dataclass(record: Record, origin: "Any", scope: "Scope") -> None:
    dataclasses = sys.modules["dataclasses"]
    fields, results = [], []
    for item in origin.__dataclass_fields__.values():
        role = item._field_type.name  # noqa: SLF001 - dataclasses has no public way to an InitVar
        if role == "_FIELD_CLASSVAR":
            continue
        annotation = item.type
        if role == "_FIELD_INITVAR":
            annotation = getattr(annotation, "type", annotation)
            if isinstance(annotation, str):  # `InitVar[int]`, unevaluated
                annotation = annotation.partition("[")[2].removesuffix("]")
        default: "tuple[Any, ...]" = ()
        if item.default is not dataclasses.MISSING:
            default = (item.default,)
        factory = item.default_factory is not dataclasses.MISSING
        if factory and item.default_factory in {list, dict, set, tuple, str, int}:
            default = (item.default_factory(),)
        where = _scope_of_field(origin, item.name, scope)
        made = where.field(item.name, annotation, default, required=not (default or factory))
        made.description = item.metadata.get("description", "")
        if item.init:
            fields.append(made)
        if role == "_FIELD":
            results.append(made)
    record.complete(fields, results)


def _complete_attrs(record: Record, origin: "Any", scope: "Scope") -> None:
    attr = sys.modules.get("attr") or sys.modules["attrs"]
    fields, results = [], []
    for item in origin.__attrs_attrs__:
        factory = isinstance(item.default, attr.Factory)
        default = () if item.default is attr.NOTHING or factory else (item.default,)
        annotation = MISSING if item.type is None else item.type
        where = _scope_of_field(origin, item.name, scope)
        alias = getattr(item, "alias", None) or item.name.lstrip("_")
        made = where.field(alias, annotation, default, required=not (default or factory))
        made.description = item.metadata.get("description", "")
        if item.init:
            fields.append(made)
        results.append(Field(item.name, made.kind, description=made.description))
    record.complete(fields, results)


def _complete_typed_dict(record: Record, origin: "Any", scope: "Scope") -> None:
    record.results_complete, record.make = False, dict
    fields = []
    for name, annotation in origin.__annotations__.items():
        owner = next((base for base in _typed_bases(origin) if name in vars(base).get("__annotations__", ())), origin)
        where = scope if owner is origin else scope.inside(owner, scope.variables)
        try:
            required = _says_required(annotation, where)
        except AnnotationError as error:
            raise error.under(name) from None
        if required is None:
            required = name in origin.__required_keys__
        fields.append(where.field(name, annotation, (), required=required))
    record.complete(fields)


def _says_required(annotation: "Any", scope: "Scope") -> "bool | None":
    """Return what `Required` or `NotRequired` says, which TypedDict itself does not see in a text."""
    while True:
        text = getattr(annotation, "__forward_arg__", annotation)
        annotation = scope.evaluated(text) if isinstance(text, str) else annotation
        name = origin_name(annotation)
        if name in {"Required", "NotRequired"}:
            return name == "Required"
        if hasattr(annotation, "__metadata__"):
            annotation = annotation.__origin__
        elif name == "ReadOnly":
            annotation = annotation.__args__[0]
        else:
            return None


def _typed_bases(origin: "Any") -> "list[Any]":
    """Return the TypedDicts that `origin` inherits from, the nearest last, where their text is to be evaluated."""
    bases = [item for item in getattr(origin, "__orig_bases__", ()) if hasattr(item, "__required_keys__")]
    return [found for base in bases for found in _typed_bases(base)] + [origin]


def _complete_named_tuple(record: Record, origin: "Any", scope: "Scope") -> None:
    annotations = getattr(origin, "__annotations__", {})
    record.complete(
        [
            scope.field(
                name,
                annotations.get(name, MISSING),
                (origin._field_defaults[name],) if name in origin._field_defaults else (),
            )
            for name in origin._fields
        ]
    )


_RECORDS: "tuple[tuple[Callable[[Any], bool], Callable[[Record, Any, Scope], None]], ...]" = (
    (lambda origin: hasattr(origin, "__dataclass_fields__"), _complete_dataclass),
    (lambda origin: hasattr(origin, "__attrs_attrs__"), _complete_attrs),
    (lambda origin: hasattr(origin, "__required_keys__") and issubclass(origin, dict), _complete_typed_dict),
    (lambda origin: issubclass(origin, tuple) and hasattr(origin, "_fields"), _complete_named_tuple),
)
