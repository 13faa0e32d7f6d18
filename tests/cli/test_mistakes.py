"""What mistakes are answered, as docs/reference/mistakes.md has it: `python tests/support/mistakes.py` writes it."""

from __future__ import annotations

import pytest
from support.mistakes import DOCUMENT, MISTAKES, answers, document


@pytest.mark.once
def test_the_document_is_current():
    found = answers()
    assert len(found) >= 30
    assert {mistake.group for mistake in MISTAKES} == {
        "Options", "Entry points", "Prices", "Dates", "Names", "Network", "Permissions", "Keys",
    }  # fmt: skip
    for mistake, said in found.items():
        assert said, mistake.show
        assert "Traceback" not in said
        assert "bug" not in said
    assert DOCUMENT.read_text("utf-8") == document(found)
