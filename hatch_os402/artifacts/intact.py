"""Whether the artifacts of a build are still, byte by byte, what its record describes."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from hatch_os402.artifacts.artifact import Artifact
from hatch_os402.artifacts.names import FRAME, OFFER, RECORD, ZIPAPP, extras_of, names, suffix_of
from hatch_os402.files import measure_file, open_file, read_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_CHUNK = 1 << 20


def intact(directory: Path, stem: str, record_sha256: str) -> tuple[Artifact, ...] | None:
    """Return the artifacts of `stem` in `directory`, the record last, when each is what the record with that hash says.

    What a build writes besides, by the options `sbom` and `provenance`, is among them. None when one is gone, or is
    another by a byte.
    """
    try:
        content = read_file(directory / (stem + RECORD))
        if hashlib.sha256(content).hexdigest() != record_sha256:
            return None
        record = json.loads(content)
        tools = list(record.get("tools", {}))
        if names(stem, tools, extras_of(stem, record["artifacts"])) != (*record["artifacts"], stem + RECORD):
            return None
        for name, said in record["artifacts"].items():
            if not name.endswith((ZIPAPP, FRAME)) and measure_file(directory / name) != (said["size"], said["sha256"]):
                return None
        if not _framed(directory, stem, record["artifacts"]):
            return None
    except OSError:
        return None
    offers = {stem + suffix_of(tool, OFFER): said["offer"] for tool, said in record.get("tools", {}).items()}
    offers = offers or {stem + OFFER: record["offer"]["sha256"]}
    made = [
        Artifact(directory / name, said["size"], said["sha256"], offers.get(name))
        for name, said in record["artifacts"].items()
    ]
    return *made, Artifact(directory / (stem + RECORD), len(content), record_sha256)


def _framed(directory: Path, stem: str, said: Mapping[str, Any]) -> bool:
    """Whether the frame has its hash, and the zipapp is what it frames, so that its hash is the recorded one, too."""
    zipapp, frame = said[stem + ZIPAPP], said[stem + FRAME]
    header = b"%d\n" % zipapp["size"]
    whole = hashlib.sha256(header)
    with open_file(directory / (stem + FRAME)) as framed, open_file(directory / (stem + ZIPAPP)) as archive:
        if framed.read(len(header)) != header:
            return False
        while chunk := framed.read(_CHUNK):
            if archive.read(_CHUNK) != chunk:
                return False
            whole.update(chunk)
        return not archive.read(1) and whole.hexdigest() == frame["sha256"]
