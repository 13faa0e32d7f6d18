"""Texts of others that cost their readers a step for each pair of characters, or for each subset of them.

The readers run in another process, one after the other, which ends when one takes longer than `BOUND`: what tries every
place anew takes many minutes for these texts, and what reads them once a fraction of a second.
"""

from __future__ import annotations

import faulthandler
import itertools
import subprocess
import sys
from contextlib import suppress

import pytest

from hatch_os402.calls.cgi import parse
from hatch_os402.compatibility.imports.facts import Guard, Import, ModuleFacts
from hatch_os402.compatibility.imports.reach import Archive, Library, reach
from hatch_os402.errors import OfferError
from hatch_os402.foreign.strict_json import read_json
from hatch_os402.formatting import without_passwords
from hatch_os402.offer.canonical import parse_json
from hatch_os402.offer.reading import read_envelope
from hatch_os402.resolution.pip_errors import explain
from hatch_os402.tools import docstrings

BOUND = 100
"""Seconds, on a machine that is busy."""
MUCH = 200_000


def unterminated_json(read):
    with suppress(OfferError, ValueError):
        read('{"a":"' + '\\"' * MUCH)


def invalid_metadata(text):
    return (
        "WARNING: Ignoring version 1 of x since it has invalid metadata:\n"
        f"Requested x has invalid metadata: {text}.\nPlease use pip<24.1\n"
        "ERROR: No matching distribution found for x\n"
    )


def imports_much():
    imported = Import(1, "a." * 5 * MUCH + "a", 0, (), Guard.NONE, in_function=False, main=False)
    facts = ModuleFacts((imported,), ())
    archive = Archive({"x": "x.py"}, frozenset({"x"}), frozenset(), {}, lambda _: facts)
    found = reach(["x"], archive, Library(frozenset(), frozenset(), frozenset()))
    assert len(found.missing) == 1


def test_a_long_row_of_modules_is_followed_and_its_chains_are_not_its_square():
    names = [f"m{number}" for number in range(2_000)]
    after = dict(itertools.pairwise(names))
    facts = {
        name: ModuleFacts((Import(1, after.get(name, "gone"), 0, (), Guard.NONE, in_function=False, main=False),), ())
        for name in names
    }
    archive = Archive({name: f"{name}.py" for name in names}, frozenset(names), frozenset(), {}, facts.get)
    found = reach(["m0"], archive, Library(frozenset(), frozenset(), frozenset()))
    assert list(found.modules) == names
    assert {(chain[0], chain[-1]) for chain in found.modules.values()} == {("m0", name) for name in names}
    assert max(map(len, found.modules.values())) == 201
    assert [(one.wanted, one.module) for one in found.missing] == [("gone", "m1999")]


CASES = {
    "JSON of an offer": lambda: unterminated_json(parse_json),
    "JSON of an envelope": lambda: unterminated_json(read_envelope),
    "JSON of others": lambda: unterminated_json(read_json),
    "JSON with many strings": lambda: parse_json('["' + '\\"","' * MUCH + '"]'),
    "an address of slashes": lambda: without_passwords(f"evil @ http:{'/' * MUCH}x.tar.gz"),
    "an address of colons and slashes": lambda: without_passwords("://" * MUCH),
    "pip: an address of slashes": lambda: explain(f"ERROR: evil @ http:{'/' * MUCH}x.tar.gz\n", 1, "x-ing"),
    "pip: spaces in invalid metadata": lambda: explain(invalid_metadata("a" + " " * MUCH + "b"), 1, "x-ing"),
    "pip: invalid metadata without end": lambda: explain(
        "ERROR: No matching distribution found for x\n"
        + "WARNING: Ignoring version 1 of x since it has invalid metadata:\n" * 20_000,
        1,
        "x-ing",
    ),
    "pip: diagnostics without end": lambda: explain("error: a b\n" * 40_000, 1, "x-ing"),
    "pip: spaces in a diagnostic": lambda: explain("error: a b" + " " * MUCH + "c\n", 1, "x-ing"),
    "pip: hashes without a table": lambda: explain(
        "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES\n" * 20_000, 1, "x-ing"
    ),
    "docstring: brackets": lambda: docstrings.read("A.\n\nArgs:\n    x (" + "((( )" * 40_000 + "!: foo"),
    "docstring: spaces": lambda: docstrings.read("A.\n\nArgs:\n    x" + " " * MUCH + "!"),
    "docstring: a field without end": lambda: docstrings.read("A.\n\n:" + "a" * MUCH),
    "CGI: spaces in a header": lambda: parse(b"A: a" + b" " * MUCH + b"b\n\nbody"),
    "an import of many parts": imports_much,
}


@pytest.fixture(scope="module")
def read():
    """The cases whose reader came to an end, and what was said of the one that did not."""
    done = subprocess.run([sys.executable, __file__], capture_output=True, text=True, check=False)
    return done.stdout.splitlines(), done.stderr


@pytest.mark.parametrize("case", CASES)
def test_it_is_read_once(case, read):
    ended, said = read
    assert case in ended, said


if __name__ == "__main__":
    for name, reader in CASES.items():
        # From a thread that needs no lock of the interpreter's: a regular expression keeps that while it searches.
        faulthandler.dump_traceback_later(BOUND, exit=True)
        reader()
        print(name, flush=True)  # noqa: T201 - what the tests read
