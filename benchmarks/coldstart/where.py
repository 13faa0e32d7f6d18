"""Where the CPU time of a start goes: the steps of our launcher, and imports from memory beside imports from a disk.

The stopwatch is an audit hook in front of the program: the interpreter tells it of every import, every module that is
unmarshalled or compiled, and every code object that is run. The launcher itself holds no stopwatch.
"""

from __future__ import annotations

import marshal
import statistics
import tempfile
from typing import TYPE_CHECKING, Any, NamedTuple

from apps import OURS, UNPACKED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps import Way
    from run import Starter

# Keeps (seconds of CPU time, event, name) of what matters, and writes it to a file when the program has ended.
HOOK = """
def watch(path):
    import atexit, marshal, sys, time
    clock, events, file = time.process_time, [], open(path, "wb")  # before `open` is anybody else's
    keep = events.append
    def hook(event, details):
        if event == "exec":
            keep((clock(), event, details[0].co_filename))
        elif event == "import":
            if details[0] == "sample":
                atexit.register(write)  # behind the launcher's own handler, which ends the process when it is called
            keep((clock(), event, details[0]))
        elif event == "compile":
            keep((clock(), event, str(details[1])))
        elif event == "marshal.loads":
            keep((clock(), event, ""))
    def write():
        end = clock()
        events[0] = (end, "end", "")
        marshal.dump(events, file)
        file.flush()
    keep(None)
    sys.addaudithook(hook)
    keep((clock(), "begin", ""))
watch({!r})
"""
ROOT = "/os402/app/"
START, FRAME, LAUNCHER, END, WHOLE = (
    "Python starts",
    "the bootstrap, which reads the frame",
    "the launcher, to the import of the program",
    "Python ends",
    "the whole start",
)
FOUND, LOADED = "{} found and read", "{} unmarshalled"
LIBRARY, OWN = "modules of the standard library,", "modules of the app,"
RUN = "modules and program run"


class Spent(NamedTuple):
    """Of one start."""

    steps: dict[str, float]
    """Seconds by step."""
    launcher: list[tuple[str, float]]
    """What the launcher does, in turn, and seconds."""
    modules: dict[str, int]
    """How many modules, by kind."""


def breakdown(starter: Starter, ways: dict[str, Way], rounds: int) -> Iterator[str]:
    """Start our way and the unpacked one by turns, and yield two tables of medians."""
    found: dict[str, list[Spent]] = {OURS: [], UNPACKED: []}
    for number in range(rounds + 1):
        for name, spent in found.items():
            once = _once(starter, ways[name])
            if number:
                spent.append(once)
    ours, disk = ({step: _median(spent, step) for step in spent[0].steps} for spent in found.values())
    yield "| step | os402 | on disk | more |\n|---|---:|---:|---:|"
    for step, seconds in ours.items():
        other = disk.get(step, 0)
        yield f"| {step} | {_ms(seconds)} | {_ms(other)} | {(seconds - other) * 1000:+.2f} ms |"
    counts = ", ".join(f"{count} {kind.rstrip(',')}" for kind, count in found[OURS][0].modules.items())
    yield f"\n{counts}. The stopwatch's own time is in all of it.\n\nThe launcher, from event to event:\n"
    yield "| from | ms |\n|---|---:|"
    labels = [label for label, _ in found[OURS][0].launcher]
    for at, label in enumerate(labels):
        times = [spent.launcher[at][1] for spent in found[OURS] if len(spent.launcher) == len(labels)]
        yield f"| {label} | {statistics.median(times) * 1000:.2f} |"


def _once(starter: Starter, way: Way) -> Spent:
    code = way.argv.index("-c") + 1
    with tempfile.NamedTemporaryFile() as file:
        argv = (*way.argv[:code], HOOK.format(file.name) + way.argv[code], *way.argv[code + 1 :])
        took: Any = starter.run(way._replace(argv=argv))
        (end, *_), (begin, *_), *events = marshal.load(file)  # noqa: S302 - written by the hook
    at = next(i for i, (_, event, name) in enumerate(events) if event == "import" and name == "sample")
    before, after = events[:at], events[at:]
    started = events[at][0]
    steps = {START: begin}
    launcher: list[tuple[str, float]] = []
    if way.stdin != "/dev/null":
        read = next(time for time, event, _ in before if event != "import")  # the archive's own code comes in
        steps[FRAME] = read - begin
        steps[LAUNCHER] = started - read
        ends = [*(time for time, *_ in before[1:]), started]
        launcher = [
            (f"{event} {name}".strip(), till - time) for (time, event, name), till in zip(before, ends, strict=True)
        ]
    modules = {LIBRARY: 0, OWN: 0}
    sums = {kind.format(which): 0.0 for which in (LIBRARY, OWN) for kind in (FOUND, LOADED)}
    asked = loaded = 0.0
    for time, event, name in after:
        if event == "import":
            asked, loaded = time, 0.0
        elif event == "marshal.loads":
            loaded = time
        elif event == "exec" and loaded and asked:
            which = OWN if name.startswith(ROOT) or "/unpacked/" in name else LIBRARY
            modules[which] += 1
            sums[FOUND.format(which)] += loaded - asked
            sums[LOADED.format(which)] += time - loaded
            asked = loaded = 0.0
    steps |= sums
    steps[RUN] = end - started - sum(sums.values())
    steps[END] = took["cpu"] - end
    steps[WHOLE] = took["cpu"]
    return Spent(steps, launcher, modules)


def _median(found: list[Spent], step: str) -> float:
    return statistics.median(spent.steps[step] for spent in found)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"
