"""Arrays, objects, and what may be one of several kinds."""

from .kinds import Kind, Number, identity
from .mismatch import Mismatch, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from .kinds import References


def read_json(value: "Any", texts: bool, wanted: type, name: str) -> "Any":  # noqa: FBT001
    """Return an object or an array, taken out of its JSON text if need be."""
    if type(value) is wanted:
        return value
    if texts and type(value) is str:
        try:
            found = parse(value)
        except (ValueError, RecursionError):
            found = None
        if type(found) is wanted:
            return found
        name += " (or its JSON text)"
    raise Mismatch(name, value)


class Array(Kind):
    """An array of items of one kind, and what `make` makes of the list. `unique`: no two items are equal."""

    name, bounds = "an array", {"min_length": "minItems", "max_length": "maxItems"}

    def __init__(self, item: Kind, make: "Callable[[list[Any]], Any]", *, unique: bool = False) -> None:
        self.item, self.make, self.unique = item, make, unique

    def _schema(self, references: "References") -> "dict[str, Any]":
        items = self.item.schema(references)
        return {
            "type": "array",
            **({"items": items} if items else {}),
            **({"uniqueItems": True} if self.unique else {}),
        }

    def convert(self, value: "Any", texts: bool) -> "Any":  # noqa: FBT001
        """Return the collection."""
        items = read_json(value, texts, list, self.name)
        if self.assertions:
            self._checked(items)
        if self.unique:
            _refuse_repeated(items)
        convert, found = self.item.convert, []
        try:
            for item in items:
                found.append(convert(item, texts))  # noqa: PERF401 - the index of the one that fails is its length
        except Mismatch as error:
            raise error.under(len(found)) from None
        return found if self.make is list else self.make(found)


def _refuse_repeated(items: "Sequence[Any]") -> None:
    seen = set()
    for index, item in enumerate(items):
        key = _frozen(item)
        if key in seen:
            raise Mismatch("an item that is not there yet", item).under(index)
        seen.add(key)


def _frozen(value: "Any") -> "Any":
    """Return something hashable that is equal for equal JSON values alone."""
    if isinstance(value, list):
        return list, tuple(map(_frozen, value))
    if isinstance(value, dict):
        return dict, frozenset((name, _frozen(item)) for name, item in value.items())
    return identity(value)


class Tuple(Kind):
    """An array with a kind for each of its items."""

    def __init__(self, items: "Sequence[Kind]") -> None:
        self.items = tuple(items)
        self.name = f"an array of {len(self.items)} items"

    def _schema(self, references: "References") -> "dict[str, Any]":
        count = len(self.items)
        if not count:
            return {"type": "array", "maxItems": 0}
        items = [item.schema(references) for item in self.items]
        return {"type": "array", "prefixItems": items, "minItems": count, "maxItems": count}

    def convert(self, value: "Any", texts: bool) -> "tuple[Any, ...]":  # noqa: FBT001
        """Return the tuple."""
        items = read_json(value, texts, list, self.name)
        if len(items) != len(self.items):
            raise Mismatch(self.name, items)
        found: "list[Any]" = []
        try:
            for kind, item in zip(self.items, items):  # noqa: B905 - they are as many
                found.append(kind.convert(item, texts))
        except Mismatch as error:
            raise error.under(len(found)) from None
        return tuple(found)


class Dictionary(Kind):
    """An object with any names of one kind, and values of one kind."""

    name, bounds = "an object", {"min_length": "minProperties", "max_length": "maxProperties"}

    def __init__(self, key: Kind, value: Kind, make: "Callable[[dict[Any, Any]], Any]") -> None:
        self.key, self.value, self.make = key, value, make

    def _schema(self, references: "References") -> "dict[str, Any]":
        names = self.key.schema(references)
        values = self.value.schema(references)
        return {
            "type": "object",
            **({"propertyNames": names} if names != {"type": "string"} else {}),
            **({"additionalProperties": values} if values else {}),
        }

    def convert(self, value: "Any", texts: bool) -> "Any":  # noqa: FBT001
        """Return the mapping."""
        content = read_json(value, texts, dict, self.name)
        if self.assertions:
            self._checked(content)
        found = {}
        for name, item in content.items():
            try:
                found[self.key.convert(name, False)] = self.value.convert(item, texts)  # noqa: FBT003
            except Mismatch as error:
                raise error.under(name) from None
        return found if self.make is dict else self.make(found)


class Union(Kind):
    """A value of the first of some kinds that accepts it."""

    def __init__(self, kinds: "Sequence[Kind]") -> None:
        self.kinds = tuple(kinds)

    @property
    def name(self) -> str:  # type: ignore[override]
        """What is expected."""
        return " or ".join(dict.fromkeys(kind.name for kind in self.kinds))

    def _schema(self, references: "References") -> "dict[str, Any]":
        return {"anyOf": [kind.schema(references) for kind in self.kinds]}

    def bounded(self, constraints: "Mapping[str, Any]") -> "Kind":
        """Return this union with each constraint on those of its kinds that it applies to."""
        for name in constraints:
            if not any(name in kind.bounds for kind in self.kinds):
                raise TypeError(f"{name!r} does not apply to {self.name}")
        return self._with(
            kinds=[
                kind.bounded({name: value for name, value in constraints.items() if name in kind.bounds})
                for kind in self.kinds
            ]
        )

    def convert(self, value: "Any", texts: bool) -> "Any":  # noqa: FBT001
        """Return what the first kind that accepts the value makes of it; a string is a string if it may be one."""
        if texts and type(value) is str:
            try:
                return self.convert(value, False)  # noqa: FBT003
            except Mismatch:
                pass
        deepest: "Mismatch | None" = None
        for kind in self._ordered(value):
            try:
                return kind.convert(value, texts)
            except Mismatch as error:
                told = error.path or error.expected != kind.name  # more than that it is of another kind
                if told and (deepest is None or len(error.path) > len(deepest.path)):
                    deepest = error
        raise deepest or Mismatch(self.name, value)

    def _ordered(self, value: "Any") -> "Iterator[Kind] | Sequence[Kind]":
        """Return the kinds, for an int such as take ints first: `float | int` leaves it one."""
        if type(value) is not int:
            return self.kinds
        return sorted(self.kinds, key=lambda kind: isinstance(kind, Number))


class Field:
    """A property of an object: its name, its kind, and what it is when it is left out (a tuple, or empty)."""

    def __init__(
        self,
        name: str,
        kind: Kind,
        *,
        required: bool = True,
        default: "tuple[Any, ...]" = (),
        description: str = "",
    ) -> None:
        self.name, self.kind, self.required = name, kind, required
        self.default, self.description = default, description


class Named(Kind):
    """A kind that has a name, and may hold itself. Its schema stands under that name, wherever it is used."""

    title = ""

    def schema(self, references: "References") -> "dict[str, Any]":
        """Return a reference to the schema."""
        return {**references.refer(self), **self.annotations}

    def body(self, references: "References") -> "dict[str, Any]":
        """Return the schema itself."""
        return {**self._schema(references), **self.assertions}

    @property
    def origin(self) -> "Any":
        """What tells this kind from others: the same for one that is only annotated."""
        return self


class Alias(Named):
    """What a name of the project stands for; the kind is put into `cell` as soon as it is known."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.cell: "list[Kind]" = []

    @property
    def origin(self) -> "Any":
        """The cell that all copies share."""
        return id(self.cell)

    @property
    def name(self) -> str:  # type: ignore[override]
        """What is expected."""
        return self.title

    def _schema(self, references: "References") -> "dict[str, Any]":
        return self.cell[0].schema(references)

    def convert(self, value: "Any", texts: bool) -> "Any":  # noqa: FBT001
        """Return what the kind makes of the value."""
        return self.cell[0].convert(value, texts)


class Record(Named):
    """An object with fields, and what `make` makes of their values; other properties are refused.

    `results` are the fields of a result, where they are not the same. `source` is the class, or None.
    """

    name = "an object"

    def __init__(self, title: str, make: "Callable[..., Any]", source: "Any" = None) -> None:
        self.title, self.make, self.source = title, make, source
        self.fields: "list[Field]" = []
        self.results: "list[Field]" = []
        self.by_name: "dict[str, Field]" = {}

    @property
    def origin(self) -> "Any":
        """The list that all copies share."""
        return id(self.fields)

    def complete(self, fields: "Iterable[Field]", results: "Iterable[Field] | None" = None) -> None:
        """Set the fields, once."""
        self.fields.extend(fields)
        self.results.extend(self.fields if results is None else results)
        self.by_name.update((field.name, field) for field in self.fields)

    def _schema(self, references: "References") -> "dict[str, Any]":
        fields = self.results if references.output else self.fields
        required = [field.name for field in fields if field.required or (references.output and self.results_complete)]
        return {
            "type": "object",
            "properties": {field.name: self._property(field, references) for field in fields},
            **({"required": required} if required else {}),
            "additionalProperties": False,
        }

    results_complete = True
    """Whether a result has all fields."""

    @staticmethod
    def _property(field: Field, references: "References") -> "dict[str, Any]":
        schema = field.kind.schema(references)
        if field.description and "description" not in field.kind.annotations:
            schema["description"] = field.description
        if field.default and not references.output:
            schema.update(("default", default) for default in references.default(field.default[0]))
        return schema

    def convert(self, value: "Any", texts: bool) -> "Any":  # noqa: FBT001
        """Return what is made of the fields. What `make` refuses with `ValueError` is a mismatch."""
        content = read_json(value, texts, dict, self.name)
        found = {}
        by_name = self.by_name
        for name, item in content.items():
            field = by_name.get(name)
            if field is None:
                known = ", ".join(by_name) or "there is none"
                raise Mismatch(f"a known name ({known})", name).under(name)
            try:
                found[name] = field.kind.convert(item, texts)
            except Mismatch as error:
                raise error.under(name) from None
        if len(found) < len(self.fields):
            for field in self.fields:
                if field.required and field.name not in found:
                    raise Mismatch(field.kind.name, None, missing=True).under(field.name)
        try:
            return self.make(**found)
        except ValueError as error:
            raise Mismatch(f"what {self.title} accepts ({error})", content) from error
