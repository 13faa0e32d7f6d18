"""The options of [tool.hatch.build.targets.os402.offer].

They follow the flags of `os402 offer` in names, spellings and defaults. Three defaults differ, because here a Python
program is offered and not just any executable: `cgi` and `stdin-private` are true and `valid-for` is 90 days.
"""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatch_os402.config.toml_fields import Fields
from hatch_os402.config.toml_values import duration, moment, size
from hatch_os402.offer import networks, prices
from hatch_os402.offer.canonical import parse_json
from hatch_os402.offer.floats import U64_MAX
from hatch_os402.offer.payload import U16_MAX, U32_MAX, argument_fault
from hatch_os402.offer.schemas import normalise

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

PREFIX = "tool.hatch.build.targets.os402.offer"
DEFAULT_VALID_FOR = 90 * 86400

_ADDRESS = re.compile(r"0[xX][0-9a-fA-F]{40}")

KNOWN = (
    *("name", "description", "owner", "price", "price-per-second", "pay", "testnet", "min-duration", "max-duration"),
    *("valid-until", "valid-for", "cgi", "args", "args-extendable", "env", "env-private", "env-extendable"),
    *("stdin-private", "stdin-appendable", "cpu-units", "ram", "buffer", "stack", "cpu-time", "wall-time", "net"),
    *("tcp-bind", "tcp-connect", "retain", "pool", "input-schema", "output-schema"),
)


class OfferOptions:
    """The offer's table, one property an option.

    `config` is the table as parsed TOML, `root` the project's folder (schema files are relative to it), `prefix` the
    table's name in error messages. A property raises `OptionTypeError` or `OptionValueError` when it is first read;
    `validate` reads all of them.
    """

    def __init__(self, config: Mapping[str, Any], root: str | os.PathLike[str], prefix: str = PREFIX) -> None:
        self._fields = Fields(config, prefix)
        self._root = Path(root)

    def validate(self) -> None:
        """Raise for the first thing that is wrong: an unknown option, an option's value, a combination."""
        self._fields.refuse_unknown(KNOWN)
        for name in KNOWN:
            getattr(self, name.replace("-", "_"))
        _ = self.per_second, self.assets

    @cached_property
    def name(self) -> str | None:
        """The name by which the offer can be called."""
        value = self._fields.text("name")
        if value and "/" in value:
            raise self._fields.wrong_value("name", "must not contain `/`: it becomes a part of the offer's address")
        return value

    @cached_property
    def description(self) -> str | None:
        """What the offer does, in words."""
        return self._fields.string("description")

    @cached_property
    def owner(self) -> str | None:
        """The Ethereum address that owns the offer and is paid, in lower case.

        The checksum of a mixed-case address (EIP-55) is not checked: that needs Keccak, which a build does not have.
        """
        value = self._fields.string("owner")
        if value is not None and not _ADDRESS.fullmatch(value):
            raise self._fields.wrong_value(
                "owner", f"must be an Ethereum address (0x and 40 hex digits), not `{value}`"
            )
        return value and value.lower()

    @cached_property
    def price(self) -> float | None:
        """The flat price of a call of `min-duration` seconds, in USD."""
        return self._fields.number("price")

    @cached_property
    def price_per_second(self) -> float | None:
        """The price of a second in USD, as written; see `per_second`."""
        value = self._fields.number("price-per-second")
        if value is not None and self.price is not None:
            raise self._fields.wrong_value("price-per-second", "must not be used together with `price`")
        return value

    @cached_property
    def per_second(self) -> float:
        """The price of a second in USD, from whichever option gives it, and safe in an offer."""
        price, per_second, fields = self.price, self.price_per_second, self._fields
        if price is not None:
            return float(fields.checked("price", lambda: prices.from_flat(price, self.min_duration)))
        if per_second is not None:
            return float(fields.checked("price-per-second", lambda: prices.from_per_second(per_second)))
        return prices.DEFAULT_PER_SECOND

    @cached_property
    def pay(self) -> Any:
        """What one can pay with, as written (see `networks.assets` for the forms)."""
        value = self._fields.config.get("pay", networks.DEFAULT_PAY)
        if not isinstance(value, (str, dict)):
            raise self._fields.wrong_type("pay", "must be a string or a table")
        return value

    @cached_property
    def assets(self) -> tuple[networks.Asset, ...]:
        """Every asset that one can pay with, in os402's order."""
        try:
            assets = self._fields.checked("pay", lambda: networks.assets(self.pay, testnet=self.testnet))
        except TypeError as error:
            raise self._fields.wrong_type("pay", str(error)) from error
        return tuple(assets)

    @cached_property
    def testnet(self) -> bool:
        """Whether one pays on test networks; else on main networks."""
        return bool(self._fields.boolean("testnet"))

    @cached_property
    def min_duration(self) -> int:
        """The shortest time one pays for, in seconds; also the server's limit on a call's time."""
        return self._duration("min-duration", 60, low=1, high=U32_MAX)

    @cached_property
    def max_duration(self) -> int | None:
        """The longest time one can pay for, in seconds."""
        value = self._fields.parsed("max-duration", duration, low=1, high=U32_MAX, unit="seconds")
        if value is not None and value < self.min_duration:
            raise self._fields.wrong_value(
                "max-duration", f"must not be less than `min-duration`: {value} and {self.min_duration} seconds"
            )
        return value

    @cached_property
    def valid_until(self) -> int | None:
        """When the offer ends, in unix seconds; None if only `valid_for` is known."""
        value = self._fields.parsed("valid-until", moment, low=0, high=U64_MAX, unit="unix seconds")
        if value is not None and "valid-for" in self._fields.config:
            raise self._fields.wrong_value("valid-until", "must not be used together with `valid-for`")
        return value

    @cached_property
    def valid_for(self) -> int:
        """How long the offer is valid, in seconds."""
        return self._duration("valid-for", DEFAULT_VALID_FOR, low=1, high=U32_MAX)

    @cached_property
    def cgi(self) -> bool:
        """Whether callers send an environment and a body, unless `env_extendable` and `stdin_appendable` say no."""
        return self._boolean("cgi", default=True)

    @cached_property
    def args(self) -> tuple[str, ...]:
        """The program's arguments."""
        values = self._fields.strings("args")
        for number, value in enumerate(values, 1):
            if fault := argument_fault(value):
                raise self._fields.wrong_value("args", f"has an impossible item #{number}: it {fault}")
        return values

    @cached_property
    def args_extendable(self) -> bool:
        """Whether callers may add arguments."""
        return self._boolean("args-extendable", default=False)

    @cached_property
    def env(self) -> dict[str, str]:
        """The program's environment, as written: without what a build adds."""
        table = self._fields.config.get("env", {})
        if not isinstance(table, dict):
            raise self._fields.wrong_type("env", "must be a table")
        for key, value in table.items():
            if not isinstance(value, str):
                raise self._fields.wrong_type(f"env.{key}", "must be a string")
            if not key or "=" in key:
                raise self._fields.wrong_value(
                    "env", f"has an impossible name {key!r}: it must not be empty or have `=`"
                )
            if fault := argument_fault(f"{key}={value}"):
                raise self._fields.wrong_value(f"env.{key}", fault)
        return dict(table)

    @cached_property
    def env_private(self) -> bool:
        """Whether the offer holds only the hash of the environment."""
        value = self._boolean("env-private", default=False)
        if value and not self.env:
            raise self._fields.wrong_value("env-private", "must not be true without `env`: there is nothing to hide")
        return value

    @cached_property
    def env_extendable(self) -> bool:
        """Whether callers may add to the environment."""
        return self._open_to_callers("env-extendable")

    @cached_property
    def stdin_private(self) -> bool:
        """Whether the offer holds only the hash of the program, which is then uploaded beside it."""
        return self._boolean("stdin-private", default=True)

    @cached_property
    def stdin_appendable(self) -> bool:
        """Whether callers may send a body."""
        return self._open_to_callers("stdin-appendable")

    @cached_property
    def cpu_units(self) -> int:
        """The CPU capacity to reserve, in the server's units."""
        return self._or(self._fields.integer("cpu-units", low=0, high=U32_MAX), 1)

    @cached_property
    def ram(self) -> int:
        """The memory limit in KiB."""
        return self._or(self._fields.parsed("ram", size, low=1, high=U32_MAX, unit="KiB", scale=1024), 512 * 1024)

    @cached_property
    def buffer(self) -> int:
        """The most that a call may write to either output stream, in bytes."""
        return self._or(self._fields.parsed("buffer", size, low=1, high=U64_MAX, unit="bytes"), 1024 * 1024)

    @cached_property
    def stack(self) -> int | None:
        """The stack limit in KiB."""
        return self._fields.parsed("stack", size, low=1, high=U32_MAX, unit="KiB", scale=1024)

    @cached_property
    def cpu_time(self) -> int:
        """The CPU time limit in seconds."""
        return self._duration("cpu-time", 60, low=1, high=U64_MAX)

    @cached_property
    def wall_time(self) -> int:
        """The wall-clock time limit in seconds."""
        return self._duration("wall-time", 120, low=1, high=U64_MAX)

    @cached_property
    def net(self) -> bool:
        """Whether the program asks for the network."""
        return self._boolean("net", default=False)

    @cached_property
    def tcp_bind(self) -> tuple[int, ...]:
        """TCP ports that the program may listen on."""
        return self._fields.integers("tcp-bind", low=0, high=U16_MAX)

    @cached_property
    def tcp_connect(self) -> tuple[int, ...]:
        """TCP ports that the program may connect to."""
        return self._fields.integers("tcp-connect", low=0, high=U16_MAX)

    @cached_property
    def retain(self) -> int:
        """How long the server keeps a result, in seconds; RAM and CPU stay reserved as long."""
        return self._duration("retain", 3600, low=0, high=U64_MAX)

    @cached_property
    def pool(self) -> str | None:
        """The server's resource pool to run in."""
        return self._fields.text("pool")

    @cached_property
    def input_schema(self) -> Any:
        """The JSON schema of the input as the server will read it, or None."""
        return self._schema("input-schema")

    @cached_property
    def output_schema(self) -> Any:
        """The JSON schema of the output as the server will read it, or None."""
        return self._schema("output-schema")

    @staticmethod
    def _or(value: int | None, default: int) -> int:
        return default if value is None else value

    def _boolean(self, name: str, *, default: bool) -> bool:
        value = self._fields.boolean(name)
        return default if value is None else value

    def _duration(self, name: str, default: int, *, low: int, high: int) -> int:
        return self._or(self._fields.parsed(name, duration, low=low, high=high, unit="seconds"), default)

    def _open_to_callers(self, name: str) -> bool:
        """Read a boolean that defaults to `cgi` and must not contradict `cgi = true` where that is written."""
        value = self._boolean(name, default=self.cgi)
        if not value and self._fields.config.get("cgi"):
            raise self._fields.wrong_value(name, "must not be false together with `cgi = true`, which turns it on")
        return value

    def _schema(self, name: str) -> Any:
        value = self._fields.config.get(name)
        if isinstance(value, str):
            text = value if value.lstrip().startswith(("{", "[")) else self._read(name, value)
            value = self._fields.checked(name, lambda: parse_json(text))
        elif value is not None and not isinstance(value, dict):
            raise self._fields.wrong_type(name, "must be a table, or a string with a file's path or JSON")
        return self._fields.checked(name, lambda: normalise(value))

    def _read(self, name: str, path: str) -> str:
        try:
            return (self._root / path.strip()).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:  # ValueError: not UTF-8, or a NUL in the path
            problem = f"must be JSON or the path of a file with JSON, relative to the project; `{path}` is not: {error}"
            raise self._fields.wrong_value(name, problem) from error
