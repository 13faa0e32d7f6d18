"""`hatch-os402 sign`: an offer file, and a signed one beside it."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hatch_os402.artifacts.choosing import choose
from hatch_os402.artifacts.names import FRAME, OFFER, SIGNED_SUFFIX
from hatch_os402.artifacts.signed import signed_path, write_signed
from hatch_os402.calls.rebuild import warn_of_changes
from hatch_os402.cli.shared.conditions import WHAT
from hatch_os402.cli.shared.reporter import ClickReporter
from hatch_os402.errors import Os402Error
from hatch_os402.formatting import escaped, escaped_lines
from hatch_os402.offer.commandline import os402_command
from hatch_os402.offer.key_loading import load_key
from hatch_os402.offer.reading import ReadOffer, read_offer
from hatch_os402.offer.secret_input import terminal_prompt
from hatch_os402.offer.signing import SignedOffer, complete, sign
from hatch_os402.sandbox.program import private_env_of_project

if TYPE_CHECKING:
    from hatch_os402.artifacts.sets import ArtifactSet


@click.command()
@WHAT
@click.option("--key", metavar="@FILE", help="File with the key: 64 hex digits, or an encrypted keystore.")
@click.option("--password-file", type=click.Path(path_type=Path), help="File with the keystore's password.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Where to write it [default: beside the offer].")
@click.option("--show-command", is_flag=True, help="Print the same as an `os402 offer` command line; sign nothing.")
def command(
    what: Path | None,
    key: str | None,
    password_file: Path | None,
    output: Path | None,
    show_command: bool,  # noqa: FBT001 - click passes it by name
) -> None:
    """Sign the offer of ARTIFACT with its owner's key.

    ARTIFACT is any of the files of a build, or an offer by another name; instead of it, a PROJECT or a FOLDER of
    artifacts will do. [default: the project of the current folder]

    The key is read from --key @FILE, else from the variable X402_KEY (hex or @FILE), else asked for. An offer without
    an owner gets the key's address, and another hash. Writes {id}.offer.signed.json.
    """
    meant = choose(what)
    chosen = meant.offers()
    warn_of_changes(meant, ClickReporter())
    if output is not None and len(chosen) > 1:
        raise click.UsageError(f"--output is for one offer, and {chosen[0].stem} has {len(chosen)} tools.")
    if show_command:
        for artifacts in chosen:
            read = _read(artifacts)[1]
            env = _private_env(read.offer.exec.env_sha256, artifacts.folder)
            command = os402_command(read.offer, frame=artifacts.path(FRAME), private_env=env, now=time.time())
            click.echo(escaped_lines(command) if sys.stdout.isatty() else command)
        return
    found = [_read(artifacts) for artifacts in chosen]
    for _, read in found:
        _ = read.offer  # before anybody is asked for a key
    signer = load_key(key, os.environ, terminal_prompt(), password_file=password_file)
    for offer, read in found:
        signed = sign(complete(read.offer, signer.address), signer)
        target = output or signed_path(offer)
        write_signed(target, signed)
        _report(target, read, signed)


def _read(artifacts: ArtifactSet) -> tuple[Path, ReadOffer]:
    """Return the offer that is to be signed, and where it is."""
    offer = artifacts.path(SIGNED_SUFFIX if artifacts.named == SIGNED_SUFFIX or not artifacts.has(OFFER) else OFFER)
    return offer, read_offer(offer)


def _private_env(sha256: str | None, folder: Path) -> dict[str, str]:
    """Return the private environment with this hash, if the project around `folder` has it."""
    try:
        return private_env_of_project(sha256, folder) if sha256 else {}
    except Os402Error:
        return {}


def _report(target: Path, read: ReadOffer, signed: SignedOffer) -> None:
    if read.dropped:
        click.echo(escaped(f"hatch-os402: left out what os402 does not keep: {', '.join(read.dropped)}"), err=True)
    if read.declared_sha256 not in {None, read.sha256}:
        click.echo(
            f"hatch-os402: the file declared the hash {read.declared_sha256}, and its content has {read.sha256}: it "
            "was changed after it was written, and is signed as it is now",
            err=True,
        )
    if signed.offer.valid_until < time.time():
        click.echo("hatch-os402: the offer expired, and every server will refuse it", err=True)
    click.echo(target)
    click.echo(f"owner   {signed.offer.owner}" + (" (the key's)" if read.sha256 != signed.sha256 else ""))
    if read.sha256 != signed.sha256:
        click.echo(f"before  sha256 {read.sha256}")
    click.echo(f"signed  sha256 {signed.sha256}")
    click.echo(escaped(f"call    /{signed.offer.name or signed.sha256}.cgi"))
