"""What a second costs, in a form that the server reads back unchanged."""

from __future__ import annotations

from decimal import Decimal
from math import ceil

from hatch_os402.errors import OfferError
from hatch_os402.offer.floats import format_float, nearest, nearest_surviving, server_float, survives

__all__ = [
    "DEFAULT_PER_SECOND",
    "SHORT",
    "from_flat",
    "from_per_second",
    "nearest_surviving",
    "price_of",
    "shorter",
    "survives",
    "usd",
]

DEFAULT_PER_SECOND = 0.001
SHORT = 5
"""Seconds that are enough for most calls, far fewer than the default of `min-duration`."""
_MARGIN = 10
"""How many times as long a call may take on a server as it took here: its machine and its Python are others."""


def from_per_second(per_second: float) -> float:
    """Return a price per second (USD) if it survives the server's parser.

    Raises `OfferError` naming the nearest price per second that does.
    """
    if not survives(per_second):
        raise OfferError(f"{_reason(per_second)}; write `price-per-second = {nearest_surviving(per_second)}`")
    return per_second


def from_flat(price: float, min_duration: int) -> float:
    """Return the price per second (USD) of a flat `price` for `min_duration` seconds.

    Raises `OfferError` if it does not survive the server's parser, naming the nearest price per second that does and
    the nearest flat price whose quotient does.
    """
    per_second = price / min_duration
    if price and not per_second:
        raise OfferError(f"{format_float(price)} / {min_duration} seconds is too little for a 64-bit float")
    if survives(per_second):
        return per_second
    advice = f"write `price-per-second = {nearest_surviving(per_second)}` instead"
    flat = nearest(price, lambda candidate: survives(candidate / min_duration))
    if flat is not None:
        advice += f", or `price = {format_float(flat)}`"
    raise OfferError(f"{format_float(price)} / {min_duration} seconds is a problem: {_reason(per_second)}; {advice}")


def price_of(per_second: float, seconds: int) -> Decimal:
    """Return what `seconds` cost at `per_second` (USD), without what binary fractions add."""
    return Decimal(format_float(per_second)) * seconds


def shorter(seconds: int, longest: float = 0.0) -> int | None:
    """Return the `min-duration` to propose in place of `seconds`; None where no shorter one is safe to propose.

    os402 ends a call then. So it is `SHORT` at least, and ten times `longest`, the seconds that the longest known call
    took.
    """
    enough = max(SHORT, ceil(_MARGIN * longest))
    return enough if enough < seconds else None


def usd(amount: Decimal) -> str:
    """Return an amount as a person reads it: `free`, `0.0005 USD`."""
    if not amount:
        return "free"
    text = f"{amount:f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} USD"


def _reason(per_second: float) -> str:
    text = format_float(per_second)
    read = format_float(server_float(text))
    return f"os402 reads the price per second {text} as {read} and would refuse the signature"
