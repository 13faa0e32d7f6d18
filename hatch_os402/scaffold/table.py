"""The target's table in the pyproject.toml (or hatch.toml) of a project that is there.

tomlkit reads the file and writes the table. The file's own text stays as it is, to the byte: the table comes after it,
or, where a table of dotted keys or an inline table leaves no room for a header, where tomlkit puts it.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tomlkit
import tomlkit.items
from tomlkit.exceptions import TOMLKitError

from hatch_os402.errors import ScaffoldError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PYPROJECT, _HATCH = "pyproject.toml", "hatch.toml"
_IN_HATCH = ("build", "targets", "os402")
_IN_PYPROJECT = ("tool", "hatch", *_IN_HATCH)


@dataclass(frozen=True)
class TomlFile:
    """The file that has a project's configuration of Hatch."""

    path: Path
    text: str
    """With the line endings of the file."""
    config: Mapping[str, Any]
    """As plain values."""
    keys: tuple[str, ...]
    """Where the target's table stands in it."""

    @property
    def has_table(self) -> bool:
        """Whether the target's table is there already."""
        return _at(self.config, self.keys) is not None

    @property
    def table_name(self) -> str:
        """The header of the target's table."""
        return f"[{'.'.join(self.keys)}]"


def read_file(root: Path) -> TomlFile:
    """Return the file of the project at `root` into which the table belongs. Raises `ScaffoldError`.

    That is hatch.toml where it has a table `build`: it takes the place of the one in pyproject.toml.
    """
    hatch = root / _HATCH
    if hatch.is_file() and "build" in (found := _read(hatch, _IN_HATCH)).config:
        return found
    return _read(root / _PYPROJECT, _IN_PYPROJECT)


def _read(path: Path, keys: tuple[str, ...]) -> TomlFile:
    try:
        text = path.read_bytes().decode()
        return TomlFile(path, text, tomlkit.parse(text).unwrap(), keys)
    except (OSError, ValueError, TOMLKitError) as error:
        raise ScaffoldError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from error


def with_table(file: TomlFile, table: Mapping[str, Any]) -> str:
    """Return the text of `file` with `table` as the target's. Raises `ScaffoldError` where that cannot be written."""
    expected = _merged(file.config, file.keys, table)
    for attempt in (_appended, _inserted):
        try:
            text = attempt(file, table)
            if tomlkit.parse(text).unwrap() == expected:
                return text
        except (
            TOMLKitError,
            LookupError,
            TypeError,
            ValueError,
            AttributeError,
        ):  # what tomlkit raises for the odd ones
            continue
    written = "".join(f"\n  {line}" for line in lines_of(file, table))
    raise ScaffoldError(
        f"{file.path} is written in a way that leaves no room for the table. Write it yourself:{written}"
    )


def with_values(file: TomlFile, values: Mapping[str, Any]) -> str:
    """Return the text of `file` with `values` in the target's table, which is made where there is none.

    What else the table holds stays, with its comments; an array that only grows keeps its layout. Raises
    `ScaffoldError` where that cannot be written.
    """
    before = _at(file.config, file.keys)
    if before is None:
        return with_table(file, values)
    expected = _merged(file.config, file.keys, {**before, **values})
    try:
        document = tomlkit.parse(file.text)
        table: Any = document
        for key in file.keys:
            table = table[key]
        for name, value in values.items():
            _set(table, name, value)
        text = tomlkit.dumps(document)
        if _has_crlf(file.text):
            text = text.replace("\r\n", "\n").replace("\n", "\r\n")
        if tomlkit.parse(text).unwrap() == expected:
            return text
    except (TOMLKitError, LookupError, TypeError, ValueError, AttributeError):  # as in `with_table`
        pass
    written = "".join(f"\n  {line}" for line in lines_of(file, values))
    raise ScaffoldError(
        f"{file.path} is written in a way that leaves no room for a change. Write it yourself:{written}"
    )


def _has_crlf(text: str) -> bool:
    """Whether every line ends in CR LF."""
    return "\n" in text and text.count("\r\n") == text.count("\n")


def _set(table: Any, name: str, value: Any) -> None:
    before = table.get(name)
    if isinstance(before, tomlkit.items.Array) and value[: len(before)] == before.unwrap():
        for item in value[len(before) :]:
            before.append(item)
    else:
        table[name] = value


def diff(file: TomlFile, text: str) -> str:
    """Return the change from `file` to `text` as a unified diff."""
    name = file.path.name
    lines = difflib.unified_diff(
        file.text.splitlines(keepends=True), text.splitlines(keepends=True), f"a/{name}", f"b/{name}"
    )
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def lines_of(file: TomlFile, table: Mapping[str, Any]) -> list[str]:
    """Return the lines of the target's table with `table` alone; a table in it has a header of its own."""
    return [*_section(".".join(file.keys), table)]


def _section(name: str, table: Mapping[str, Any]) -> Iterator[str]:
    document = tomlkit.document()
    below = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    for key, value in table.items():
        if key not in below:
            document.add(key, value)
    yield f"[{name}]"
    yield from tomlkit.dumps(document).splitlines()
    for key, value in below.items():
        yield ""
        yield from _section(f"{name}.{key}", value)


def _appended(file: TomlFile, table: Mapping[str, Any]) -> str:
    newline = "\r\n" if _has_crlf(file.text) else "\n"
    start = file.text if file.text.endswith("\n") or not file.text else file.text + newline
    return start + newline.join(["", *lines_of(file, table), ""])


def _inserted(file: TomlFile, table: Mapping[str, Any]) -> str:
    document = tomlkit.parse(file.text)
    place: Any = document
    *parents, last = file.keys
    for key in parents:
        if key not in place:
            place[key] = tomlkit.table(is_super_table=True)
        place = place[key]
    place[last] = dict(table)
    return tomlkit.dumps(document)


def _merged(config: Mapping[str, Any], keys: tuple[str, ...], table: Mapping[str, Any]) -> dict[str, Any]:
    first, *rest = keys
    if rest and not isinstance(config.get(first, {}), dict):
        raise ScaffoldError(f"`{first}` has no room for the table: it must be a table itself")
    below = _merged(config.get(first, {}), tuple(rest), table) if rest else dict(table)
    return {**config, first: below}


def _at(config: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        if not isinstance(config, dict) or key not in config:
            return None
        config = config[key]
    return config
