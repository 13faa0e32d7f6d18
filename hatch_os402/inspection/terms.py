"""An offer's terms as a caller meets them: what a call costs, until when, signed by whom."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hatch_os402.errors import Os402Error
from hatch_os402.offer.build import ZERO_ADDRESS
from hatch_os402.offer.prices import price_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal

    from hatch_os402.offer.reading import ReadOffer

UNSIGNED, VALID, INVALID, UNCHECKED = "unsigned", "valid", "invalid", "unchecked"


@dataclass(frozen=True)
class Terms:
    """What an offer says to those who call it."""

    sha256: str
    """The offer's own hash, by which it is called and paid for."""
    name: str | None
    owner: str | None
    """None for the zero address: nobody owns it yet."""
    signature: str
    """`UNSIGNED`, `VALID`, `INVALID` or `UNCHECKED` (the extra "publish" is not there)."""
    signature_note: str
    """Why it is invalid or could not be checked; else empty."""
    valid_until: int
    """Unix seconds."""
    expired: bool
    per_second: float | None
    """USD for a second, of the first price, which is what os402 charges; None without any."""
    min_duration: int
    """Seconds that are paid for, and after which a call is ended."""
    tokens: tuple[str, ...]
    networks: tuple[str, ...]
    limits: Mapping[str, Any]
    """The payload's `limits`, as it stands there."""
    environment: Mapping[str, str | None]
    """The variables that the offer sets for the program; None is a private value, of the project beside it."""
    private_environment: str | None
    """SHA256 of the environment (lowercase hex) where it is private."""

    @property
    def per_call(self) -> Decimal | None:
        """USD for a call, exactly: the price of a second times the least duration."""
        return None if self.per_second is None else price_of(self.per_second, self.min_duration)

    def to_json(self) -> dict[str, Any]:
        """Return what `--json` shows of it."""
        return {
            "sha256": self.sha256,
            "name": self.name,
            "owner": self.owner,
            "signature": self.signature,
            "signature_note": self.signature_note or None,
            "valid_until": self.valid_until,
            "expired": self.expired,
            "price_per_second": self.per_second,
            "price_per_call": None if self.per_call is None else float(self.per_call),
            "min_duration_seconds": self.min_duration,
            "tokens": list(self.tokens),
            "networks": list(self.networks),
            "limits": dict(self.limits),
            "environment": dict(self.environment),
            "private_environment": self.private_environment,
        }


def read_terms(offer: ReadOffer, *, private_names: Iterable[str] = ()) -> Terms:
    """Return the terms of `offer` as they are now.

    `private_names` are the variables of its environment where that is private: the offer has only their hash.
    """
    payload = offer.payload
    execution = payload["exec"]
    private = execution.get("env_sha256")
    prices = payload["price"]
    signature, note = _signature(offer)
    return Terms(
        sha256=offer.sha256,
        name=payload.get("name"),
        owner=None if offer.owner == ZERO_ADDRESS else offer.owner,
        signature=signature,
        signature_note=note,
        valid_until=payload["valid_until"],
        expired=payload["valid_until"] < time.time(),
        per_second=prices[0]["per_second"] if prices else None,
        min_duration=payload["min_duration_seconds"],
        tokens=tuple(dict.fromkeys(price["token"] for price in prices)),
        networks=tuple(dict.fromkeys(price["network"] for price in prices)),
        limits=payload["limits"],
        environment=dict.fromkeys(private_names) if private else dict(execution.get("env") or {}),
        private_environment=private,
    )


def _signature(offer: ReadOffer) -> tuple[str, str]:
    if offer.k256 is None:
        return UNSIGNED, ""
    try:
        problem = offer.signature_problem
    except Os402Error as error:  # the extra is missing
        return UNCHECKED, error.message
    return (INVALID, problem) if problem else (VALID, "")
