"""`hatch-os402 verify`: a chain of artifacts, or a server's answer, link by link."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hatch_os402.artifacts.choosing import choose
from hatch_os402.cli.shared.conditions import JSON, WHAT
from hatch_os402.cli.shared.settings import answer_screen
from hatch_os402.errors import Os402Error
from hatch_os402.formatting import escaped
from hatch_os402.terminal.colors import styled
from hatch_os402.verification.artifacts import verify_artifacts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hatch_os402.artifacts.sets import ArtifactSet
    from hatch_os402.verification.artifacts import Link

FORMAT = 1
"""Of what `--json` prints; raised when a reader of the old format would misunderstand the new one."""

_MARKS = {True: ("✓", "ok"), False: ("✗", "BROKEN"), None: ("–", "-")}  # noqa: RUF001 - a dash, where neither applies

_MEANINGS = {True: "good", False: "bad", None: "faint"}


@click.command()
@WHAT
@click.option("--task", "url", metavar="URL", help="A task of a server, https://…/tasks/ID, to check its answer.")
@click.option("--owner", metavar="ADDRESS", help="Who must own the server that ran the task.")
@click.option("--signer", metavar="ADDRESS", help="Whose key must have signed what the task wrote.")
@click.option("--body", type=click.Path(path_type=Path), help="File with the body that the task was called with.")
@JSON
def command(
    what: Path | None,
    url: str | None,
    owner: str | None,
    signer: str | None,
    body: Path | None,
    as_json: bool,  # noqa: FBT001 - click passes it by name
) -> None:
    """Check ARTIFACT and the artifacts of the same build beside it, or a server's answer, or both.

    ARTIFACT is any of the files that a build or `sign` wrote, or what their names have in common; instead of it, a
    PROJECT or a FOLDER of artifacts will do. [default: without --task, the project of the current folder] Together with
    --task, its offer must be the one that the task ran. The exit status is 1 if a link is broken.
    """
    if url is None and (owner or signer or body):
        raise click.UsageError("--owner, --signer and --body are about a task: name it with --task URL.")
    chosen = choose(what) if what is not None or url is None else None
    links = [] if chosen is None else _links(chosen.offers(checked=False))
    if url is not None:
        from hatch_os402.verification.tasks import verify_task  # noqa: PLC0415 - needs httpx

        offer = None if chosen is None else chosen.one(checked=False).require_offer().read
        links += verify_task(url, owner=owner, signer=signer, body=body, offer=offer)
    _show(links, as_json=as_json)
    if broken := [link.name for link in links if link.holds is False]:
        raise Os402Error(f"the chain is broken at: {', '.join(broken)}.")


def _links(offers: Sequence[ArtifactSet]) -> list[Link]:
    """Return the links of every offer of a build; what they have in common once."""
    found: dict[Link, list[str]] = {}
    for artifacts in offers:
        for link in verify_artifacts(artifacts):
            found.setdefault(link, []).append(artifacts.tool)
    return [
        link if len(tools) == len(offers) else replace(link, name=f"{link.name} of {', '.join(tools)}")
        for link, tools in found.items()
    ]


def _show(links: Sequence[Link], *, as_json: bool) -> None:
    if as_json:
        holds = all(link.holds is not False for link in links)
        listed = [{"name": link.name, "holds": link.holds, "detail": link.detail} for link in links]
        click.echo(json.dumps({"format": FORMAT, "holds": holds, "links": listed}, indent=2))
        return
    width, color = max(len(link.name) for link in links), answer_screen().color
    for link in links:
        mark = styled(_mark(link), _MEANINGS[link.holds], color=color)
        click.echo(f"{mark} {escaped(f'{link.name:<{width}}  {link.detail}')}", color=color)


def _mark(link: Link) -> str:
    mark, plain = _MARKS[link.holds]
    try:
        mark.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return plain
    return mark
