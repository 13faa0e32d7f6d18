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
from hatch_os402.offer.kinds import AnyJson, ArrayOf, Flag
from hatch_os402.runtime import pins

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from hatch_os402.offer.fields import Option
    from hatch_os402.offer.kinds import Kind
    from hatch_os402.offer.payload import Offer

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FACTORS = {Unit.BYTES: 1, Unit.KIBIBYTES: 1024}
_UNITS = (("gb", 1024**3), ("mb", 1024**2), ("kb", 1024))


def os402_command(
    offer: Offer,
    *,
    frame: str | os.PathLike[str],
    private_env: Mapping[str, str] | None = None,
    now: float,
) -> str:
    """Return the command line, for a POSIX shell, a flag a line.

    `frame` is the path of what goes to stdin, and `private_env` is the private environment, of which only the names are
    shown: the shell is to have the values. `now` (unix seconds) is when it will be run: os402 knows only for how long
    an offer is valid. What the command line cannot say comes first, as comments. The key and its owner are those of
    `--key`.
    """
    lines = [
        ["os402", "--key", "@KEYFILE", *_pay(offer), "offer"],
        *_flags(offer, _CommandLine(offer, str(frame), private_env or {}, now)),
        *([["--", *map(shlex.quote, offer.exec.args)]] if offer.exec.args else []),
    ]
    comments = "".join(f"# {difference}\n" for difference in _differences(offer, private_env or {}))
    return comments + " \\\n  ".join(" ".join(line) for line in lines)


@dataclass(frozen=True)
class _CommandLine:
    """What `os402_command` was called with."""

    offer: Offer
    frame: str
    private_env: Mapping[str, str]
    now: float


def _flags(structure: Structure, call: _CommandLine) -> Iterator[list[str]]:
    """Yield the flags of every field of `structure` in its order, a list for each line."""
    for field in fields_of(type(structure)):
        value = getattr(structure, field.name)
        if isinstance(value, Structure):
            yield from _flags(value, call)
        elif field.name in _SPECIAL:
            yield from _SPECIAL[field.name](call)
        elif field.option and value is not None:
            yield from _plain(field.kind, field.option, value)


def _plain(kind: Kind, option: Option, value: Any) -> Iterator[list[str]]:
    """Yield the flags of a field that says the same by itself in pyproject.toml and on the command line."""
    name = option.flag or option.name
    if isinstance(kind, AnyJson):
        if isinstance(value, (dict, list)):  # os402 takes any other text for a file
            yield _flag(name, canonical(value).decode())
    elif isinstance(kind, Flag):
        if value:
            yield [f"--{name}"]
    else:
        for item in value if isinstance(kind, ArrayOf) else [value]:
            yield _flag(name, _size(item * _FACTORS[option.unit]) if option.unit in _FACTORS else item)


def _flag(name: str, value: object) -> list[str]:
    """Return `--name value`; os402 takes a value that begins with a dash only behind `=`."""
    text = str(value)
    return [f"--{name}={shlex.quote(text)}"] if text.startswith("-") else [f"--{name}", shlex.quote(text)]


def _executables(call: _CommandLine) -> Iterator[list[str]]:
    executables = call.offer.exec.executables
    for arch, executable in sorted(executables.items()):
        if executable.url:
            yield _flag("exe", f"{arch}:{executable.url}#{executable.sha256}")
        elif executable.sha256 == pins.ASSIMILATED_SHA256.get(arch):
            yield ["--exe", f'{arch}:"$(hatch-os402 runtime path)"']
        else:
            yield _flag("exe", f"{arch}:EXECUTABLE")
    stacks = {executable.stack_kb for executable in executables.values()}
    if len(stacks) == 1 and (stack := stacks.pop()) is not None:
        yield _flag("stack", _size(stack * 1024))


def _environment(call: _CommandLine) -> Iterator[list[str]]:
    command = call.offer.exec
    for name, value in sorted((command.env or {}).items()):
        yield _flag("env", f"{name}={value}")
    for name, value in sorted(call.private_env.items() if command.env_private else ()):
        if BASE_ENV.get(name) == value:
            yield _flag("env", f"{name}={value}")
        else:
            yield ["--env", f'{name}="${name}"' if _IDENTIFIER.fullmatch(name) else shlex.quote(f"{name}=VALUE")]
    if command.env_private and not call.private_env:
        yield ["--env", "NAME=VALUE"]


def _stdin(call: _CommandLine) -> Iterator[list[str]]:
    if call.offer.exec.stdin_private or call.offer.exec.stdin is not None:
        yield _flag("stdin", f"@{call.frame}")


def _price(call: _CommandLine) -> Iterator[list[str]]:
    if _on_testnet(call.offer):
        yield ["--testnet"]
    if call.offer.price:
        yield _flag("price-per-second", format_float(call.offer.price[0].per_second))


_SPECIAL: dict[str, Callable[[_CommandLine], Iterable[list[str]]]] = {
    "executables": _executables,
    "env": _environment,
    "stdin": _stdin,
    "net": lambda call: [_flag("net", "true")] if call.offer.limits.net else [],
    "stack_kb": lambda _: [],  # see `_differences`
    "price": _price,
    "valid_until": lambda call: [_flag("valid-for", f"{max(0, call.offer.valid_until - int(call.now))}s")],
}
"""What flags say in another way than options, by field."""


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
        yield "`--stack` is one for all architectures; this offer has several"
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
