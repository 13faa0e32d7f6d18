"""`valid_until`: pinned in pyproject.toml, or counted from something that two machines share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_os402.config.repository import tracked_by
from hatch_os402.errors import OfferError
from hatch_os402.formatting import utc_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hatch_os402.config.offer_options import OfferOptions


_LATEST_IN_A_ZIP = 4_354_819_199
"""2107-12-31T23:59:59Z; the project's own wheel takes its time from SOURCE_DATE_EPOCH, too."""


@dataclass(frozen=True)
class Expiry:
    """The end of an offer, and where it came from."""

    until: int
    """Unix seconds."""
    origin: str
    """`valid-until`, `SOURCE_DATE_EPOCH`, `commit` or `clock`."""
    now: int

    @property
    def reproducible(self) -> bool:
        """Whether the same project gives the same end tomorrow."""
        return self.origin != "clock"

    @property
    def expired(self) -> bool:
        """Whether a server would refuse the offer already (`lockboot/os402`, `src/webapp/models.rs`)."""
        return self.until < self.now

    def __str__(self) -> str:
        return utc_time(self.until)


def decide_expiry(options: OfferOptions, root: Path, environ: Mapping[str, str], now: int) -> Expiry:
    """Return `valid-until` as written; else `valid-for` from SOURCE_DATE_EPOCH, the commit being built, or the clock.

    Raises `OfferError`.
    """
    if options.valid_until is not None:
        return Expiry(options.valid_until, "valid-until", now)
    if (epoch := source_date_epoch(environ)) is not None:
        start, origin = epoch, "SOURCE_DATE_EPOCH"
    elif (commit := commit_time(root)) is not None:
        start, origin = commit, "commit"
    else:
        start, origin = now, "clock"
    return Expiry(start + options.valid_for, origin, now)


def source_date_epoch(environ: Mapping[str, str]) -> int | None:
    """Return the time that SOURCE_DATE_EPOCH sets, or None. Raises `OfferError` when it is none that a zip can hold."""
    epoch = environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        return None
    if not (epoch.isascii() and epoch.isdigit() and int(epoch) <= _LATEST_IN_A_ZIP):
        raise OfferError(
            f"SOURCE_DATE_EPOCH must be a number of seconds since 1970, at most {_LATEST_IN_A_ZIP}, not {epoch!r}"
        )
    return int(epoch)


def commit_time(root: Path) -> int | None:
    """Return the committer's time of HEAD, when `root` is part of what its git repository tracks; else None."""
    git = tracked_by(root)
    time = git("log", "-1", "--no-show-signature", "--format=%ct", "HEAD") if git else None
    return int(time) if time and time.isdigit() else None
