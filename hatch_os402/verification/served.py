"""The offer that a server serves, to compare it with an artifact."""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import TYPE_CHECKING

import httpx

from hatch_os402.errors import OfferError, Os402Error, SignatureError
from hatch_os402.foreign.addresses import shown_address
from hatch_os402.offer.reading import ReadOffer, read_envelope
from hatch_os402.offer.signing import complete
from hatch_os402.verification.artifacts import Link

if TYPE_CHECKING:
    from collections.abc import Iterator

_URL = re.compile(r"https?://[^\s?#]+/[^\s?#/]+/?")
_CALL = re.compile(r"(https?://[^\s?#]+?/[^\s?#/]+)\.cgi(?:[/?#].*)?", re.DOTALL)
"""The address at which an offer is called, with what a call may add to it."""
_HASH = re.compile(r"[0-9a-f]{64}")
_TIMEOUT = 30.0
_MAX_BYTES = 1 << 26


def fetch_offer(url: str, client: httpx.Client | None = None) -> ReadOffer:
    """Return the offer at `url` (`https://SERVER/HASH` or `/NAME`), as the server has it. Raises `Os402Error`.

    Of the address at which it is called, which `publish` prints, the offer's own is taken: nothing is called.
    A server answers `GET /{hash}` and `GET /{name}` with the envelope (`lockboot/os402`, `webapp/handlers`).
    """
    url = _offer_address(url)
    if not _URL.fullmatch(url):
        raise Os402Error("an offer is named by its URL, https://SERVER/HASH or https://SERVER/NAME.")
    try:
        shown = shown_address(str(httpx.URL(url)))
    except httpx.InvalidURL as error:
        raise Os402Error("the URL of the offer is not one.") from error
    with ExitStack() as stack:
        client = client or stack.enter_context(httpx.Client(timeout=_TIMEOUT))
        try:
            response = stack.enter_context(client.stream("GET", url, headers={"Accept": "application/json"}))
            content = bytearray()
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > _MAX_BYTES:
                    raise Os402Error(f"{shown} answers with more than {_MAX_BYTES:,} bytes, which no offer has.")
        except httpx.HTTPError as error:
            raise Os402Error(f"{shown} cannot be reached: {error or type(error).__name__}.") from error
    if response.status_code != httpx.codes.OK:
        raise Os402Error(f"{shown} answers {response.status_code}: the server has no such offer.")
    try:
        return read_envelope(bytes(content))
    except OfferError as error:
        raise Os402Error(f"{shown} does not answer with an offer: {error.message}") from error


def served_links(url: str, served: ReadOffer, artifact: ReadOffer | None) -> Iterator[Link]:
    """Yield whether the server names the offer by its hash, who signed it, and whether it is that of the artifact."""
    asked = _offer_address(url).rstrip("/").rpartition("/")[2]
    if _HASH.fullmatch(asked) and asked != served.sha256:
        yield Link("served offer", holds=False, detail=f"{asked} was asked for, and the answer has {served.sha256}")
    elif served.declared_sha256 not in {None, served.sha256}:
        detail = f"it declares {served.declared_sha256}, and its content has {served.sha256}"
        yield Link("served offer", holds=False, detail=detail)
    else:
        yield Link("served offer", holds=True, detail=f"sha256 {served.sha256}")
    problem = "it is missing" if served.k256 is None else served.signature_problem
    detail = f"by the owner, {served.owner}"
    yield Link("signature of the served offer", holds=not problem, detail=problem or detail)
    if artifact is not None:
        same = _is_same(artifact, served)
        detail = "the server serves the offer of the artifact" if same else f"the artifact's offer is {artifact.sha256}"
        yield Link("served and built offer", holds=same, detail=detail)


def _offer_address(url: str) -> str:
    """Return the address of the offer that is at `url`, or is called there."""
    call = _CALL.fullmatch(url)
    return call[1] if call else url


def _is_same(artifact: ReadOffer, served: ReadOffer) -> bool:
    """Whether signing the offer of the artifact, by whoever signed the served one, gives the served one."""
    try:
        return artifact.sha256 == served.sha256 or complete(artifact.offer, served.owner) == served.offer
    except (OfferError, SignatureError):
        return False
