from __future__ import annotations

import datetime as dt

import pytest

from hatch_os402.errors import OfferError
from hatch_os402.offer.canonical import canonical, parse_json
from hatch_os402.offer.schemas import normalise


def nested(levels: int) -> dict:
    schema: dict = {}
    for _ in range(levels - 1):
        schema = {"a": schema}
    return schema


def test_null_is_no_schema():
    assert normalise(None) is None


def test_keys_are_sorted_at_every_level():
    assert canonical(normalise({"b": 1, "a": [{"d": None, "c": True}]})) == b'{"a":[{"c":true,"d":null}],"b":1}'
    assert list(normalise({"b": 1, "a": 2})) == ["a", "b"]


@pytest.mark.parametrize(
    ("value", "written"),
    [(1, "1"), (1.0, "1.0"), (2**64 - 1, "18446744073709551615"), (2**64, "1.8446744073709552e19"), (-0.0, "-0.0")],
)
def test_numbers_are_those_that_the_server_reads(value, written):
    normalised = normalise([value])
    assert canonical(normalised).decode() == f"[{written}]"
    assert parse_json(f"[{written}]") == normalised


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_float_that_does_not_survive_is_named_with_the_nearest_that_does(sign):
    schema = {"properties": {"x": {"enum": [0, float(f"{sign}1.6666666666666667e-6")]}}}
    with pytest.raises(OfferError) as caught:
        normalise(schema)
    assert "`properties.x.enum.1` in the schema" in caught.value.message
    assert caught.value.message.endswith(f" unchanged is {sign}1.6666666666666665e-6")
    assert normalise([float(f"{sign}1.6666666666666665e-6")])


@pytest.mark.parametrize(
    ("value", "match"),
    [
        (dt.date(2027, 1, 1), "`default` in the schema is a date"),
        (float("nan"), "`default` in the schema is nan"),
        (float("-inf"), "`default` in the schema is -inf"),
        (10**400, "too large"),
        pytest.param(10**5000, "too large", id="beyond what Python prints"),
    ],
)
def test_what_json_does_not_have(value, match):
    with pytest.raises(OfferError, match=match):
        normalise({"default": value})


def test_the_deepest_schema_can_be_parsed_inside_its_envelope():
    def envelope(schema):
        return canonical({"payload": {"input_schema": schema}}).decode()

    assert parse_json(envelope(normalise(nested(125))))
    with pytest.raises(OfferError, match="more than 125 levels"):
        normalise(nested(126))
    with pytest.raises(OfferError, match="nested"):
        parse_json(envelope(nested(126)))
