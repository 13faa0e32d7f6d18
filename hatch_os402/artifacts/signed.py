"""The signed offer, `{id}.offer.signed.json`: where it is, how it is written, and of which build it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_os402.artifacts.names import OFFER, SIGNED_SUFFIX
from hatch_os402.errors import ArtifactError, Os402Error
from hatch_os402.files import write_file
from hatch_os402.offer.signing import SignedOffer, complete, signed_envelope_text

if TYPE_CHECKING:
    from pathlib import Path

    from hatch_os402.offer.payload import Offer
    from hatch_os402.offer.reading import ReadOffer


def signed_path(offer_path: Path) -> Path:
    """Return where the signed form of an offer file belongs: beside it, `{id}.offer.signed.json`."""
    stem = offer_path.name
    for suffix in (SIGNED_SUFFIX, OFFER, ".json"):
        stem = stem.removesuffix(suffix)
    return offer_path.with_name(stem + SIGNED_SUFFIX)


def write_signed(path: Path, signed: SignedOffer) -> None:
    """Write a signed offer file, whole or not at all. Raises `ArtifactError`."""
    try:
        write_file(path, signed_envelope_text(signed).encode())
    except OSError as error:
        raise ArtifactError(f"the signed offer cannot be written to {path}: {error.strerror or error}.") from error


def of_one_build(unsigned: Offer, signed: ReadOffer) -> bool:
    """Return whether signing `unsigned` gives the offer `signed`, whoever signed it. Its signature is not checked."""
    try:
        return complete(unsigned, signed.owner) == signed.offer
    except Os402Error:
        return False
