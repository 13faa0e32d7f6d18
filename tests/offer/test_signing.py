from __future__ import annotations

import json
import stat
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.offercraft import GOLDEN, GOLDEN_TEXT, OFFERS, ORDER

from hatch_os402.artifacts.signed import signed_path, write_signed
from hatch_os402.errors import ArtifactError
from hatch_os402.offer.build import ZERO_ADDRESS
from hatch_os402.offer.keys import Key
from hatch_os402.offer.payload import sha256
from hatch_os402.offer.reading import read_envelope
from hatch_os402.offer.signing import (
    SignatureError,
    complete,
    recover,
    sign,
    signed_envelope_text,
)

ONE = Key((1).to_bytes(32, "big"))
TWO = Key((2).to_bytes(32, "big"))
OFFER = read_envelope(GOLDEN_TEXT).offer
UNOWNED = replace(
    OFFER, owner=ZERO_ADDRESS, price=tuple(replace(price, payment_address=ZERO_ADDRESS) for price in OFFER.price)
)


class TestSign:
    def test_golden(self):
        signed = sign(OFFER, ONE)
        assert (signed.offer, signed.sha256, signed.k256) == (OFFER, GOLDEN["sha256"], GOLDEN["k256"])

    @pytest.mark.once
    @given(OFFERS, st.integers(1, ORDER - 1))
    @settings(max_examples=25)
    def test_everybody_can_tell_the_signer_and_s_is_low(self, offer, number):
        key = Key(number.to_bytes(32, "big"))
        signed = sign(replace(offer, owner=key.address), key)
        read = read_envelope(signed_envelope_text(signed))
        assert read.signer() == key.address
        assert read.problems(now=0) == ()
        assert int(signed.k256[66:130], 16) <= ORDER // 2
        assert signed.k256 == sign(signed.offer, key).k256

    def test_another_owner(self):
        with pytest.raises(SignatureError) as failure:
            sign(OFFER, TWO)
        assert ONE.address in failure.value.message
        assert TWO.address in failure.value.message


class TestComplete:
    def test_nothing_to_complete(self):
        assert complete(OFFER, ONE.address) == OFFER

    def test_the_zero_address_becomes_the_keys_everywhere(self):
        completed = complete(UNOWNED, ONE.address)
        assert completed == OFFER
        assert sha256(completed) == GOLDEN["sha256"] != sha256(UNOWNED)

    def test_another_payment_address_is_the_users(self):
        paid = replace(UNOWNED, price=(replace(OFFER.price[0], payment_address=TWO.address), UNOWNED.price[1]))
        addresses = [price.payment_address for price in complete(paid, ONE.address).price]
        assert addresses == [TWO.address, ONE.address]

    def test_another_owner_is_an_error_that_names_both(self):
        with pytest.raises(SignatureError) as failure:
            complete(OFFER, TWO.address)
        assert ONE.address in failure.value.message
        assert TWO.address in failure.value.message


class TestRecover:
    def test_with_and_without_prefix_and_with_a_parity_alone(self):
        parity = int(GOLDEN["k256"][-2:], 16) - 27
        for spelled in (GOLDEN["k256"], GOLDEN["k256"][2:].upper(), f"{GOLDEN['k256'][:-2]}{parity:02x}"):
            assert recover(GOLDEN["sha256"], spelled) == ONE.address

    def test_of_another_hash_it_is_another_address(self):
        assert recover("0" * 64, GOLDEN["k256"]) != ONE.address

    @pytest.mark.parametrize(
        "k256",
        [
            "",
            GOLDEN["k256"] + "00",
            GOLDEN["k256"][:-2] + "23",
            "0x" + 64 * "00" + "1b",
            "0x" + 32 * "00" + GOLDEN["k256"][66:],
            "0x" + 32 * "ff" + GOLDEN["k256"][66:],
            GOLDEN["k256"][:66] + 32 * "00" + "1b",
        ],
    )
    def test_no_signature(self, k256):
        with pytest.raises(SignatureError):
            recover(GOLDEN["sha256"], k256)


class TestFile:
    def test_laid_out_as_os402_prints_it(self):
        text = signed_envelope_text(sign(OFFER, ONE))
        assert list(json.loads(text)) == ["k256", "sha256", "payload"]
        assert text.startswith('{\n  "k256": "0xe3930b')
        assert text.endswith('"valid_until": 1800000000\n  }\n}\n')

    @pytest.mark.parametrize(
        ("given_name", "signed_name"),
        [
            ("greeter-0.1.0.offer.json", "greeter-0.1.0.offer.signed.json"),
            ("greeter-0.1.0.offer.signed.json", "greeter-0.1.0.offer.signed.json"),
            ("mine.json", "mine.offer.signed.json"),
            ("mine", "mine.offer.signed.json"),
        ],
    )
    def test_its_name(self, tmp_path, given_name, signed_name):
        assert signed_path(tmp_path / given_name) == tmp_path / signed_name

    def test_replaces_what_was_there_and_leaves_nothing_else(self, tmp_path):
        path = tmp_path / "x.offer.signed.json"
        path.write_text("old")
        write_signed(path, sign(OFFER, ONE))
        assert path.read_bytes() == signed_envelope_text(sign(OFFER, ONE)).encode()
        assert list(tmp_path.iterdir()) == [path]

    def test_it_has_the_permissions_of_any_file(self, tmp_path):
        write_signed(tmp_path / "signed", sign(OFFER, ONE))
        (tmp_path / "plain").write_bytes(b"")
        modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("signed", "plain")}
        assert len(modes) == 1

    def test_what_cannot_be_written_leaves_nothing(self, tmp_path):
        (tmp_path / "x.offer.signed.json").mkdir()
        with pytest.raises(ArtifactError, match=r"x\.offer\.signed\.json"):
            write_signed(tmp_path / "x.offer.signed.json", sign(OFFER, ONE))
        with pytest.raises(ArtifactError):
            write_signed(tmp_path / "missing" / "x", sign(OFFER, ONE))
        assert [path.name for path in tmp_path.iterdir()] == ["x.offer.signed.json"]
