from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from hatch_os402.errors import OfferError
from hatch_os402.offer.canonical import canonical, parse_json, pretty
from hatch_os402.offer.payload import Exec, Executable, Limits, Offer, Price, envelope, envelope_text, sha256

GOLDEN = json.loads((Path(__file__).parent.parent / "data" / "golden-offer.json").read_text(encoding="utf-8"))
OWNER = "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"
USDC = "0x036CbD53842c5426634e7929541eC2318f3dCF7e"
HASH = "9095bdb859308b62acf04036ffd4adfe366d7f737d276eb6c46ae434f3816c9b"

EXEC = Exec({"x86_64": Executable(HASH)})
LIMITS = Limits(1000, 262144, 1048576, 60, 120, retain=60)
PRICES = tuple(
    Price("USDC", f"{address}@base-sepolia", "base-sepolia", 0.0001, OWNER) for address in (USDC, USDC.lower())
)
PLAIN = Offer(exec=EXEC, limits=LIMITS, price=PRICES, min_duration_seconds=5, owner=OWNER, valid_until=1800000000)


def golden_offer() -> Offer:
    payload = GOLDEN["payload"]
    return Offer(
        name=payload["name"],
        description=payload["description"],
        input_schema=payload["input_schema"],
        exec=Exec(
            {"x86_64": Executable(HASH)},
            args=("python", "-c", "print(1)", "--"),
            args_extendable=True,
            env={"COSMOPOLITAN_INIT_ZIPOS": "/proc/self/exe"},
            env_extendable=True,
            stdin_appendable=True,
            stdin_sha256=payload["exec"]["stdin_sha256"],
            stdin_private=True,
        ),
        limits=LIMITS,
        price=PRICES,
        min_duration_seconds=5,
        owner=OWNER,
        valid_until=1800000000,
    )


class TestGolden:
    def test_the_same_canonical_form_and_hash(self):
        assert canonical(golden_offer().to_json()).decode() == GOLDEN["canonical"]
        assert sha256(golden_offer()) == GOLDEN["sha256"]

    def test_envelope(self):
        assert list(envelope(golden_offer())) == ["sha256", "payload"]
        assert envelope(golden_offer())["sha256"] == GOLDEN["sha256"]
        text = envelope_text(golden_offer())
        assert text.startswith('{\n  "sha256": "9240c9')
        assert text.endswith('"valid_until": 1800000000\n  }\n}\n')

    def test_the_server_reads_the_file_as_the_same_offer(self):
        payload = parse_json(envelope_text(golden_offer()))["payload"]
        assert canonical(payload).decode() == GOLDEN["canonical"]


class TestDeclarationOrder:
    def test_of_everything(self):
        hidden = "0" * 64
        offer = Offer(
            exec=Exec(
                {"x86_64": Executable(HASH, url="https://example.com/x", stack_kb=64), "aarch64": Executable(HASH)},
                args=(),
                args_extendable=True,
                env={"B": "1", "A": "2"},
                env_extendable=True,
                env_sha256=hidden,
                env_private=True,
                stdin=b"\xff\x00",
                stdin_appendable=True,
                stdin_sha256=hidden,
                stdin_private=True,
            ),
            limits=replace(LIMITS, net=True, tcp_bind=(80,), tcp_connect=(443, 0), stack_kb=1),
            price=PRICES,
            min_duration_seconds=5,
            owner=OWNER,
            valid_until=1,
            name="n",
            description="d",
            input_schema={"b": 1, "a": {}},
            output_schema={},
            pool="p",
            max_duration_seconds=9,
        )
        payload = offer.to_json()
        assert " ".join(payload) == (
            "name description input_schema output_schema pool exec limits price"
            " min_duration_seconds max_duration_seconds owner valid_until"
        )
        assert " ".join(payload["exec"]) == (
            "aarch64 x86_64 args args_extendable env env_extendable env_sha256 env_private"
            " stdin stdin_appendable stdin_sha256 stdin_private"
        )
        assert " ".join(payload["limits"]) == (
            "cpu_units ram_kb buffer_capacity cpu_time_secs wall_time_secs net tcp_bind tcp_connect retain stack_kb"
        )
        assert " ".join(payload["price"][0]) == "token token_address network per_second payment_address"
        assert " ".join(payload["exec"]["x86_64"]) == "url sha256 stack_kb"
        assert list(payload["exec"]["env"]) == ["A", "B"]
        assert list(payload["input_schema"]) == ["a", "b"]
        assert payload["exec"]["stdin"] == "/wA="
        assert payload["exec"]["args"] == []


class TestOmission:
    def test_what_is_unset_false_or_empty_is_not_written(self):
        payload = PLAIN.to_json()
        assert list(payload) == ["exec", "limits", "price", "min_duration_seconds", "owner", "valid_until"]
        assert payload["exec"] == {"x86_64": {"sha256": HASH}}
        assert set(payload["limits"]) == {
            "cpu_units",
            "ram_kb",
            "buffer_capacity",
            "cpu_time_secs",
            "wall_time_secs",
            "retain",
        }

    def test_retain_is_always_written(self):
        assert '"retain": 0' in pretty(replace(LIMITS, retain=0).to_json())

    def test_empty_args_and_env_stay(self):
        assert replace(EXEC, args=(), env={}).to_json() == {"x86_64": {"sha256": HASH}, "args": [], "env": {}}


class TestRanges:
    @pytest.mark.parametrize(
        ("valid", "field", "value"),
        [
            *((LIMITS, field, 2**32) for field in ("cpu_units", "ram_kb", "stack_kb")),
            *((LIMITS, field, 2**64) for field in ("buffer_capacity", "cpu_time_secs", "wall_time_secs", "retain")),
            *((LIMITS, field, value) for field in ("cpu_units", "retain") for value in (-1, 1.0, True)),
            *((LIMITS, field, (value,)) for field in ("tcp_bind", "tcp_connect") for value in (-1, 65536, True)),
            *((PLAIN, field, 2**32) for field in ("min_duration_seconds", "max_duration_seconds")),
            (PLAIN, "valid_until", 2**64),
            (Executable(HASH), "stack_kb", 2**32),
            (Executable(HASH), "sha256", HASH.upper()),
            (EXEC, "stdin_sha256", "0" * 63),
            (EXEC, "env_sha256", "0" * 65),
            (EXEC, "executables", {}),
            (EXEC, "executables", {"args": Executable(HASH)}),
            (EXEC, "args", ("a\0b",)),
            (EXEC, "args", ("é" * 2**16,)),
            (PLAIN, "owner", OWNER.upper()),
            (PLAIN, "owner", OWNER + "\n"),
            (PRICES[0], "payment_address", "0x"),
            (PRICES[0], "per_second", 0.0001 / 60),
            (PRICES[0], "per_second", -1.0),
            (PRICES[0], "per_second", float("inf")),
            (PRICES[0], "per_second", float("nan")),
        ],
    )
    def test_refused(self, valid, field, value):
        with pytest.raises(OfferError):
            replace(valid, **{field: value})

    def test_the_last_that_fit(self):
        largest = Limits(2**32 - 1, 2**32 - 1, 2**64 - 1, 2**64 - 1, 2**64 - 1, tcp_bind=(0, 65535), retain=2**64 - 1)
        offer = replace(PLAIN, limits=largest, valid_until=2**64 - 1, exec=replace(EXEC, args=("x" * 131071,)))
        assert parse_json(envelope_text(offer))["payload"]["limits"]["retain"] == 2**64 - 1

    def test_a_whole_price_is_a_float(self):
        assert replace(PRICES[0], per_second=1).to_json()["per_second"] == 1.0
        assert b'"per_second":1.0' in canonical(replace(PRICES[0], per_second=1).to_json())
