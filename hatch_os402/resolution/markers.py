"""Whether the marker of a requirement holds (PEP 508), also where nothing can decide that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
from packaging.version import InvalidVersion

from hatch_os402.errors import MarkerError
from hatch_os402.formatting import without_passwords

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from packaging.requirements import Requirement

UNDECIDABLE = (UndefinedComparison, UndefinedEnvironmentName, InvalidVersion)
"""What `packaging` raises for a marker that it could read: `os_name ~= "x"` has no order, `extras` is of locks."""


def holds(
    requirement: Requirement, environment: Mapping[str, str] | None = None, extras: Iterable[str] = ("",)
) -> bool:
    """Whether `requirement` is one in `environment` (of this Python when it is None), with one of `extras`.

    Raises `MarkerError`, which names the requirement, when its marker cannot be decided.
    """
    marker = requirement.marker
    try:
        return marker is None or any(marker.evaluate({**(environment or {}), "extra": extra}) for extra in extras)
    except UNDECIDABLE as error:
        shown = without_passwords(str(requirement))
        raise MarkerError(f"the marker of {shown!r} cannot be decided: {reason(error)}") from error


def reason(error: Exception) -> str:
    """Return in words why a marker cannot be decided; `error` is one of `UNDECIDABLE`."""
    if isinstance(error, UndefinedEnvironmentName):
        return f"there is no {error.args[0]!r} outside of a lock"
    return str(error).rstrip(".")
