"""One build with a stopwatch: `python stopwatch.py STARTED RESULT FOLDER`, STARTED being now, in Unix seconds.

Runs hatchling as `python -m hatchling build -t os402 -d FOLDER` does, with the functions in STEPS timed. The time of
one that runs within another counts for the inner one. Imports only what hatchling needs anyway; writes RESULT, as JSON.
"""

from __future__ import annotations

import time

FIRST_LINE = time.time()

import functools  # noqa: E402 - the clock comes first
import importlib  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import TYPE_CHECKING, Any  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS = {
    "hatch_os402.build.hatch_project:HatchProject.build_own_wheel": "own wheel, built by hatchling",
    "hatch_os402.build.analysis:read_wheel": "own wheel, read and checked",
    "hatch_os402.build.pipeline:decide_expiry": "validity",
    "hatch_os402.build.unchanged:BuildMemory.answer": "whether anything changed",
    "hatch_os402.build.pipeline:resolving.resolve": "resolution, prepared and checked again",
    "hatch_os402.resolution.resolve:resolve_with_pip": "pip resolves",
    "hatch_os402.build.pipeline:analysis.fetch": "wheels, read and checked",
    "hatch_os402.resolution.pip_session:PipSession.fetch": "pip fetches",
    "hatch_os402.build.pipeline:analysis.vet": "native code, judged",
    "hatch_os402.build.pipeline:analysis.scan": "imports, followed",
    "hatch_os402.build.pipeline:stage": "staging",
    "hatch_os402.build.pipeline:assembly.check_tree": "entry point, checked",
    "hatch_os402.build.imported:find_compiler": "a CPython 3.12, found and asked",
    "hatch_os402.build.pipeline:assembly.compile_all": "bytecode, from the cache",
    "hatch_os402.build.pipeline:assemble": "assembling, RECORD",
    "hatch_os402.build.pipeline:assembly.write_zipapp": "packing",
    "hatch_os402.build.pipeline:assembly.write_frame": "frame",
    "hatch_os402.build.pipeline:assembly.write_offers": "offer",
}
"""What is timed, as `module:attribute` where its caller looks for it, and what it is called in the table."""

START, IMPORTS, HATCHLING = (
    "Python starts",
    "imports of hatchling's builders and of hatch-os402",
    "hatchling: its start, plugins, metadata, and all else",
)


class Stopwatch:
    """Seconds by label."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._within: list[float] = []

    def around(self, label: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return `function`, timed."""

        @functools.wraps(function)
        def timed(*arguments: Any, **keywords: Any) -> Any:
            start = time.perf_counter()
            self._within.append(0.0)
            try:
                return function(*arguments, **keywords)
            finally:
                whole = time.perf_counter() - start
                self.spent[label] = self.spent.get(label, 0.0) + whole - self._within.pop()
                if self._within:
                    self._within[-1] += whole

        return timed

    def install(self) -> None:
        """Put the stopwatch around STEPS, which imports them."""
        for where, label in STEPS.items():
            module, _, path = where.partition(":")
            *owners, name = path.split(".")
            owner = functools.reduce(getattr, owners, importlib.import_module(module))
            setattr(owner, name, self.around(label, getattr(owner, name)))


def main(started: str, result: str, folder: str) -> None:
    """Build once."""
    watch = Stopwatch()
    watch.spent[START] = FIRST_LINE - float(started)

    def run() -> None:
        from hatchling.cli import hatchling  # noqa: PLC0415 - timed

        watch.around(IMPORTS, watch.install)()
        sys.argv = ["hatchling", "build", "-t", "os402", "-d", folder]
        if status := hatchling():
            sys.exit(status)

    watch.around(HATCHLING, run)()
    Path(result).write_text(json.dumps(watch.spent), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
