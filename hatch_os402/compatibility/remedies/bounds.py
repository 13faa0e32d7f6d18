"""From versions that a resolution gave to the requirement that a person would write for them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.version import Version

_EXTRA = re.compile(r"""(?:(?P<rest>.*) and )?extra == "(?P<extra>[^"]+)\"""")


def requirement_lines(name: str, unwanted: Version, wanted: Version) -> Iterator[str]:
    """Yield requirements that `wanted` meets and `unwanted` does not, the simplest first.

    `2.14.4` and `1.10.27` give `name<2`, `name<1.11`, `name<=1.10.27`; upwards, `name>=2.1` and `name>=2.1.3`.
    """
    seen = set()
    for specifier in (*_round(unwanted, wanted), f"{'<=' if wanted < unwanted else '>='}{wanted}"):
        specifiers = SpecifierSet(specifier)
        if (
            specifier not in seen
            and specifiers.contains(wanted, prereleases=True)
            and not specifiers.contains(unwanted)
        ):
            seen.add(specifier)
            yield f"{name}{specifier}"


def _round(unwanted: Version, wanted: Version) -> Iterator[str]:
    length = max(len(unwanted.release), len(wanted.release))
    old, new = (version.release + (0,) * (length - len(version.release)) for version in (unwanted, wanted))
    epoch = f"{wanted.epoch}!" if wanted.epoch else ""
    first = next((place for place in range(length) if old[place] != new[place]), None)
    if first is None or unwanted.epoch != wanted.epoch:
        return
    for place in (first, first + 1):
        if place < length:
            if new < old:
                yield f"<{epoch}{_dotted((*new[:place], new[place] + 1))}"
            else:
                yield f">={epoch}{_dotted(new[: place + 1])}"


def _dotted(release: tuple[int, ...]) -> str:
    return ".".join(map(str, release))


def unpinned(requirement: Requirement) -> Requirement:
    """Return `requirement` for any version."""
    created = Requirement(str(requirement))
    created.specifier = SpecifierSet()
    created.url = None
    return created


def without_extra(requirement: Requirement, extra: str) -> Requirement:
    """Return `requirement` without one of its extras."""
    created = Requirement(str(requirement))
    created.extras = created.extras - {extra}
    return created


def with_extras_and_marker(requirement: Requirement, line: str) -> Requirement:
    """Return the requirement `line` with the extras and the marker of `requirement`, which it replaces."""
    created = Requirement(line)
    created.extras = created.extras | requirement.extras
    created.marker = requirement.marker
    return created


def as_declared(requirement: Requirement) -> tuple[str, str]:
    """Return a requirement of the metadata as it stands in pyproject.toml, and the extra in whose array that is, or "".

    What a build backend adds to the marker is `extra == "NAME"`, alone or behind `and`.
    """
    found = _EXTRA.fullmatch(str(requirement.marker or ""))
    if not found:
        return str(requirement), ""
    created = Requirement(str(requirement))
    created.marker = Marker(found["rest"]) if found["rest"] else None
    return str(created), found["extra"]
