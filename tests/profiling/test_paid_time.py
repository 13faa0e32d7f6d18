"""What is said of the time that a call buys, by `profile` and by `tune`."""

from __future__ import annotations

import pytest

from hatch_os402.inspection.terms import UNSIGNED, Terms
from hatch_os402.profiling.report import paid_time
from hatch_os402.profiling.tree import Stats


def terms(per_second, duration):
    return Terms(
        sha256="0" * 64,
        name="sample",
        owner=None,
        signature=UNSIGNED,
        signature_note="",
        valid_until=1,
        expired=True,
        per_second=per_second,
        min_duration=duration,
        tokens=("USDC",),
        networks=("base",),
        limits={},
        environment={},
        private_environment=None,
    )


@pytest.mark.parametrize(
    ("per_second", "duration", "longest", "said"),
    [
        (
            0.001,
            60,
            0.06,
            (
                "0.06 USD a call, for 60 seconds, of which this one took 0.1 %; at the same price a second, "
                "`min-duration = 5` makes it 0.005 USD"
            ),
        ),
        (0.001, 60, 3, "5 %; at the same price a second, `min-duration = 30` makes it 0.03 USD"),
        (0.001, 60, 9, "0.06 USD a call, for 60 seconds, of which this one took 15 %"),
        (
            0.001,
            60,
            31,
            "of which this one took 52 %; os402 ends a call then, and its machine may be slower: raise `min-duration`",
        ),
        (
            0,
            60,
            31,
            "free a call, for 60 seconds; os402 ends a call then, and its machine may be slower: raise `min-duration`",
        ),
        (0, 60, 0.06, "free a call, for 60 seconds"),
        (0.001, 5, 0.05, "took 1 %; at the same price a second, a smaller `min-duration` makes it cheaper"),
        (0.001, 5, 0.6, "0.005 USD a call, for 5 seconds, of which this one took 12 %"),
        (0.001, 1, 0.01, "0.001 USD a call, for 1 second, of which this one took 1 %"),
        (None, 60, 1, "no offer"),
    ],
)
def test_the_time_that_a_call_buys(per_second, duration, longest, said):
    text = paid_time(terms(per_second, duration), Stats(longest, longest, longest), "this one")
    assert text.endswith(said)
