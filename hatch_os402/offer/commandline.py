"""The `os402 offer` command line that makes the same offer, with the flags of os402 0.1.0 (`cli/offer.rs`)."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hatch_os402.errors import OfferError
from hatch_os402.offer import networks
from hatch_os402.offer.build import BASE_ENV
from hatch_os402.offer.canonical import canonical
from hatch_os402.offer.fields import Structure, Unit, fields_of
from hatch_os402.offer.floats import format_float
from hatch_os402.offer.kinds import AnyJson, Flag
from hatch_os402.runtime import pins

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping

    from hatch_os402.offer.fields import Field, Option
    from hatch_os402.offer.payload import Offer

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FACTORS = {Unit.BYTES: 1, Unit.KIBIBYTES: 1024}
_UNITS = (("gb", 1024**3), ("mb", 1024**2), ("kb", 1024))


def os402_command(
    offer: Offer,
    *,
    frame: str | os.PathLike[str],
    executables: Mapping[str, str | os.PathLike[str]] | None = None,
    private_env: Mapping[str, str] | None = None,
    now: float,
) -> str:
    """Return the command line, for a POSIX shell, a flag a line.

    `frame` is the path of what goes to stdin, `executables` are the paths of local executables by architecture, and
    `private_env` is the private environment, of which only the names are shown: the shell is to have the values. `now`
    (unix seconds) is when it will be run: os402 knows only for how long an offer is valid. What the command line cannot
    say comes first, as comments. The key and its owner are those of `--key`.
    """
    where = _Surroundings(offer, frame, executables or {}, private_env or {}, now)
    lines = [
        ["os402", "--key", "@KEYFILE", *_pay(offer), "offer"],
        *_flags(offer, where),
        *([["--", *map(shlex.quote, offer.exec.args)]] if offer.exec.args else []),
    ]
    comments = "".join(f"# {difference}\n" for difference in _differences(offer, private_env or {}))
    return comments + " \\\n  ".join(" ".join(line) for line in lines)


@dataclass(frozen=True)
class _Surroundings:
    """What the flags need beside the field: see `os402_command`."""

    offer: Offer
    frame: str | os.PathLike[str]
    executables: Mapping[str, str | os.PathLike[str]]
    private_env: Mapping[str, str]
    now: float


def _flags(structure: Structure, where: _Surroundings) -> Iterator[list[str]]:
    """Yield the flags of every field of `structure` in its order, a list for each line."""
    for field in fields_of(type(structure)):
        value = getattr(structure, field.name)
        if isinstance(value, Structure):
            yield from _flags(value, where)
        elif special := _SPECIAL.get(field.name):
            yield from special(where)
        elif field.option and value is not None:
            yield from _plain(field, field.option, value)


def _plain(field: Field, option: Option, value: Any) -> Iterator[list[str]]:
    """Yield the flags of a field that says the same by itself in pyproject.toml and on the command line."""
    name = option.flag or option.name
    if isinstance(field.kind, AnyJson):
        if isinstance(value, (dict, list)):  # os402 takes any other text for a file
            yield _flag(name, canonical(value).decode())
    elif isinstance(field.kind, Flag):
        if value:
            yield [f"--{name}"]
    elif isinstance(value, tuple):
        for item in value:
            yield _flag(name, item)
    elif option.unit in _FACTORS:
        yield _flag(name, _size(value * _FACTORS[option.unit]))
    else:
        yield _flag(name, value)


def _flag(name: str, value: object) -> list[str]:
    """Return `--name value`; os402 takes a value that begins with a dash only behind `=`."""
    text = str(value)
    return [f"--{name}={shlex.quote(text)}"] if text.startswith("-") else [f"--{name}", shlex.quote(text)]


def _executables(where: _Surroundings) -> Iterator[list[str]]:
    executables, paths = where.offer.exec.executables, where.executables
    for arch, executable in sorted(executables.items()):
        if arch in paths:
            yield _flag("exe", f"{arch}:{paths[arch]}")
        elif executable.url:
            yield _flag("exe", f"{arch}:{executable.url}#{executable.sha256}")
        elif executable.sha256 == pins.ASSIMILATED_SHA256.get(arch):
            yield ["--exe", f'{arch}:"$(hatch-os402 runtime path)"']
        else:
            yield _flag("exe", f"{arch}:EXECUTABLE")
    stacks = {executable.stack_kb for executable in executables.values()}
    if len(stacks) == 1 and (stack := stacks.pop()) is not None:
        yield _flag("stack", _size(stack * 1024))


def _environment(where: _Surroundings) -> Iterator[list[str]]:
    command = where.offer.exec
    for name, value in sorted((command.env or {}).items()):
        yield _flag("env", f"{name}={value}")
    if command.env_private:
        for name, value in sorted(where.private_env.items()):
            if BASE_ENV.get(name) == value:
                yield _flag("env", f"{name}={value}")
            else:
                yield ["--env", f'{name}="${name}"' if _IDENTIFIER.fullmatch(name) else shlex.quote(f"{name}=VALUE")]
        yield ["--env-private"] if where.private_env else ["--env", "NAME=VALUE", "--env-private"]


def _callers(where: _Surroundings) -> Iterator[list[str]]:
    command = where.offer.exec
    if command.env_extendable and command.stdin_appendable:
        yield ["--cgi"]
    elif command.env_extendable:
        yield ["--env-extendable"]
    elif command.stdin_appendable:
        yield ["--stdin-appendable"]


def _stdin(where: _Surroundings) -> Iterator[list[str]]:
    command = where.offer.exec
    if command.stdin_private:
        yield [*_flag("stdin", f"@{where.frame}"), "--stdin-private"]
    elif command.stdin is not None:
        yield _flag("stdin", f"@{where.frame}")


def _network(where: _Surroundings) -> Iterator[list[str]]:
    if where.offer.limits.net:
        yield _flag("net", "true")


def _price(where: _Surroundings) -> Iterator[list[str]]:
    if _on_testnet(where.offer):
        yield ["--testnet"]
    if where.offer.price:
        yield _flag("price-per-second", format_float(where.offer.price[0].per_second))


def _valid_for(where: _Surroundings) -> Iterator[list[str]]:
    yield _flag("valid-for", f"{max(0, where.offer.valid_until - int(where.now))}s")


_SPECIAL: dict[str, Callable[[_Surroundings], Iterator[list[str]]]] = {
    "executables": _executables,
    "env": _environment,
    "env_extendable": _callers,
    "stdin": _stdin,
    "net": _network,
    "price": _price,
    "valid_until": _valid_for,
    **dict.fromkeys(("args", "env_private", "stdin_appendable", "stdin_private", "stack_kb"), lambda _: iter(())),
}
"""Fields that a flag does not say by itself; the last of them are said with others, or not at all."""


def _on_testnet(offer: Offer) -> bool:
    known = {network.name: network.testnet for network in networks.registry()}
    return bool(offer.price) and known.get(offer.price[0].network, False)


def _pay(offer: Offer) -> list[str]:
    """Return `--pay` if the offer names fewer networks than os402 would by default."""
    named = tuple(dict.fromkeys(price.network for price in offer.price))
    default = {asset.network for asset in networks.assets(testnet=_on_testnet(offer))}
    return [] if not named or set(named) == default else _flag("pay", canonical(_preference(named)).decode())


def _preference(named: tuple[str, ...]) -> dict[str, Any]:
    return {"USDC": list(named)}


def _differences(offer: Offer, private_env: Mapping[str, str]) -> Iterator[str]:
    """Yield what the command line cannot say, or what the user has to fill in."""
    command = offer.exec
    yield f"`--valid-for` counts from now; the offer is valid until {offer.valid_until} (unix seconds)"
    yield from (
        f"the executable for {arch!r} has the sha256 {executable.sha256}"
        for arch, executable in sorted(command.executables.items())
        if not executable.url
    )
    if len({executable.stack_kb for executable in command.executables.values()}) > 1:
        yield "`--stack` is one for all architectures; this offer has several."
    if offer.limits.stack_kb is not None:
        yield "`limits.stack_kb` has no flag"
    if command.env_private:
        if private_env:
            secret = sorted(name for name, value in private_env.items() if BASE_ENV.get(name) != value)
            yield f"the shell is to have the values of the private environment: {', '.join(map(repr, secret))}"
        else:
            yield f"the private environment is known by its sha256 alone, {command.env_sha256}: name it with `--env`"
        yield "os402 hashes a private environment in a random order: of several variables, each run gives another offer"
    yield from (
        f"an empty `exec.{name}` has no flag"
        for name, value in (("args", command.args), ("env", command.env))
        if value is not None and not value
    )
    yield from (
        f"an {name} schema that is neither object nor array cannot be given inline"
        for name, schema in (("input", offer.input_schema), ("output", offer.output_schema))
        if schema is not None and not isinstance(schema, (dict, list))
    )
    if offer.limits.stack_kb is not None:
        yield f"`limits.stack_kb` ({offer.limits.stack_kb}) has no flag: no server reads what `--stack` sets"
    if not _same_prices(offer):
        yield "os402 would list other ways to pay: it knows USDC on its own networks, at one price"


def _same_prices(offer: Offer) -> bool:
    named = tuple(dict.fromkeys(price.network for price in offer.price))
    try:
        expected = networks.assets(_preference(named), testnet=_on_testnet(offer)) if named else ()
    except OfferError:
        return False
    listed = [(price.token, price.token_address, price.network) for price in offer.price]
    one_price = len({(price.per_second, price.payment_address) for price in offer.price}) == 1
    return one_price and listed == [(asset.token, asset.token_address, asset.network) for asset in expected]


def _size(count: int) -> str:
    """Write bytes as os402 reads sizes, in the largest unit that leaves no fraction."""
    for suffix, factor in _UNITS:
        if count and count % factor == 0:
            return f"{count // factor}{suffix}"
    return str(count)
