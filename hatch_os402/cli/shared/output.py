"""Files that a command writes for a person to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_os402.cli.shared.reporter import ClickReporter
from hatch_os402.errors import ArtifactError
from hatch_os402.files import write_file

if TYPE_CHECKING:
    from pathlib import Path


def write_page(path: Path, page: str) -> None:
    """Write `page` to `path`, whole or not at all, and say so on stderr. Raises `ArtifactError`."""
    try:
        write_file(path, page.encode())
    except OSError as error:
        raise ArtifactError(f"the page cannot be written to {path}: {error.strerror or error}.") from error
    ClickReporter().info(f"wrote {path}")
