"""From annotations to kinds.

Nothing is imported for that: what a program has not imported, it does not annotate with.
"""

import sys
from _collections_abc import Awaitable, Coroutine

from .classes import of_class
from .common import MISSING, AnnotationError, hint, origin_name, shown, written
from .containers import Alias, Field, Union
from .kinds import NULL, Anything, Choice, Kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_CONSTRAINTS = ("ge", "gt", "le", "lt", "multiple_of", "min_length", "max_length", "pattern")
_OTHER_NAMES = {"regex": "pattern", "min_items": "min_length", "max_items": "max_length"}  # pydantic 1
_ANNOTATIONS = ("title", "description", "examples")
_NO_DEFAULT = frozenset({"Ellipsis", "PydanticUndefined"})


class Scope:
    """What annotations mean at one place: in a function's signature, or in the body of a class.

    `names` are the global names there, `own` those of the class or of the type parameters; `kinds`, which all places of
    one tool share, are those of classes and names that were met; `variables` are what type variables stand for.
    """

    def __init__(
        self,
        names: "dict[str, Any]",
        own: "dict[str, Any]",
        kinds: "dict[Any, Kind] | None" = None,
        variables: "Mapping[Any, Any] | None" = None,
    ) -> None:
        self.names, self.own = names, own
        self.kinds = {} if kinds is None else kinds
        self.variables = variables or {}

    def inside(self, owner: type, variables: "Mapping[Any, Any]") -> "Scope":
        """Return the scope of the body of a class."""
        module = sys.modules.get(owner.__module__)
        own = {**vars(owner), owner.__name__: owner}
        own.update((variable.__name__, variable) for variable in getattr(owner, "__type_params__", ()))
        return Scope(vars(module) if module else {}, own, self.kinds, variables)

    def field(
        self,
        name: str,
        annotation: "Any",
        default: "tuple[Any, ...]",
        *,
        required: "bool | None" = None,
    ) -> Field:
        """Return the field of an object with this annotation. `default` is a tuple of the default, or empty."""
        described = default[0] if default and _is_field_info(default[0]) else None
        if described is not None:  # `x: int = Field(5, ge=1)`
            default = () if repr(described.default) in _NO_DEFAULT else (described.default,)
        try:
            kind: Kind = Anything() if annotation is MISSING else self.kind(annotation)
            if described is not None:
                kind = _with_metadata(kind, described)
        except AnnotationError as error:
            raise error.under(name) from None
        if default == (None,) and not _may_be_null(kind):  # `x: int = None`
            kind = Union([kind, NULL])
        return Field(name, kind, required=not default if required is None else required, default=default)

    def kind(self, annotation: "Any", *, result: bool = False) -> Kind:  # noqa: PLR0911 - a case each
        """Return the kind that an annotation means; of a `result`, which may be awaited. Raises `AnnotationError`."""
        if isinstance(annotation, str):
            return self._named(annotation, result=result)
        if (text := getattr(annotation, "__forward_arg__", None)) is not None:
            return self._named(text, result=result)
        if annotation is None:
            return NULL
        name = getattr(annotation, "_name", None) or getattr(annotation, "__name__", "")
        if name == "Any" and annotation.__module__ in {"typing", "typing_extensions"}:  # a class since Python 3.11
            return Anything()
        origin = getattr(annotation, "__origin__", None)
        if isinstance(annotation, type) and origin is None:
            return of_class(annotation, None, self)
        if hasattr(annotation, "__metadata__"):
            kind = self.kind(origin, result=result)
            for item in annotation.__metadata__:
                kind = _with_metadata(kind, item)
            return kind
        if origin in {Awaitable, Coroutine} and result:
            return self.kind(annotation.__args__[-1], result=True)
        if isinstance(origin, type) and type(origin).__name__ != "TypeAliasType":
            return of_class(origin, getattr(annotation, "__args__", None), self)
        return self._special(annotation, origin)

    def _special(self, annotation: "Any", origin: "Any") -> Kind:  # noqa: PLR0911 - a case each
        """Return the kind of what is neither a class nor made of one."""
        kind, special = type(annotation).__name__, origin_name(annotation)
        if kind == "UnionType" or special == "Union":
            return self._union(annotation.__args__)
        if special == "Literal":
            return Choice((written(value), value) for value in annotation.__args__)
        if special in {"Required", "NotRequired", "ReadOnly", "Final"}:
            return self.kind(annotation.__args__[0])
        if kind == "TypeVar":
            return self._variable(annotation)
        if hasattr(annotation, "__supertype__"):  # NewType
            return self.kind(annotation.__supertype__)
        if kind == "TypeAliasType":
            return self._alias(annotation, annotation.__name__, annotation.__value__)
        if type(origin).__name__ == "TypeAliasType":
            variables = dict(zip(origin.__type_params__, annotation.__args__))  # noqa: B905 - typing has counted them
            inner = Scope(self.names, self.own, self.kinds, {**self.variables, **variables})
            return inner.kind(origin.__value__)
        raise AnnotationError(f"{shown(annotation)} has no counterpart in JSON{hint(annotation)}")

    def evaluated(self, text: str) -> "Any":
        """Return what the text of an annotation means. Raises `AnnotationError`."""
        try:
            # The class's own names come last, as for `typing.get_type_hints`: in `date: "date | None" = None` the
            # type is meant, and not the default.
            return eval(text, self.own, self.names)  # noqa: S307 - the project's own annotation
        except Exception as error:
            raise AnnotationError(f"{text!r} cannot be evaluated: {type(error).__name__}: {error}") from error

    def _named(self, text: str, *, result: bool) -> Kind:
        """Return the kind that a text, which may hold itself, means."""
        value = self.evaluated(text)
        if not text.isidentifier() or isinstance(value, type):  # what has a name of its own looks after itself
            return self.kind(value, result=result)
        return self._alias((text, id(self.names)), text, value, result=result)

    def _alias(self, key: "Any", name: str, value: "Any", *, result: bool = False) -> Kind:
        """Return the kind of a name that is not a class, and may be used in what it stands for."""
        if key in self.kinds:
            return self.kinds[key]
        alias = self.kinds[key] = Alias(name)
        try:
            kind = self.kind(value, result=result)
        finally:
            del self.kinds[key]
        alias.cell.append(kind)
        return kind

    def _variable(self, variable: "Any") -> Kind:
        if variable in self.variables:
            return self.kind(self.variables[variable])
        if variable.__constraints__:
            return self._union(variable.__constraints__)
        return Anything() if variable.__bound__ is None else self.kind(variable.__bound__)

    def _union(self, annotations: "tuple[Any, ...]") -> Kind:
        flat: "list[Kind]" = []
        for kind in map(self.kind, annotations):
            flat.extend(kind.kinds if isinstance(kind, Union) else (kind,))
        return flat[0] if len(flat) == 1 else Union(flat)


def _may_be_null(kind: Kind) -> bool:
    return kind is NULL or isinstance(kind, Anything) or NULL in getattr(kind, "kinds", ())


def _is_field_info(value: "Any") -> bool:
    return type(value).__name__ == "FieldInfo" and hasattr(value, "default") and hasattr(value, "description")


def _with_metadata(kind: Kind, item: "Any") -> Kind:
    """Return `kind` as an item of `Annotated[…]` says: a description, or an object with constraints as attributes."""
    if isinstance(item, str):
        return kind.annotated({"description": item})
    if type(item).__name__ == "Doc":  # PEP 727
        return kind.annotated({"description": item.documentation})
    if hasattr(item, "func"):  # annotated-types' Predicate
        raise AnnotationError(f"{item!r} cannot be said in JSON Schema: check it in the function")
    sources = (item, *getattr(item, "metadata", ()))  # pydantic 2's Field keeps constraints there
    constraints = {
        _OTHER_NAMES.get(name, name): _bound(name, value)
        for source in sources
        for name in (*_CONSTRAINTS, *_OTHER_NAMES)
        if (value := getattr(source, name, None)) is not None
    }
    annotations = {
        name: value
        for source in sources
        for name in _ANNOTATIONS
        if (value := getattr(source, name, None)) and not callable(value)
    }
    if constraints.get("min_length") == 0:  # as annotated-types' Len has it when there is none
        del constraints["min_length"]
    try:
        kind = kind.bounded(constraints) if constraints else kind
    except TypeError as error:
        raise AnnotationError(str(error)) from None
    return kind.annotated(annotations) if annotations else kind


def _bound(name: str, value: "Any") -> "Any":
    """Return a bound as JSON has it."""
    value = getattr(value, "pattern", value)  # of a compiled one, its text
    if type(value).__name__ == "Decimal":
        return int(value) if value == int(value) else float(value)
    if isinstance(value, str if name in {"pattern", "regex"} else (int, float)) and not isinstance(value, bool):
        return value
    raise AnnotationError(f"the bound {name} = {value!r} cannot be said in JSON Schema")
