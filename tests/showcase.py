"""Real packages, each used by a small program (`e2e/packages`), without a disk; and the page that tells of it.

`python tests/showcase.py` writes `docs/reference/showcase.md` (`hatch run packages` does the same).
"""

from __future__ import annotations

import ast
import json
import os
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from support.buildproject import REPOSITORY, build, environment
from support.watched import serve

from hatch_os402.runtime.interpreters import find_compiler

if TYPE_CHECKING:
    from support.buildproject import Build

PROJECT = REPOSITORY / "tests/e2e/packages"
PAGE = REPOSITORY / "docs/reference/showcase.md"
WORKS = "works"

_HEAD = """\
# Packages that were seen to work

Each of these packages is used by a small program, all built into one archive by `hatch build -t os402` and run under
os402's rules by the tests: no file but the interpreter's own, no network, no threads, small limits, and a watch that
fails the program when it so much as tries to open something else. *Works* means that the program found exactly what
it should have. The programs are in [`tests/e2e/packages`](../../tests/e2e/packages/showcase).
[Does my package run?](packages.md) lists the most downloaded distributions: which are built, and can be imported.

`hatch run packages` writes this page: it builds from the newest versions that the index has, runs everything and says
what came of it. The CPU time is that of one call on the machine that wrote the page, from the start of the process to
the end of the program: that of reading the archive of them all ({size:.0f} MB) and of the watch is in each.

"""
_COLUMNS = ("package", "version", "what the program does", "result", "CPU")


class Row(NamedTuple):
    """One package, and what came of its program."""

    package: str
    version: str
    does: str
    """The first line of the program's docstring."""
    result: str
    """`WORKS`, or what went wrong in a line."""
    cpu: float
    """Seconds; 0 when the program did not end well."""

    @property
    def steady(self) -> tuple[str, str, str]:
        """What every run must find again: the package, what the program does, the result."""
        return self.package, self.does, self.result


def expected() -> dict[str, Any]:
    """Return package → the facts that its program must find: those that it finds when it is installed on a disk."""
    facts: dict[str, Any] = json.loads((PROJECT / "expected.json").read_text(encoding="utf-8"))
    return facts


def build_all(folder: Path, **variables: str) -> Build:
    """Copy the project to the new folder `folder` and build it there, from the real index, with `variables`."""
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("dist", "__pycache__"))
    return build(folder, env=environment(pip=True, **variables)).succeeded()


def run_all(built: Build, python: str) -> dict[str, tuple[Row, Any]]:
    """Return package → its row and the facts that its program found, or what it said when it failed."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        rows = pool.map(lambda item: _run(built, python, *item), expected().items())
        return {row.package: (row, answer) for row, answer in rows}


def _run(built: Build, python: str, package: str, facts: Any) -> tuple[Row, Any]:
    source = (PROJECT / f"showcase/with_{package}.py").read_text(encoding="utf-8")
    does = (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]
    version = {name.lower().replace("-", "_"): version for name, version in built.vendored.items()}[package]
    try:
        run = serve(built, python, package.encode())
    except AssertionError as error:
        return Row(package, version, does, str(error).partition(";")[0], 0), str(error)
    said = run.stderr.decode()
    if run.returncode or said:
        return Row(package, version, does, f"fails: {said.rstrip().rpartition(chr(10))[2]}", 0), said
    answer = json.loads(run.stdout.partition(b"\r\n\r\n")[2])
    result = WORKS if answer["facts"] == facts else "finds something else"
    return Row(package, version, does, result, answer["cpu"]), answer["facts"]


def page(rows: list[Row], size: int) -> str:
    """Return the text of the page. `size`: of the frame, in bytes."""
    lines = [_line(*_COLUMNS), "|---|---|---|---|---:|"]
    lines += [_line(*row[:4], f"{row.cpu * 1000:.0f} ms" if row.cpu else "") for row in rows]
    return _HEAD.format(size=size / 1e6) + "\n".join(lines) + "\n"


def read(text: str) -> list[tuple[str, str, str]]:
    """Return what is steady of the rows in the text of a page."""
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [(package, does, result) for package, _, does, result, *_ in rows[1:]]


def _line(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def main() -> None:
    """Write the page, and exit with 1 and what was said when something does not work."""
    found = find_compiler(None, os.environ)
    if found is None:
        sys.exit("a CPython 3.12 is needed: `hatch python install 3.12`")
    with tempfile.TemporaryDirectory() as folder:
        built = build_all(Path(folder, "packages"))
    results = run_all(built, found.path)
    PAGE.write_text(page([row for row, _ in results.values()], len(built[".stdin"])), encoding="utf-8")
    if lost := [f"{row.package}: {row.result}\n{answer}" for row, answer in results.values() if row.result != WORKS]:
        sys.exit("\n\n".join(lost))


if __name__ == "__main__":
    main()
