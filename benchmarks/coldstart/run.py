"""What a start costs, against the same files on a disk, zipimport, apploader, pex and shiv, as ratios within one run.

`hatch run bench:coldstart`, or `python benchmarks/coldstart/run.py` where hatch-os402 and hatchling are installed.
README.md, beside this file, says what is measured. Linux, with a CPython 3.12.
"""

from __future__ import annotations

import argparse
import marshal
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from apps import APPLOADER, APPS, OURS, PLAIN, UNPACKED, make_tools, prepare
from counting import instructions
from shares import shares
from shares import ways as with_and_without
from where import breakdown

from hatch_os402.runtime.interpreters import find_compiler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from apps import Way

MIB = 1 << 20
SMALL = "os402, the small hello"
GOALS = {
    ("hello", PLAIN): 0.98,
    ("hello", APPLOADER): 1 / 3,
    ("many", SMALL): 1.10,
    ("many", APPLOADER): 1 / 3,
    ("greeter", UNPACKED): 0.75,
    ("web", UNPACKED): 0.72,
    ("tuned", UNPACKED): 0.50,
    ("django", UNPACKED): 0.80,
    ("boto3", UNPACKED): 0.80,
}
"""The most that the CPU time of an app may be, as a multiple of another way's in the same round."""
FRAMES = {"greeter": 1.4, "web": 5.0, "django": 16.0}
"""The most that a frame may have, in MB."""
MORE_RSS = 2
"""MiB that the peak of the resident set may be above the unpacked app's, beside the frame itself."""


class Cost(NamedTuple):
    """What one start took."""

    cpu: float
    """Seconds, user and system."""
    wall: float
    """Seconds, from before the fork to after the end."""
    rss: float
    """MiB: the peak of the resident set."""


class Starter:
    """The process that starts and measures, see starter.py."""

    def __init__(self, python: str) -> None:
        command = [python, "-I", "-S", Path(__file__).with_name("starter.py")]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def run(self, way: Way) -> dict[str, object]:
        """Start once and return what it took and said; end the benchmark when it did not say hello."""
        assert self._process.stdin
        assert self._process.stdout
        marshal.dump((list(way.argv), way.env, way.stdin, way.until_end), self._process.stdin)
        self._process.stdin.flush()
        took: dict[str, object] = marshal.load(self._process.stdout)  # noqa: S302 - our own process
        if took["code"] or took["out"] != b"hello\n":
            sys.exit(f"{way.argv[:4]} exited with {took['code']}: {took['out']!r}\n{took['err']!r}")
        return took

    def cost(self, way: Way) -> Cost:
        """Start once and return what it took."""
        took = self.run(way)
        return Cost(took["cpu"], took["wall"], took["rss"] / 1024)  # type: ignore[operator, arg-type]

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def measure(starter: Starter, ways: dict[str, Way], rounds: int) -> dict[str, list[Cost]]:
    """Start each way, then each again, and so on: what else the machine does falls on all alike.

    The first round, which fills the caches, is not counted.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in ways}
    order = list(ways)
    for number in range(rounds + 1):
        order = order[1:] + order[:1]  # so that nobody always runs behind the same other
        for name in order:
            cost = starter.cost(ways[name])
            if number:
                costs[name].append(cost)
        print(".", end="", file=sys.stderr, flush=True)
    return costs


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Return the median of the ratios, round by round, and their quartiles."""
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    first, middle, third = statistics.quantiles(ratios, n=4, method="inclusive")
    return f"**{middle:.2f}** ({first:.2f} to {third:.2f})"


def table(costs: dict[str, list[Cost]], counted: dict[str, float]) -> Iterator[str]:
    """Yield the medians of each way, and the ratios of ours to each other one; `counted` are instructions, if any."""
    more = "".join(f" {head} |" for head in ("instructions", "ours / its") if counted)
    yield f"| | CPU | wall | peak RSS | CPU, ours / its | wall, ours / its | RSS, ours - its |{more}"
    yield "|---|---:|---:|---:|---:|---:|---:|" + "---:|" * (2 if counted else 0)
    ours = list(zip(*costs[OURS], strict=True))
    for name, taken in costs.items():
        columns = list(zip(*taken, strict=True))
        cpu, wall, rss = map(statistics.median, columns)
        against = ["", "", ""]
        if name != OURS:
            more = statistics.median(ours[2]) - rss
            against = [ratio(ours[0], columns[0]), ratio(ours[1], columns[1]), f"{more:+.1f} MiB"]
        exact = f" {counted[name]:.1f} M | {counted[OURS] / counted[name]:.3f} |" if counted else ""
        yield f"| {name} | {cpu * 1000:.1f} ms | {wall * 1000:.1f} ms | {rss:.1f} MiB | {' | '.join(against)} |{exact}"


def compare(
    name: str, starter: Starter, ways: dict[str, Way], rounds: int, count: Callable[[Way], float] | None
) -> Iterator[str]:
    """Print the table of one app, and yield a line for each of its goals."""
    costs = measure(starter, ways, rounds)
    counted = {way: count(it) for way, it in ways.items()} if count else {}
    frame = Path(ways[OURS].stdin).stat().st_size / MIB
    print(f"\n\n### {name}, a frame of {frame:.1f} MiB\n", *table(costs, counted), sep="\n", flush=True)
    for (app, other), most in GOALS.items():
        if app == name and other in costs:
            pairs = zip(costs[OURS], costs[other], strict=True)
            ratios = [(mine.cpu, its.cpu) for mine, its in pairs]
            reached = statistics.median(mine / its for mine, its in ratios) <= most
            found = ratio(*zip(*ratios, strict=True))
            yield _goal(f"{name}: CPU, ours / {other}", found, f"{most:.2f}", reached=reached)
    if most_of_frame := FRAMES.get(name):
        size = frame * MIB / 1e6
        yield _goal(f"{name}: frame", f"{size:.2f} MB", f"{most_of_frame:.2f} MB", reached=size <= most_of_frame)
    rss, disk = (statistics.median(cost.rss for cost in costs[way]) for way in (OURS, UNPACKED))
    more = rss - disk - frame
    what = "peak RSS, ours less the unpacked app's less the frame"
    yield _goal(f"{name}: {what}", f"{more:.1f} MiB", f"{MORE_RSS:.1f} MiB", reached=more <= MORE_RSS)


def _goal(what: str, found: str, most: str, *, reached: bool) -> str:
    return f"| {what} | {found} | {most} | {'yes' if reached else '**no**'} |"


def main() -> None:
    """Read the command line and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("apps", nargs="*", metavar="APP", help=f"{', '.join(APPS)}; all without one")
    parser.add_argument("--rounds", type=int, default=40, metavar="N", help="starts of each way (%(default)s)")
    parser.add_argument("--only", metavar="TEXT", help="leave out other tools whose name does not contain TEXT")
    parser.add_argument("--unpacked", action="store_true", help="leave out all other tools; none is installed")
    parser.add_argument("--where", action="store_true", help="show where the time of our own start goes, and no more")
    parser.add_argument("--instructions", action="store_true", help="count instructions as well, with valgrind")
    parser.add_argument("--shares", action="store_true", help="show what each part of our start brings, and no more")
    parser.add_argument("--python", metavar="PATH", help="the CPython 3.12 (else one is looked for)")
    arguments = parser.parse_args()
    if unknown := set(arguments.apps) - APPS.keys():
        parser.error(f"unknown app: {', '.join(sorted(unknown))}")
    python = arguments.python
    if not python:
        found = find_compiler(None, os.environ)
        python = found.path if found else parser.error("a CPython 3.12 is needed: `hatch python install 3.12`")
    names = arguments.apps or list(APPS)
    count = instructions if arguments.instructions else None
    stated = subprocess.run([python, "-VV"], capture_output=True, text=True, check=True).stdout.strip()
    print(
        f"{stated}; {platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, {arguments.rounds} rounds",
        flush=True,
    )
    with tempfile.TemporaryDirectory(prefix="hatch-os402-bench-") as folder:
        if arguments.shares:
            starter = Starter(python)
            for name in names:
                variants = with_and_without(APPS[name], python, Path(folder, name))
                taken = measure(starter, variants, arguments.rounds)
                cpu = {part: [cost.cpu for cost in costs] for part, costs in taken.items()}
                print(f"\n\n### {name}\n", *shares(cpu, variants, ratio, count), sep="\n", flush=True)
            starter.close()
            return
        tools = None if arguments.where or arguments.unpacked else make_tools(python, Path(folder, "tools"))
        starter = Starter(python)
        prepared = {name: prepare(APPS[name], python, Path(folder, name), tools) for name in names}
        if not arguments.where and {"hello", "many"} <= prepared.keys():
            # The goal of the many is told against the small hello, so both are started side by side.
            prepared["many"][SMALL] = prepared["hello"][OURS]
        goals: list[str] = []
        for name, ways in prepared.items():
            if arguments.where:
                print(f"\n## {name}\n", *breakdown(starter, ways, arguments.rounds), sep="\n", flush=True)
                continue
            always = {OURS, UNPACKED, PLAIN, SMALL}
            others = () if arguments.unpacked else [way for way in ways if (arguments.only or "") in way]
            kept = {way: it for way, it in ways.items() if way in always or way in others}
            goals += compare(name, starter, kept, arguments.rounds, count)
        starter.close()
        if goals:
            print("\n### The goals\n\n| | found | at most | reached |\n|---|---:|---:|---|", *goals, sep="\n")


if __name__ == "__main__":
    main()
