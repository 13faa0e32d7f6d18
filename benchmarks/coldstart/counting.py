"""The instructions of a start, by `valgrind --tool=callgrind`: they do not depend on what else the machine does."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apps import Way

RUNS = 2
"""Of which the lower counts: hashes of text differ from run to run, by a thousandth of a start."""


def instructions(way: Way) -> float:
    """Return the millions of instructions of one start, in user space; end the benchmark without valgrind."""
    return min(_once(way) for _ in range(RUNS))


def _once(way: Way) -> float:
    with tempfile.TemporaryDirectory(prefix="hatch-os402-bench-") as folder:
        out = Path(folder, "callgrind")
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *way.argv]
        try:
            with Path(way.stdin).open("rb") as file:
                done = subprocess.run(command, stdin=file, env=way.env, capture_output=True, check=False)
        except FileNotFoundError:
            sys.exit("valgrind is not installed")
        found = re.search(rb"^(?:summary|totals): (\d+)", out.read_bytes() if out.exists() else b"", re.MULTILINE)
        if done.returncode or done.stdout != b"hello\n" or found is None:
            sys.exit(f"{way.argv[:4]} in valgrind exited with {done.returncode}: {done.stdout!r}\n{done.stderr!r}")
        return int(found[1]) / 1e6
