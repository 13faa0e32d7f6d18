"""The networks and tokens that os402 0.1.0 knows, and which of them a payment preference means."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hatch_os402.errors import OfferError
from hatch_os402.offer.canonical import parse_json

DEFAULT_PAY = "USDC"


@dataclass(frozen=True)
class Network:
    """One network: its first name, which is the one written into offers, other names, and USDC's address there."""

    name: str
    aliases: tuple[str, ...]
    chain_id: int
    testnet: bool
    usdc: str | None


@dataclass(frozen=True)
class Asset:
    """A token that can be paid with: symbol, contract address (`0x` and 40 hex digits) and the network's name."""

    token: str
    address: str
    network: str

    @property
    def token_address(self) -> str:
        """The asset as offers spell it: `<address>@<network>`."""
        return f"{self.address}@{self.network}"


@functools.cache
def registry() -> tuple[Network, ...]:
    """Return all networks in os402's own order."""
    text = Path(__file__).with_name("networks.json").read_text(encoding="utf-8")  # every build reads it: no importlib
    return tuple(Network(**{**entry, "aliases": tuple(entry["aliases"])}) for entry in json.loads(text))


def find(name: str) -> Network:
    """Return the network with this name or alias in any case. Raises `OfferError` naming the nearest known name."""
    by_name = {known.lower(): network for network in registry() for known in (network.name, *network.aliases)}
    if network := by_name.get(name.lower()):
        return network
    import difflib  # noqa: PLC0415 - for an error alone

    near = by_name[difflib.get_close_matches(name.lower(), by_name, n=1, cutoff=0)[0]].name
    raise OfferError(f"os402 knows no network `{name}`; the nearest name is `{near}`")


def assets(pay: Any = DEFAULT_PAY, *, testnet: bool = False) -> tuple[Asset, ...]:
    """Return what `os402 offer --pay` would list, in its order.

    `pay` is a symbol (`"USDC"`), a table of symbols to a network or a list of networks (an empty list means all), or
    the same as JSON text. Every deployment appears twice: first all with the mixed-case address, then all with the
    lowercase one, both in the registry's order; only test networks or only main networks are kept.

    Raises `OfferError` if nothing is left, and for an unknown symbol or network, which os402 itself would silently
    drop; `TypeError` if `pay` has another form.
    """
    wanted: set[str] = set()
    for symbol, names in _preferences(pay).items():
        if symbol.upper() != "USDC":
            raise OfferError(f"os402 knows no token `{symbol}`; it knows `USDC`")
        wanted.update(network.name for network in (map(find, names) if names else registry()))
    deployed = [network for network in registry() if network.name in wanted and network.usdc]
    chosen = [network for network in deployed if network.testnet == testnet]
    if not chosen:
        kind = "test" if testnet else "main"
        advice = f"; `testnet = {str(not testnet).lower()}` would keep those that are named" if deployed else ""
        raise OfferError(f"no {kind} network where USDC is deployed is left to be paid on{advice}")
    exact = [Asset("USDC", str(network.usdc), network.name) for network in chosen]
    return (*exact, *(Asset(asset.token, asset.address.lower(), asset.network) for asset in exact))


def _preferences(pay: Any) -> dict[str, list[str]]:
    """Bring every form of `pay` into one: symbols to lists of network names."""
    if isinstance(pay, str):
        if not pay.lstrip().startswith("{"):
            return {pay: []}
        pay = parse_json(pay)
    if not isinstance(pay, dict):
        raise TypeError("must be a string or a table")
    preferences = {}
    for symbol, names in pay.items():
        listed = [names] if isinstance(names, str) else names
        if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
            raise TypeError(f"must give `{symbol}` the name of a network or an array of names")
        preferences[symbol] = listed
    return preferences
