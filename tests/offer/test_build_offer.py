from __future__ import annotations

import hashlib

import pytest

from hatch_os402.config.offer_options import OfferOptions
from hatch_os402.errors import OfferError
from hatch_os402.offer.build import ZERO_ADDRESS, build_offer, environment
from hatch_os402.offer.canonical import canonical, parse_json
from hatch_os402.offer.payload import Executable, envelope_text

HASH = "9095bdb859308b62acf04036ffd4adfe366d7f737d276eb6c46ae434f3816c9b"
FRAME = b"2\nPK"
FRAME_HASH = hashlib.sha256(FRAME).hexdigest()
OWNER = "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"
ZIPOS = {"COSMOPOLITAN_INIT_ZIPOS": "/proc/self/exe"}


def build(tmp_path, *, args=("python", "-c", "code"), frame=None, **config):
    config = {name.replace("_", "-"): value for name, value in config.items()}
    offer = build_offer(
        OfferOptions(config, tmp_path),
        executables={"x86_64": Executable(HASH, url="https://example.com/p"), "aarch64": Executable(HASH)},
        args=args,
        frame_sha256=FRAME_HASH,
        frame=frame,
        valid_until=1800000000,
        default_name="greeter",
        default_description="Greets.",
    )
    return offer.to_json()


def test_an_offer_without_options(tmp_path):
    payload = build(tmp_path)
    assert [price["payment_address"] for price in payload.pop("price")] == [ZERO_ADDRESS] * 32
    assert payload == {
        "name": "greeter",
        "description": "Greets.",
        "exec": {
            "aarch64": {"sha256": HASH},
            "x86_64": {"url": "https://example.com/p", "sha256": HASH},
            "args": ["python", "-c", "code"],
            "env": ZIPOS,
            "env_extendable": True,
            "stdin_appendable": True,
            "stdin_sha256": FRAME_HASH,
            "stdin_private": True,
        },
        "limits": {
            "cpu_units": 1,
            "ram_kb": 524288,
            "buffer_capacity": 1048576,
            "cpu_time_secs": 60,
            "wall_time_secs": 120,
            "retain": 3600,
        },
        "min_duration_seconds": 60,
        "owner": ZERO_ADDRESS,
        "valid_until": 1800000000,
    }


def test_every_option_arrives(tmp_path):
    payload = build(
        tmp_path,
        name="other",
        description="",
        owner=OWNER.upper(),
        price=0.3,
        pay={"USDC": "base-sepolia"},
        testnet=True,
        min_duration="5m",
        max_duration="10m",
        cgi=False,
        args=("python", "-c", "code"),
        args_extendable=True,
        cpu_units=7,
        ram="256mb",
        buffer="2mb",
        cpu_time=8,
        wall_time=9,
        net=True,
        tcp_bind=[80],
        tcp_connect=[443],
        retain=0,
        pool="free",
        input_schema={"type": "object"},
        output_schema='{"type": "string"}',
    )
    assert {price.pop("token_address").lower() for price in payload["price"]} == {
        "0x036cbd53842c5426634e7929541ec2318f3dcf7e@base-sepolia"
    }
    entry = {"token": "USDC", "network": "base-sepolia", "per_second": 0.001, "payment_address": OWNER}
    assert payload.pop("price") == [entry, entry]
    assert payload.pop("exec")["args_extendable"] is True
    assert payload == {
        "name": "other",
        "description": "",
        "input_schema": {"type": "object"},
        "output_schema": {"type": "string"},
        "pool": "free",
        "limits": {
            "cpu_units": 7,
            "ram_kb": 262144,
            "buffer_capacity": 2097152,
            "cpu_time_secs": 8,
            "wall_time_secs": 9,
            "net": True,
            "tcp_bind": [80],
            "tcp_connect": [443],
            "retain": 0,
        },
        "min_duration_seconds": 300,
        "max_duration_seconds": 600,
        "owner": OWNER,
        "valid_until": 1800000000,
    }


class TestArgs:
    def test_the_users_follow_the_launchers(self, tmp_path):
        options = OfferOptions({"args": ["-v", "x"]}, tmp_path)
        offer = build_offer(
            options,
            executables={"x86_64": Executable(HASH)},
            args=("python", "-c", "code"),
            frame_sha256=FRAME_HASH,
            frame=None,
            valid_until=1,
            default_name=None,
            default_description=None,
        )
        assert offer.exec.args == ("python", "-c", "code", "-v", "x")
        assert offer.name is None

    def test_none_at_all_are_left_out(self, tmp_path):
        assert "args" not in build(tmp_path, args=())["exec"]


class TestEnvironment:
    def test_the_users_is_added(self, tmp_path):
        assert build(tmp_path, env={"A": "1"})["exec"]["env"] == {"A": "1", **ZIPOS}

    def test_the_users_word_is_the_last(self, tmp_path):
        assert build(tmp_path, env={"COSMOPOLITAN_INIT_ZIPOS": "/x"})["exec"]["env"] == {
            "COSMOPOLITAN_INIT_ZIPOS": "/x"
        }

    def test_private(self, tmp_path):
        payload = build(tmp_path, env={"SECRET": "hush"}, env_private=True)
        expected = canonical(environment(OfferOptions({"env": {"SECRET": "hush"}}, tmp_path)))
        assert expected == b'{"COSMOPOLITAN_INIT_ZIPOS":"/proc/self/exe","SECRET":"hush"}'
        assert payload["exec"]["env_sha256"] == hashlib.sha256(expected).hexdigest()
        assert payload["exec"]["env_private"] is True
        assert "env" not in payload["exec"]
        assert "hush" not in str(payload)


class TestStdin:
    def test_public(self, tmp_path):
        payload = build(tmp_path, stdin_private=False, frame=lambda: FRAME)["exec"]
        assert payload["stdin"] == "MgpQSw=="
        assert not {"stdin_sha256", "stdin_private"} & set(payload)

    def test_private_does_not_read_the_frame(self, tmp_path):
        def frame():
            pytest.fail("read")

        assert build(tmp_path, frame=frame)["exec"]["stdin_sha256"] == FRAME_HASH

    def test_public_needs_the_frame(self, tmp_path):
        with pytest.raises(OfferError, match="not at hand"):
            build(tmp_path, stdin_private=False)

    def test_another_frame_than_was_hashed(self, tmp_path):
        with pytest.raises(OfferError, match="Build again"):
            build(tmp_path, stdin_private=False, frame=lambda: b"other")


def test_stack_is_written_where_the_server_looks(tmp_path):
    payload = build(tmp_path, stack="2mb")
    assert payload["limits"]["stack_kb"] == 2048
    assert payload["exec"]["x86_64"] == {"url": "https://example.com/p", "sha256": HASH}
    assert payload["exec"]["aarch64"] == {"sha256": HASH}


def test_the_server_reads_what_is_written(tmp_path):
    offer = build_offer(
        OfferOptions({"price": 0.3, "input-schema": {"maximum": 1e-05}, "stdin-private": False}, tmp_path),
        executables={"x86_64": Executable(HASH)},
        args=("python",),
        frame_sha256=FRAME_HASH,
        frame=lambda: FRAME,
        valid_until=1,
        default_name="n",
        default_description=None,
    )
    read = parse_json(envelope_text(offer))
    assert hashlib.sha256(canonical(read["payload"])).hexdigest() == read["sha256"]
