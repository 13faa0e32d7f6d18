"""Offers and keys for tests: the golden offer, and any offer that the model allows."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import strategies as st

from hatch_os402.offer.floats import I64_MIN, U64_MAX, survives
from hatch_os402.offer.payload import U16_MAX, U32_MAX, Exec, Executable, Limits, Offer, Price

GOLDEN = json.loads((Path(__file__).parents[1] / "data" / "golden-offer.json").read_text(encoding="utf-8"))
GOLDEN_ENVELOPE = {name: GOLDEN[name] for name in ("k256", "sha256", "payload")}
GOLDEN_TEXT = json.dumps(GOLDEN_ENVELOPE)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Of secp256k1 (SEC 2, 2.4.1)."""

# Fields of `exec` that are no architecture, from the protocol and not from the code under test.
EXEC_FIELDS = (
    *("args", "args_extendable", "env", "env_extendable", "env_private", "env_sha256"),
    *("executables", "stdin", "stdin_appendable", "stdin_private", "stdin_sha256"),
)


def integers(high):
    return st.integers(0, high) | st.sampled_from([0, 1, high])


def floats(**options):
    return st.floats(allow_nan=False, allow_infinity=False, **options).filter(survives)


HASHES = st.binary(min_size=32, max_size=32).map(bytes.hex)
ADDRESSES = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
ARGUMENTS = st.text().filter(lambda text: "\0" not in text)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(I64_MIN, U64_MAX) | floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
EXECUTABLES = st.builds(Executable, sha256=HASHES, url=st.none() | st.text(), stack_kb=st.none() | integers(U32_MAX))
COMMANDS = st.builds(
    Exec,
    st.dictionaries(
        st.sampled_from(["x86_64", "aarch64"]) | st.text().filter(lambda name: name not in EXEC_FIELDS),
        EXECUTABLES,
        min_size=1,
        max_size=3,
    ),
    args=st.none() | st.lists(ARGUMENTS, max_size=4).map(tuple),
    args_extendable=st.booleans(),
    env=st.none() | st.dictionaries(st.text(), st.text(), max_size=3),
    env_extendable=st.booleans(),
    env_sha256=st.none() | HASHES,
    env_private=st.booleans(),
    stdin=st.none() | st.binary(),
    stdin_appendable=st.booleans(),
    stdin_sha256=st.none() | HASHES,
    stdin_private=st.booleans(),
)
PORTS = st.lists(integers(U16_MAX), max_size=3).map(tuple)
LIMITS = st.builds(
    Limits,
    cpu_units=integers(U32_MAX),
    ram_kb=integers(U32_MAX),
    buffer_capacity=integers(U64_MAX),
    cpu_time_secs=integers(U64_MAX),
    wall_time_secs=integers(U64_MAX),
    net=st.booleans(),
    tcp_bind=PORTS,
    tcp_connect=PORTS,
    retain=integers(U64_MAX),
    stack_kb=st.none() | integers(U32_MAX),
)
PRICES = st.builds(
    Price,
    token=st.text(),
    token_address=st.text(),
    network=st.text(),
    per_second=floats(min_value=0),
    payment_address=ADDRESSES,
)
OFFERS = st.builds(
    Offer,
    exec=COMMANDS,
    limits=LIMITS,
    price=st.lists(PRICES, max_size=3).map(tuple),
    min_duration_seconds=integers(U32_MAX),
    owner=ADDRESSES,
    valid_until=integers(U64_MAX),
    name=st.none() | st.text(),
    description=st.none() | st.text(),
    input_schema=JSON,
    output_schema=JSON,
    pool=st.none() | st.text(),
    max_duration_seconds=st.none() | integers(U32_MAX),
)


def changed(path, value, payload=None):
    """Return the golden payload (or `payload`) with `value` at a dotted path; `...` removes what is there."""
    copy = json.loads(json.dumps(payload or GOLDEN["payload"]))
    *way, last = path.split(".")
    here = copy
    for name in way:
        here = here[int(name) if isinstance(here, list) else name]
    if value is ...:
        del here[last]
    else:
        here[int(last) if isinstance(here, list) else last] = value
    return copy


def envelope_of(payload, **others):
    return json.dumps({**others, "payload": payload})
