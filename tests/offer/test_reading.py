from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.offercraft import GOLDEN, GOLDEN_ENVELOPE, GOLDEN_TEXT, OFFERS, ORDER, changed, envelope_of

from hatch_os402.errors import OfferError
from hatch_os402.offer.canonical import canonical, parse_json
from hatch_os402.offer.payload import envelope_text, sha256
from hatch_os402.offer.reading import read_envelope

PAYLOAD = GOLDEN["payload"]
OWNER = PAYLOAD["owner"]


class TestRoundTrip:
    @pytest.mark.once
    @given(OFFERS)
    def test_payload_to_canonical_to_parsed_to_canonical(self, offer):
        written = canonical(offer.to_json())
        assert canonical(parse_json(written.decode())) == written

    @pytest.mark.once
    @given(OFFERS)
    def test_an_offer_file_is_read_as_the_same_offer(self, offer):
        read = read_envelope(envelope_text(offer))
        assert read.offer == offer
        assert read.sha256 == read.declared_sha256 == sha256(offer)
        assert canonical(read.payload) == canonical(offer.to_json())
        assert (read.dropped, read.k256, read.signer()) == ((), None, None)
        assert read.problems(now=0) == ()

    @pytest.mark.once
    @given(OFFERS, st.text(max_size=3))  # no field has so short a name
    def test_an_unknown_key_is_dropped_and_named_and_does_not_count(self, offer, name):
        read = read_envelope(envelope_of({**offer.to_json(), name: {"a": 1}}))
        assert read.sha256 == sha256(offer)
        assert read.dropped == (f"payload.{name}",)


class TestGolden:
    def test_holds(self):
        read = read_envelope(GOLDEN_TEXT)
        assert (read.sha256, read.declared_sha256, read.k256) == (GOLDEN["sha256"],) * 2 + (GOLDEN["k256"],)
        assert read.signer() == read.owner == OWNER
        assert (read.dropped, read.problems(now=PAYLOAD["valid_until"])) == ((), ())

    def test_bytes_as_well(self):
        assert read_envelope(GOLDEN_TEXT.encode()) == read_envelope(GOLDEN_TEXT)


class TestWhatTheServerDrops:
    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("note", 1),
            ("exec.x86_64.note", None),
            ("limits.note", []),
            ("price.1.note", {"a": 1}),
            ("pool", None),
            ("output_schema", None),
            ("max_duration_seconds", None),
            ("exec.env_sha256", None),
            ("exec.stdin", None),
            ("exec.env_private", False),
            ("exec.x86_64.url", None),
            ("limits.net", False),
            ("limits.tcp_bind", []),
            ("limits.stack_kb", None),
        ],
    )
    def test_is_named_and_not_hashed(self, path, value):
        read = read_envelope(envelope_of(changed(path, value)))
        assert read.dropped == (f"payload.{path}",)
        assert read.sha256 == GOLDEN["sha256"]

    def test_beside_the_payload(self):
        read = read_envelope(json.dumps({**GOLDEN_ENVELOPE, "k256": None, "note": 1}))
        assert read.dropped == ("k256", "note")

    @pytest.mark.parametrize(("path", "value"), [("exec.args", []), ("exec.env", {}), ("limits.retain", 0)])
    def test_empty_args_env_and_retain_stay(self, path, value):
        read = read_envelope(envelope_of(changed(path, value)))
        assert read.dropped == ()
        assert canonical(read.payload) == canonical(changed(path, value))

    def test_retain_is_written_even_if_it_was_not_stated(self):
        read = read_envelope(envelope_of(changed("limits.retain", ...)))
        assert read.payload["limits"]["retain"] == 0

    def test_a_whole_price_becomes_a_float(self):
        read = read_envelope(envelope_of(changed("price.0.per_second", 1)))
        assert b'"per_second":1.0' in canonical(read.payload)


class TestWhatTheServerRefuses:
    @pytest.mark.parametrize(
        ("path", "value"),
        [
            *((f"limits.{name}", value) for name in ("cpu_units", "ram_kb") for value in (2**32, -1, 1.0, True, "1")),
            *((f"limits.{name}", 2**64) for name in ("buffer_capacity", "cpu_time_secs", "wall_time_secs", "retain")),
            ("limits.stack_kb", 2**32),
            ("limits.net", None),
            ("limits.net", 0),
            ("limits.retain", None),
            ("limits.tcp_bind", None),
            ("limits.tcp_bind", [65536]),
            ("limits.tcp_connect", [1, -1]),
            ("limits", []),
            ("min_duration_seconds", None),
            ("min_duration_seconds", 2**32),
            ("max_duration_seconds", 1.5),
            ("valid_until", 2**64),
            ("valid_until", 1e3),
            ("owner", None),
            ("name", 1),
            ("price", None),
            ("price", {}),
            ("price.0.per_second", None),
            ("price.0.per_second", "0.1"),
            ("price.1.token", None),
            ("exec.args", ["a", 1]),
            ("exec.args_extendable", "true"),
            ("exec.env", ["a"]),
            ("exec.env", {"a": 1}),
            ("exec.stdin", "YQ"),
            ("exec.stdin", "YR=="),
            ("exec.stdin", "YQ==\n"),
            ("exec.stdin", "é"),
            ("exec.note", "not an architecture"),
            ("exec.riscv64", {"url": "https://example.com"}),
            *(
                (path, ...)
                for path in (
                    *("exec", "limits", "price", "owner", "valid_until", "min_duration_seconds"),
                    *("limits.cpu_units", "limits.wall_time_secs", "price.0.network", "exec.x86_64.sha256"),
                )
            ),
        ],
    )
    def test_is_an_error_that_names_the_place(self, path, value):
        with pytest.raises(OfferError) as failure:
            read_envelope(envelope_of(changed(path, value)))
        assert f"`payload.{path}" in failure.value.message

    @pytest.mark.parametrize("text", ["", "5", "[]", "{}", '{"payload": 1}', "\ufeff{}", '{"payload": NaN}'])
    def test_what_is_no_envelope(self, text):
        with pytest.raises(OfferError):
            read_envelope(text)

    def test_what_is_not_utf8(self):
        with pytest.raises(OfferError, match="UTF-8"):
            read_envelope(b"\xff")

    def test_a_field_that_stands_twice(self):
        with pytest.raises(OfferError, match=r"`payload\.owner` stands twice"):
            read_envelope(GOLDEN_TEXT.replace('"owner":', f'"owner": "{OWNER}", "owner":'))

    def test_but_of_a_repeated_variable_the_last_counts(self):
        text = GOLDEN_TEXT.replace('"env": {', '"env": {"COSMOPOLITAN_INIT_ZIPOS": "x", ')
        assert read_envelope(text).sha256 == GOLDEN["sha256"]


class TestProblems:
    def test_another_declared_hash(self):
        (problem,) = read_envelope(envelope_of(changed("note", 1), sha256="0" * 64)).problems(now=0)
        assert "0" * 64 in problem
        assert GOLDEN["sha256"] in problem
        assert "payload.note" in problem

    def test_a_changed_payload(self):
        read = read_envelope(envelope_of(changed("limits.ram_kb", 1), sha256=GOLDEN["sha256"], k256=GOLDEN["k256"]))
        declared, signature = read.problems(now=0)
        assert "declares the hash" in declared
        assert f"the owner is {OWNER}" in signature

    def test_the_mirror_image_of_the_signature_is_refused(self):
        s, v = int(GOLDEN["k256"][66:130], 16), int(GOLDEN["k256"][130:], 16)
        high = f"{GOLDEN['k256'][:66]}{ORDER - s:064x}{27 + 28 - v:02x}"
        read = read_envelope(json.dumps({**GOLDEN_ENVELOPE, "k256": high}))
        assert read.signer() is None
        assert "high s" in read.problems(now=0)[0]

    @pytest.mark.parametrize("k256", ["", "0x", "0x" + 64 * "00" + "1b", GOLDEN["k256"][:-2] + "1d", "0x" + 65 * "zz"])
    def test_no_signature_at_all(self, k256):
        read = read_envelope(json.dumps({**GOLDEN_ENVELOPE, "k256": k256}))
        assert read.signer() is None
        assert len(read.problems(now=0)) == 1

    def test_expired(self):
        (problem,) = read_envelope(GOLDEN_TEXT).problems(now=PAYLOAD["valid_until"] + 1)
        assert problem == "the offer expired: it was valid until 2027-01-15 08:00:00 UTC"

    def test_an_owner_in_mixed_case_is_none(self):
        mixed = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
        read = read_envelope(envelope_of(changed("owner", mixed)))
        assert (read.owner, read.problems(now=0)) == (OWNER, ())

    def test_a_price_that_the_server_reads_as_another(self):
        # What `os402 offer --price 0.0001 --min-duration 60` prints: the hash is of the number it had, not of the text.
        text = GOLDEN["canonical"].replace('"per_second":0.0001', '"per_second":1.6666666666666667e-6')
        declared = hashlib.sha256(text.encode()).hexdigest()
        problems = read_envelope(envelope_of(json.loads(text), sha256=declared)).problems(now=0)
        assert declared in problems[0]

    def test_what_could_never_run(self):
        (problem,) = read_envelope(envelope_of(changed("exec.args", ["a\0"]))).problems(now=0)
        assert "NUL" in problem
