"""What a build says of the price of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_os402.formatting import counted
from hatch_os402.offer.prices import price_of, shorter, usd

if TYPE_CHECKING:
    from hatch_os402.config.offer_options import OfferOptions


def prices(offer: OfferOptions) -> list[tuple[str, str]]:
    """Return what a call costs, and what is cheaper where nobody has decided: "info" or "hint", and the message."""
    per_second, seconds = offer.per_second, offer.min_duration
    if not per_second:
        return [("info", "a call is free")]
    by = f"{usd(price_of(per_second, 1))} a second for {counted(seconds, 'second')}, after which os402 ends it"
    found = [("info", f"a call costs {usd(price_of(per_second, seconds))}: {by}")]
    if offer.has_default_duration and (short := shorter(seconds)):
        cheaper = (
            f"these {seconds} seconds are the default: `min-duration = {short}` in "
            f"[tool.hatch.build.targets.os402.offer] makes it {usd(price_of(per_second, short))} for calls that take "
            f"at most {short} seconds"
        )
        found.append(("hint", cheaper))
    return found
