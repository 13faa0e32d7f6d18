"""Signatures: of an offer by its owner, and whose signature something is.

os402 signs the raw SHA-256 of the canonical payload, without a prefix (`webapp/models.rs`): `0x`, then r, s and v (27
or 28, by the parity) as 65 bytes in lowercase hex; RFC 6979 without further entropy, and low-S. So an offer and its
owner's key have exactly one signature.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from hatch_os402.errors import Os402Error
from hatch_os402.offer.build import ZERO_ADDRESS
from hatch_os402.offer.canonical import pretty
from hatch_os402.offer.keys import HALF_ORDER, Key, require_extra
from hatch_os402.offer.payload import Offer
from hatch_os402.offer.payload import sha256 as offer_sha256

_SIGNATURE = re.compile(r"(?:0x)?([0-9a-fA-F]{130})")
_PARITY = {0: 0, 1: 1, 27: 0, 28: 1}


class SignatureError(Os402Error):
    """Something cannot be signed, or a signature is none."""


@dataclass(frozen=True)
class SignedOffer:
    """An offer with its hash (lowercase hex) and its owner's signature (`0x` and 130 lowercase hex digits)."""

    offer: Offer
    sha256: str
    k256: str


def complete(offer: Offer, address: str) -> Offer:
    """Return `offer` with `address` (lowercase) in place of every zero address; as it is if there is none.

    Raises `SignatureError` if the offer names another owner.
    """
    if offer.owner not in {ZERO_ADDRESS, address}:
        raise SignatureError(
            f"The owner of the offer is {offer.owner}, and this is the key of {address}. Nothing was signed or sent. "
            "Use the owner's key, or set `owner` in [tool.hatch.build.targets.os402.offer] to the key's address (or "
            "leave it out) and build again."
        )
    price = tuple(
        replace(price, payment_address=address) if price.payment_address == ZERO_ADDRESS else price
        for price in offer.price
    )
    return replace(offer, owner=address, price=price)


def sign(offer: Offer, key: Key) -> SignedOffer:
    """Sign an offer whose owner is the key's address (see `complete`). Raises `SignatureError` for another owner."""
    if offer.owner != key.address:
        raise SignatureError(f"The owner of the offer is {offer.owner}, and this is the key of {key.address}.")
    sha256 = offer_sha256(offer)
    return SignedOffer(offer, sha256, "0x" + key.sign_digest(bytes.fromhex(sha256)).hex())


def recover(sha256_hex: str, k256: str) -> str:
    """Return the address (`0x` and 40 lowercase hex digits) whose key signed the hash.

    Raises `SignatureError` if this is no signature, or one that os402 refuses: its s is in the upper half of the order.
    Raises `PrivateKeyError` without the extra "publish".
    """
    require_extra()
    from eth_keys.datatypes import Signature  # noqa: PLC0415 - the extra "publish"
    from eth_keys.exceptions import BadSignature  # noqa: PLC0415
    from eth_utils.exceptions import ValidationError  # noqa: PLC0415

    match = _SIGNATURE.fullmatch(k256)
    if match is None:
        raise SignatureError("The signature is not 65 bytes in hex.")
    raw = bytes.fromhex(match[1])
    r, s, v = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:64], "big"), raw[64]
    if v not in _PARITY:
        raise SignatureError(f"The signature ends in {v}, where 27 or 28 says which key it is of.")
    if s > HALF_ORDER:
        raise SignatureError("The signature has a high s, which os402 refuses; its mirror image with a low s is valid.")
    try:
        public_key = Signature(vrs=(_PARITY[v], r, s)).recover_public_key_from_msg_hash(bytes.fromhex(sha256_hex))
    except (BadSignature, ValidationError, ValueError) as error:
        raise SignatureError("The signature is not one of any key.") from error
    return str(public_key.to_address())


def signed_envelope_text(signed: SignedOffer) -> str:
    """Return the text of a signed offer file, laid out as `os402 offer` prints it, with a final newline."""
    return pretty({"k256": signed.k256, "sha256": signed.sha256, "payload": signed.offer.to_json()}) + "\n"
