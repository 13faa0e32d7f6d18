"""The last lines of a build say what a call costs, and what costs less where nobody has decided."""

from __future__ import annotations

import pytest
from support.buildproject import write_project

from hatch_os402.plugin.builder import Os402Builder

UNTIL = "valid-until = 2030-01-01T00:00:00Z\n"


@pytest.mark.once
@pytest.mark.parametrize(
    ("offer", "cost", "hint"),
    [
        ("", "0.06 USD: 0.001 USD a second for 60 seconds, after which os402 ends it", "0.005 USD"),
        ("price-per-second = 0.5\n", "30 USD: 0.5 USD a second for 60 seconds, after which os402 ends it", "2.5 USD"),
        ("min-duration = 5\n", "0.005 USD: 0.001 USD a second for 5 seconds, after which os402 ends it", None),
        ("price = 0.3\n", "0.3 USD: 0.005 USD a second for 60 seconds, after which os402 ends it", None),
        ("price = 0\n", None, None),
    ],
)
def test_what_a_call_costs(offer, cost, hint, tmp_path, capsys):
    root = write_project(tmp_path, offer=offer + UNTIL)
    assert list(Os402Builder(str(root)).build(directory=str(root / "dist")))
    lines = capsys.readouterr().err.splitlines()
    if hint:
        hinted = lines.pop()
        assert hinted.startswith("os402: hint: these 60 seconds are the default: `min-duration = 5` in ")
        assert hinted.endswith(f" makes it {hint} for calls that take at most 5 seconds")
    assert lines[-1] == ("os402: a call is free" if cost is None else f"os402: a call costs {cost}")
    assert "sample-0.1.0.build.json" in lines[-2]
