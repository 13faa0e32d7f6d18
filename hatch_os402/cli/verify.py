"""`hatch-os402 verify`: a chain of artifacts, or a server's answer, link by link."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hatch_os402.artifacts.choosing import choose
from hatch_os402.calls.rebuild import warn_of_changes
from hatch_os402.cli.shared.conditions import JSON, WHAT
from hatch_os402.cli.shared.reporter import ClickReporter
from hatch_os402.cli.shared.settings import answer_screen
from hatch_os402.errors import Os402Error
from hatch_os402.formatting import escaped
from hatch_os402.terminal.colors import styled
from hatch_os402.verification.artifacts import verify_artifacts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hatch_os402.artifacts.choosing import Choice
    from hatch_os402.artifacts.sets import ArtifactSet
    from hatch_os402.provenance.compare import Comparison
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
@click.option(
    "--rebuild",
    "root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="PROJECT",
    help="Build PROJECT again, with the pins of the record, and compare.",
)
@click.option("--offer", "offer_url", metavar="URL", help="What a server serves, https://SERVER/HASH, to compare it.")
@JSON
def command(
    what: Path | None,
    url: str | None,
    owner: str | None,
    signer: str | None,
    body: Path | None,
    root: Path | None,
    offer_url: str | None,
    as_json: bool,  # noqa: FBT001 - click passes it by name
) -> None:
    """Check ARTIFACT and the artifacts of the same build beside it, or a server's answer, or both.

    ARTIFACT is any of the files that a build or `sign` wrote, or what their names have in common; instead of it, a
    PROJECT or a FOLDER of artifacts will do. [default: without --task and --offer, the project of the current folder]
    Together with --task, its offer must be the one that the task ran; with --offer, the one that the server serves.

    --rebuild PROJECT builds the project again, with exactly the wheels that the record of ARTIFACT names, and compares
    every byte. What differs is named with its likely cause. The exit status is 1 if a link is broken.
    """
    if url is None and (owner or signer or body):
        raise click.UsageError("--owner, --signer and --body are about a task: name it with --task URL.")
    chosen = _chosen(what, root, alone=url is None and offer_url is None)
    links = [] if chosen is None else _links(chosen.offers(checked=False))
    if chosen is not None and root is None:  # a rebuild says what differs
        warn_of_changes(chosen, ClickReporter())
    if url is not None:
        from hatch_os402.verification.tasks import verify_task  # noqa: PLC0415 - needs httpx

        offer = None if chosen is None else chosen.one(checked=False).require_offer().read
        links += verify_task(url, owner=owner, signer=signer, body=body, offer=offer)
    served = None
    if offer_url is not None:
        from hatch_os402.verification.served import fetch_offer, served_links  # noqa: PLC0415 - needs httpx

        served = fetch_offer(offer_url)
        offer = None if chosen is None else chosen.one(checked=False).require_offer().read
        links += served_links(offer_url, served, offer)
    comparison = None
    if root is not None:
        from hatch_os402.cli.shared.rebuild import rebuild_link, rebuilt  # noqa: PLC0415 - a build's imports

        theirs = None if chosen is None else chosen.build(checked=False)
        try:
            comparison = rebuilt(root.absolute(), theirs, served, ClickReporter())
        except Os402Error:
            _show(links, None, as_json=as_json)  # what is known by then
            raise
        links.append(rebuild_link(comparison, root))
    _show(links, comparison, as_json=as_json)
    if broken := [link.name for link in links if link.holds is False]:
        raise Os402Error(f"the chain is broken at: {', '.join(broken)}.")


def _chosen(what: Path | None, root: Path | None, *, alone: bool) -> Choice | None:
    """Return the artifacts that are meant; None when only what a server has is. `alone`: no server is named."""
    if what is not None:
        return choose(what)
    return choose(root) if alone else None


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


def _show(links: Sequence[Link], comparison: Comparison | None, *, as_json: bool) -> None:
    if as_json:
        holds = all(link.holds is not False for link in links)
        listed = [{"name": link.name, "holds": link.holds, "detail": link.detail} for link in links]
        answer: dict[str, Any] = {"format": FORMAT, "holds": holds, "links": listed}
        if comparison is not None:
            from hatch_os402.cli.shared.rebuild import as_json as rebuild_as_json  # noqa: PLC0415 - as above

            answer["rebuild"] = rebuild_as_json(comparison)
        click.echo(json.dumps(answer, indent=2))
        return
    width, color = max(len(link.name) for link in links), answer_screen().color
    for link in links:
        mark = styled(_mark(link), _MEANINGS[link.holds], color=color)
        click.echo(f"{mark} {escaped(f'{link.name:<{width}}  {link.detail}')}", color=color)
    if comparison is not None:
        from hatch_os402.cli.shared.rebuild import show_differences  # noqa: PLC0415 - as above

        show_differences(comparison)


def _mark(link: Link) -> str:
    mark, plain = _MARKS[link.holds]
    try:
        mark.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return plain
    return mark
