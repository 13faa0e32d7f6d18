"""What the files of a build are called: `greeter-0.1.0.pyz`, a stem (Hatch's project id) and one of four suffixes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

ZIPAPP, FRAME, OFFER, RECORD = ".pyz", ".stdin", ".offer.json", ".build.json"
SUFFIXES = (ZIPAPP, FRAME, OFFER, RECORD)
"""What one build writes, in the order in which it makes them; the record describes the others."""

SBOM, PROVENANCE = ".cdx.json", ".intoto.json"
EXTRAS = (SBOM, PROVENANCE)
"""What a build writes as well when the options `sbom` and `provenance` say so; the record describes them, too."""

PROFILE = "os402-profile.json"
"""What `profile --save` writes into the project's folder (`config.run_profile`)."""

SIGNED_SUFFIX = ".offer.signed.json"
"""What signing writes beside them."""

TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What every model and client takes as a tool's name; it becomes a part of a file's name as well."""


def suffix_of(tool: str, suffix: str) -> str:
    """Return the suffix of an offer (`OFFER`, `SIGNED_SUFFIX`) of one of several tools; without a `tool`, as it is."""
    return f".{tool}{suffix}" if tool else suffix


def names(stem: str, tools: Sequence[str] = (), extras: Collection[str] = ()) -> tuple[str, ...]:
    """Return the file names of the artifacts of the project id `stem`, whose `tools` have an offer each, if any.

    `extras` are those of `EXTRAS` that are written. The order is that of the record.
    """
    offers = [suffix_of(tool, OFFER) for tool in tools] or [OFFER]
    more = [suffix for suffix in EXTRAS if suffix in extras]
    return tuple(stem + suffix for suffix in (ZIPAPP, FRAME, *offers, *more, RECORD))


def extras_of(stem: str, listed: Collection[str]) -> tuple[str, ...]:
    """Return those of `EXTRAS` that are among the file names `listed` of the project id `stem`."""
    return tuple(suffix for suffix in EXTRAS if stem + suffix in listed)


def split(path: Path) -> tuple[Path, str]:
    """Return `path` without the suffix of an artifact, and the suffix; that is empty for any other name."""
    for suffix in (SIGNED_SUFFIX, *SUFFIXES, *EXTRAS):
        if path.name.endswith(suffix):
            return path.with_name(path.name[: -len(suffix)]), suffix
    return path, ""


def joined(stem: Path, suffix: str) -> Path:
    """Return the path of the artifact with `suffix` beside its siblings, whose path without a suffix is `stem`."""
    return stem.with_name(stem.name + suffix)
