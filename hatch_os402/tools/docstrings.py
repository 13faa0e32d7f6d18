"""What a docstring says of a function and of its parameters, in the style of Google, NumPy or Sphinx."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from textwrap import dedent

_GOOGLE = re.compile(r"(?P<name>[A-Z][A-Za-z ]*):\s*")
_UNDERLINE = re.compile(r"-{3,}\s*")
_SECTIONS = frozenset({
    "args", "arguments", "params", "parameters", "keyword args", "keyword arguments", "other parameters", "attributes",
    "returns", "return", "yields", "yield", "raises", "raise", "warns", "receives", "example", "examples", "note",
    "notes", "see also", "references", "todo", "warning", "warnings", "methods",
})  # fmt: skip
_OF_PARAMETERS = frozenset({
    "args", "arguments", "params", "parameters", "keyword args", "keyword arguments", "other parameters", "attributes",
})  # fmt: skip
_OF_PROSE = frozenset({"example", "examples", "note", "notes", "warning", "warnings"})
"""Sections that stay in the description."""
_ITEM = re.compile(r"\*{0,2}(?P<name>\w+)\s*(?:\(.*?\)\s*)?:\s*(?P<text>.*)", re.DOTALL)
"""A parameter, perhaps its type in brackets, up to the first that closes before a colon, and what is said of it."""
_FIELD = re.compile(r":(?P<role>\w+)\b(?P<middle>[^:\n]*):\s*(?P<text>.*)", re.DOTALL)
_FIELDS_OF_PARAMETERS = frozenset({"param", "parameter", "arg", "argument", "key", "keyword", "ivar", "var", "cvar"})


@dataclass
class Documented:
    """What a docstring says."""

    description: str = ""
    """All but the sections that describe parameters, results and exceptions."""
    parameters: dict[str, str] = field(default_factory=dict)
    """Name → description, in one line."""


def read(docstring: str | None) -> Documented:
    """Return what `docstring`, as it stands in the source, says."""
    found = Documented()
    lines = _clean(docstring or "")
    prose: list[str] = []
    index = 0
    while index < len(lines):
        section = _section(lines, index)
        if section is not None:
            name, body = section
            index += 1 + (1 if _is_numpy(lines, index) else 0)
            end = _end(lines, index, indented=not body)
            content = lines[index:end]
            if name in _OF_PARAMETERS:
                found.parameters |= _numpy(content) if body else _google(content)
            elif name in _OF_PROSE:
                prose += [name.capitalize() + ":", *content]
            index = end
        elif match := _FIELD.fullmatch(lines[index]):
            end = _end_of_field(lines, index + 1)
            text = _joined([match["text"], *lines[index + 1 : end]])
            names = match["middle"].split()
            if match["role"] in _FIELDS_OF_PARAMETERS and names:
                found.parameters[names[-1].lstrip("*")] = text
            index = end
        else:
            prose.append(lines[index])
            index += 1
    found.description = re.sub(r"\n{3,}", "\n\n", "\n".join(prose)).strip()
    return found


def _clean(docstring: str) -> list[str]:
    """Return the lines without their common indentation, as `inspect.cleandoc` does (PEP 257)."""
    first, newline, rest = docstring.expandtabs().partition("\n")
    return (first.strip() + newline + dedent(rest)).rstrip().split("\n")


def _is_numpy(lines: list[str], index: int) -> bool:
    """Whether the line is the title of a section, which the next one underlines."""
    return index + 1 < len(lines) and bool(_UNDERLINE.fullmatch(lines[index + 1]))


def _section(lines: list[str], index: int) -> tuple[str, bool] | None:
    """Return the name of the section that begins here, in lower case, and whether it is NumPy's."""
    line = lines[index]
    if _is_numpy(lines, index) and line.strip().lower() in _SECTIONS:
        return line.strip().lower(), True
    match = _GOOGLE.fullmatch(line)
    if match and match["name"].lower() in _SECTIONS:
        return match["name"].lower(), False
    return None


def _end(lines: list[str], start: int, *, indented: bool) -> int:
    """Return where a section's content ends: at the next one, or with its indentation."""
    for index in range(start, len(lines)):
        line = lines[index]
        if indented and line.strip() and not line.startswith(" "):
            return index
        if not indented and _section(lines, index) is not None:
            return index
    return len(lines)


def _end_of_field(lines: list[str], start: int) -> int:
    """Return where a field of Sphinx ends: at the next one, at an empty line, or with its indentation."""
    for index in range(start, len(lines)):
        if not lines[index].startswith(" "):
            return index
    return len(lines)


def _google(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in _items(dedent("\n".join(lines)).split("\n")):
        if match := _ITEM.fullmatch("\n".join(item)):
            found[match["name"]] = _joined(match["text"].split("\n"))
    return found


def _numpy(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in _items(dedent("\n".join(lines)).split("\n")):
        names = item[0].partition(":")[0]
        text = _joined(item[1:])
        each = [name.strip().lstrip("*") for name in names.split(",")]
        found.update((name, text) for name in each if text and name.isidentifier())
    return found


def _items(lines: list[str]) -> list[list[str]]:
    """Return the items of a list: each begins without indentation and goes on with it."""
    found: list[list[str]] = []
    for line in lines:
        if line.strip() and not line.startswith(" "):
            found.append([line])
        elif found:
            found[-1].append(line)
    return found


def _joined(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())
