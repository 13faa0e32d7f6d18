"""A function's signature: its parameters, and the kinds of its arguments and of its result."""

from .annotations import Scope
from .common import MISSING, AnnotationError
from .containers import Record
from .kinds import Anything, Kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Parameter:
    """One parameter of a function. `default` is a tuple of the default, or empty."""

    def __init__(self, name: str, annotation: "Any", default: "tuple[Any, ...]") -> None:
        self.name, self.annotation, self.default = name, annotation, default


def parameters(function: "Any") -> "tuple[Any, list[Parameter], Any]":
    """Return the innermost function of what is wrapped and bound, its parameters, and its result's annotation.

    Raises `AnnotationError` for what cannot be called with named arguments alone.
    """
    target, bound = function, 0
    while True:
        if hasattr(target, "__wrapped__"):
            target = target.__wrapped__
        elif hasattr(target, "__func__"):
            target, bound = target.__func__, 1
        else:
            break
    code = getattr(target, "__code__", None)
    if code is None or isinstance(target, type):
        raise AnnotationError(f"it is no function of Python, but a {type(function).__name__}")
    if code.co_flags & 0x200:  # CO_ASYNC_GENERATOR
        raise AnnotationError("an asynchronous generator is no tool: return a list")
    names = code.co_varnames
    count = code.co_argcount + code.co_kwonlyargcount
    extra = names[count : count + bool(code.co_flags & 4) + bool(code.co_flags & 8)]
    if extra:
        raise AnnotationError("callers give arguments by name, and each needs a name and a kind").under(f"*{extra[0]}")
    if code.co_posonlyargcount > bound:
        raise AnnotationError("it is positional-only, and callers give arguments by name").under(names[bound])
    defaults = target.__defaults__ or ()
    first = code.co_argcount - len(defaults)
    keywords = target.__kwdefaults__ or {}
    annotations = target.__annotations__
    found = []
    for index in range(bound, count):
        name = names[index]
        default = (defaults[index - first],) if first <= index < code.co_argcount else ()
        if name in keywords:
            default = (keywords[name],)
        found.append(Parameter(name, annotations.get(name, MISSING), default))
    return target, found, annotations.get("return", MISSING)


def arguments_of(function: "Any") -> Record:
    """Return the kind of the object that holds the arguments of `function`. Raises `AnnotationError`."""
    target, found, _ = parameters(function)
    scope = _scope(target)
    record = Record(target.__name__, dict)
    record.complete([scope.field(item.name, item.annotation, item.default) for item in found])
    return record


def result_of(function: "Any") -> "Kind | None":
    """Return the kind of the result of `function`, None when nothing is known of it. Raises `AnnotationError`."""
    target, _, annotation = parameters(function)
    if annotation is MISSING:
        return None
    try:
        found = _scope(target).kind(annotation, result=True)
    except AnnotationError as error:
        raise error.under("return") from None
    return None if isinstance(found, Anything) else found


def _scope(function: "Any") -> Scope:
    own = {variable.__name__: variable for variable in getattr(function, "__type_params__", ())}
    return Scope(function.__globals__, own)
