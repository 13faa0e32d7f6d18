"""What a project's pyproject.toml (and hatch.toml) says, for the commands that need a few tables of it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hatch_os402.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_FILE = "pyproject.toml"
_LOCATION = "HATCH_BUILD_LOCATION"
"""Hatch's variable for where builds go (hatchling's `BuildEnvVars.LOCATION`)."""
_TARGET = "os402"
UV_INDEXES = frozenset({"index", "index-url", "extra-index-url", "find-links"})
"""Settings of `[tool.uv]` that say where uv finds packages."""


@dataclass(frozen=True)
class Pyproject:
    """The project in the folder `root`."""

    root: Path
    _hatch: Any
    _config: Mapping[str, Any]
    """All of pyproject.toml."""

    @property
    def table(self) -> Mapping[str, Any]:
        """`[tool.hatch.build.targets.os402]`; empty when it is missing."""
        table: Mapping[str, Any] = self._hatch.build_targets.get(_TARGET, {})
        return table

    @property
    def publish(self) -> Mapping[str, Any]:
        """`[tool.hatch.publish.os402]`; empty when it is missing."""
        table: Mapping[str, Any] = self._hatch.config.get("publish", {}).get(_TARGET, {})
        return table

    @property
    def hatch(self) -> Mapping[str, Any]:
        """`[tool.hatch]`, or hatch.toml."""
        return _table(self._hatch.config)

    @property
    def build_tables(self) -> tuple[Mapping[str, Any], ...]:
        """`[tool.hatch.build]` and that of its target `wheel`, which gives the archive its files."""
        return _table(self._hatch.build_config), _table(self._hatch.build_targets.get("wheel"))

    @property
    def documents(self) -> tuple[str, ...]:
        """The files whose text `[project]` takes: readme and license, as written."""
        readme, license_ = self._of("project").get("readme"), self._of("project", "license").get("file")
        named = [readme if isinstance(readme, str) else _table(readme).get("file"), license_]
        return tuple(name for name in named if isinstance(name, str))

    @property
    def requirements(self) -> tuple[str, ...]:
        """What `[project]`, its extras and `[dependency-groups]` require, as written."""
        extras = self._of("project", "optional-dependencies").values()
        written = [self._of("project").get("dependencies"), *extras, *self.groups.values()]
        return tuple(item for items in written if isinstance(items, list) for item in items if isinstance(item, str))

    @property
    def backend(self) -> str:
        """The build backend (PEP 517); that of setuptools where none is named."""
        return str(self._of("build-system").get("build-backend") or "setuptools.build_meta:__legacy__")

    @property
    def is_hatchling(self) -> bool:
        """Whether hatchling builds it, and so Hatch's rules say what its wheel holds."""
        return self.backend.partition(":")[0] == "hatchling.build"

    @property
    def scripts(self) -> Mapping[str, str]:
        """`[project.scripts]`, or Poetry's; empty when it is missing, as where a backend finds them elsewhere."""
        found = self._of("project", "scripts") or self._of("tool", "poetry", "scripts")
        return {name: value for name, value in found.items() if isinstance(value, str)}

    @property
    def groups(self) -> Mapping[str, Any]:
        """`[dependency-groups]`, as written; empty when it is missing."""
        return self._of("dependency-groups")

    @property
    def uv_indexes(self) -> bool:
        """Whether `[tool.uv]` names indexes, which are not pip's."""
        return not UV_INDEXES.isdisjoint(self._of("tool", "uv"))

    @property
    def build_requirements(self) -> tuple[str, ...]:
        """The requirements of a build: those of `[build-system]`, of the targets and of their hooks, as written."""
        tables = [self._hatch.build_config, self._hatch.build_targets.get("wheel", {}), self.table]
        tables += [hook for table in tables for hook in _table(table.get("hooks")).values()]
        written = [self._of("build-system").get("requires"), *(_table(table).get("dependencies") for table in tables)]
        return tuple(dict.fromkeys(str(item) for items in written if isinstance(items, list) for item in items))

    def _of(self, *names: str) -> Mapping[str, Any]:
        """Return the table at `names`; an empty one when there is none."""
        table = self._config
        for name in names:
            table = _table(table.get(name))
        return table

    @cached_property
    def stem(self) -> str:
        """What the names of its artifacts begin with, whatever its version (hatchling's `project_id`); may be empty."""
        name = self._of("project").get("name") or self._of("tool", "poetry").get("name")
        if not isinstance(name, str):
            return ""
        normal = re.sub(r"[-_.]+", "-", name).lower()
        return re.sub(r"[^\w\d.]+", "_", normal) + "-"

    @cached_property
    def directory(self) -> Path:
        """Where its artifacts are, as hatchling decides it when a build is given no folder."""
        configured = self.table.get("directory") or self._hatch.build_config.get("directory") or "dist"
        return self.root / os.environ.get(_LOCATION, configured)


def is_project(path: Path) -> bool:
    """Return whether `path` is the folder of a project, which can be built."""
    return (path / _FILE).is_file()


def project_above(path: Path) -> Path | None:
    """Return the nearest folder of a project, `path` itself (if it is one) or one above it; None if there is none."""
    return next((folder for folder in (path, *path.absolute().parents) if is_project(folder)), None)


def build_command(path: Path) -> str:
    """Return the command that builds the project of the folder `path` or above it: Hatch builds hatchling's alone."""
    root = project_above(path)
    try:
        others = root is not None and not read_pyproject(root).is_hatchling
    except ArtifactError:
        others = False
    return "hatch-os402 build" if others else "hatch build -t os402"


def _table(found: Any) -> Mapping[str, Any]:
    """Return `found`, or an empty table for what is none."""
    return found if isinstance(found, dict) else {}


def read_pyproject(root: Path) -> Pyproject:
    """Return what the project at `root` says. Raises `ArtifactError` when its files cannot be read."""
    from hatchling.metadata.core import ProjectMetadata  # noqa: PLC0415 - artifacts alone need no project

    try:
        metadata: ProjectMetadata[Any] = ProjectMetadata(str(root), None)
        found = Pyproject(root, metadata.hatch, metadata.config)
        _ = found.table, found.publish, found.directory, found.stem
    except Exception as error:  # hatchling raises many kinds for what is wrong in a file
        raise ArtifactError(f"{root / _FILE} cannot be read: {error}") from error
    return found
