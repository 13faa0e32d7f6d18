from __future__ import annotations

from dataclasses import replace

import pytest
from support.artifactcraft import write_artifacts

from hatch_os402.build.assembly import _signs
from hatch_os402.offer.build import ZERO_ADDRESS
from hatch_os402.offer.reading import read_offer


@pytest.fixture
def files(tmp_path):
    return write_artifacts(tmp_path)


def unowned(offer):
    """What a build without the option `owner` writes, which signing completes."""
    prices = tuple(replace(price, payment_address=ZERO_ADDRESS) for price in offer.price)
    return replace(offer, owner=ZERO_ADDRESS, price=prices)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (lambda offer: offer, True),
        (unowned, True),
        (lambda offer: replace(offer, exec=replace(offer.exec, stdin_sha256="b" * 64)), False),
        (lambda offer: replace(offer, valid_until=offer.valid_until + 1), False),
    ],
    ids=["as it was", "owner completed", "another frame", "another end"],
)
def test_a_signed_offer_of_an_earlier_build_is_distinguished(files, change, same):
    offer = read_offer(files[".offer.json"]).offer
    assert _signs(files[".offer.signed.json"], change(offer)) is same


@pytest.mark.parametrize("text", ["[]", "{", '{"payload": {}}'])
def test_a_damaged_one_is_of_no_build(files, text):
    offer = read_offer(files[".offer.json"]).offer
    files[".offer.signed.json"].write_text(text)
    assert _signs(files[".offer.signed.json"], offer) is False
