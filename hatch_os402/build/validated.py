"""Tables of options that were found right: they are not read again, as long as they and this package are the same."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from hatch_os402.build.inputs import named_files, table_text
from hatch_os402.cache import cache_folder
from hatch_os402.errors import ArtifactError
from hatch_os402.incremental.resolutions import is_fresh
from hatch_os402.incremental.store import digest, program, recall, remember

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def is_validated(root: Path, table: Mapping[str, Any]) -> bool:
    """Whether `table` of the project in `root`, and all files that it names, were validated as they are."""
    place = _place(root, table)
    return place is not None and not is_fresh(os.environ) and recall(*place) is not None


def validated(root: Path, table: Mapping[str, Any]) -> None:
    """Remember that `table` was validated."""
    if (place := _place(root, table)) is not None:
        remember(*place, {})


def _place(root: Path, table: Mapping[str, Any]) -> tuple[Path, str] | None:
    """Return where it is remembered; None when that is not possible."""
    if not isinstance(table, dict) or not isinstance(table.get("offer", {}), dict):
        return None
    try:
        folder, named = cache_folder(os.environ), named_files(root, table)
    except ArtifactError:
        return None
    return None if named is None else (folder / "options", digest([program(), str(root), table_text(table), named]))
