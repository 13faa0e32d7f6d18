from __future__ import annotations

import argparse
import hashlib
import json
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.offercraft import ADDRESSES, ARGUMENTS, GOLDEN_TEXT, HASHES, JSON, integers

from hatch_os402.offer import networks
from hatch_os402.offer.build import BASE_ENV
from hatch_os402.offer.commandline import os402_command
from hatch_os402.offer.floats import U64_MAX, survives
from hatch_os402.offer.payload import U16_MAX, U32_MAX, Exec, Executable, Limits, Offer, Price
from hatch_os402.offer.reading import read_envelope
from hatch_os402.runtime import pins

GOLDEN = read_envelope(GOLDEN_TEXT).offer
NOW = 1_700_000_000
FRAME = b"the frame"
HASH = hashlib.sha256(FRAME).hexdigest()
URL = "https://example.com/python"


def words(command):
    """What a POSIX shell makes of the command, its comments left out."""
    while command.startswith("# "):
        command = command.partition("\n")[2]
    return shlex.split(command.replace(" \\\n  ", " "))  # it does not know continued lines


class Flags(argparse.ArgumentParser):
    def error(self, message):
        raise AssertionError(message)


def size(text):
    number, suffix = text.rstrip("gkmb"), text.lstrip("0123456789")
    return int(number) * {"": 1, "kb": 1024, "mb": 1024**2, "gb": 1024**3}[suffix]


def os402(command, owner):
    """Make the offer that `os402` would make of its command line: the protocol's description of it, flag by flag."""
    arguments = words(command)
    trailing = None
    if "--" in arguments:
        split = arguments.index("--")
        arguments, trailing = arguments[:split], tuple(arguments[split + 1 :])
    parser = Flags(add_help=False, allow_abbrev=False)
    parser.add_argument("--key", required=True)
    parser.add_argument("--pay", default="USDC")
    parser.add_argument("offer", choices=["offer"])
    for name in ("name", "description", "pool", "input-schema", "output-schema", "stack", "ram", "buffer", "net"):
        parser.add_argument(f"--{name}")
    for name in ("stdin", "price-per-second", "valid-for"):
        parser.add_argument(f"--{name}")
    for name in ("cpu-units", "cpu-time-secs", "wall-time-secs", "min-duration", "max-duration", "retain"):
        parser.add_argument(f"--{name}", type=int)
    for name in ("tcp-bind", "tcp-connect"):
        parser.add_argument(f"--{name}", type=int, action="append", default=[])
    for name in ("exe", "env"):
        parser.add_argument(f"--{name}", action="append", default=[])
    for name in ("args-extendable", "env-extendable", "env-private", "stdin-appendable", "stdin-private", "cgi"):
        parser.add_argument(f"--{name}", action="store_true")
    parser.add_argument("--testnet", action="store_true")
    flags = parser.parse_args(arguments[1:])
    stack = None if flags.stack is None else size(flags.stack) // 1024
    executables = {}
    for text in flags.exe:
        arch, _, rest = text.partition(":")
        url, _, sha256 = rest.rpartition("#")
        executables[arch] = Executable(sha256, url=url, stack_kb=stack)
    stdin = None if flags.stdin is None else {"@frame": FRAME}[flags.stdin]
    assets = networks.assets(flags.pay, testnet=flags.testnet)
    per_second = float(flags.price_per_second)
    assert flags.valid_for.endswith("s")
    return Offer(
        exec=Exec(
            executables,
            args=trailing,
            args_extendable=flags.args_extendable,
            env=dict(text.split("=", 1) for text in flags.env) or None,
            env_extendable=flags.env_extendable or flags.cgi,
            stdin=None if flags.stdin_private else stdin,
            stdin_appendable=flags.stdin_appendable or flags.cgi,
            stdin_sha256=hashlib.sha256(stdin).hexdigest() if flags.stdin_private else None,
            stdin_private=flags.stdin_private,
        ),
        limits=Limits(
            flags.cpu_units,
            size(flags.ram) // 1024,
            size(flags.buffer),
            flags.cpu_time_secs,
            flags.wall_time_secs,
            {None: False, "true": True}[flags.net],
            tuple(flags.tcp_bind),
            tuple(flags.tcp_connect),
            flags.retain,
        ),
        price=tuple(Price(asset.token, asset.token_address, asset.network, per_second, owner) for asset in assets),
        min_duration_seconds=flags.min_duration,
        owner=owner,
        valid_until=NOW + int(flags.valid_for[:-1]),
        name=flags.name,
        description=flags.description,
        input_schema=flags.input_schema and json.loads(flags.input_schema),
        output_schema=flags.output_schema and json.loads(flags.output_schema),
        pool=flags.pool,
        max_duration_seconds=flags.max_duration,
    )


TEXT = ARGUMENTS
SCHEMAS = st.none() | JSON.filter(lambda value: isinstance(value, (dict, list)))
TESTNETS = [network.name for network in networks.registry() if network.testnet and network.usdc]


@st.composite
def sayable(draw):
    """Draw an offer that the flags of os402 can express."""
    owner = draw(ADDRESSES)
    stack = draw(st.none() | st.integers(1, U32_MAX))
    testnet = draw(st.booleans())
    pay = draw(st.just("USDC") | st.lists(st.sampled_from(TESTNETS), min_size=1).map(lambda names: {"USDC": names}))
    assets = networks.assets(pay, testnet=testnet or pay != "USDC")
    per_second = draw(st.floats(0, 1e6).filter(survives))
    private = draw(st.booleans())
    ports = st.lists(integers(U16_MAX), max_size=2).map(tuple)
    return Offer(
        exec=Exec(
            draw(
                st.dictionaries(
                    st.sampled_from(["x86_64", "aarch64"]),
                    st.builds(Executable, sha256=HASHES, url=st.just(URL), stack_kb=st.just(stack)),
                    min_size=1,
                )
            ),
            args=draw(st.none() | st.lists(TEXT, min_size=1, max_size=3).map(tuple)),
            args_extendable=draw(st.booleans()),
            env=draw(
                st.none() | st.dictionaries(TEXT.filter(lambda name: "=" not in name), TEXT, min_size=1, max_size=2)
            ),
            env_extendable=draw(st.booleans()),
            stdin=None if private else draw(st.none() | st.just(FRAME)),
            stdin_appendable=draw(st.booleans()),
            stdin_sha256=HASH if private else None,
            stdin_private=private,
        ),
        limits=Limits(
            *(draw(integers(U32_MAX)) for _ in range(2)),
            draw(st.integers(0, 2**53)),
            *(draw(integers(U64_MAX)) for _ in range(2)),
            draw(st.booleans()),
            draw(ports),
            draw(ports),
            draw(integers(U64_MAX)),
        ),
        price=tuple(Price(asset.token, asset.token_address, asset.network, per_second, owner) for asset in assets),
        min_duration_seconds=draw(integers(U32_MAX)),
        owner=owner,
        valid_until=draw(st.integers(NOW, U64_MAX)),
        name=draw(st.none() | TEXT),
        description=draw(st.none() | TEXT),
        input_schema=draw(SCHEMAS),
        output_schema=draw(SCHEMAS),
        pool=draw(st.none() | TEXT),
        max_duration_seconds=draw(st.none() | integers(U32_MAX)),
    )


class TestSameOffer:
    @pytest.mark.once
    @given(sayable())
    @settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
    def test_os402_would_make_the_same_offer(self, offer):
        assert os402(os402_command(offer, frame="frame", now=NOW), offer.owner) == offer

    def test_as_people_read_it(self):
        command = os402_command(GOLDEN, frame=Path("dist") / "a b.stdin", now=1_799_996_400)
        assert command.splitlines() == [
            "# `--valid-for` counts from now; the offer is valid until 1800000000 (unix seconds)",
            "# the executable for 'x86_64' has the sha256 9095bdb859308b62acf04036ffd4adfe366d7f737d276eb6c46ae434f3816c9b",
            """os402 --key @KEYFILE --pay '{"USDC":["base-sepolia"]}' offer \\""",
            "  --name python-hello \\",
            *command.splitlines()[4:7],  # description and schema, which have every kind of character
            "  --exe x86_64:EXECUTABLE \\",
            "  --args-extendable \\",
            "  --env COSMOPOLITAN_INIT_ZIPOS=/proc/self/exe \\",
            "  --env-extendable \\",
            f"  --stdin '@{Path('dist') / 'a b.stdin'}' \\",
            "  --stdin-appendable \\",
            "  --stdin-private \\",
            "  --cpu-units 1000 \\",
            "  --ram 256mb \\",
            "  --buffer 1mb \\",
            "  --cpu-time-secs 60 \\",
            "  --wall-time-secs 120 \\",
            "  --retain 60 \\",
            "  --testnet \\",
            "  --price-per-second 0.0001 \\",
            "  --min-duration 5 \\",
            "  --valid-for 3600s \\",
            "  -- python -c 'print(1)' --",
        ]


class TestExecutables:
    def of(self, executable):
        offer = replace(GOLDEN, exec=replace(GOLDEN.exec, executables={"x86_64": executable}))
        return os402_command(offer, frame="frame", now=NOW)

    def test_the_pinned_runtime_is_asked_for(self):
        sha256 = pins.ASSIMILATED_SHA256["x86_64"]
        assert '--exe x86_64:"$(hatch-os402 runtime path)"' in self.of(Executable(sha256))

    def test_a_url_with_its_hash(self):
        assert f"--exe '{'x86_64:' + URL}#{HASH}'" in self.of(Executable(HASH, url=URL))


class TestDifferences:
    @pytest.mark.parametrize(
        ("changes", "stated"),
        [
            ({"limits": replace(GOLDEN.limits, stack_kb=1)}, "stack_kb"),
            ({"exec": replace(GOLDEN.exec, args=())}, "empty `exec.args`"),
            ({"exec": replace(GOLDEN.exec, env={})}, "empty `exec.env`"),
            ({"exec": replace(GOLDEN.exec, env=None, env_private=True, env_sha256=HASH)}, HASH),
            (
                {
                    "exec": replace(
                        GOLDEN.exec,
                        executables={"a": Executable(HASH, url=URL), "b": Executable(HASH, url=URL, stack_kb=1)},
                    )
                },
                "`--stack`",
            ),
            ({"input_schema": True}, "input schema"),
            ({"output_schema": "x"}, "output schema"),
            ({"price": ()}, "ways to pay"),
            ({"price": GOLDEN.price[:1]}, "ways to pay"),
            ({"price": (GOLDEN.price[0], replace(GOLDEN.price[1], per_second=1))}, "ways to pay"),
            ({"price": (replace(GOLDEN.price[0], network="nowhere"),)}, "ways to pay"),
            ({"price": (replace(GOLDEN.price[0], payment_address=GOLDEN.owner, network="base"),)}, "ways to pay"),
        ],
    )
    def test_what_no_flag_says_is_said_first(self, changes, stated):
        usual = os402_command(GOLDEN, frame="frame", now=NOW).partition("\nos402 ")[0]
        reported = os402_command(replace(GOLDEN, **changes), frame="frame", now=NOW).partition("\nos402 ")[0]
        new = set(reported.splitlines()) - set(usual.splitlines())
        assert [line for line in new if stated in line]

    @pytest.mark.parametrize("schema", [True, False, 1, 0, 1.5, "text", ""])
    def test_a_schema_that_cannot_be_said_has_no_flag(self, schema):
        offer = replace(GOLDEN, input_schema=schema, output_schema=schema)
        assert not {"--input-schema", "--output-schema"} & set(words(os402_command(offer, frame="frame", now=NOW)))

    @pytest.mark.parametrize(
        ("private_env", "flags", "stated"),
        [
            ({}, ["--env", "NAME=VALUE"], "name it with `--env`"),
            (
                {**BASE_ENV, "TOKEN": "s3cret", "A-B": "s3cret", "_a1": "s3cret"},
                ["--env", "A-B=VALUE", "--env", "COSMOPOLITAN_INIT_ZIPOS=/proc/self/exe", "--env", "TOKEN=$TOKEN"],
                "'A-B', 'TOKEN', '_a1'",
            ),
        ],
    )
    def test_every_private_variable_is_named_and_none_is_shown(self, private_env, flags, stated):
        execution = replace(GOLDEN.exec, env=None, env_private=True, env_sha256=HASH)
        command = os402_command(replace(GOLDEN, exec=execution), frame="f", private_env=private_env, now=NOW)
        found = words(command)
        start = found.index("--env")
        assert found[start : start + len(flags)] == flags
        assert "--env-private" in found
        assert stated in command
        assert "random order" in command
        assert "s3cret" not in command

    def test_a_stack_that_counts_has_no_flag(self):
        command = os402_command(replace(GOLDEN, limits=replace(GOLDEN.limits, stack_kb=77)), frame="f", now=NOW)
        assert "`limits.stack_kb` (77) has no flag" in command
        assert "--stack" not in words(command)

    def test_an_offer_cannot_smuggle_a_command_into_a_comment(self):
        offer = replace(GOLDEN, exec=replace(GOLDEN.exec, executables={"x\nrm -rf /": Executable(HASH)}))
        assert words(os402_command(offer, frame="frame", now=NOW))[0] == "os402"

    def test_an_expired_offer(self):
        assert "--valid-for 0s" in os402_command(GOLDEN, frame="frame", now=2_000_000_000)
