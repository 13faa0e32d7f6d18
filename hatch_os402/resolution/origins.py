"""Which indexes serve a name: two that do not serve the same files let either decide what is installed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_os402.files import is_sha256
from hatch_os402.foreign.addresses import shown_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from hatch_os402.resolution.graph import Pin


@dataclass(frozen=True)
class SharedName:
    """A distribution that several indexes serve, of which not all have the file that was chosen."""

    name: str
    version: str
    serving: tuple[str, ...]
    """The addresses of the pages that list the chosen file, without names and passwords; sorted."""
    others: tuple[str, ...]
    """Those of the pages of the same name that do not."""


def shared_names(folder: Path, pins: Iterable[Pin]) -> Iterator[SharedName]:
    """Yield each of `pins` whose name several indexes serve, as pip noted it in `folder` (`CandidateFilter.listing`).

    Where all have the chosen file, with its hash, one is the mirror of the other.
    """
    pages: dict[str, dict[str, set[str]]] = {}
    for path in sorted(folder.glob("*.origins")):
        _read(json.loads(path.read_text(encoding="utf-8")), pages)
    for pin in pins:
        found = pages.get(pin.name, {})
        serving = {page for page, hashes in found.items() if pin.sha256 in hashes}
        if len(found) > 1 and len(serving) < len(found):
            yield SharedName(pin.name, pin.version, tuple(sorted(serving)), tuple(sorted(found.keys() - serving)))


def _read(
    noted: Mapping[str, Mapping[str, list[tuple[str, str | None]]]], pages: dict[str, dict[str, set[str]]]
) -> None:
    for name, listed in noted.items():
        for page, files in listed.items():
            if page.lower().startswith(("http:", "https:")):  # of a folder of wheels, the user knows what is in it
                hashes = set(filter(is_sha256, (str(sha256).lower() for _, sha256 in files)))
                pages.setdefault(name, {}).setdefault(shown_address(page).rstrip("/") + "/", set()).update(hashes)
