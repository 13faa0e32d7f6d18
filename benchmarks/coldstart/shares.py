"""What each part of a fast start brings: the same app with the part and without it, in pairs within one run."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import TYPE_CHECKING

from apps import build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apps import App, Way

AS_IT_COMES = "as it comes"
WITHOUT = {
    "prepared regular expressions": "prepared-patterns = false",
    "an end without finalization": "finalize = true",
    "deflated members": 'compression = "stored"',
}
"""Part → the option that leaves it out."""
WITH = {"no docstrings": "docstrings = false", "no sources": "sources = false"}
"""What an option adds that is off as it comes."""
NO_SITE = "a start without `site` (`-S`)"


def ways(app: App, python: str, folder: Path) -> dict[str, Way]:
    """Build `app` into `folder` with and without each part; return how each is started, `AS_IT_COMES` first."""
    options = {AS_IT_COMES: "", **WITHOUT, **WITH}
    found = {}
    for number, (part, line) in enumerate(options.items()):
        _, found[part] = build(app._replace(options=f"{app.options}\n{line}"), python, folder / str(number))
    usual = found[AS_IT_COMES]
    found[NO_SITE] = usual._replace(argv=tuple(word for word in usual.argv if word != "-S"))
    return found


def shares(
    cpu: dict[str, list[float]], found: dict[str, Way], ratio: Callable[..., str], count: Callable[[Way], float] | None
) -> Iterator[str]:
    """Yield a table: the CPU time with a part divided by that without it, the same of instructions, and the frames.

    `count` returns the instructions of a start, in millions.
    """
    yield "| with / without | CPU, median and quartiles | instructions | frame with | without |"
    yield "|---|---:|---:|---:|---:|"
    counted = {part: count(way) for part, way in found.items()} if count else {}
    for part in list(found)[1:]:
        mine, its = (part, AS_IT_COMES) if part in WITH else (AS_IT_COMES, part)
        exact = f"{counted[mine] / counted[its]:.3f}" if counted else ""
        yield f"| {part} | {ratio(cpu[mine], cpu[its])} | {exact} | {_size(found[mine])} | {_size(found[its])} |"
    whole = f", {counted[AS_IT_COMES]:.1f} million instructions" if counted else ""
    yield f"\n{AS_IT_COMES}: {statistics.median(cpu[AS_IT_COMES]) * 1000:.1f} ms{whole}"


def _size(way: Way) -> str:
    return f"{Path(way.stdin).stat().st_size / 1e6:.2f} MB"
