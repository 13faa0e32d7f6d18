from __future__ import annotations

import json

import pytest

from hatch_os402.build.steps import _signed_another

PAYLOAD = {"exec": {"stdin_sha256": "a"}, "price": [{"payment_address": "0x0"}], "owner": "0x0"}


@pytest.mark.parametrize(
    ("text", "stale"),
    [
        (None, False),
        (json.dumps({"payload": {**PAYLOAD, "owner": "0x1", "price": [{"payment_address": "0x1"}]}}), False),
        (json.dumps({"payload": {**PAYLOAD, "exec": {"stdin_sha256": "b"}}}), True),
        (json.dumps({"payload": {}}), True),
        ("[]", True),
        ("{", True),
    ],
    ids=["none", "owner completed", "another frame", "empty", "list", "damaged"],
)
def test_a_signed_offer_of_an_earlier_build_is_told_apart(tmp_path, text, stale):
    if text is not None:
        (tmp_path / "x.json").write_text(text)
    assert _signed_another(tmp_path / "x.json", PAYLOAD) is stale
