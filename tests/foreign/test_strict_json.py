"""JSON of others: what the standard library reads, but for what harms."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_os402.foreign.strict_json import NESTING_LIMIT, read_json

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES, st.booleans())
def test_what_is_json_is_read(value, ascii_only):
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert read_json(text) == read_json(text.encode()) == value


@pytest.mark.parametrize(("left", "right"), [("[", "]"), ('{"a":', "}")])
def test_how_deep_it_may_nest(left, right):
    most = NESTING_LIMIT - 1
    assert read_json(left * most + "1" + right * most)
    with pytest.raises(ValueError, match="nested"):
        read_json(left * NESTING_LIMIT + "1" + right * NESTING_LIMIT)
    assert read_json(json.dumps("[" * 1000)) == "[" * 1000


@pytest.mark.parametrize("text", ["", "NaN", "[Infinity]", '"\\ud800"', "9" * 5000, '"', '{"a":"' + '\\"' * 50, "[1"])
def test_what_is_none(text):
    with pytest.raises(ValueError):  # noqa: PT011 - of several kinds
        read_json(text)
