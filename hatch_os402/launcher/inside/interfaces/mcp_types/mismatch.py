"""A JSON value that is not what was expected, and how JSON is read."""

import json
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LONGEST_SHOWN = 60
_DEEPEST = 128
"""As deep as os402 lets the JSON of an offer be. The parser of the standard library recurses, on a stack of 1 MiB."""


class Mismatch(Exception):  # noqa: N818 - what it is, not what became of it
    """A value is not of its kind. `path` leads to it: names of properties and indexes of items."""

    def __init__(self, expected: str, got: "Any", *, missing: bool = False) -> None:
        super().__init__(expected)
        self.path: "list[str | int]" = []
        self.expected = expected
        self.got = "nothing" if missing else shown(got)

    def under(self, step: "str | int") -> "Mismatch":
        """Return this mismatch as that of the value which has the value at `step`."""
        self.path.insert(0, step)
        return self

    def place(self) -> str:
        """Return the path as one writes it: `orders[0].price`; empty for the arguments as a whole."""
        parts = ""
        for step in self.path:
            if isinstance(step, int):
                parts += f"[{step}]"
            elif step.isidentifier():
                parts += f".{step}"
            else:
                parts += f"[{json.dumps(step, ensure_ascii=False)}]"
        return parts.removeprefix(".")


def shown(value: "Any") -> str:
    """Return a JSON value as an error shows it: shortened, with its type where the text alone does not tell."""
    if isinstance(value, list):
        return f"an array of {len(value)}"
    if isinstance(value, dict):
        return f"an object of {len(value)}"
    text = json.dumps(value if not isinstance(value, str) else value[: _LONGEST_SHOWN + 1], ensure_ascii=False)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


def parse(text: "str | bytes") -> "Any":
    """Return the value of a JSON text. Raises `ValueError` for what is none, and for nesting beyond `_DEEPEST`."""
    whole = text.decode("utf-8-sig") if isinstance(text, bytes) else text
    if whole.count("[") + whole.count("{") > _DEEPEST and _depth(whole) > _DEEPEST:
        raise ValueError(f"more than {_DEEPEST} levels")
    return json.loads(whole, parse_constant=_no_constant)


def _depth(text: str) -> int:
    deepest = depth = 0
    for part in re.findall(r'"(?:[^"\\]|\\.)*"?|[][{}]', text, re.DOTALL):  # strings, also without an end
        if part in {"[", "{"}:
            depth += 1
            deepest = max(deepest, depth)
        elif part in {"]", "}"}:
            depth -= 1
    return deepest


def _no_constant(name: str) -> "Any":
    raise ValueError(f"{name} is not JSON")
