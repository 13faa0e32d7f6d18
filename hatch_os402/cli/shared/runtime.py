"""What a command measures artifacts with."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hatch_os402.cache import cache_folder
from hatch_os402.calls.rebuild import configured
from hatch_os402.runtime.discovery import Runtime, architecture, discover

if TYPE_CHECKING:
    from pathlib import Path

    from hatch_os402.artifacts.sets import ArtifactSet


def runtime_for(artifacts: ArtifactSet, named: Path | None) -> Runtime:
    """Return what runs `artifacts` here: `named`, else as `runtime.discovery.discover` says. Raises `SandboxError`."""
    chosen = artifacts.offer
    executable = chosen.read.offer.exec.executables.get(architecture()) if chosen is not None else None
    return discover(
        executable.sha256 if executable is not None else None,
        named=named,
        configured=configured(artifacts.folder),
        cache=cache_folder(os.environ),
        environ=os.environ,
    )
