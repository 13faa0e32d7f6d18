"""What is reported of a build, whether it was made now or before."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from hatch_os402.offer.upload import UPLOAD_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from hatch_os402.config.expiry import Expiry
    from hatch_os402.reporting import Reporter, Update


class KeepingReporter:
    """Reports as `reporter` does, and keeps warnings and hints."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._keeps = True
        self.kept: list[tuple[str, str]] = []
        """Level ("warning", "hint") and message."""

    @property
    def verbose(self) -> bool:
        """Whether details are shown."""
        return self._reporter.verbose

    def info(self, message: str) -> None:
        """Report a step that was done."""
        self._reporter.info(message)

    def warning(self, message: str) -> None:
        """Report what the user should know."""
        if self._keeps:
            self.kept.append(("warning", message))
        self._reporter.warning(message)

    @property
    def variables(self) -> Mapping[str, str]:
        """The variables with which a build in another process reports as much as this one."""
        return self._reporter.variables

    def hint(self, message: str) -> None:
        """Report what the user may want to do."""
        if self._keeps:
            self.kept.append(("hint", message))
        self._reporter.hint(message)

    def progress(self, what: str, *, in_bytes: bool = False) -> AbstractContextManager[Update | None]:
        """Show that `what` is being done while the context lasts; None where nothing can be shown."""
        return self._reporter.progress(what, in_bytes=in_bytes)

    def debug(self, message: str) -> None:
        """Report details."""
        self._reporter.debug(message)

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Keep nothing in the body, which reports what is decided anew for each build."""
        self._keeps = False
        try:
            yield
        finally:
            self._keeps = True


def report_offer(frame_size: int, expiry: Expiry, reporter: Reporter, *, owned: bool) -> None:
    """Report what the user should know of an offer whose frame has `frame_size` bytes, and that may have an owner."""
    if frame_size > UPLOAD_LIMIT:
        reporter.warning(
            f"the framed archive has {frame_size:,} bytes, and servers take {UPLOAD_LIMIT:,} unless their owner allows "
            'more. Leave files out with `exclude`, or set `sources = false` or `compression = "deflated"`'
        )
    if not owned:
        reporter.info("the offer has no `owner` yet: publishing it needs a key, whose address completes it")
    if not expiry.reproducible:
        reporter.warning(
            f"the offer is valid until {expiry}, counted from the clock: this hash cannot be reproduced. Build from "
            "a commit, or set SOURCE_DATE_EPOCH or `valid-until`"
        )
    if expiry.expired:
        reporter.warning(
            f"the offer expired on {expiry} ({expiry.origin}): os402 refuses it. Set a later `valid-until` or a "
            "longer `valid-for`"
        )
