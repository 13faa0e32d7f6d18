"""What a build needs to know of a project, from the wheel that its backend made."""

from __future__ import annotations

import configparser
import re
import zipfile
from email.parser import HeaderParser
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_os402.config.project import Project
from hatch_os402.errors import WheelError
from hatch_os402.wheels.reading import MOST_OF_METADATA, read_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from hatch_os402.config.pyproject import Pyproject
    from hatch_os402.wheels.reading import Wheel


def read_project(wheel: Path, pyproject: Pyproject) -> Project:
    """Return the project whose own wheel is `wheel`, as hatchling would describe it. Raises `WheelError`."""
    read = read_wheel(wheel)
    with zipfile.ZipFile(wheel) as archive:  # `read_wheel` found it honest
        summary = HeaderParser().parsestr(_text(archive, read, "METADATA").decode(errors="replace")).get("Summary")
        scripts = _scripts(_text(archive, read, "entry_points.txt").decode(errors="replace"), wheel)
    version, stem = str(read.version), re.sub(r"[^\w\d.]+", "_", read.name)
    return Project(
        root=pyproject.root,
        id=f"{stem}-{version}",  # hatchling's `project_id`
        name=canonicalize_name(read.name),
        version=version,
        description=" ".join((summary or "").split()) or None,
        scripts=scripts,
        extras=sorted(read.metadata.provides_extra),
        groups=pyproject.groups,
        wheel=wheel,
        uv_indexes=pyproject.uv_indexes,
    )


def _text(archive: zipfile.ZipFile, wheel: Wheel, name: str) -> bytes:
    """Return a file of the wheel's metadata; nothing of one that is not there."""
    file = next((item for item in wheel.files if item.path == f"{wheel.dist_info}/{name}"), None)
    if file is None:
        return b""
    if file.size > MOST_OF_METADATA:
        raise WheelError(
            f"{file.path} of the project's wheel has {file.size:,} bytes; at most {MOST_OF_METADATA:,} are read"
        )
    return archive.read(file.member)


def _scripts(text: str, wheel: Path) -> dict[str, str]:
    """Return the console scripts of an entry_points.txt: the project's `[project.scripts]`."""
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[method-assign,assignment]  # names have a case here
    try:
        parser.read_string(text)
        return dict(parser["console_scripts"]) if parser.has_section("console_scripts") else {}
    except configparser.Error as error:
        raise WheelError(f"entry_points.txt of {wheel.name} cannot be read: {error}") from error
