from __future__ import annotations

import pytest

from hatch_os402.tuning.samples import Pairs


@pytest.mark.parametrize(
    ("after", "saved", "significant"),
    [
        ([0.9, 0.91, 0.9, 0.92], 0.095, True),
        ([1.1, 1.2, 1.1, 1.2], -0.15, True),
        ([0.9, 1.1, 0.9, 1.1], 0.0, False),
        ([1.0, 1.0, 1.0, 1.0], 0.0, False),
    ],
)
def test_what_differs_by_chance_does_not_count(after, saved, significant):
    pairs = Pairs.of([1.0] * 4, after)
    assert pairs.saved == pytest.approx(saved)
    assert pairs.is_significant is significant
    assert pairs.counted == (pytest.approx(saved) if significant else 0.0)
