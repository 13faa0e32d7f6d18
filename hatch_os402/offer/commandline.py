"""The `os402 offer` command line that makes the same offer, with the flags of os402 0.1.0 (`cli/offer.rs`)."""

from __future__ import annotations

import base64
import shlex
from typing import TYPE_CHECKING, Any

from hatch_os402.errors import OfferError
from hatch_os402.offer import networks
from hatch_os402.offer.canonical import canonical
from hatch_os402.offer.floats import format_float
from hatch_os402.runtime import pins

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

    from hatch_os402.offer.payload import Exec, Offer

_UNITS = (("gb", 1024**3), ("mb", 1024**2), ("kb", 1024))


def os402_command(
    offer: Offer,
    *,
    frame: str | os.PathLike[str],
    executables: Mapping[str, str | os.PathLike[str]] | None = None,
    now: float,
) -> str:
    """Return the command line, for a POSIX shell, a flag a line.

    `frame` is the path of what goes to stdin, `executables` are the paths of local executables by architecture. `now`
    (unix seconds) is when it will be run: os402 knows only for how long an offer is valid. What the command line cannot
    say comes first, as comments. The key and its owner are those of `--key`.
    """
    lines = [
        ["os402", "--key", "@KEYFILE", *_pay(offer), "offer"],
        *_description(offer),
        *_executables(offer.exec, executables or {}),
        *_exec(offer.exec, frame),
        *_limits(offer, now),
        *([["--", *map(shlex.quote, offer.exec.args)]] if offer.exec.args else []),
    ]
    comments = "".join(f"# {difference}\n" for difference in _differences(offer))
    return comments + " \\\n  ".join(" ".join(line) for line in lines)


def _flag(name: str, value: object) -> list[str]:
    """Return `--name value`; os402 takes a value that begins with a dash only behind `=`."""
    text = str(value)
    return [f"--{name}={shlex.quote(text)}"] if text.startswith("-") else [f"--{name}", shlex.quote(text)]


def _description(offer: Offer) -> Iterator[list[str]]:
    for name in ("name", "description", "pool"):
        if (value := getattr(offer, name)) is not None:
            yield _flag(name, value)
    for name, schema in (("input-schema", offer.input_schema), ("output-schema", offer.output_schema)):
        if isinstance(schema, (dict, list)):
            yield _flag(name, canonical(schema).decode())


def _executables(command: Exec, paths: Mapping[str, str | os.PathLike[str]]) -> Iterator[list[str]]:
    for arch, executable in sorted(command.executables.items()):
        if arch in paths:
            yield _flag("exe", f"{arch}:{paths[arch]}")
        elif executable.url:
            yield _flag("exe", f"{arch}:{executable.url}#{executable.sha256}")
        elif executable.sha256 == pins.ASSIMILATED_SHA256.get(arch):
            yield ["--exe", f'{arch}:"$(hatch-os402 runtime path)"']
        else:
            yield _flag("exe", f"{arch}:EXECUTABLE")
    stacks = {executable.stack_kb for executable in command.executables.values()}
    if len(stacks) == 1 and (stack := stacks.pop()) is not None:
        yield _flag("stack", _size(stack * 1024))


def _exec(command: Exec, frame: str | os.PathLike[str]) -> Iterator[list[str]]:
    for name, value in sorted((command.env or {}).items()):
        yield _flag("env", f"{name}={value}")
    if command.env_private:
        yield ["--env", "NAME=VALUE", "--env-private"]
    if command.args_extendable:
        yield ["--args-extendable"]
    if command.env_extendable and command.stdin_appendable:
        yield ["--cgi"]
    elif command.env_extendable:
        yield ["--env-extendable"]
    elif command.stdin_appendable:
        yield ["--stdin-appendable"]
    if command.stdin_private:
        yield [*_flag("stdin", f"@{frame}"), "--stdin-private"]
    elif command.stdin is not None:
        yield _flag("stdin-base64", base64.b64encode(command.stdin).decode())


def _limits(offer: Offer, now: float) -> Iterator[list[str]]:
    limits = offer.limits
    yield _flag("cpu-units", limits.cpu_units)
    yield _flag("ram", _size(limits.ram_kb * 1024))
    yield _flag("buffer", _size(limits.buffer_capacity))
    yield _flag("cpu-time-secs", limits.cpu_time_secs)
    yield _flag("wall-time-secs", limits.wall_time_secs)
    if limits.net:
        yield _flag("net", "true")
    for name, ports in (("tcp-bind", limits.tcp_bind), ("tcp-connect", limits.tcp_connect)):
        for port in ports:
            yield _flag(name, port)
    yield _flag("retain", limits.retain)
    if _on_testnet(offer):
        yield ["--testnet"]
    if offer.price:
        yield _flag("price-per-second", format_float(offer.price[0].per_second))
    yield _flag("min-duration", offer.min_duration_seconds)
    if offer.max_duration_seconds is not None:
        yield _flag("max-duration", offer.max_duration_seconds)
    yield _flag("valid-for", f"{max(0, offer.valid_until - int(now))}s")


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


def _differences(offer: Offer) -> Iterator[str]:
    """Yield what the command line cannot say, or what the user has to fill in."""
    command = offer.exec
    yield f"`--valid-for` counts from now; the offer is valid until {offer.valid_until} (unix seconds)."
    yield from (
        f"The executable for {arch!r} has the sha256 {executable.sha256}."
        for arch, executable in sorted(command.executables.items())
        if not executable.url
    )
    if len({executable.stack_kb for executable in command.executables.values()}) > 1:
        yield "`--stack` is one for all architectures; this offer has several."
    if offer.limits.stack_kb is not None:
        yield "`limits.stack_kb` has no flag."
    if command.env_private:
        yield f"The private environment is known by its sha256 alone, {command.env_sha256}: name it with `--env`."
    yield from (
        f"An empty `exec.{name}` has no flag."
        for name, value in (("args", command.args), ("env", command.env))
        if value is not None and not value
    )
    yield from (
        f"An {name} schema that is neither object nor array cannot be given inline."
        for name, schema in (("input", offer.input_schema), ("output", offer.output_schema))
        if schema is not None and not isinstance(schema, (dict, list))
    )
    if not _same_prices(offer):
        yield "os402 would list other ways to pay: it knows USDC on its own networks, at one price."


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
