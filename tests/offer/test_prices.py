from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_os402.errors import OfferError
from hatch_os402.offer.floats import survives
from hatch_os402.offer.prices import from_flat, from_per_second, shorter

flat_prices = st.integers(1, 10**6).map(lambda millionths: millionths / 10**6)


def recommended(error: OfferError, option: str) -> float:
    """The number that the message says to write for `option`, read as TOML would read it."""
    found = re.search(rf"`{option} = ([0-9.e-]+)`", error.message)
    assert found, error.message
    return float(found[1])


class TestPerSecond:
    @pytest.mark.parametrize("price", [0.0, 0.001, 0.0001, 1.0, 1e-6])
    def test_usual_prices_pass(self, price):
        assert from_per_second(price) == price

    def test_says_what_to_write(self):
        with pytest.raises(
            OfferError, match=r"reads the price per second 1\.6666666666666667e-6 as 1\.6666666666666669e-6"
        ) as caught:
            from_per_second(0.0001 / 60)
        assert from_per_second(recommended(caught.value, "price-per-second")) == 1.6666666666666665e-6


class TestFlat:
    def test_is_divided_by_the_duration(self):
        assert from_flat(0.3, 60) == 0.3 / 60
        assert from_flat(0.0, 7) == 0.0

    @given(flat_prices, st.integers(1, 10**5))
    def test_every_advice_can_be_followed(self, price, duration):
        if survives(price / duration):
            assert from_flat(price, duration) == price / duration
            return
        with pytest.raises(OfferError) as caught:
            from_flat(price, duration)
        per_second, near = recommended(caught.value, "price-per-second"), recommended(caught.value, "price")
        assert from_per_second(per_second) == pytest.approx(price / duration, rel=1e-12)
        assert survives(from_flat(near, duration))
        assert near == pytest.approx(price, rel=1e-12)

    def test_a_price_does_not_silently_become_free(self):
        with pytest.raises(OfferError, match="too little"):
            from_flat(5e-324, 60)


class TestShorter:
    def test_where_nothing_is_known(self):
        assert [shorter(seconds) for seconds in (1, 5, 6, 60)] == [None, None, 5, 5]

    def test_no_call_that_is_known_comes_near_its_end(self):
        assert [shorter(60, longest) for longest in (0.03, 0.5, 0.51, 2, 5.9, 6, 70)] == [5, 5, 6, 20, 59, None, None]

    @given(st.integers(1, 10**6), st.floats(0, 10**5))
    def test_is_shorter_and_enough(self, seconds, longest):
        found = shorter(seconds, longest)
        assert found is None or max(5, 10 * longest) <= found < seconds
