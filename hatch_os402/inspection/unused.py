"""Which distributions of an archive nothing imports, from its sources."""

from __future__ import annotations

import hashlib
import io
import os
from functools import partial
from typing import TYPE_CHECKING

from hatch_os402.artifacts.opened import open_archive
from hatch_os402.cache import cache_folder
from hatch_os402.compatibility.imports.memory import facts_of
from hatch_os402.compatibility.imports.unused import ArchivedFile, described, unused
from hatch_os402.errors import Os402Error
from hatch_os402.inspection.contents import BYTECODE, LAUNCHER, NOBODY, SOURCE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from hatch_os402.compatibility.imports.facts import ModuleFacts
    from hatch_os402.inspection.contents import Contents


def unused_note(archive: bytes, contents: Contents, starts: Sequence[str], project: str) -> str:
    """Return a sentence about distributions that nothing imports; empty if there are none, or no sources to tell.

    `starts` are the entry points of the distribution `project`.
    """
    files = [member for member in contents.members if member.owner not in {LAUNCHER, NOBODY}]
    sourceless = {member.owner for member in files if member.kind == BYTECODE}
    sourceless -= {member.owner for member in files if member.kind == SOURCE}
    if not starts or sourceless:
        return ""
    with open_archive(io.BytesIO(archive), project) as opened:
        found = {
            member.path: ArchivedFile(member.owner, member.size, partial(opened.read, member.path)) for member in files
        }
        try:
            sizes = unused(starts, found, project, partial(_facts, found))
        except Os402Error:
            return ""
    if not sizes:
        return ""
    message, advice = described(sizes, found, _required_by(contents, project))
    return f"{message}. {advice}"


def _facts(files: Mapping[str, ArchivedFile], path: str) -> ModuleFacts | None:
    source = files[path].read()
    return facts_of(hashlib.sha256(source).hexdigest(), lambda: source, cache_folder(os.environ) / "scanned")


def _required_by(contents: Contents, project: str) -> Collection[str]:
    return next((one.requires for one in contents.distributions if one.name == project), ())
