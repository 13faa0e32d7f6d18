"""hatch-os402 against pex and shiv: time and memory of a build, cold and warm, as ratios within one run.

`hatch run bench:build`, or `python benchmarks/build/run.py` where pex, shiv, hatchling and hatch-os402 are installed.
README.md, beside this file, says what is measured. Linux and macOS.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from incremental import incremental
from tools import (
    AS_THEY_COME,
    PROJECTS,
    SAME_WORK,
    UV,
    Cost,
    Tool,
    build,
    environment,
    remembering_index,
    write_project,
)
from where import breakdown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

TOOLS = (*AS_THEY_COME, UV, *SAME_WORK)


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Return the median of the ratios, round by round, and between what they lie."""
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    return f"**{statistics.median(ratios):.2f}** ({min(ratios):.2f} to {max(ratios):.2f})"


def table(tools: Sequence[Tool], costs: dict[str, list[Cost]]) -> Iterator[str]:
    """Yield the medians of `tools`, and the ratios of the first to each other one."""
    measures = ("wall", "CPU", "memory")
    heads = (*measures, "requests", "received", "archive", *(f"{measure}, ours / its" for measure in measures))
    yield f"| | {' | '.join(heads)} |\n|---|{'---:|' * len(heads)}"
    ours = list(zip(*costs[tools[0].name], strict=True))
    for tool in tools:
        columns = list(zip(*costs[tool.name], strict=True))
        wall, cpu, memory, requests, received, archive = map(statistics.median, columns)
        ratios = [""] * 3 if tool is tools[0] else [ratio(ours[i], columns[i]) for i in range(3)]
        yield (
            f"| {tool.name} | {wall:.2f} s | {cpu:.2f} s | {memory:.0f} MiB | {requests:.0f} | {received:.1f} MiB "
            f"| {archive:.1f} MiB | {' | '.join(ratios)} |"
        )


def compare(name: str, work: Path, index: str, arguments: argparse.Namespace) -> None:
    """Print all there is to say of the project `name`. `work` is an empty folder."""
    projects = {flag: write_project(work / f"bytecode-{flag}", PROJECTS[name], bytecode=flag) for flag in (True, False)}

    def rounds(count: int, caches: Callable[[int, int], Path]) -> dict[str, list[Cost]]:
        """Run every tool, then every tool again, and so on: what else the machine does falls on all alike."""
        costs: dict[str, list[Cost]] = {tool.name: [] for tool in TOOLS}
        for number in range(count):
            for which, tool in enumerate(TOOLS):
                folder = caches(number, which)
                folder.mkdir(exist_ok=True)
                cost = build(tool, projects[tool.bytecode], folder, index, isolated=arguments.isolated)
                costs[tool.name].append(cost)
                print(".", end="", file=sys.stderr, flush=True)
        return costs

    def kept(_number: int, which: int) -> Path:
        return work / f"warm-{which}"

    def fresh(_number: int, which: int) -> Path:
        folder = work / f"cold-{which}"
        shutil.rmtree(folder, ignore_errors=True)
        return folder

    rounds(1, kept)  # not counted: fills the caches, and the index's memory
    measured = {"warm": rounds(arguments.warm, kept), "cold": rounds(arguments.cold, fresh)}
    print(f"\n\n## {name}: {', '.join(PROJECTS[name])}")
    for kind, costs in measured.items():
        for title, tools in (("as they come", (*AS_THEY_COME, UV)), ("the same work", (*SAME_WORK, UV))):
            print(f"\n### {name}, {kind}, {title}\n", *table(tools, costs), sep="\n")
    print(f"\n### {name}, incremental\n")
    print(*incremental(projects[True], work / "incremental", index, arguments.warm), sep="\n", flush=True)
    for tool in (AS_THEY_COME[0], SAME_WORK[0]):
        print(f"\n### {name}, warm, where the time of {tool.name} goes\n")
        variables = environment(kept(0, TOOLS.index(tool)), index)
        print(*breakdown(projects[tool.bytecode], variables, work / "where", arguments.warm), sep="\n", flush=True)


def main() -> None:
    """Read the command line and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("projects", nargs="*", metavar="PROJECT", help=f"{' or '.join(PROJECTS)}; all without one")
    parser.add_argument("--warm", type=int, default=7, metavar="N", help="rounds with warm caches (%(default)s)")
    parser.add_argument("--cold", type=int, default=3, metavar="N", help="rounds with empty caches (%(default)s)")
    parser.add_argument("--isolated", action="store_true", help="pex and shiv install hatchling for every build")
    arguments = parser.parse_args()
    if unknown := set(arguments.projects) - PROJECTS.keys():
        parser.error(f"unknown project: {', '.join(sorted(unknown))}")
    tools = ", ".join(f"{name} {version(name)}" for name in ("hatch-os402", "pex", "shiv", "uv", "pip", "hatchling"))
    print(f"CPython {sys.version.split()[0]}, {tools}; {sys.platform}, {os.cpu_count()} CPUs", flush=True)
    for name in arguments.projects or PROJECTS:
        with tempfile.TemporaryDirectory(prefix="hatch-os402-bench-") as folder, remembering_index() as index:
            compare(name, Path(folder), index, arguments)


if __name__ == "__main__":
    main()
