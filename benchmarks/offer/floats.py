"""Are floats written and read as the server writes and reads them? A million random ones, checked by other means.

`hatch run bench:floats`, or `python benchmarks/offer/floats.py`. README.md, beside this file, says what is checked.
Exits with 1 at the first number for which the code under test and the check differ.
"""

from __future__ import annotations

import argparse
import math
import random
import struct
import sys
import time
from fractions import Fraction

from hatch_os402.errors import OfferError
from hatch_os402.offer.floats import format_float, server_float, survives

U64_MAX = 2**64 - 1
LARGEST_POWER = 308


def main() -> None:
    arguments = argparse.ArgumentParser(allow_abbrev=False)
    arguments.add_argument("--count", type=int, default=1_000_000)
    arguments.add_argument("--seed", type=int, default=402)
    chosen = arguments.parse_args()
    source = random.Random(chosen.seed)  # noqa: S311 - numbers to try, no secrets
    began = time.perf_counter()
    for name, draw in (("any", any_float), ("price / seconds", price), ("15 digits", short)):
        count = -(-chosen.count // 3)
        survived = sum(check(draw(source)) for _ in range(count))
        print(f"{name:<16} {count:>9,} numbers agree; {survived / count:7.2%} survive the server")
    print(f"{time.perf_counter() - began:.0f} s, seed {chosen.seed}")


def any_float(source: random.Random) -> float:
    """Every bit pattern alike: all magnitudes, subnormal ones included."""
    while True:
        (number,) = struct.unpack("<d", source.randbytes(8))
        if math.isfinite(number):
            return float(number)


def price(source: random.Random) -> float:
    """A price with some decimals, for some seconds."""
    return round(source.uniform(0, 10 ** source.randint(-4, 2)), source.randint(1, 8)) / source.randint(1, 86400)


def short(source: random.Random) -> float:
    """At most 15 digits, around the magnitudes of prices and limits."""
    return float(f"{source.randrange(10**15)}e{source.randint(-20, 5)}")


def check(number: float) -> bool:
    """Check one number; return whether it survives. Exit if the code under test is wrong about it."""
    text = format_float(number)
    if not same(float(text), number):  # Python's float() rounds correctly: the text names this number
        sys.exit(f"{number!r} is written as {text}, which is {float(text)!r}")
    digits = text.lstrip("-").partition("e")[0].replace(".", "").strip("0")
    if len(digits) > 1 and float(f"{number:.{len(digits) - 2}e}") == number:
        sys.exit(f"{number!r} is written as {text}, and a digit less would do")
    expected = exact_parse(text)
    try:
        read = server_float(text)
    except OfferError:
        read = None
    if not same(read, expected):
        sys.exit(f"{text} is read as {read!r}, and exact arithmetic reads {expected!r}")
    if survives(number) != same(expected, number):
        sys.exit(f"{number!r}: survives() is wrong")
    return same(expected, number)


def exact_parse(text: str) -> float | None:
    """Read a number by the description of the server's parser, with fractions; None where it is out of range.

    The digits that fit into 64 bits, rounded to a float; times, or divided by, the float nearest to the power of ten;
    rounded once more. Fractions are exact, and their conversion to a float rounds to the nearest, ties to even.
    """
    mantissa, _, exponent_text = text.lstrip("-").partition("e")
    whole, _, decimals = mantissa.partition(".")
    exponent = int(exponent_text or 0)
    significand = 0
    for position, part in enumerate((whole, decimals)):
        for index, digit in enumerate(part):
            if significand * 10 + int(digit) > U64_MAX:
                if position == 0:
                    exponent += len(part) - index
                break
            significand = significand * 10 + int(digit)
            if position == 1:
                exponent -= 1
    value = rounded(Fraction(significand))
    while value is not None and exponent < -LARGEST_POWER:
        value = rounded(Fraction(value) / power(LARGEST_POWER))
        exponent += LARGEST_POWER
    if value is not None:
        value = rounded(Fraction(value) / power(-exponent) if exponent < 0 else Fraction(value) * power(exponent))
    return value if value is None or not text.startswith("-") else -value


def power(exponent: int) -> Fraction:
    """The float nearest to a power of ten, exactly."""
    return Fraction(float(10**exponent))


def rounded(number: Fraction) -> float | None:
    """The nearest float, None beyond the largest."""
    try:
        return number.numerator / number.denominator
    except OverflowError:
        return None


def same(one: float | None, other: float | None) -> bool:
    """Whether both are the same number, sign of zero included."""
    if one is None or other is None:
        return one is other
    return one == other and math.copysign(1, one) == math.copysign(1, other)


if __name__ == "__main__":
    main()
