"""`hatch-os402 serve`: offers on this machine, with os402's addresses, free of charge."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
from pathlib import Path

import click

from hatch_os402.cli.shared.conditions import RUNTIME, SANDBOX, what_argument
from hatch_os402.cli.shared.reporter import ClickReporter
from hatch_os402.config.pyproject import project_above
from hatch_os402.errors import SandboxError
from hatch_os402.formatting import escaped

_PORT = 8402


class _SteadyReporter(ClickReporter):
    """Reports on stderr as long as that can be written to: a full disk must not end the gateway."""

    def info(self, message: str) -> None:
        with contextlib.suppress(OSError):
            super().info(message)

    def warning(self, message: str) -> None:
        with contextlib.suppress(OSError):
            super().warning(message)


@click.command
@what_argument(several=True, type=click.Path(path_type=Path))
@click.option("--port", default=_PORT, show_default=True, type=click.IntRange(0, 65535), help="0: any that is free.")
@click.option("--reload", is_flag=True, help="Build and load again what changes.")
@click.option("--jobs", type=click.IntRange(min=1), help="Calls that run at once. [default: one a processor]")
@SANDBOX
@RUNTIME
@click.option(
    "--key",
    metavar="@FILE",
    help="The key that signs outputs; offers of its address can be published here. [default: a new one each time]",
)
@click.option(
    "--owner",
    "owners",
    metavar="ADDRESS",
    multiple=True,
    help="Whose offers can be published here; repeat it. [default: the owners that the PROJECTs name, or nobody's]",
)
def command(
    what: tuple[Path, ...],
    port: int,
    reload: bool,  # noqa: FBT001 - click passes it by name
    jobs: int | None,
    sandbox: bool | None,  # noqa: FBT001 - as above
    runtime: Path | None,
    key: str | None,
    owners: tuple[str, ...],
) -> None:
    """Serve offers on this machine, at os402's addresses and with its limits, free of charge.

    A PROJECT is built first when something changed. A FOLDER gives every offer in it. With --owner or --key, and for
    the owner that a PROJECT names, the gateway takes what `hatch publish -p os402 -o url=…` brings. Its address goes
    to stdout. Ctrl-C stops it. [default: the project of the current folder, unless --owner or --key is given]
    """
    from hatch_os402.gateway.core import Gateway  # noqa: PLC0415
    from hatch_os402.gateway.reload import WatchedSource, load_all  # noqa: PLC0415
    from hatch_os402.gateway.server import HOST, listen, serve  # noqa: PLC0415
    from hatch_os402.offer.key_loading import load_key  # noqa: PLC0415 - needs an extra; `--help` does not
    from hatch_os402.offer.secret_input import terminal_prompt  # noqa: PLC0415

    for owner in owners:
        if not re.fullmatch("0x[0-9a-fA-F]{40}", owner):
            raise click.UsageError(f"--owner is an Ethereum address, 0x and 40 hex digits, and {owner!r} is none.")
    if not (what or owners or key):  # else it is there to be published to
        what = tuple(filter(None, [project_above(Path())]))
    reporter = _SteadyReporter()
    signer = None if key is None else load_key(key, os.environ, terminal_prompt())
    listening = listen(port)  # before anything is built

    async def run() -> None:
        async with Gateway(
            reporter=reporter,
            named=runtime,
            isolated=sandbox is not False,
            required=bool(sandbox),
            jobs=jobs,
            key=signer,
            owners=[owner.lower() for owner in owners],
        ) as gateway:
            sources = [WatchedSource(path, reporter) for path in what]
            load_all(sources, gateway)
            address = f"http://{HOST}:{listening.getsockname()[1]}"
            for program in gateway.programs.values():
                chosen = await gateway.runtime(program)
                reporter.info(f"{address}/{escaped(program.id)}.cgi  runs with {chosen.words}")
            if gateway.owners:
                reporter.info(f"uploads: offers of {', '.join(sorted(gateway.owners))}")
            else:
                reporter.info("uploads: off (--owner ADDRESS turns them on)")
            reporter.info(f"free of charge, for this machine alone, {gateway.jobs} at once; Ctrl-C stops it")
            click.echo(address)
            sys.stdout.flush()
            await serve(gateway, listening, sources, reload=reload)
        reporter.info("stopped")

    with listening:
        try:
            asyncio.run(run())
        except FileNotFoundError as error:
            raise SandboxError(f"{error.filename} is not there.") from error
