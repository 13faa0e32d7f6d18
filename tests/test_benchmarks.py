"""The benchmarks name functions of the package, which move."""

from __future__ import annotations

import functools
import importlib
import re
from pathlib import Path

import pytest

STOPWATCH = Path(__file__).parent.parent / "benchmarks/build/stopwatch.py"
NAMED = re.findall(r'"(hatch_os402[\w.]+):([\w.]+)"', STOPWATCH.read_text(encoding="utf-8"))


@pytest.mark.once
@pytest.mark.parametrize(("module", "name"), NAMED, ids=map(":".join, NAMED))
def test_what_the_stopwatch_is_put_around_is_there(module, name):
    assert callable(functools.reduce(getattr, name.split("."), importlib.import_module(module)))
