"""Offers that the `os402 offer` command made from the same tables, and a running server took (os402 0.1.0)."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hatch_os402.config.offer_options import OfferOptions
from hatch_os402.offer.build import build_offer
from hatch_os402.offer.canonical import canonical
from hatch_os402.offer.key_loading import load_key
from hatch_os402.offer.payload import Executable
from hatch_os402.offer.reading import read_envelope
from hatch_os402.offer.signing import complete, sign, signed_envelope_text

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# Only a newline ends a row: one of the offers has U+2028 in it.
OBSERVED = (Path(__file__).parent.parent / "data/observed-offers.jsonl").read_text(encoding="utf-8")
ROWS = [json.loads(line) for line in OBSERVED.strip().split("\n")]
KEY = load_key(None, {"X402_KEY": "11" * 32}, None)

LAUNCHER = 6
"""Arguments of the launcher when the rows were recorded."""

every_row = pytest.mark.parametrize("row", ROWS, ids=[row["case"] for row in ROWS])


def test_none_is_missing():
    assert len(ROWS) == len({row["case"] for row in ROWS}) == 26


@every_row
def test_the_same_table_gives_the_same_bytes(row, tmp_path):
    expected = row["envelope"]
    payload = expected["payload"]
    stack = payload["exec"]["x86_64"].get("stack_kb")
    table = tomllib.loads(row["table"])["tool"]["hatch"]["build"]["targets"]["os402"]["offer"]
    options = OfferOptions(table, tmp_path)
    options.validate()
    offer = build_offer(
        options,
        executables={"x86_64": Executable(payload["exec"]["x86_64"]["sha256"])},
        args=tuple(payload["exec"]["args"][:LAUNCHER]),
        frame_sha256=payload["exec"]["stdin_sha256"],
        frame=None,
        valid_until=payload["valid_until"],
        default_name="plain",
        default_description=None,
    )
    signed = sign(complete(offer, KEY.address), KEY)
    if stack is not None:  # the command writes it where no server looks
        assert signed.offer.limits.stack_kb == stack
        executable = {"x86_64": Executable(payload["exec"]["x86_64"]["sha256"], stack_kb=stack)}
        there = replace(
            signed.offer,
            exec=replace(signed.offer.exec, executables=executable),
            limits=replace(signed.offer.limits, stack_kb=None),
        )
        signed = sign(there, KEY)
    text = signed_envelope_text(signed)
    assert json.loads(text) == expected
    assert json.dumps(json.loads(text)) == json.dumps(expected)  # in the same order
    assert (signed.sha256, signed.k256) == (expected["sha256"], expected["k256"])


@every_row
def test_what_the_command_wrote_is_read_as_it_stands(row):
    expected = row["envelope"]
    read = read_envelope(json.dumps(expected))
    assert read.dropped == ()
    assert read.problems(now=expected["payload"]["valid_until"] - 1) == ()
    assert (read.sha256, read.signer()) == (expected["sha256"], KEY.address)
    assert json.dumps(read.offer.to_json()) == json.dumps(expected["payload"])
    assert canonical(read.offer.to_json()) == canonical(expected["payload"])
