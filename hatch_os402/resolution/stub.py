"""A stand-in for the project's wheel, for the resolver only: its metadata and nothing else.

pip then knows the project by name and version (a dependency may require the project itself), and says "greeter 0.1.0
depends on …" in its messages. The tag is pure whatever the project's is: compiled code is vetted later, all at once.
"""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hatch_os402.wheels.reading import Wheel

_WHEEL = "Wheel-Version: 1.0\nGenerator: hatch-os402\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def write_stub(project: Wheel, folder: Path) -> Path:
    """Write the stand-in of the wheel `project` into `folder` and return its path."""
    stem = project.dist_info.removesuffix(".dist-info")
    stub = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(stub, "w") as archive:
        archive.writestr(f"{project.dist_info}/METADATA", "".join(f"{line}\n" for line in _headers(project)))
        archive.writestr(f"{project.dist_info}/WHEEL", _WHEEL)
        archive.writestr(f"{project.dist_info}/RECORD", "")
    return stub


def _headers(project: Wheel) -> Iterator[str]:
    yield "Metadata-Version: 2.1"
    yield f"Name: {project.name}"
    yield f"Version: {project.version}"
    if project.metadata.requires_python:
        yield f"Requires-Python: {project.metadata.requires_python}"
    yield from (f"Provides-Extra: {extra}" for extra in sorted(project.metadata.provides_extra))
    yield from (f"Requires-Dist: {requirement}" for requirement in project.metadata.requires_dist)
