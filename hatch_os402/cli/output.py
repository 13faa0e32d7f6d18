"""Files that a command writes for a person to look at."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

from hatch_os402.errors import ArtifactError


def write_page(path: Path, page: str) -> None:
    """Write `page` to `path`, whole or not at all, and say so on stderr. Raises `ArtifactError`."""
    partial = None
    try:
        descriptor, partial = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(page)
        umask = os.umask(0)
        os.umask(umask)
        Path(partial).chmod(0o666 & ~umask)  # mkstemp makes what only its owner can read
        Path(partial).replace(path)
    except OSError as error:
        if partial is not None:
            Path(partial).unlink(missing_ok=True)
        raise ArtifactError(f"The page cannot be written to {path}: {error.strerror or error}.") from error
    click.echo(f"hatch-os402: wrote {path}", err=True)
