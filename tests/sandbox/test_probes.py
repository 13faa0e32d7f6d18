"""The probes of `probes.py`: every outcome is the right one, and docs/explanation/sandbox.md is up to date."""

from __future__ import annotations

import sys

import pytest
from support.probes import GROUPS
from support.probetable import CALLS, DOCUMENT, HEAD, document, python_outcomes, raw_outcomes, wrong

pytestmark = [pytest.mark.skipif(sys.platform != "linux", reason="os402's sandbox is Linux's"), pytest.mark.once]


def test_every_outcome_is_right():
    here = python_outcomes() | raw_outcomes()
    assert list(wrong(here)) == []
    assert len(here) >= 100


def test_a_wrong_outcome_is_seen():
    assert list(wrong({"change its mode": "works", "ptrace": "EPERM"})) == ["change its mode: works, must be ENOENT"]


def table(text):
    """Return the lines of a document, each row as what is tried and what comes of it."""
    return [
        tuple(cell.strip(" *") for cell in line.split("|")[1:3]) if line.startswith("|") else line
        for line in text[text.index("\n## ") :].splitlines()
    ]


def test_the_document_is_up_to_date():
    """But for what depends on the kernel that it was written on."""
    written, now = DOCUMENT.read_text("utf-8"), document({}, {})
    first = [line[0] if isinstance(line, tuple) else line for line in table(written)]
    assert first == [line[0] if isinstance(line, tuple) else line for line in table(now)]
    assert written.startswith(now[: now.index("Linux")])
    assert HEAD[HEAD.index("Most differences") :] in written
    titles = {probe.title for group in GROUPS.values() for probe in group} | set(CALLS)
    outcomes = {line[0]: line[1] for line in table(written) if isinstance(line, tuple) and line[0] in titles}
    assert outcomes.keys() == titles
    assert list(wrong(outcomes)) == []
