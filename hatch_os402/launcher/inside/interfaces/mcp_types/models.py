"""Models of pydantic 1, which describe and check themselves. Those of pydantic 2 are compiled, and not on os402."""

from .containers import Named, read_json
from .mismatch import Mismatch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .kinds import References


class Model(Named):
    """An object that a model makes of itself. It accepts more than its schema says: it converts `"1"` to 1."""

    name = "an object"

    def __init__(self, source: "Any") -> None:
        self.source, self.title = source, source.__name__

    @property
    def origin(self) -> "Any":
        """The class."""
        return self.source

    def _schema(self, references: "References") -> "dict[str, Any]":
        schema = modern(self.source.schema(by_alias=True, ref_template=f"#/$defs/{self.title}.{{model}}"))
        for name, definition in schema.pop("definitions", {}).items():
            references.define(f"{self.title}.{name}", definition)
        schema.pop("title", None)
        return schema  # type: ignore[no-any-return]  # a dict, as what it is made of

    def convert(self, value: "Any", texts: bool) -> "Any":  # noqa: FBT001 - as the others
        """Return the model, or the first of its errors."""
        content = read_json(value, texts, dict, self.name)
        try:
            return self.source.parse_obj(content)
        except ValueError as error:  # its ValidationError
            first = error.errors()[0] if hasattr(error, "errors") else {"loc": (), "msg": str(error)}
            place = [step for step in first["loc"] if step != "__root__"]
            found: "Any" = content
            try:
                for step in place:
                    found = found[step]
            except (LookupError, TypeError):
                mismatch = Mismatch(f"what {self.title} accepts ({first['msg']})", None, missing=True)
            else:
                mismatch = Mismatch(f"what {self.title} accepts ({first['msg']})", found)
            mismatch.path = place
            raise mismatch from None


def modern(schema: "Any") -> "Any":
    """Return a schema of draft 7 in the words of 2020-12."""
    if isinstance(schema, list):
        return [modern(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {}
    for name, value in schema.items():
        if name in {"default", "enum", "const", "examples", "example"}:
            made[name] = value
        elif name in {"properties", "definitions", "patternProperties"}:
            made[name] = {key: modern(item) for key, item in value.items()}
        elif name == "items" and isinstance(value, list):
            made["prefixItems"] = modern(value)
        else:
            made[name] = modern(value)
    return made
