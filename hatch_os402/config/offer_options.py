"""The options of [tool.hatch.build.targets.os402.offer].

They follow the flags of `os402 offer` in names, spellings and defaults. Three defaults differ, because here a Python
program is offered and not just any executable: `cgi` and `stdin-private` are true and `valid-for` is 90 days.
"""

from __future__ import annotations

import os
import re
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from hatch_os402.config import secrets
from hatch_os402.config.toml_fields import Fields
from hatch_os402.config.toml_values import duration, moment, size
from hatch_os402.files import read_file
from hatch_os402.home import path_of
from hatch_os402.offer import networks, prices
from hatch_os402.offer.canonical import parse_json
from hatch_os402.offer.fields import Field, Option, Structure, Unit, fields_of
from hatch_os402.offer.floats import U64_MAX
from hatch_os402.offer.kinds import ArrayOf, Flag, Integer, Kind, Text
from hatch_os402.offer.names import name_note
from hatch_os402.offer.payload import U32_MAX, Exec, Limits, Offer, argument_fault
from hatch_os402.offer.schemas import normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

PREFIX = "tool.hatch.build.targets.os402.offer"
DEFAULT_VALID_FOR = 90 * 86400

_LARGEST_SCHEMA = 1 << 24
"""Bytes."""
_ADDRESS = re.compile(r"0[xX][0-9a-fA-F]{40}")

FIELDS = {
    field.option.name: field for structure in (Offer, Exec, Limits) for field in fields_of(structure) if field.option
}
"""Fields of the offer that one option sets, by that option. How they are read follows from what they are."""

_PARSERS: dict[Unit, tuple[Callable[[Any], int], int]] = {
    Unit.SECONDS: (duration, 1),
    Unit.BYTES: (size, 1),
    Unit.KIBIBYTES: (size, 1024),
}


class OfferOptions:
    """The offer's table: an attribute for each option, with `_` for `-`.

    `config` is the table as parsed TOML, `root` the project's folder (schema files are relative to it), `prefix` the
    table's name in error messages. An attribute raises `OptionTypeError` or `OptionValueError` when it is first read;
    `validate` reads all of them. Those in `FIELDS` are read as the fields of the offer are declared; the others, from
    which several fields follow, are written out below.
    """

    def __init__(self, config: Mapping[str, Any], root: str | os.PathLike[str], prefix: str = PREFIX) -> None:
        self._fields = Fields(config, prefix)
        self._root = Path(root)
        self._values: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        field = FIELDS.get(name.replace("_", "-"))
        if field is None:
            raise AttributeError(name)
        if name not in self._values:
            self._values[name] = self._read(field)
        return self._values[name]

    def values(self, structure: type[Structure]) -> dict[str, Any]:
        """Return the fields of `structure` that options set, as keyword arguments for it."""
        options = {field.name: field.option for field in fields_of(structure) if field.option}
        return {name: getattr(self, option.name.replace("-", "_")) for name, option in options.items()}

    def validate(self, elsewhere: Mapping[str, Collection[str]] = MappingProxyType({})) -> None:
        """Raise for the first thing that is wrong: an unknown option, an option's value, a combination.

        `elsewhere` holds the options of other tables, by the table's name.
        """
        self._fields.refuse_unknown(KNOWN, elsewhere)
        for name in KNOWN:
            getattr(self, name.replace("-", "_"))
        _ = self.per_second, self.assets
        wrong_value = self._fields.wrong_value
        if self.max_duration is not None and self.max_duration < self.min_duration:
            durations = f"{self.max_duration} and {self.min_duration} seconds"
            raise wrong_value("max-duration", f"must not be less than `min-duration`: {durations}")
        if self.env_private and not self.env:
            raise wrong_value("env-private", "must not be true without `env`: there is nothing to hide")
        for name in ("env-extendable", "stdin-appendable"):
            if self._fields.config.get("cgi") and self._fields.config.get(name) is False:
                raise wrong_value(name, "must not be false together with `cgi = true`, which turns it on")

    def _read(self, field: Field) -> Any:
        """Return what the option of `field` says, else its default."""
        option = field.option
        assert option  # noqa: S101 - all of `FIELDS` have one
        value = self._stated(field.kind, option)
        if value is not None:
            if fault := option.fault(value):
                raise self._fields.wrong_value(option.name, fault)
            return value
        if option.default_from:
            return getattr(self, option.default_from)
        return field.default if option.default is None else option.default

    def _stated(self, kind: Kind, option: Option) -> Any:
        fields, name = self._fields, option.name
        if isinstance(kind, Flag):
            return fields.boolean(name)
        if isinstance(kind, Text):
            return fields.string(name) if option.may_be_empty else fields.text(name)
        if isinstance(kind, ArrayOf) and isinstance(kind.item, Integer):
            return fields.integers(name, low=option.low, high=kind.item.high)
        if not isinstance(kind, Integer):
            return self._schema(name)
        if option.unit is Unit.COUNT:
            return fields.integer(name, low=option.low, high=kind.high)
        parse, scale = _PARSERS[option.unit]
        return fields.parsed(name, parse, low=option.low, high=kind.high, unit=option.unit.value, scale=scale)

    @property
    def has_default_duration(self) -> bool:
        """Whether how long a call may take, and so its price by the second, is nobody's choice."""
        return not {"min-duration", "price"} & self._fields.config.keys()

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

    @property
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

    @property
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
    def valid_until(self) -> int | None:
        """When the offer ends, in unix seconds; None if only `valid_for` is known."""
        value = self._fields.parsed("valid-until", moment, low=0, high=U64_MAX, unit="unix seconds")
        if value is not None and "valid-for" in self._fields.config:
            raise self._fields.wrong_value("valid-until", "must not be used together with `valid-for`")
        return value

    @cached_property
    def valid_for(self) -> int:
        """How long the offer is valid, in seconds."""
        value = self._fields.parsed("valid-for", duration, low=1, high=U32_MAX, unit="seconds")
        return DEFAULT_VALID_FOR if value is None else value

    @cached_property
    def cgi(self) -> bool:
        """Whether callers send an environment and a body, unless `env_extendable` and `stdin_appendable` say no."""
        return self._fields.boolean("cgi") is not False

    @cached_property
    def args(self) -> tuple[str, ...]:
        """The program's arguments, each one that a process can be started with; none by default."""
        values = self._fields.strings("args")
        for number, value in enumerate(values, 1):
            if fault := argument_fault(value):
                raise self._fields.wrong_value("args", f"has an impossible item #{number}: it {fault}")
        return values

    @cached_property
    def env(self) -> dict[str, str]:
        """The program's environment: as written, with the values of `{env:NAME}`, and without what a build adds."""
        found = {}
        for key, value in self.written_env.items():
            try:
                found[key] = secrets.resolved(value, os.environ)
            except ValueError as error:
                raise self._fields.wrong_value(f"env.{key}", str(error)) from None
            if secrets.references(value) and not self.env_private:
                raise self._fields.wrong_value(
                    f"env.{key}",
                    "takes its value from the environment, and everybody could read it in the offer: set "
                    "`env-private = true`",
                )
            if fault := argument_fault(f"{key}={found[key]}"):
                raise self._fields.wrong_value(f"env.{key}", fault)
        return found

    @property
    def written_env(self) -> dict[str, str]:
        """The program's environment as pyproject.toml has it, `{env:NAME}` included."""
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
        return dict(table)

    def warnings(self) -> Iterator[str]:
        """Yield what the user should change: variables that look like secrets and are not kept like ones."""
        yield from secrets.warnings(self.written_env, os.environ, private=self.env_private)

    def hints(self, default_name: str | None = None) -> Iterator[str]:
        """Yield what os402 makes of these options, where one could expect something else.

        `default_name` is the offer's where the option `name` is not set.
        """
        if self.tcp_connect and not self.net:
            yield "`tcp-connect` is recorded in the offer, and os402 gives no program a network: no connection succeeds"
        if self.net:
            yield "`net = true` gives no network: os402 starts every program without one, and every connection fails"
        if not self.per_second:
            yield "a price of 0 lets only the owner of the server call the offer; os402 refuses everybody else (402)"
        if self.pool:
            owner = "only the owner of the server can call the offer; os402 refuses everybody else (402)"
            yield f"while the pool {self.pool!r} has room, {owner}"
        if note := name_note(default_name if self.name is None else self.name):
            yield note

    def _schema(self, name: str) -> Any:
        value = self._fields.config.get(name)
        if isinstance(value, str):
            text = value if value.lstrip().startswith(("{", "[")) else self._file(name, value)
            value = self._fields.checked(name, lambda: parse_json(text))
        elif value is not None and not isinstance(value, dict):
            raise self._fields.wrong_type(name, "must be a table, or a string with a file's path or JSON")
        return self._fields.checked(name, lambda: normalise(value))

    def _file(self, name: str, path: str) -> str:
        try:
            return read_file(path_of(path, self._root), _LARGEST_SCHEMA).decode()
        except (OSError, ValueError) as error:  # ValueError: not UTF-8, or a NUL in the path
            problem = f"must be JSON or the path of a file with JSON, relative to the project; `{path}` is not: {error}"
            raise self._fields.wrong_value(name, problem) from error


KNOWN = (
    *FIELDS,
    *(name.replace("_", "-") for name, value in vars(OfferOptions).items() if isinstance(value, cached_property)),
)
"""The name of every option."""
