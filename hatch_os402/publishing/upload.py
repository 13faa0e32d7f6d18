"""Publish a signed offer to servers: send what each of them lacks, then see that it has what was signed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hatch_os402.errors import Os402Error
from hatch_os402.foreign.addresses import shown_address
from hatch_os402.offer.canonical import canonical
from hatch_os402.offer.names import name_note
from hatch_os402.publishing.client import RemoteServer, UploadPart, upload_size
from hatch_os402.publishing.refusals import refusal, too_large

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

    from hatch_os402.offer.signing import SignedOffer
    from hatch_os402.publishing.client import RetryPolicy
    from hatch_os402.publishing.parts import Upload
    from hatch_os402.reporting import Reporter


@dataclass(frozen=True)
class Result:
    """What became of an offer at one server."""

    server: str
    sha256: str
    error: str | None = None
    """Why it is not published there, or None."""
    already_there: bool = False
    """Whether nothing had to be sent."""
    call_url: str | None = None
    notes: tuple[str, ...] = ()
    """What the user should know although it worked."""


def publish_to(
    upload: Upload,
    servers: Sequence[str],
    *,
    client: httpx.Client,
    retries: RetryPolicy,
    reporter: Reporter,
    limit: int,
) -> tuple[Result, ...]:
    """Publish `upload` at each of `servers` in turn; what fails at one does not keep it from the others.

    `limit` bounds an upload in bytes.
    """
    results = []
    for address in servers:
        shown = shown_address(address)
        try:
            server = RemoteServer(address, client, retries=retries, reporter=reporter)
            shown = server.url
            if server.plain and upload.private:
                reporter.warning(
                    f"{shown} is reached without encryption: the private parts of the offer can be read on the way"
                )
            results.append(_publish(upload, server, limit, reporter))
        except Os402Error as error:
            results.append(Result(shown, upload.signed.sha256, error=error.message))
    return tuple(results)


def check_size(parts: Sequence[UploadPart], limit: int) -> None:
    """Raise `Os402Error` when an upload of `parts` is larger than `limit` bytes."""
    if upload_size(parts) > limit:
        raise Os402Error(
            f"nothing is sent: the upload is larger than {limit:,} bytes, the option `limit`; {too_large(parts)}"
        )


def _publish(upload: Upload, server: RemoteServer, limit: int, reporter: Reporter) -> Result:
    signed = upload.signed
    there = _same(server.offer(signed.sha256), signed)
    missing = _missing_executables(upload, server)
    note = name_note(signed.offer.name)
    named = signed.offer.name is None or bool(note) or _hash_by_name(server, signed) == signed.sha256
    if there and named and not missing and not upload.private:
        return _result(server, signed, note, already_there=True)
    parts = (upload.config, *upload.private, *missing)
    total = sum(part.size for part in parts)
    check_size(parts, limit)
    reporter.info(f"{server.url}: sending {', '.join(f'{part.name} ({part.size:,} bytes)' for part in parts)}")
    with reporter.progress(f"sending to {server.url}", in_bytes=True) as update:
        answer = server.upload(signed.sha256, parts, lambda sent: update(sent, total) if update else None)
    if answer.status not in {200, 201}:
        raise Os402Error(refusal(server, answer, signed.offer, parts))
    _verify(server, signed, check_name=not note)
    return _result(server, signed, note)


def _missing_executables(upload: Upload, server: RemoteServer) -> tuple[UploadPart, ...]:
    """Return the executables to send; raise for one that nobody has."""
    missing = []
    for arch, item in sorted(upload.signed.offer.exec.executables.items()):
        if server.has_executable(item.sha256):
            continue
        if arch in upload.executables:
            missing.append(upload.executables[arch])
        elif item.url is None:
            raise Os402Error(
                f"{server.url} does not have the executable for {arch} (sha256 {item.sha256}), the offer names no "
                "address to fetch it from, and it was not found on this machine. Nothing was sent. Fetch it with "
                "`hatch-os402 runtime fetch`, or name the file with the option `exe`."
            )
    return tuple(missing)


def _verify(server: RemoteServer, signed: SignedOffer, *, check_name: bool) -> None:
    """See that the server has exactly what was signed, by hash and by name."""
    if not _same(server.offer(signed.sha256), signed):
        raise Os402Error(
            f"{server.url} accepted the offer, but what it returns for {signed.sha256} is not what was signed. "
            "Do not rely on this server's copy; tell its owner."
        )
    if check_name and signed.offer.name is not None and (other := _hash_by_name(server, signed)) != signed.sha256:
        now_names = f"names the offer {other}" if other else "is not known there"
        raise Os402Error(
            f"{server.url} has the offer at {server.call_url(signed.sha256)}, but the name {signed.offer.name!r} "
            f"{now_names}: a newer upload took it. Publish again to take the name back, or choose another `name`."
        )


def _same(envelope: Any, signed: SignedOffer) -> bool:
    if not isinstance(envelope, dict) or envelope.get("k256") != signed.k256:
        return False
    try:
        return hashlib.sha256(canonical(envelope.get("payload"))).hexdigest() == signed.sha256
    except (Os402Error, RecursionError):
        return False


def _hash_by_name(server: RemoteServer, signed: SignedOffer) -> str | None:
    envelope = server.offer(str(signed.offer.name))
    if not isinstance(envelope, dict) or "payload" not in envelope:
        return None
    return signed.sha256 if _same(envelope, signed) else str(envelope.get("sha256"))[:64]


def _result(server: RemoteServer, signed: SignedOffer, note: str, *, already_there: bool = False) -> Result:
    key = signed.sha256 if note or signed.offer.name is None else signed.offer.name
    return Result(server.url, signed.sha256, None, already_there, server.call_url(key), (note,) if note else ())
