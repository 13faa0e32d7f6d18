"""A kind's whole JSON Schema: what is used once stands where it is used, and what holds itself under `$defs`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hatch_os402.launcher.inside.interfaces.mcp_types.containers import Record
from hatch_os402.launcher.inside.interfaces.mcp_types.results import to_json
from hatch_os402.tools.docstrings import read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hatch_os402.launcher.inside.interfaces.mcp_types.containers import Named
    from hatch_os402.launcher.inside.interfaces.mcp_types.kinds import Kind

_PREFIX = "#/$defs/"


class Definitions:
    """The schemas of named kinds; see `References` in `kinds`. `output`: whether results are described."""

    def __init__(self, *, output: bool) -> None:
        self.output = output
        self.schemas: dict[str, dict[str, Any]] = {}
        self._names: dict[Any, str] = {}

    def refer(self, kind: Named) -> dict[str, Any]:
        """Return a reference to the schema of `kind`, which is there from now on."""
        name = self._names.get(kind.origin)
        if name is None:
            name = self._names[kind.origin] = self._free(kind.title)
            self.schemas[name] = {}
            self.schemas[name] |= self.described(kind)
        return {"$ref": _PREFIX + name}

    def define(self, name: str, schema: dict[str, Any]) -> None:
        """Have `schema` under `#/$defs/{name}`."""
        self.schemas[name] = schema

    def default(self, value: Any) -> tuple[Any, ...]:
        """Return a default in JSON's types, in a tuple; an empty one when it has no counterpart there."""
        try:
            plain = to_json(value)
        except (TypeError, ValueError):
            return ()
        return () if any(isinstance(item, float) and not math.isfinite(item) for item in _leaves(plain)) else (plain,)

    def described(self, kind: Named) -> dict[str, Any]:
        """Return the schema of `kind` with what its class's docstring says."""
        source = getattr(kind, "source", None)
        text = getattr(source, "__doc__", None)
        # What dataclasses and NamedTuples write themselves, or a base of the class, says nothing of it.
        own = source is not None and "__doc__" in vars(source) and text and not text.startswith(f"{source.__name__}(")
        documented = read(text if own else None)
        if isinstance(kind, Record):
            for field in (*kind.fields, *kind.results):
                field.description = field.description or documented.parameters.get(field.name, "")
        return {**({"description": documented.description} if documented.description else {}), **kind.body(self)}

    def _free(self, title: str) -> str:
        name, number = title, 1
        while name in self.schemas:
            number += 1
            name = f"{title}{number}"
        return name


def schema_of(kind: Kind, *, output: bool) -> dict[str, Any]:
    """Return the schema of arguments, or of a result (`output`)."""
    definitions = Definitions(output=output)
    arguments = isinstance(kind, Record) and kind.source is None
    schema = kind.body(definitions) if arguments else kind.schema(definitions)  # type: ignore[attr-defined]  # a Record
    return _assembled(schema, definitions.schemas)


def _assembled(schema: dict[str, Any], definitions: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return `schema` with those of `definitions` that are used once, and do not hold themselves, in their place."""
    while True:
        used = [name for part in (schema, *definitions.values()) for name in _references(part)]
        once = [
            name
            for name, content in definitions.items()
            if used.count(name) == 1 and name not in _references(content) and not _holds_itself(name, definitions)
        ]
        if not once:
            break
        name = once[0]
        content = definitions.pop(name)
        schema = _inlined(schema, name, content)
        definitions = {other: _inlined(part, name, content) for other, part in definitions.items()}
    return {**schema, **({"$defs": definitions} if definitions else {})}


def _holds_itself(name: str, definitions: dict[str, dict[str, Any]]) -> bool:
    seen: set[str] = set()
    pending = list(_references(definitions[name]))
    while pending:
        other = pending.pop()
        if other == name:
            return True
        if other not in seen:
            seen.add(other)
            pending += _references(definitions[other])
    return False


def _references(schema: Any) -> Iterator[str]:
    """Yield the names of definitions in a schema. What merely looks like a reference, in a default, is none."""
    if isinstance(schema, dict):
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference.startswith(_PREFIX):
            yield reference.removeprefix(_PREFIX)
        for name, value in schema.items():
            if name not in {"default", "const", "enum", "examples"}:
                yield from _references(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from _references(item)


def _inlined(schema: Any, name: str, content: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_inlined(item, name, content) for item in schema]
    if not isinstance(schema, dict):
        return schema
    created = {
        key: value if key in {"default", "const", "enum", "examples"} else _inlined(value, name, content)
        for key, value in schema.items()
    }
    if created.get("$ref") == _PREFIX + name:
        del created["$ref"]
        created = {**content, **created}
    return created


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value
