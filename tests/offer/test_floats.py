from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_os402.errors import OfferError
from hatch_os402.offer.floats import (
    format_float,
    nearest,
    nearest_surviving,
    server_float,
    server_number,
    survives,
)

finite = st.floats(allow_nan=False, allow_infinity=False)
prices = st.floats(min_value=0, max_value=1e6)


class TestFormatFloat:
    @pytest.mark.parametrize(
        ("number", "text"),
        [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (5e-05, "0.00005"),
            (1.5e-05, "0.000015"),
            (1e-06, "1e-6"),
            (1.25e-07, "1.25e-7"),
            (0.001, "0.001"),
            (12.0, "12.0"),
            (123.25, "123.25"),
            (1e15, "1000000000000000.0"),
            (1234567890123456.0, "1234567890123456.0"),
            (1e16, "1e16"),
            (1.2e16, "1.2e16"),
            (-2.5e-300, "-2.5e-300"),
            (5e-324, "5e-324"),
        ],
    )
    def test_spells_like_ryu(self, number, text):
        assert format_float(number) == text

    @given(finite)
    def test_has_the_digits_of_repr(self, number):
        text = format_float(number)
        assert float(text) == number
        assert math.copysign(1, float(text)) == math.copysign(1, number)
        assert len(text) <= len(repr(number)) + 4  # 1.2345e-05 becomes 0.000012345 and nothing grows further

    @pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
    def test_refuses_what_json_does_not_have(self, number):
        with pytest.raises(OfferError, match="no such number"):
            format_float(number)


class TestServerNumber:
    # What serde_json 1.0.145 made of these, printed by ryu 1.0.20.
    @pytest.mark.parametrize(
        ("text", "read"),
        [
            ("1.6666666666666667e-6", "1.6666666666666669e-6"),
            ("18446744073709551619.05", "1.8446744073709552e19"),
            ("184467440737095516190.5", "1.844674407370955e20"),
            ("123456789012345678901234567890", "1.2345678901234568e29"),
            ("0.1234567890123456789012345", "0.12345678901234568"),
            ("1.8446744073709551616", "1.8446744073709553"),
            ("1e-400", "0.0"),
            ("0e400", "0.0"),
            ("0e99999999999", "0.0"),
            ("-1e-99999999999", "-0.0"),
            ("1e0000000000003", "1000.0"),
            ("9007199254740993.0", "9007199254740994.0"),
        ],
    )
    def test_rounds_as_the_server(self, text, read):
        number = server_number(text)
        assert isinstance(number, float)
        assert format_float(number) == read

    @pytest.mark.parametrize("text", ["0", "7", "-7", str(2**64 - 1), str(-(2**63))])
    def test_integers_of_64_bits_stay_integers(self, text):
        number = server_number(text)
        assert type(number) is int
        assert str(number) == text

    @pytest.mark.parametrize("text", ["-0", str(2**64), str(-(2**63) - 1), "9" * 400 + "e-300"])
    def test_other_integers_become_floats(self, text):
        assert type(server_number(text)) is float

    @pytest.mark.parametrize("text", ["1e309", "1e400", "-1e400", "1e99999999999", "9" * 310])
    def test_refuses_what_f64_cannot_hold(self, text):
        with pytest.raises(OfferError, match="out of the range"):
            server_number(text)

    @pytest.mark.parametrize("text", ["", "01", "1.", ".5", "+1", "1e", "0x1", "\u0661", "NaN", "1 ", "1\n"])
    def test_refuses_what_is_not_a_number(self, text):
        with pytest.raises(OfferError, match="not a JSON number"):
            server_number(text)

    @given(st.integers(1, 10**15 - 1), st.integers(-22, 0))
    def test_fifteen_digits_are_read_exactly(self, digits, exponent):
        text = f"{digits}e{exponent}"
        assert server_float(text) == float(text)
        assert survives(float(text))


class TestNearest:
    def test_a_surviving_number_is_its_own_nearest(self):
        assert nearest_surviving(0.001) == "0.001"
        assert nearest_surviving(0.0) == "0.0"

    def test_a_price_that_fails(self):
        assert not survives(0.0001 / 60)
        assert nearest_surviving(0.0001 / 60) == "1.6666666666666665e-6"

    @given(prices)
    def test_survives_and_nothing_nearer_does(self, number):
        text = nearest_surviving(number)
        found = float(text)
        assert server_float(text) == found
        for end in (-math.inf, math.inf):
            nearer = number
            while abs(nearer - number) < abs(found - number):
                assert nearer < 0 or not survives(nearer)
                nearer = math.nextafter(nearer, end)

    def test_of_two_equally_near_the_lower(self):
        step = math.ulp(1.5)
        assert nearest(1.5, lambda number: abs(number - 1.5) == 3 * step) == 1.5 - 3 * step

    def test_counts_distance_not_steps(self):
        # Below 1.0 floats lie twice as close: two steps down are as far as one step up.
        down, up = 1 - 3 * math.ulp(0.5), 1 + math.ulp(1.0)
        assert nearest(1.0, {down, up}.__contains__) == up

    def test_never_goes_below_zero(self):
        assert nearest(5e-324, lambda number: number < 0 or number == 5e-323) == 5e-323

    def test_gives_up_where_nothing_is_accepted(self):
        assert nearest(1.0, lambda _: False) is None

    @pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
    def test_nothing_is_near_infinity(self, number):
        assert not survives(number)
        with pytest.raises(OfferError, match="no number near"):
            nearest_surviving(number)
