"""Modules that are imported on first use."""

from __future__ import annotations

import pytest
from support import launching

MAIN = """
import json, sys
EVENTS = sys.events = []
import heavy, plain, decimal
def say(**facts): json.dump(facts, sys.stdout)
def main():
"""
FILES = {
    "heavy/__init__.py": "import sys\nsys.events.append('heavy')\nfrom . import inner\nvalue = 1\ndef __getattr__(name): return 'made ' + name\n",
    "heavy/inner.py": "import sys\nsys.events.append('inner')\nvalue = 2\n",
    "plain.py": "import sys\nsys.events.append('plain')\n",
    "fails.py": "import sys\nsys.events.append('fails')\nif len(sys.events) < 3: raise ValueError('not yet')\nvalue = 3\n",
    "swaps.py": "import sys, types\nsys.modules[__name__] = types.SimpleNamespace(value=4)\n",
}
LAZY = ("heavy", "decimal", "fails", "swaps")


@pytest.fixture
def facts(tmp_path):
    def run(body, **options):
        main = MAIN + "".join(f"    {line}\n" for line in body.strip().splitlines())
        data = launching.archive({**FILES, "app.py": main}, "app:main", lazy_imports=LAZY, **options)
        return launching.run(data, tmp_path).facts

    return run


def test_the_first_use_imports(facts):
    code = """
before = list(EVENTS), "_decimal" in sys.modules, type(heavy).__name__, "heavy" in sys.modules
__import__("heavy")
unused = list(EVENTS)
value = heavy.value
say(before=before, unused=unused, value=value, after=list(EVENTS), type=type(heavy) is type(sys),
    spec=[heavy.__spec__.name, heavy.__spec__.loader is heavy.__loader__, type(heavy.__loader__).__name__],
    made=heavy.other, file=heavy.__file__, number=str(decimal.Decimal("1.5")), again=list(EVENTS))
"""
    assert facts(code) == {
        "before": [["plain"], False, "_Deferred", True],
        "unused": ["plain"],
        "value": 1,
        "after": ["plain", "heavy", "inner"],
        "type": True,
        "spec": ["heavy", True, "ArchiveLoader"],
        "made": "made other",
        "file": "/os402/app/heavy/__init__.py",
        "number": "1.5",
        "again": ["plain", "heavy", "inner"],
    }


@pytest.mark.parametrize(
    "use",
    [
        "heavy.value",
        "from heavy import value",
        "import heavy.inner",
        "from heavy.inner import value",
        "heavy.value = 5",
        "del heavy.value",
        "dir(heavy)",
        "vars(heavy)",
        "repr(heavy)",
        "import importlib; importlib.reload(heavy)",
    ],
)
def test_what_use_is(use, facts):
    events = facts(f"{use}\nsay(events=EVENTS)")["events"]
    assert events[:3] == ["plain", "heavy", "inner"]


def test_an_error_comes_at_the_first_use_and_goes_at_the_next(facts):
    code = """
import fails
unused = list(EVENTS)
def kind():
    try: return fails.value
    except ValueError as error: return repr(error)
say(unused=unused, tries=[kind(), kind(), kind()], events=EVENTS)
"""
    assert facts(code) == {
        "unused": ["plain"],
        "tries": ["ValueError('not yet')", 3, 3],
        "events": ["plain", "fails", "fails"],
    }


def test_a_module_that_puts_another_in_its_place_says_so(facts):
    code = """
import swaps
try: swaps.value
except ImportError as error: say(error=str(error), name=error.name)
"""
    assert facts(code) == {
        "error": "swaps puts another object in its place when it is loaded: take it out of `lazy-imports`",
        "name": "swaps",
    }


def test_threads_that_use_it_at_once_wait_for_one(facts):
    code = """
import threading
start, values = threading.Barrier(8), []
def use():
    start.wait()
    values.append(heavy.inner.value)
threads = [threading.Thread(target=use) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
say(values=values, events=EVENTS)
"""
    assert facts(code) == {"values": [2] * 8, "events": ["plain", "heavy", "inner"]}
