"""The payload of an offer, field by field, with the server's own ranges.

Field order is the server's declaration order, in which `os402 offer` prints; the hash does not depend on it. Omission
rules are the server's as well: what it would not write is not written.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hatch_os402.errors import OfferError
from hatch_os402.offer.canonical import canonical, pretty
from hatch_os402.offer.floats import U64_MAX
from hatch_os402.offer.prices import from_per_second
from hatch_os402.offer.schemas import normalise

if TYPE_CHECKING:
    from collections.abc import Mapping

U16_MAX, U32_MAX = 2**16 - 1, 2**32 - 1
MAX_ARGUMENT = 128 * 1024 - 1  # Linux MAX_ARG_STRLEN without the final NUL: no longer argument can be executed

_SHA256 = re.compile(r"[0-9a-f]{64}")
_ADDRESS = re.compile(r"0x[0-9a-f]{40}")


UPLOAD_LIMIT = 200_000_000
"""Bytes that a server takes in one upload unless its owner says otherwise (`os402 serve --upload-limit`)."""


def argument_fault(text: str) -> str | None:
    """Say what keeps `text` from being an argument or a `NAME=value` of the environment, or None if nothing does."""
    if "\0" in text:
        return "must not contain NUL"
    if len(text.encode(errors="surrogatepass")) > MAX_ARGUMENT:
        return f"must not be longer than {MAX_ARGUMENT} bytes in UTF-8, the limit of the kernel"
    return None


@dataclass(frozen=True)
class Executable:
    """What runs on one architecture: its SHA-256 (hex), where the server can fetch it, its stack in KiB."""

    sha256: str
    url: str | None = None
    stack_kb: int | None = None

    def __post_init__(self) -> None:
        _check_pattern("sha256 of an executable", self.sha256, _SHA256)
        _check_integers(stack_kb=(self.stack_kb, U32_MAX))

    def to_json(self) -> dict[str, Any]:
        """Return the object that the payload holds for this architecture."""
        return _without_none(url=self.url, sha256=self.sha256, stack_kb=self.stack_kb)


@dataclass(frozen=True)
class Exec:
    """The command: executables by architecture, arguments, environment and standard input.

    `args` and `env` that are None are left out, empty ones are written. `stdin` holds the raw bytes.
    """

    executables: Mapping[str, Executable]
    args: tuple[str, ...] | None = None
    args_extendable: bool = False
    env: Mapping[str, str] | None = None
    env_extendable: bool = False
    env_sha256: str | None = None
    env_private: bool = False
    stdin: bytes | None = None
    stdin_appendable: bool = False
    stdin_sha256: str | None = None
    stdin_private: bool = False

    def __post_init__(self) -> None:
        if not self.executables:
            raise OfferError("An offer needs at least one executable.")
        if clash := self.executables.keys() & Exec.__dataclass_fields__.keys():
            raise OfferError(f"`{min(clash)}` cannot be an architecture: offers use this name for something else.")
        for argument in self.args or ():
            if fault := argument_fault(argument):
                raise OfferError(f"An argument of the offer ({argument[:40]!r}) {fault}.")
        for name, value in (("env_sha256", self.env_sha256), ("stdin_sha256", self.stdin_sha256)):
            _check_pattern(name, value, _SHA256)

    def to_json(self) -> dict[str, Any]:
        """Return the payload's `exec`."""
        return {
            **{arch: executable.to_json() for arch, executable in sorted(self.executables.items())},
            **_without_none(args=None if self.args is None else list(self.args)),
            **_true_only(args_extendable=self.args_extendable),
            **_without_none(env=None if self.env is None else dict(sorted(self.env.items()))),
            **_true_only(env_extendable=self.env_extendable),
            **_without_none(env_sha256=self.env_sha256),
            **_true_only(env_private=self.env_private),
            **_without_none(stdin=None if self.stdin is None else base64.b64encode(self.stdin).decode()),
            **_true_only(stdin_appendable=self.stdin_appendable),
            **_without_none(stdin_sha256=self.stdin_sha256),
            **_true_only(stdin_private=self.stdin_private),
        }


@dataclass(frozen=True)
class Limits:
    """What a call may use: RAM and stack in KiB, buffer in bytes, times and `retain` in seconds, TCP ports."""

    cpu_units: int
    ram_kb: int
    buffer_capacity: int
    cpu_time_secs: int
    wall_time_secs: int
    net: bool = False
    tcp_bind: tuple[int, ...] = ()
    tcp_connect: tuple[int, ...] = ()
    retain: int = 0
    stack_kb: int | None = None

    def __post_init__(self) -> None:
        _check_integers(
            cpu_units=(self.cpu_units, U32_MAX),
            ram_kb=(self.ram_kb, U32_MAX),
            buffer_capacity=(self.buffer_capacity, U64_MAX),
            cpu_time_secs=(self.cpu_time_secs, U64_MAX),
            wall_time_secs=(self.wall_time_secs, U64_MAX),
            retain=(self.retain, U64_MAX),
            stack_kb=(self.stack_kb, U32_MAX),
        )
        for port in (*self.tcp_bind, *self.tcp_connect):
            _check_integers(port=(port, U16_MAX))

    def to_json(self) -> dict[str, Any]:
        """Return the payload's `limits`."""
        return {
            "cpu_units": self.cpu_units,
            "ram_kb": self.ram_kb,
            "buffer_capacity": self.buffer_capacity,
            "cpu_time_secs": self.cpu_time_secs,
            "wall_time_secs": self.wall_time_secs,
            **_true_only(net=self.net),
            **_without_none(tcp_bind=list(self.tcp_bind) or None, tcp_connect=list(self.tcp_connect) or None),
            "retain": self.retain,
            **_without_none(stack_kb=self.stack_kb),
        }


@dataclass(frozen=True)
class Price:
    """One way to pay: an asset, USD per second and the address that receives it."""

    token: str
    token_address: str
    network: str
    per_second: float
    payment_address: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "per_second", float(self.per_second))  # the server's field is an f64: 1 means 1.0
        if not (math.isfinite(self.per_second) and self.per_second >= 0):
            raise OfferError(f"A price per second of {self.per_second} is impossible: it must be 0 or more.")
        from_per_second(self.per_second)
        _check_pattern("payment_address", self.payment_address, _ADDRESS)

    def to_json(self) -> dict[str, Any]:
        """Return one entry of the payload's `price`."""
        return {
            "token": self.token,
            "token_address": self.token_address,
            "network": self.network,
            "per_second": self.per_second,
            "payment_address": self.payment_address,
        }


@dataclass(frozen=True)
class Offer:
    """A whole payload. `valid_until` is in unix seconds, durations in seconds; schemas are parsed JSON or None."""

    exec: Exec
    limits: Limits
    price: tuple[Price, ...]
    min_duration_seconds: int
    owner: str
    valid_until: int
    name: str | None = None
    description: str | None = None
    input_schema: Any = None
    output_schema: Any = None
    pool: str | None = None
    max_duration_seconds: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "input_schema", normalise(self.input_schema))
        object.__setattr__(self, "output_schema", normalise(self.output_schema))
        _check_integers(
            min_duration_seconds=(self.min_duration_seconds, U32_MAX),
            max_duration_seconds=(self.max_duration_seconds, U32_MAX),
            valid_until=(self.valid_until, U64_MAX),
        )
        _check_pattern("owner", self.owner, _ADDRESS)

    def to_json(self) -> dict[str, Any]:
        """Return the payload in declaration order."""
        return {
            **_without_none(
                name=self.name,
                description=self.description,
                input_schema=self.input_schema,
                output_schema=self.output_schema,
                pool=self.pool,
            ),
            "exec": self.exec.to_json(),
            "limits": self.limits.to_json(),
            "price": [price.to_json() for price in self.price],
            "min_duration_seconds": self.min_duration_seconds,
            **_without_none(max_duration_seconds=self.max_duration_seconds),
            "owner": self.owner,
            "valid_until": self.valid_until,
        }


def sha256(offer: Offer) -> str:
    """Return the lowercase hex SHA-256 of the offer's canonical form: its name on every server."""
    return hashlib.sha256(canonical(offer.to_json())).hexdigest()


def envelope(offer: Offer) -> dict[str, Any]:
    """Return what an unsigned offer file holds: `sha256`, then `payload`."""
    return {"sha256": sha256(offer), "payload": offer.to_json()}


def envelope_text(offer: Offer) -> str:
    """Return the text of an unsigned offer file, laid out as `os402 offer` prints it, with a final newline."""
    return pretty(envelope(offer)) + "\n"


def _without_none(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _true_only(**fields: bool) -> dict[str, Any]:
    return {name: True for name, value in fields.items() if value}


def _check_integers(**fields: tuple[int | None, int]) -> None:
    for name, (value, high) in fields.items():
        if value is not None and (type(value) is not int or not 0 <= value <= high):
            raise OfferError(f"`{name}` of the offer is {value!r} and must be a whole number from 0 to {high}.")


def _check_pattern(name: str, value: str | None, pattern: re.Pattern[str]) -> None:
    if value is not None and not pattern.fullmatch(value):
        raise OfferError(f"`{name}` of the offer is {value!r} and must match {pattern.pattern}.")
