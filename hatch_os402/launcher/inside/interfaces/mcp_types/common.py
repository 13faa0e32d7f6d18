"""What the modules about annotations share: errors, names, and the JSON scalars that stand for members of an Enum."""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MISSING = type("_Missing", (), {})()
_HINTS = {
    "pathlib": "os402 has no files of its callers: take a str, or bytes",
    "collections.abc": "a caller cannot send one",
    "_io": "take a str, or bytes",
    "typing": "a caller cannot send one",
}


class AnnotationError(Exception):
    """An annotation that has no counterpart in JSON, and why. `path` leads to it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why
        self.path: "list[str]" = []

    def __str__(self) -> str:
        return f"{'.'.join(self.path)}: {self.why}" if self.path else self.why

    def under(self, step: str) -> "AnnotationError":
        """Return this error as one of what has the annotation at `step`."""
        self.path.insert(0, step)
        return self


def origin_name(annotation: "Any") -> str:
    """Return the name of the special form of typing that was subscripted; empty for anything else."""
    origin = getattr(annotation, "__origin__", None)
    return getattr(origin, "_name", None) or ""


def shown(annotation: "Any") -> str:
    """Return an annotation as one writes it."""
    if isinstance(annotation, type) and not hasattr(annotation, "__origin__"):
        module = _public(annotation.__module__)
        return annotation.__qualname__ if module == "builtins" else f"{module}.{annotation.__qualname__}"
    return repr(annotation)


def _public(module: str) -> str:
    """Return the module by which one knows another: `pathlib._local` is `pathlib`."""
    return module.partition("._")[0]


def hint(annotation: "Any") -> str:
    """Return what to take instead, where that is known."""
    module = _public(getattr(annotation, "__module__", ""))
    return f": {_HINTS[module]}" if module in _HINTS else ""


def written(value: "Any") -> "Any":
    """Return the JSON scalar that stands for a value of a Literal, or of an Enum."""
    if type(value) in {str, int, float, bool, type(None)}:
        return value
    enum = sys.modules.get("enum")
    if enum and isinstance(value, enum.Enum):
        return member_written(value)
    if isinstance(value, (str, int, float)):
        return (str if isinstance(value, str) else int if isinstance(value, int) else float)(value)
    raise AnnotationError(f"{value!r} has no counterpart in JSON")


def member_written(member: "Any") -> "Any":
    """Return what stands for a member of an Enum: its value, or its name when not all values are scalars."""
    scalars = (str, int, float, bool, type(None))
    value = member.value
    if all(isinstance(other.value, scalars) for other in type(member)):
        return written(value) if not isinstance(value, type(member)) else value.name
    return member.name
