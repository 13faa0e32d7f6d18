"""`hatch-os402 mcp`: an MCP server over stdio, whose tools are offers."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hatch_os402.artifacts.choosing import METAVAR, choose
from hatch_os402.cli.shared.conditions import RUNTIME, SANDBOX, what_argument
from hatch_os402.cli.shared.reporter import ClickReporter
from hatch_os402.files import read_named
from hatch_os402.processes.interruption import Interrupted

if TYPE_CHECKING:
    from hatch_os402.mcpserver.offers import OfferSource

_URL = re.compile(r"https?://", re.IGNORECASE)
_HEADER = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_LARGEST_HEADER = 1 << 16
"""Bytes of a value in a file."""


@click.command
@what_argument(metavar=f"{METAVAR[:-1]}|URL]", several=True)
@click.option(
    "-H", "--header", "headers", multiple=True, metavar="NAME:VALUE|NAME:@FILE", help="Sent with each call of a URL."
)
@SANDBOX
@RUNTIME
def command(
    what: tuple[str | Path, ...],
    headers: tuple[str, ...],
    sandbox: bool | None,  # noqa: FBT001 - click passes it by name
    runtime: Path | None,
) -> None:
    """Let a model call offers: a Model Context Protocol server, over stdin and stdout.

    A PROJECT gives the offers of its newest build, which is made anew when something changed; an ARTIFACT its own; a
    FOLDER every one in it. They run on this machine, under os402's conditions. A URL gives the offers of an os402
    server or of `hatch-os402 serve`, which runs them. [default: the project of the current folder]

    What is to be seen by a person goes to stderr.
    """
    from hatch_os402.gateway.reload import WatchedSource  # noqa: PLC0415
    from hatch_os402.mcpserver.local import LocalOffers  # noqa: PLC0415 - `--help` needs none of it
    from hatch_os402.mcpserver.remote import RemoteOffers  # noqa: PLC0415
    from hatch_os402.mcpserver.server import serve_stdio  # noqa: PLC0415

    reporter = ClickReporter()
    sent = dict(_header(item) for item in headers)
    urls = [item for item in map(str, what) if _URL.match(item)]
    paths = [Path(item) for item in what if not _URL.match(str(item))] if what else [choose(None).path]

    async def run() -> None:
        async with AsyncExitStack() as stack:
            sources: list[OfferSource] = []
            if paths:
                built = [WatchedSource(path, reporter) for path in paths]
                local = LocalOffers(
                    built, reporter, named=runtime, isolated=sandbox is not False, required=bool(sandbox)
                )
                sources.append(await stack.enter_async_context(local))
                await local.offers()  # what is wrong with them is said before a client waits
            for url in urls:
                remote = await stack.enter_async_context(RemoteOffers(url, sent))
                sources.append(remote)
            await serve_stdio(sources, reporter)

    try:
        asyncio.run(run())
    except Interrupted as interrupted:
        # Everything is closed by now, but a thread that waits for stdin cannot be woken, and would be waited for.
        click.echo(f"hatch-os402: {interrupted}", err=True)
        sys.stderr.flush()
        os._exit(interrupted.status)


def _header(item: str) -> tuple[str, str]:
    """Return name and value of a header; a value that begins with @ is the content of a file."""
    name, colon, value = item.partition(":")
    if not colon or not _HEADER.fullmatch(name):
        raise click.UsageError("a header is NAME:VALUE or NAME:@FILE.")  # without its value, which may be a key
    value = value.strip()
    if value.startswith("@"):
        try:
            value = read_named(Path(value[1:]), _LARGEST_HEADER).decode("ascii").strip()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is not ASCII"
            raise click.UsageError(f"the value of {name} cannot be read from {value[1:]}: {reason}.") from None
    return name, value
