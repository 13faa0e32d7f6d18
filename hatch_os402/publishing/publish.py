"""Publish, for `hatch publish -p os402` and `hatch-os402 publish`: find, sign, gather, send, report."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hatch_os402.artifacts.names import OFFER, SIGNED_SUFFIX
from hatch_os402.errors import Os402Error
from hatch_os402.offer.build import ZERO_ADDRESS
from hatch_os402.offer.key_loading import load_key
from hatch_os402.offer.keys import VARIABLE
from hatch_os402.offer.payload import sha256 as offer_sha256
from hatch_os402.offer.reading import ReadOffer, read_offer
from hatch_os402.offer.secret_input import terminal_prompt
from hatch_os402.offer.signing import SignedOffer, complete, sign
from hatch_os402.publishing.client import RetryPolicy, base_url, is_plain, new_client
from hatch_os402.publishing.files import UNSIGNED, find_artifacts, gather
from hatch_os402.publishing.parts import dry_run
from hatch_os402.publishing.upload import check_size, publish_to

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from hatch_os402.artifacts.sets import ArtifactSet
    from hatch_os402.config.publish_options import Settings
    from hatch_os402.offer.keys import Key
    from hatch_os402.publishing.files import PublishedProject
    from hatch_os402.publishing.upload import Result
    from hatch_os402.reporting import Reporter


def publish(
    artifacts: Sequence[str],
    settings: Settings,
    project: PublishedProject,
    *,
    reporter: Reporter,
    say: Callable[[str], None],
    interactive: bool,
) -> None:
    """Publish the offers that `artifacts` name, or for none the one in the project's folder.

    `reporter` gets the steps, `say` the address of each published offer. Everything is found, signed and checked
    before the first byte is sent. Raises `Os402Error` when that fails, and at the end when a server failed.
    """
    _check_encryption(settings, reporter)
    keys = _Keys(settings, terminal_prompt() if interactive else None, reporter)
    uploads = []
    for found in find_artifacts(artifacts, project, reporter):
        signed = _sign(found, keys, settings, reporter)
        uploads.append(gather(found, signed, settings, project))
    for upload in uploads:
        check_size((upload.config, *upload.private), settings.limit)
    if settings.dry_run:
        for upload in uploads:
            for line in dry_run(upload, settings.servers):
                reporter.info(line)
        reporter.info("nothing was sent")
        return
    results: list[Result] = []
    with new_client() as client:
        for upload in uploads:
            results += publish_to(
                upload,
                settings.servers,
                client=client,
                retries=RetryPolicy(),
                reporter=reporter,
                limit=settings.limit,
            )
    _report(results, reporter, say)


def _check_encryption(settings: Settings, reporter: Reporter) -> None:
    """Refuse servers to which everything would go in clear, unless the user says so. Raises `Os402Error`."""
    plain = ", ".join(base_url(server) for server in settings.servers if is_plain(server))
    if not plain or settings.insecure:
        return
    problem = f"{plain} would be reached without encryption: private parts and executables could be read or changed."
    if not settings.dry_run:
        raise Os402Error(
            f"{problem} Nothing was sent.\nUse https, or say `-o insecure` (`--insecure` of hatch-os402) to publish so."
        )
    reporter.warning(f"{problem} Publishing is refused without the option `insecure`.")


class _Keys:
    """The user's key, asked for at most once and only when a signature is needed."""

    def __init__(self, settings: Settings, prompt: Callable[[str], str] | None, reporter: Reporter) -> None:
        self._settings, self._prompt, self._reporter = settings, prompt, reporter
        self._key: Key | None = None
        self.stated = bool(settings.key or os.environ.get(VARIABLE))
        """Whether the user has named a key, so that nobody has to be asked."""

    def get(self) -> Key:
        if self._key is None:
            self._key = load_key(
                self._settings.key,
                os.environ,
                self._prompt,
                password_file=self._settings.password_file,
                warn=self._reporter.warning,
            )
        return self._key


def _sign(artifacts: ArtifactSet, keys: _Keys, settings: Settings, reporter: Reporter) -> SignedOffer:
    """Return the offer of `artifacts` with a signature: its own, that of the signed file beside it, or a new one."""
    chosen = artifacts.require_offer()
    if chosen.note:
        reporter.warning(chosen.note)
    signed_before = artifacts.signed_of_this_build
    path, read = chosen.path, chosen.read
    if read.k256 is not None and (signed_before is None or artifacts.named == SIGNED_SUFFIX):
        return _as_signed(path, read, reporter)
    if signed_before is not None:
        path = artifacts.path(OFFER)
        if not keys.stated and not signed_before.problems():
            reporter.info(f"{path.name}: signed before, by {signed_before.owner}")
            return SignedOffer(signed_before.offer, signed_before.sha256, str(signed_before.k256))
        read = read_offer(path)
    if settings.dry_run and not keys.stated:
        reporter.info(
            f"{path.name}: not signed, since no key was given"
            + (
                "; the hash below will be another, since the offer has no owner yet"
                if read.owner == ZERO_ADDRESS
                else ""
            )
        )
        return SignedOffer(read.offer, offer_sha256(read.offer), UNSIGNED)
    key = keys.get()
    offer = complete(read.offer, key.address)
    signed = sign(offer, key)
    if signed_before is not None and signed.sha256 == signed_before.sha256:
        reporter.info(f"{path.name}: signed before, by {key.address}, sha256 {signed.sha256}")
        return signed
    if signed.sha256 != read.sha256:
        reporter.info(f"{path.name}: {key.address} is now its owner, which changes its hash")
        reporter.info(f"  from {read.sha256}")
        reporter.info(f"  to   {signed.sha256}")
    reporter.info(f"{path.name}: signed by {key.address}, sha256 {signed.sha256}")
    return signed


def _as_signed(path: Path, read: ReadOffer, reporter: Reporter) -> SignedOffer:
    problems = [problem for problem in read.problems() if "expired" not in problem]  # `prepare` says that, with advice
    if problems:
        raise Os402Error("\n".join((f"the signed offer {path} does not hold, and nothing was sent:", *problems)))
    if read.dropped:
        reporter.warning(f"{path.name}: os402 does not know {', '.join(read.dropped)}, and it is not sent")
    return SignedOffer(read.offer, read.sha256, str(read.k256))


def _report(results: Sequence[Result], reporter: Reporter, say: Callable[[str], None]) -> None:
    """Tell what became of each offer at each server; raise `Os402Error` that names the servers that failed."""
    for result in results:
        if result.call_url:
            reporter.info(
                f"{result.server}: " + ("already there" if result.already_there else "published and verified")
            )
            for note in result.notes:
                reporter.warning(note)
            say(result.call_url)
        else:
            reporter.warning(str(result.error))
    failed = dict.fromkeys(result.server for result in results if result.error)
    if failed:
        others = "" if all(result.error for result in results) else "; what is listed above is published"
        raise Os402Error(f"not everything was published: {', '.join(failed)} failed{others}")
