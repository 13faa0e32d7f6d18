"""`hatch-os402 cache`: what is kept between builds, and how it is made smaller."""

from __future__ import annotations

import json
import os
import re

import click

from hatch_os402.cache import LIMIT, PARTS, cache_errors, cache_folder, measure_cache, prune_cache
from hatch_os402.formatting import counted, human_size

_SIZE = re.compile(r"(?P<number>\d{1,15}(?:\.\d{1,15})?)\s*(?P<unit>|b|kb|mb|gb)", re.IGNORECASE)
_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9}


def _size(_context: click.Context, _parameter: click.Parameter, value: str | None) -> int:
    if value is None:
        return LIMIT
    if (match := _SIZE.fullmatch(value.strip())) is None:
        raise click.BadParameter(f'{value!r} is no size, such as "500mb" or "2gb"')
    return int(float(match["number"]) * _UNITS[match["unit"].lower()])


@click.group("cache")
def command() -> None:
    """Show or prune what is kept between builds. All of it can be made or fetched again."""


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info(*, as_json: bool) -> None:
    """Show where the cache is and what is in it."""
    folder = cache_folder(os.environ)
    parts = measure_cache(folder)
    if as_json:
        listed = {part.name: {"files": part.files, "size": part.size} for part in parts}
        click.echo(json.dumps({"folder": str(folder), "limit": LIMIT, "parts": listed}, indent=2))
        return
    click.echo(folder)
    for part in parts:
        click.echo(
            f"  {part.name:<11} {human_size(part.size):>9}  {counted(part.files, 'file'):>13}  {PARTS[part.name]}"
        )
    total = human_size(sum(part.size for part in parts))
    click.echo(f"  {'all':<11} {total:>9}  pruned to {human_size(LIMIT)} without the runtime, once a day")


@command.command()
@click.option(
    "--size",
    "limit",
    metavar="SIZE",
    callback=_size,
    help="What may be left, as 500mb: a million bytes each, as `cache info` shows them. Default: 2.1gb.",
)
@click.option("--all", "everything", is_flag=True, help="Remove everything but the runtime, whenever it was used.")
def prune(limit: int, *, everything: bool) -> None:
    """Remove what was not used for longest, until the rest is small enough.

    What was used in the last hour stays, as a build may be reading it; so does the runtime.
    """
    folder = cache_folder(os.environ)
    with cache_errors(folder):
        removed, freed = prune_cache(folder, 0, grace=0) if everything else prune_cache(folder, limit)
    click.echo(f"removed {counted(removed, 'file')}, {human_size(freed)}")
    left = sum(part.size for part in measure_cache(folder) if part.name != "runtime")
    if not everything and left > limit:
        click.echo(f"{human_size(left)} are left, which were used in the last hour; --all removes them as well")
