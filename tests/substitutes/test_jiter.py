"""The parser against jiter itself: what both return, and what both refuse, with line and column."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hatch_os402.substitutes import jiter as ours

pytestmark = pytest.mark.once
original = pytest.importorskip("jiter", reason="jiter needs Python 3.11")

PIECES = [
    b'"', b"\\", b"\\u", b"\\u00e9", b"\\ud83d", b"\\ude00", b"{", b"}", b"[", b"]", b",", b":", b" ", b"\n", b"\t", b"0", b"1",
    b"-", b"+", b".", b"e", b"E", b"12", b"1.5", b"true", b"fals", b"null", b"NaN", b"Infinity", b"-Inf", b'"a"', b'"a":',
    b"\xc3\xa9", b"\xc3", b"\xe2\x82", b"\xff", b"\x01", b"x",
]  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
DOCUMENTS = st.builds(
    lambda value, ascii_only, indent: json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode(
        errors="surrogatepass"
    ),
    VALUES,
    st.booleans(),
    st.sampled_from([None, 1]),
)
MODES = st.fixed_dictionaries(
    {},
    optional={
        "allow_inf_nan": st.booleans(),
        "catch_duplicate_keys": st.booleans(),
        "partial_mode": st.sampled_from([True, False, "on", "off", "trailing-strings"]),
        "float_mode": st.sampled_from(["float", "decimal", "lossless-float"]),
        "cache_mode": st.sampled_from([True, False, "all", "keys", "none"]),
    },
)


def outcome(module, document, **modes):
    """Return the result, and the types in it, or the error."""
    try:
        found = module.from_json(document, **modes)
    except Exception as error:  # noqa: BLE001 - which it is, is compared
        return type(error).__name__, str(error)
    return repr(found), type(found).__name__


@given(DOCUMENTS, MODES)
def test_documents(document, modes):
    assert outcome(ours, document, **modes) == outcome(original, document, **modes)


@given(DOCUMENTS, st.data(), MODES)
def test_damaged_documents_and_their_beginnings(document, data, modes):
    for _ in range(data.draw(st.integers(1, 2))):
        at = data.draw(st.integers(0, len(document)))
        piece = data.draw(st.sampled_from([b"", *PIECES]))
        kept = data.draw(st.sampled_from([at, at, at + 1, at + 3, len(document)]))
        document = document[:at] + piece + document[kept:]
    assert outcome(ours, document, **modes) == outcome(original, document, **modes)


@given(st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join), MODES)
@example(b'{"a":[1,{"b":[]],"c":2', {"partial_mode": "on"})
@example(b'"\\ud800', {"partial_mode": "trailing-strings"})
@example(b'{"a":1,\n"a": ', {"catch_duplicate_keys": True})
@example(b"[" * 202, {})
@example(b"[" * 201, {"partial_mode": True})
@example(b"[" * 201 + b"]" * 201, {})
@example(b"-" + b"1" * 4300, {})
@example(b"1" * 4301, {})
def test_anything(document, modes):
    assert outcome(ours, document, **modes) == outcome(original, document, **modes)


@pytest.mark.parametrize(
    ("document", "modes"),
    [
        ("1", {}),
        (bytearray(b"1"), {}),
        (None, {}),
        (b"1", {"allow_inf_nan": 1}),
        (b"1", {"catch_duplicate_keys": None}),
        *((b"1", {name: value}) for name in ("partial_mode", "cache_mode", "float_mode") for value in ("x", None, 1)),
        (b"1", {"float_mode": True}),
    ],
)
def test_wrong_arguments(document, modes):
    assert outcome(ours, document, **modes) == outcome(original, document, **modes)


@pytest.mark.parametrize(
    "text", [b"1.50", b"12", b"NaN", b"-Infinity", b"x", b"", b"1.", b'"a"', b"[]", "1", b" 1", b"1 "]
)
def test_lossless_floats(text):
    def facts(module):
        try:
            found = module.LosslessFloat(text)
            return repr(found), str(found), repr(float(found)), bytes(found), repr(found.as_decimal())
        except Exception as error:  # noqa: BLE001 - as above
            return type(error).__name__, str(error)

    if text in {b" 1", b"1 "}:  # what lies around it is kept
        assert bytes(ours.LosslessFloat(text)) == bytes(original.LosslessFloat(text))
    else:
        assert facts(ours) == facts(original)


def test_the_interface():
    assert sorted(ours.__all__) == sorted(original.__all__)
    assert ours.cache_clear() is original.cache_clear() is None
    assert ours.cache_usage() == original.cache_usage() == 0
    assert ours.__version__ == original.__version__
