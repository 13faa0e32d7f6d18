"""What a build costs when there was one before: nothing changed, or one file did, against hatchling's own wheel."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from tools import Cost, Tool, build

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WHEEL, OS402 = Tool("wheel", "wheel"), Tool("os402", "os402")
KINDS = {
    "nothing changed": "nothing changed",
    "one file changed": " ago (`HATCH_OS402_FRESH=1` resolves again)",
    "resolved again": "resolved ",
}
"""Each kind of build, with what it must say of itself: else it is not what is measured."""


def incremental(project: Path, folder: Path, index: str, rounds: int) -> Iterator[str]:
    """Build `project` into `folder`, in `rounds`, and yield a table of CPU times and of ratios to the wheel's."""
    folder.mkdir()
    module = project / "sample/__init__.py"
    before = module.read_text(encoding="utf-8")
    costs: dict[str, list[Cost]] = {kind: [] for kind in ("wheel", *KINDS)}

    def run(tool: Tool, says: str = "", *, fresh: bool = False) -> Cost:
        caches = folder / "caches"
        caches.mkdir(exist_ok=True)
        return build(tool, project, caches, index, isolated=False, into=folder / "dist", says=says, fresh=fresh)

    (folder / "dist").mkdir()
    for number in range(rounds):
        run(OS402, fresh=True)  # the pages of the index are as new as can be
        costs["wheel"].append(run(WHEEL))
        costs["nothing changed"].append(run(OS402, KINDS["nothing changed"]))
        module.write_text(f"{before}# {number}\n", encoding="utf-8")
        costs["one file changed"].append(run(OS402, KINDS["one file changed"]))
        costs["resolved again"].append(run(OS402, KINDS["resolved again"], fresh=True))
    module.write_text(before, encoding="utf-8")
    yield "| | CPU | requests | CPU, / wheel |\n|---|---:|---:|---:|"
    for kind, found in costs.items():
        ratios = [one.cpu / wheel.cpu for one, wheel in zip(found, costs["wheel"], strict=True)]
        cpu, requests = (statistics.median(getattr(one, field) for one in found) for field in ("cpu", "requests"))
        spread = f"**{statistics.median(ratios):.2f}** ({min(ratios):.2f} to {max(ratios):.2f})"
        yield f"| {kind} | {cpu:.2f} s | {requests:.0f} | {spread} |"
