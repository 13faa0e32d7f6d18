"""Where this installation came from: an index, a wheel file, a clone, a repository.

Source: `direct_url.json` of the installed distribution (PyPA's "Recording the Direct URL Origin"), which pip, uv, pipx
and Hatch write when the requirement was a URL or a path. An index leaves none.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from hatch_os402.foreign.addresses import local_path

if TYPE_CHECKING:
    from collections.abc import Iterable

NAME = "hatch-os402"
_MAX_PARENTS = 2
"""Folders above a project through which a path is still written relative to it."""


@dataclass(frozen=True)
class Origin:
    """Where hatch-os402 can be installed from again."""

    url: str | None = None
    """An address for `hatch-os402 @ URL`; None for an index."""
    path: Path | None = None
    """The wheel file or the folder of the clone, when it is on this machine."""
    editable: bool = False

    @property
    def is_local(self) -> bool:
        """Whether other machines cannot reach it."""
        return self.path is not None

    @property
    def exists(self) -> bool:
        """Whether it can still be installed from, as far as this machine knows."""
        return self.path is None or self.path.exists()

    def requirement(self, extras: Iterable[str] = ()) -> str:
        """Return the requirement (PEP 508), with `extras`."""
        return f"{_with_extras(extras)} @ {self.url}" if self.url else _with_extras(extras)

    def arguments(self, extras: Iterable[str] = ()) -> list[str]:
        """Return what follows `pip install` and `uv pip install`: a path where there is one, which is short."""
        if self.path is None:
            return [self.requirement(extras)]
        listed = _bracketed(extras)
        return [*(["--editable"] if self.editable else []), f"{self.path}{listed}"]

    def near(self, root: Path) -> str | None:
        """Return the requirement with an address that starts at the project at `root`, so that both can be moved.

        Hatch knows `{root:uri}` in the dependencies of its environments, and not in those of a target. None where it is
        not near the project, or not on this machine.
        """
        if self.path is None:
            return None
        found = _near(self.path, Path(os.path.abspath(root)))  # noqa: PTH100 - links stay
        return found and f"{NAME} @ {found}"


def find_origin() -> Origin:
    """Return where this installation came from."""
    try:
        recorded = distribution(NAME).read_text("direct_url.json")
    except PackageNotFoundError:
        return _source_tree()
    return _read(recorded) if recorded else Origin()


def _source_tree() -> Origin:
    """Return the origin of a package that is imported from a clone without being installed."""
    root = Path(__file__).parents[2]
    return Origin(root.as_uri(), root, editable=True) if (root / "pyproject.toml").is_file() else Origin()


def _read(text: str) -> Origin:
    try:
        recorded: Any = json.loads(text)
        url = str(recorded["url"])
        vcs, inside = recorded.get("vcs_info"), recorded.get("subdirectory")
        at = f"#subdirectory={inside}" if inside else ""
        if vcs:
            return Origin(f"{vcs['vcs']}+{url}@{vcs['commit_id']}{at}")
        if urlsplit(url).scheme != "file":
            return Origin(url + at)
        path = local_path(url)
        return Origin(path.as_uri(), path, editable=bool(recorded.get("dir_info", {}).get("editable")))
    except (ValueError, LookupError, TypeError, AttributeError):  # another tool's mistake: as if it had said nothing
        return Origin()


def _with_extras(extras: Iterable[str]) -> str:
    return f"{NAME}{_bracketed(extras)}"


def _bracketed(extras: Iterable[str]) -> str:
    listed = ",".join(sorted(extras))
    return f"[{listed}]" if listed else ""


def _near(path: Path, root: Path) -> str | None:
    """Return `path` as an address that starts at `{root:uri}` or a little above, None when it is further away."""
    field = "root"
    for folder in (root, *root.parents[:_MAX_PARENTS]):
        if folder.parent == folder:  # the root of the file system is near everything
            return None
        if path.is_relative_to(folder):
            rest = path.relative_to(folder).as_posix()
            return f"{{{field}:uri}}" + ("" if rest == "." else f"/{quote(rest)}")
        field += ":parent"
    return None
