"""Numbers as the os402 server writes and reads them.

The server is written in Rust and uses serde_json 1.0.145 without its `float_roundtrip` feature: it prints the shortest
digits that identify a float, but reads them back with an arithmetic that is one or more units in the last place off for
many numbers. It signs what it read, so a number is safe in an offer only if it survives being written and read.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING

from hatch_os402.errors import OfferError

if TYPE_CHECKING:
    from collections.abc import Callable

I32_MIN, I32_MAX = -(2**31), 2**31 - 1
I64_MIN = -(2**63)
U64_MAX = 2**64 - 1

_NUMBER = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?)([0-9]+))?")
_POW10 = tuple(float(f"1e{exponent}") for exponent in range(309))
_LONGEST_PLAIN = 16  # ryu: from here on a number is written with an exponent
_SMALLEST_PLAIN = -5
_SEARCH_STEPS = 1000  # of 15 digits nearly all survive, and these are at most some 50 floats apart


def format_float(number: float) -> str:
    """Write a finite float as serde_json does (through ryu): `0.00005`, `1e-7`, `1e16`, `1.0`, `-0.0`.

    Raises `OfferError` for NaN and the infinities, which JSON does not have.
    """
    if not math.isfinite(number):
        raise OfferError(f"{number} cannot be written into an offer: JSON has no such number")
    if number == 0:
        return "-0.0" if math.copysign(1, number) < 0 else "0.0"
    sign, all_digits, _ = (decimal := Decimal(repr(number))).as_tuple()
    point = decimal.adjusted() + 1  # where the decimal point stands, counted from the first digit
    digits = "".join(map(str, all_digits)).rstrip("0")
    minus = "-" if sign else ""
    if len(digits) <= point <= _LONGEST_PLAIN:
        return f"{minus}{digits.ljust(point, '0')}.0"
    if 0 < point <= _LONGEST_PLAIN:
        return f"{minus}{digits[:point]}.{digits[point:]}"
    if _SMALLEST_PLAIN < point <= 0:
        return f"{minus}0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{minus}{digits[0]}{fraction}e{point - 1}"


def server_number(text: str) -> int | float:
    """Read the text of one JSON number as the server would, rounding errors included.

    Integers inside i64 or u64 stay integers; `-0`, anything larger and anything with a point or an exponent is a float.
    Raises `OfferError` if the text is not a JSON number or is out of the range of f64.
    """
    if not (match := _NUMBER.fullmatch(text)):
        raise OfferError(f"{text!r} is not a JSON number")
    minus, integer, fraction, exponent_sign, exponent_digits = match.groups()
    significand, used = _accumulate(0, integer)
    exponent = len(integer) - used
    if exponent == 0 and fraction is None and exponent_digits is None:
        if not minus:
            return significand
        return -significand if 0 < significand <= -I64_MIN else -float(significand)
    if fraction is not None:
        # Even after digits of the integer were dropped: the server tries again with the fraction.
        significand, used = _accumulate(significand, fraction)
        exponent -= used
    if exponent_digits is not None:
        written = exponent_digits.lstrip("0")
        too_long = len(written) > len(str(I32_MAX)) or int(written or "0") > I32_MAX
        if too_long and significand and exponent_sign != "-":
            raise _out_of_range(text)
        if too_long:
            significand = 0
        else:
            exponent += -int(written or "0") if exponent_sign == "-" else int(written or "0")
            exponent = max(I32_MIN, min(exponent, I32_MAX))
    magnitude = _scale(significand, exponent, text)
    return -magnitude if minus else magnitude


def server_float(text: str) -> float:
    """Read the text of one JSON number into an f64 field as the server would. Raises as `server_number`."""
    return float(server_number(text))


def survives(number: float) -> bool:
    """Whether the server reads back exactly `number` from what is written for it."""
    try:
        return server_float(format_float(number)) == number
    except OfferError:
        return False


def nearest_surviving(number: float) -> str:
    """Return the surviving float nearest to a finite, non-negative `number`, as text for TOML or JSON.

    Of two equally near ones it is the lower. Raises `OfferError` for NaN and the infinities.
    """
    found = nearest(number, survives)
    if found is None:
        raise OfferError(f"no number near {number} can be written into an offer")
    return format_float(found)


def nearest(number: float, accepted: Callable[[float], bool]) -> float | None:
    """Return the non-negative float nearest to `number` that is `accepted`, or None if there is none near.

    Of two equally near ones it is the lower.
    """
    if not math.isfinite(number):
        return None
    if accepted(number):
        return number
    below, above = math.nextafter(number, -math.inf), math.nextafter(number, math.inf)
    for _ in range(_SEARCH_STEPS):
        # Below a power of two floats lie closer together, so distances are compared, not steps.
        if below >= 0 and number - below <= above - number:
            candidate, below = below, math.nextafter(below, -math.inf)
        else:
            candidate, above = above, math.nextafter(above, math.inf)
        if math.isfinite(candidate) and accepted(candidate):
            return candidate
    return None


def _accumulate(significand: int, digits: str) -> tuple[int, int]:
    """Append decimal digits to a u64 until one would overflow it: the new value and how many digits went in."""
    for used, digit in enumerate(digits):
        longer = significand * 10 + int(digit)
        if longer > U64_MAX:
            return significand, used
        significand = longer
    return significand, len(digits)


def _scale(significand: int, exponent: int, text: str) -> float:
    """Return significand * 10**exponent with the server's roundings: one division or product by a power of ten."""
    number = float(significand)
    while abs(exponent) >= len(_POW10):
        if number == 0:
            return number
        if exponent > 0:
            raise _out_of_range(text)
        number /= _POW10[-1]
        exponent += len(_POW10) - 1
    if exponent < 0:
        return number / _POW10[-exponent]
    number *= _POW10[exponent]
    if math.isinf(number):
        raise _out_of_range(text)
    return number


def _out_of_range(text: str) -> OfferError:
    return OfferError(f"the number {text[:40]} is out of the range of a 64-bit float")
