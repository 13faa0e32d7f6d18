"""What a build says at its end: the artifacts, their hashes, and the price of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_os402.formatting import human_size
from hatch_os402.offer.prices import price_of, usd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hatch_os402.artifacts.writing import Artifact
    from hatch_os402.config.offer_options import OfferOptions
    from hatch_os402.reporting import Reporter

_SHORT = 5
"""Seconds that are enough for most calls, far fewer than the default of `min-duration`."""


def report_results(artifacts: Sequence[Artifact], offer: OfferOptions, reporter: Reporter) -> None:
    """Report name, size and hash of what was built, and what a call of it costs."""
    width = max(len(artifact.path.name) for artifact in artifacts)
    for artifact in artifacts:
        size = "offer" if artifact.offer else human_size(artifact.size)
        reporter.info(f"{artifact.path.name:<{width}}  {size:>8}  sha256 {artifact.offer or artifact.sha256}")
    _report_price(offer, reporter)


def _report_price(offer: OfferOptions, reporter: Reporter) -> None:
    """Report what a call costs, and what is cheaper where nobody has decided."""
    per_second, seconds = offer.per_second, offer.min_duration
    if not per_second:
        reporter.info("a call is free")
        return
    by = f"{usd(price_of(per_second, 1))} a second, at least {seconds} seconds"
    reporter.info(f"a call costs {usd(price_of(per_second, seconds))} ({by})")
    if offer.has_default_duration and seconds > _SHORT:
        reporter.hint(
            f"these {seconds} seconds are the default: `min-duration = {_SHORT}` in "
            f"[tool.hatch.build.targets.os402.offer] makes it {usd(price_of(per_second, _SHORT))} for calls that take "
            f"at most {_SHORT} seconds"
        )
