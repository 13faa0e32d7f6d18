"""Where the time of a build of hatch-os402 goes."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

END = "Python ends"
BRIEF = 0.005
"""Steps below this share of the whole are one line of the table."""


def breakdown(project: Path, environment: Mapping[str, str], folder: Path, rounds: int) -> Iterator[str]:
    """Build `project` into `folder`, `rounds` times, each in a fresh process, and yield a table of the medians."""
    folder.mkdir(exist_ok=True)
    result = folder / "spent.json"
    found: list[dict[str, float]] = []
    for _ in range(rounds):
        before = time.perf_counter()
        arguments: list[str | Path] = [
            sys.executable,
            Path(__file__).with_name("stopwatch.py"),
            str(time.time()),
            result,
            folder,
        ]
        quiet = subprocess.DEVNULL
        subprocess.run(arguments, cwd=project, env=environment, check=True, stdin=quiet, stdout=quiet, stderr=quiet)
        whole = time.perf_counter() - before
        spent = json.loads(result.read_text(encoding="utf-8"))
        found.append(spent | {END: whole - sum(spent.values()), "": whole})
    medians = {label: statistics.median(spent[label] for spent in found) for label in found[0]}
    whole = medians.pop("")
    yield "| step | ms | share |\n|---|---:|---:|"
    for label, spent in sorted(medians.items(), key=lambda item: -item[1]):
        if spent >= BRIEF * whole:
            yield f"| {label} | {spent * 1000:.0f} | {spent / whole:.0%} |"
    brief = [spent for spent in medians.values() if spent < BRIEF * whole]
    yield f"| {len(brief)} more steps, together | {sum(brief) * 1000:.0f} | {sum(brief) / whole:.0%} |"
    yield f"| the whole build | {whole * 1000:.0f} | |"
