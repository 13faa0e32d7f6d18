from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_os402.errors import OfferError
from hatch_os402.offer.canonical import NESTING_LIMIT, canonical, parse_json, pretty
from hatch_os402.offer.floats import survives

DATA = Path(__file__).parent.parent / "data"
# U+2028 stands raw in some lines, so splitlines() would cut them.
LINES = (DATA / "canonical-json.jsonl").read_text(encoding="utf-8").rstrip("\n").split("\n")
CASES = [json.loads(line) for line in LINES]
GOLDEN = json.loads((DATA / "golden-offer.json").read_text(encoding="utf-8"))

surviving = st.floats(allow_nan=False, allow_infinity=False).filter(survives)
integers = st.integers(-(2**63), 2**64 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | integers | surviving | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
)


class TestServersOwnCases:
    @pytest.mark.parametrize("case", [case for case in CASES if "canonical" in case], ids=lambda case: case["in"])
    def test_canonical_form(self, case):
        data = canonical(parse_json(case["in"]))
        assert data.decode() == case["canonical"]
        assert hashlib.sha256(data).hexdigest() == case["sha256"]

    @pytest.mark.parametrize("case", [case for case in CASES if "error" in case], ids=lambda case: case["in"])
    def test_refused(self, case):
        with pytest.raises(OfferError):
            parse_json(case["in"])

    def test_golden_offer(self):
        data = canonical(GOLDEN["payload"])
        assert data.decode() == GOLDEN["canonical"]
        assert hashlib.sha256(data).hexdigest() == GOLDEN["sha256"]


class TestParse:
    @pytest.mark.parametrize(
        "text",
        ['"\\ud83d"', '{"\\udc00": 1}', '{"a": "\\ud800", "a": 1}', '["\\ud83d\\u0041"]', '"\ud800"'],
    )
    def test_lone_surrogates_are_refused_wherever_they_stand(self, text):
        with pytest.raises(OfferError, match="surrogate"):
            parse_json(text)

    @pytest.mark.parametrize("opening", ["[", '{"a":'])
    def test_nesting(self, opening):
        closing = "]" if opening == "[" else "}"
        deepest = NESTING_LIMIT - 1
        assert canonical(parse_json(opening * deepest + "1" + closing * deepest))
        with pytest.raises(OfferError, match="nested"):
            parse_json(opening * NESTING_LIMIT + "1" + closing * NESTING_LIMIT)

    def test_brackets_in_strings_are_not_nesting(self):
        text = '"' + "[{" * 200 + '\\"[["'
        assert parse_json(f"[{text}, {text}]") == ["[{" * 200 + '"[['] * 2

    @pytest.mark.parametrize("text", ["", "{", '"a', "[1] 2", "\ufeff1", '"\t"', '"\\u00g0"', "-Infinity", "[1 2]"])
    def test_broken_json(self, text):
        with pytest.raises(OfferError, match="not valid JSON"):
            parse_json(text)


class TestWrite:
    @given(values)
    def test_what_is_written_is_read_back(self, value):
        data = canonical(value)
        read = parse_json(data.decode())
        assert canonical(read) == data
        assert canonical(parse_json(pretty(value))) == data

    @given(values)
    def test_agrees_with_the_standard_library_on_everything_but_floats(self, value):
        assert json.loads(canonical(value)) == value
        assert json.loads(pretty(value)) == value

    def test_pretty_keeps_the_order_and_folds_what_is_empty(self):
        value = {"b": [1, {"c": 1e-05}], "a": {}, "d": [], "e": ["ä\n"]}
        assert pretty(value) == (
            '{\n  "b": [\n    1,\n    {\n      "c": 0.00001\n    }\n  ],\n  "a": {},\n'
            '  "d": [],\n  "e": [\n    "ä\\n"\n  ]\n}'
        )

    @pytest.mark.parametrize("write", [canonical, pretty])
    @pytest.mark.parametrize(
        ("value", "match"),
        [
            ({1: 2}, "keys are strings"),
            ([2**64], "64 bits"),
            ([-(2**63) - 1], "64 bits"),
            ({"a": {1}}, "set cannot be written"),
            ([float("nan")], "no such number"),
            (["\ud800"], "surrogate"),
            ({"\ud800": 1}, "surrogate"),
        ],
    )
    def test_refuses_what_the_server_would_not_read_back(self, write, value, match):
        with pytest.raises(OfferError, match=match):
            write(value)
