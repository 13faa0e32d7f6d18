"""What a server's refusal means, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_os402.foreign.addresses import split
from hatch_os402.formatting import utc_time
from hatch_os402.publishing.client import upload_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hatch_os402.offer.payload import Offer
    from hatch_os402.publishing.client import RemoteServer, ServerResponse, UploadPart

_TOO_LARGE, _FORBIDDEN = 413, 403


def refusal(server: RemoteServer, answer: ServerResponse, offer: Offer, parts: Sequence[UploadPart]) -> str:
    """Say what the server's answer to an upload means and what to do (`webapp/handlers/offers.rs`)."""
    stated = answer.error
    meaning = next(_meanings(answer, offer, parts), None)
    if meaning:
        return f"{server.url} {meaning}" + (f" (It says: {stated})" if stated else "")
    if stated:
        return f"{server.url} refuses the offer (status {answer.status}): {stated}"
    return f"{server.url} answers {answer.status} without the words of an os402 server. Check the address."


def _meanings(answer: ServerResponse, offer: Offer, parts: Sequence[UploadPart]) -> Iterator[str]:
    """Yield what the answer can mean, the best guess first."""
    stated, status = answer.error, answer.status
    if status == _TOO_LARGE or stated.startswith(("Failed to read", "Failed to parse multipart")):
        yield f"could not read the upload, which is probably larger than it takes: {too_large(parts)}"
    if status == _FORBIDDEN and (not stated or "does not match" in stated):  # else its words say more
        yield (
            f"takes only offers of its own owner, and this one's owner is {offer.owner}. Sign with the key of the "
            "server's owner, or choose another server."
        )
    if "expired" in stated:
        yield (
            f"finds the offer expired. It is valid until {utc_time(offer.valid_until)}: one of the two clocks is "
            "wrong, or it has just ended."
        )
    if "SHA256 mismatch" in stated:
        yield "received other bytes than were signed. A file changed meanwhile: build again."
    if stated.startswith("Invalid signature"):
        yield "reads another payload than was signed, or another signature. Check the offer with `hatch-os402 verify`."
    if "not available" in stated:
        yield (
            "lacks an executable of the offer. Fetch it with `hatch-os402 runtime fetch`, or name the file with the "
            "option `exe`, and publish again."
        )
    if 300 <= status < 400:  # noqa: PLR2004 - the redirections
        yield (
            f"answers {status} and sends the upload elsewhere, which is not followed. If you trust "
            f"{_origin(answer.location)}, give that address."
        )


def too_large(parts: Sequence[UploadPart]) -> str:
    """Say how large an upload of `parts` is and what would make it smaller, or welcome."""
    listed = ", ".join(f"{part.name} {part.size:,}" for part in parts)
    return (
        f"it has {upload_size(parts):,} bytes ({listed}). Leave files out with `exclude`, use "
        '`compression = "deflated"`, or have the limit raised by the server\'s owner (`os402 serve --upload-limit`) '
        "and here (option `limit`)."
    )


def _origin(location: str | None) -> str:
    parts = split(location or "")
    netloc = "" if parts is None else parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{netloc}" if parts is not None and netloc else "where it leads"
