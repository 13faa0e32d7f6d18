"""What a build reads because pyproject.toml names it: files, folders, and projects that it requires by their place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatch_os402.home import path_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hatch_os402.config.pyproject import Pyproject

_INCLUSIONS = ("force-include", "shared-data", "shared-scripts", "extra-metadata", "sbom-files")
"""Of hatchling's tables: their keys, of the last one the items, are files or folders (`WheelBuilderConfig`)."""
_WRITTEN = frozenset({"directory", "staging"})
_PATTERNS = frozenset({"exclude"})
"""Options of the target whose values a build writes to, or that are paths of the archive."""


def named_paths(project: Pyproject) -> list[Path]:
    """Return the files and folders that the tables of `project` name and that are there, except those it writes."""
    own = project.table
    named: list[Any] = []
    for table in (*project.build_tables, own):
        named += [item for key in _INCLUSIONS for item in _items(table.get(key))]
        named += [hook.get("path") for hook in _tables(table.get("hooks"))]
    version = _table(project.hatch.get("version"))
    named += [version.get("path"), *_items(version.get("search-paths"))]
    named += [hook.get("path") for hook in _tables(_table(project.hatch.get("metadata")).get("hooks"))]
    named += project.documents
    options = {key: value for key, value in own.items() if key not in _WRITTEN | _PATTERNS}
    found = [path for path in (_path(project.root, text) for text in named) if path is not None and path.exists()]
    found += [path for text in texts(options) if (path := file_named(project.root, text)) is not None]
    written = os.path.realpath(project.directory)
    return [path for path in dict.fromkeys(found) if not Path(os.path.realpath(path)).is_relative_to(written)]


def required_folders(project: Pyproject) -> list[Path]:
    """Return the files and folders of this machine that a requirement of `project` has as its address."""
    # A build in which nothing changed asks for files alone.
    from hatchling.utils.context import Context  # noqa: PLC0415
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415

    from hatch_os402.foreign.addresses import local_path  # noqa: PLC0415

    context, found = Context(str(project.root.absolute())), []
    for text in project.requirements:
        if "@" not in text:
            continue
        try:
            url = Requirement(context.format(text)).url or ""
        except (InvalidRequirement, ValueError, OSError, LookupError):  # a build says what is wrong with it
            continue
        if url[:5].lower() == "file:" and (path := local_path(url)).exists():
            found.append(path)
    return found


def _path(root: Path, text: Any) -> Path | None:
    return path_of(text, root) if isinstance(text, str) and text else None


def texts(value: Any) -> Iterator[str]:
    """Yield every text in a table."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def file_named(root: Path, text: str) -> Path | None:
    """Return the file that `text` names, if it names one."""
    try:
        path = path_of(text, root)
        return path if path.is_file() else None
    except (OSError, ValueError):
        return None


def _items(found: Any) -> list[Any]:
    return list(found) if isinstance(found, (dict, list)) else []


def _tables(found: Any) -> list[Mapping[str, Any]]:
    return [item for item in _table(found).values() if isinstance(item, dict)]


def _table(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}
