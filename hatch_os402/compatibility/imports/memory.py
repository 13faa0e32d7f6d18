"""What was read of a module is remembered by its hash: the same releases are scanned again and again."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from hatch_os402.compatibility.imports.facts import ModuleFacts
from hatch_os402.compatibility.imports.source import read_source
from hatch_os402.files import write_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def facts_of(
    sha256: str,
    read: Callable[[], bytes],
    folder: Path,
    elsewhere: Callable[[bytes], ModuleFacts | None] = lambda _: None,
) -> ModuleFacts | None:
    """Return what the module with the hash `sha256` says; `read` gives its source when `folder` does not know it.

    `elsewhere` reads a source that this Python cannot parse.
    """
    path = folder / _reader() / sha256[:2] / f"{sha256[2:]}.json"
    try:
        return ModuleFacts.from_json(json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        pass
    source = read()
    found = read_source(source)
    if found is None:
        found = elsewhere(source)
    if found is None:  # another Python may read it
        return None
    with suppress(OSError):  # remembering is a convenience
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, json.dumps(found.to_json()).encode())
    return found


@cache
def _reader() -> str:
    """Return what names the reader that made an answer: another release may see more in the same source."""
    texts = (files(__package__).joinpath(name).read_bytes() for name in ("facts.py", "source.py", "behaviours.json"))
    return hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]
