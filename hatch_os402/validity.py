"""`valid_until`: pinned in pyproject.toml, or counted from something that two machines share."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from hatch_os402.errors import OfferError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hatch_os402.offer.options import OfferOptions

_LATEST = 253_402_300_799
"""9999-12-31T23:59:59Z, the last second that a date can be written for."""


@dataclass(frozen=True)
class Validity:
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
        return datetime.fromtimestamp(self.until, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def decide(options: OfferOptions, root: Path, environ: Mapping[str, str], now: int) -> Validity:
    """Return `valid-until` as written; else `valid-for` from SOURCE_DATE_EPOCH, the commit being built, or the clock.

    Raises `OfferError` when SOURCE_DATE_EPOCH is not a time.
    """
    if options.valid_until is not None:
        return Validity(options.valid_until, "valid-until", now)
    if (epoch := environ.get("SOURCE_DATE_EPOCH")) is not None:
        if not (epoch.isascii() and epoch.isdigit() and int(epoch) <= _LATEST):
            raise OfferError(f"SOURCE_DATE_EPOCH must be a number of seconds since 1970, not {epoch!r}")
        start, origin = int(epoch), "SOURCE_DATE_EPOCH"
    elif (commit := commit_time(root)) is not None:
        start, origin = commit, "commit"
    else:
        start, origin = now, "clock"
    if start + options.valid_for > _LATEST:
        raise OfferError("Field `tool.hatch.build.targets.os402.offer.valid-for` reaches beyond the year 9999")
    return Validity(start + options.valid_for, origin, now)


def commit_time(root: Path) -> int | None:
    """Return the committer's time of HEAD, when `root` is part of what its git repository tracks; else None."""
    git = shutil.which("git")
    if git is None:
        return None
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}

    def run(*arguments: str) -> str | None:
        finished = subprocess.run(
            [git, *arguments],
            cwd=root,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
            text=True,
        )
        return finished.stdout.strip() if finished.returncode == 0 else None

    if run("ls-files", "--error-unmatch", "--", "pyproject.toml") is None:
        return None
    time = run("log", "-1", "--format=%ct", "HEAD")
    return int(time) if time and time.isdigit() else None
