"""The payload of an offer, field by field: the one table of what an offer has.

Field order is the server's declaration order, in which `os402 offer` prints; the hash does not depend on it. `fields`
has the rest of what the server's types mean; options, the reading of an offer and the command line follow from here.
"""

# Without `from __future__ import annotations`: the annotations are the table.

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Annotated, Any

from hatch_os402.errors import OfferError
from hatch_os402.offer.canonical import canonical, pretty
from hatch_os402.offer.fields import ALWAYS_WRITTEN, NestedObject, Option, Structure, Unit
from hatch_os402.offer.floats import U64_MAX
from hatch_os402.offer.kinds import AnyJson, ArrayOf, Base64, ByName, Flag, Integer, Number, Text
from hatch_os402.offer.names import name_fault
from hatch_os402.offer.prices import from_per_second
from hatch_os402.offer.schemas import normalise

U16_MAX, U32_MAX = 2**16 - 1, 2**32 - 1
MAX_BUFFER = 4 * 1024**3
"""Bytes that a server can be expected to allocate for a call; 64 GB abort it."""
MAX_ARGUMENT = 128 * 1024 - 1  # Linux MAX_ARG_STRLEN without the final NUL: no longer argument can be executed

TEXT, FLAG, JSON = Text(), Flag(), AnyJson()
U32, U64, PORTS = Integer(U32_MAX), Integer(U64_MAX), ArrayOf(Integer(U16_MAX))
SHA256, ADDRESS = Text("[0-9a-f]{64}"), Text("0x[0-9a-f]{40}")
SECONDS, BYTES, KIBIBYTES = Unit.SECONDS, Unit.BYTES, Unit.KIBIBYTES


def argument_fault(text: str) -> str | None:
    """Say what keeps `text` from being an argument or a `NAME=value` of the environment, or None if nothing does."""
    if "\0" in text:
        return "must not contain NUL"
    if len(text.encode(errors="surrogatepass")) > MAX_ARGUMENT:
        return f"must not be longer than {MAX_ARGUMENT} bytes in UTF-8, the limit of the kernel"
    return None


def buffer_fault(size: int) -> str | None:
    """Say why a buffer of `size` bytes should not be asked for, or None."""
    if size <= MAX_BUFFER:
        return None
    return f"must not be more than {MAX_BUFFER} bytes: os402 allocates it whole for every call, and aborts if it cannot"


@dataclass(frozen=True)
class Executable(Structure):
    """What runs on one architecture: where the server can fetch it, its SHA-256 (hex), a stack in KiB.

    No server looks at this stack, which `os402 offer --stack` sets; see `Limits`.
    """

    url: Annotated[str | None, TEXT] = dataclass_field(default=None, kw_only=True)
    sha256: Annotated[str, SHA256]
    stack_kb: Annotated[int | None, U32] = dataclass_field(default=None, kw_only=True)


@dataclass(frozen=True)
class Exec(Structure):
    """The command: executables by architecture, arguments, environment and standard input.

    `args` and `env` that are None are left out, empty ones are written. `stdin` holds the raw bytes.
    """

    executables: Annotated[Mapping[str, Executable], ByName(NestedObject(Executable), flattened=True)]
    args: Annotated[tuple[str, ...] | None, ArrayOf(TEXT)] = None
    args_extendable: Annotated[bool, FLAG, Option("args-extendable")] = False
    env: Annotated[Mapping[str, str] | None, ByName(TEXT)] = None
    env_extendable: Annotated[bool, FLAG, Option("env-extendable", default_from="cgi")] = False
    env_sha256: Annotated[str | None, SHA256] = None
    env_private: Annotated[bool, FLAG, Option("env-private")] = False
    stdin: Annotated[bytes | None, Base64()] = None
    stdin_appendable: Annotated[bool, FLAG, Option("stdin-appendable", default_from="cgi")] = False
    stdin_sha256: Annotated[str | None, SHA256] = None
    stdin_private: Annotated[bool, FLAG, Option("stdin-private", default=True)] = False

    @property
    def program_sha256(self) -> str | None:
        """SHA256 of the program's standard input without the request's body, which may be private; None without any."""
        return self.stdin_sha256 if not self.stdin else hashlib.sha256(self.stdin).hexdigest()

    def __post_init__(self) -> None:
        """See `Structure`."""
        super().__post_init__()
        if not self.executables:
            raise OfferError("an offer needs at least one executable")
        if clash := self.executables.keys() & Exec.__dataclass_fields__.keys():
            raise OfferError(f"`{min(clash)}` cannot be an architecture: offers use this name for something else")
        for argument in self.args or ():
            if fault := argument_fault(argument):
                raise OfferError(f"an argument of the offer ({argument[:40]!r}) {fault}")


@dataclass(frozen=True)
class Limits(Structure):
    """What a call may use: RAM and stack in KiB, buffer in bytes, times and `retain` in seconds, TCP ports.

    The server sets RLIMIT_STACK to `stack_kb`, or to 1 MiB.
    """

    cpu_units: Annotated[int, U32, Option("cpu-units", default=1)]
    ram_kb: Annotated[int, U32, Option("ram", default=512 * 1024, unit=KIBIBYTES, low=1)]
    buffer_capacity: Annotated[int, U64, Option("buffer", default=1024 * 1024, unit=BYTES, low=1, fault=buffer_fault)]
    cpu_time_secs: Annotated[int, U64, Option("cpu-time", default=60, unit=SECONDS, low=1, flag="cpu-time-secs")]
    wall_time_secs: Annotated[int, U64, Option("wall-time", default=120, unit=SECONDS, low=1, flag="wall-time-secs")]
    net: Annotated[bool, FLAG, Option("net")] = False
    tcp_bind: Annotated[tuple[int, ...], PORTS, Option("tcp-bind")] = ()
    tcp_connect: Annotated[tuple[int, ...], PORTS, Option("tcp-connect")] = ()
    retain: Annotated[int, U64, Option("retain", default=3600, unit=SECONDS), ALWAYS_WRITTEN] = 0
    stack_kb: Annotated[int | None, U32, Option("stack", unit=KIBIBYTES, low=1)] = None


@dataclass(frozen=True)
class Price(Structure):
    """One way to pay: an asset, USD per second and the address that receives it."""

    token: Annotated[str, TEXT]
    token_address: Annotated[str, TEXT]
    network: Annotated[str, TEXT]
    per_second: Annotated[float, Number()]
    payment_address: Annotated[str, ADDRESS]

    def __post_init__(self) -> None:
        """See `Structure`."""
        super().__post_init__()
        object.__setattr__(self, "per_second", float(self.per_second))  # the server's field is an f64: 1 means 1.0
        if not (math.isfinite(self.per_second) and self.per_second >= 0):
            raise OfferError(f"a price per second of {self.per_second} is impossible: it must be 0 or more")
        from_per_second(self.per_second)


@dataclass(frozen=True, kw_only=True)
class Offer(Structure):
    """A whole payload. `valid_until` is in unix seconds, durations in seconds; schemas are parsed JSON or None."""

    name: Annotated[str | None, TEXT, Option("name", fault=name_fault)] = None
    description: Annotated[str | None, TEXT, Option("description", may_be_empty=True)] = None
    input_schema: Annotated[Any, JSON, Option("input-schema")] = None
    output_schema: Annotated[Any, JSON, Option("output-schema")] = None
    pool: Annotated[str | None, TEXT, Option("pool")] = None
    exec: Annotated[Exec, NestedObject(Exec)]
    limits: Annotated[Limits, NestedObject(Limits)]
    price: Annotated[tuple[Price, ...], ArrayOf(NestedObject(Price))]
    min_duration_seconds: Annotated[int, U32, Option("min-duration", default=60, unit=SECONDS, low=1)]
    max_duration_seconds: Annotated[int | None, U32, Option("max-duration", unit=SECONDS, low=1)] = None
    owner: Annotated[str, ADDRESS]
    valid_until: Annotated[int, U64]

    def __post_init__(self) -> None:
        """See `Structure`."""
        super().__post_init__()
        object.__setattr__(self, "input_schema", normalise(self.input_schema))
        object.__setattr__(self, "output_schema", normalise(self.output_schema))


def sha256(offer: Offer) -> str:
    """Return the lowercase hex SHA-256 of the offer's canonical form: its name on every server."""
    return hashlib.sha256(canonical(offer.to_json())).hexdigest()


def envelope(offer: Offer) -> dict[str, Any]:
    """Return what an unsigned offer file holds: `sha256`, then `payload`."""
    return {"sha256": sha256(offer), "payload": offer.to_json()}


def envelope_text(offer: Offer) -> str:
    """Return the text of an unsigned offer file, laid out as `os402 offer` prints it, with a final newline."""
    return pretty(envelope(offer)) + "\n"
