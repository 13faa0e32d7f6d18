"""Reading an offer that anybody made, as the server reads it.

The server writes what it understood of an offer in canonical form, and checks the signature over that. It never looks
at the `sha256` that the offer declares (`webapp/models.rs`). So a key that it does not know, or would not write, makes
another hash; those keys are named here.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

from hatch_os402.errors import OfferError, SignatureError
from hatch_os402.files import read_file
from hatch_os402.formatting import utc_time
from hatch_os402.offer.canonical import canonical, parse_json
from hatch_os402.offer.fields import NestedObject, Structure
from hatch_os402.offer.floats import server_number
from hatch_os402.offer.kinds import JsonObject, JsonPath
from hatch_os402.offer.payload import TEXT, Offer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class _Envelope(Structure):
    """An offer file. The server requires all three; a file that is not signed yet has no `k256`."""

    k256: Annotated[str | None, TEXT] = None
    sha256: Annotated[str | None, TEXT] = None
    payload: Annotated[Offer, NestedObject(Offer)]


@dataclass(frozen=True)
class ReadOffer:
    """An offer as the server understood it."""

    payload: Mapping[str, Any]
    """What the server would write: JSON in declaration order."""
    declared_sha256: str | None
    """The hash that the file states, as it stands there."""
    k256: str | None
    """The signature, as it stands there; None for an unsigned offer."""
    dropped: tuple[str, ...]
    """Dotted names (`payload.exec.note`) of what the file has and the server would not write: unknown keys, and `null`,
    `false` or `[]` where that is the default."""

    @cached_property
    def sha256(self) -> str:
        """The hash (lowercase hex) that the server computes, over which the signature must be."""
        return hashlib.sha256(canonical(self.payload)).hexdigest()

    @cached_property
    def offer(self) -> Offer:
        """The offer in our model, which is stricter than the server's.

        Raises `OfferError` if the offer could not work although the server can read it, or if its addresses are not
        written in lower case.
        """
        return _offer(self.payload, str)

    @property
    def owner(self) -> str:
        """The owner's address as `0x` and lowercase hex, however it is spelled in the offer."""
        return "0x" + str(self.payload["owner"]).lower().removeprefix("0x")

    def signer(self) -> str | None:
        """Return the address whose key signed the offer; None if it is unsigned or `k256` is no valid signature.

        Raises `PrivateKeyError` without the extra "publish".
        """
        return self._signer[0]

    @property
    def signature_problem(self) -> str | None:
        """Why the server would refuse the signature; None if it would not, or if there is none. Raises as `signer`."""
        signer, fault = self._signer
        if signer not in {None, self.owner}:
            return f"the signature is that of {signer}, and the owner is {self.owner}"
        return fault

    def problems(self, now: float | None = None) -> tuple[str, ...]:
        """Say, a clause or two each, why the server or its callers would refuse the offer at `now` (unix seconds).

        That an offer has no signature yet is no problem. Raises `PrivateKeyError` if it has one and the extra "publish"
        is not installed.
        """
        return tuple(self._problems(time.time() if now is None else now))

    def _problems(self, now: float) -> Iterator[str]:
        if self.declared_sha256 not in {None, self.sha256}:
            names = f" (it would not write {', '.join(self.dropped)})" if self.dropped else ""
            yield f"the offer declares the hash {self.declared_sha256}; the server computes {self.sha256}{names}"
        if self.signature_problem:
            yield self.signature_problem
        if self.payload["valid_until"] < now:
            yield f"the offer expired: it was valid until {utc_time(self.payload['valid_until'])}"
        try:
            _offer(self.payload, str.lower)
        except OfferError as error:
            yield error.message

    @cached_property
    def _signer(self) -> tuple[str | None, str | None]:
        """The signer's address, or None and what is wrong with the signature, if there is one."""
        if self.k256 is None:
            return None, None
        from hatch_os402.offer.signing import recover  # noqa: PLC0415 - needs an extra

        try:
            return recover(self.sha256, self.k256), None
        except SignatureError as error:
            return None, error.message


def read_offer(path: Path) -> ReadOffer:
    """Return the offer in the file at `path`. Raises `OfferError`, naming the file."""
    try:
        content = read_file(path)
    except OSError as error:
        raise OfferError(f"the offer {path} cannot be read: {error.strerror or error}") from error
    try:
        return read_envelope(content)
    except OfferError as error:
        raise OfferError(f"{path} is not an offer: {error.message}", error.details) from error


def read_envelope(text: str | bytes) -> ReadOffer:
    """Read an offer file: `os402 offer`'s output, a server's answer, or our own, signed or not.

    Raises `OfferError`, naming the place, for whatever the server refuses to parse. Whether hash and signature hold is
    for `ReadOffer.problems` to say.
    """
    try:
        text = text if isinstance(text, str) else text.decode()
    except UnicodeDecodeError as error:
        raise OfferError("the offer is not text in UTF-8") from error
    parse_json(text)  # whatever is not JSON for the server; what follows keeps repeated keys in sight
    content = json.loads(
        text, parse_float=server_number, parse_int=server_number, object_pairs_hook=JsonObject.of_pairs
    )
    dropped: list[str] = []
    envelope = _Envelope.read(content, JsonPath("", dropped))
    return ReadOffer(envelope["payload"], envelope.get("sha256"), envelope.get("k256"), tuple(dropped))


def _offer(payload: Mapping[str, Any], address: Callable[[str], str]) -> Offer:
    """Build our model from the server's view; `address` spells the addresses."""
    prices = [{**price, "payment_address": address(price["payment_address"])} for price in payload["price"]]
    return Offer.load({**payload, "price": prices, "owner": address(payload["owner"])})
