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
os402's rules: no file but the interpreter's own, no network, no threads, small limits, and a watch that fails the
program when it so much as tries to open something else. *Works* means that the program found exactly what it finds
where the package is installed on a disk. The programs are in
[`tests/e2e/packages`](../../tests/e2e/packages/showcase).
[Does my package run?](packages.md) lists the most downloaded distributions: which are built, and can be imported.

`hatch run packages` writes this page: it builds from the newest versions that the index has, runs everything and says
what came of it. The tests repeat that, but for the packages of the extra `recorded` in
[`pyproject.toml`](../../tests/e2e/packages/pyproject.toml). The CPU time is that of one call on the machine that wrote
the page, from the start of the process to the end of the program: that of reading the archive of them all
({size:.0f} MB) and of the watch is in each.

"""
KINDS = {
    "Import hooks": (
        "beartype", "deal", "hy", "ideas", "importnb", "jaxtyping", "pytest", "six", "typeguard", "wrapt",
    ),
    "Devices": ("dill", "gunicorn", "jsonlines", "loguru", "petl", "pyserial", "structlog", "tqdm"),
    "The home folder": (
        "black", "confuse", "cookiecutter", "docker", "dulwich", "ipython", "isort", "jedi", "pint", "platformdirs",
        "smart_open", "tldextract", "yapf",
    ),
    "Listings": ("alembic", "django", "faker", "mimesis", "yoyo_migrations"),
    "Pools of threads": (
        "aiofiles", "anyio", "asgiref", "joblib", "multiprocess", "pqdm", "requests_futures", "starlette",
    ),
}  # fmt: skip
"""What packages need of the world that a program sees; all others are below `_OTHERS`."""
_OTHERS = "Others"
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


def expected(name: str = "expected") -> dict[str, Any]:
    """Return package → the facts that its program must find: those that it finds when it is installed on a disk.

    `name`: `"expected"`, or `"recorded"` for those of the extra of that name.
    """
    facts: dict[str, Any] = json.loads((PROJECT / f"{name}.json").read_text(encoding="utf-8"))
    return facts


def build_all(folder: Path, *, recorded: bool = False, **variables: str) -> Build:
    """Copy the project to the new folder `folder` and build it there, from the real index, with `variables`.

    `recorded`: with the packages of the extra of that name, too.
    """
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("dist", "__pycache__"))
    if recorded:
        table = "[tool.hatch.build.targets.os402]\n"
        text = (
            (folder / "pyproject.toml").read_text(encoding="utf-8").replace(table, table + 'features = ["recorded"]\n')
        )
        (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return build(folder, env=environment(pip=True, **variables), timeout=1800 if recorded else 300).succeeded()


def run_all(built: Build, python: str, facts: dict[str, Any]) -> dict[str, tuple[Row, Any]]:
    """Return package → its row and the facts that its program found, or what it said when it failed.

    `facts`: package → those that it must find.
    """
    # Before the threads: CPython 3.11 loses count where two of them make trees (SystemError).
    does = {package: what_it_does(package) for package in facts}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        rows = pool.map(lambda item: _run(built, python, does[item[0]], *item), facts.items())
        return {row.package: (row, answer) for row, answer in rows}


def _run(built: Build, python: str, does: str, package: str, facts: Any) -> tuple[Row, Any]:
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


def what_it_does(package: str) -> str:
    """Return the first line of the docstring of a package's program."""
    source = (PROJECT / f"showcase/with_{package}.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


def kind_of(package: str) -> str:
    """Return the heading that a package stands below."""
    return next((kind for kind, packages in KINDS.items() if package in packages), _OTHERS)


def page(rows: list[Row], size: int) -> str:
    """Return the text of the page. `size`: of the frame, in bytes."""
    lines = []
    for kind in (*KINDS, _OTHERS):
        lines += [f"## {kind}", "", _line(*_COLUMNS), "|---|---|---|---|---:|"]
        of_kind = sorted(row for row in rows if kind_of(row.package) == kind)
        lines += [_line(*row[:4], f"{row.cpu * 1000:.0f} ms" if row.cpu else "") for row in of_kind]
        lines.append("")
    return _HEAD.format(size=size / 1e6) + "\n".join(lines)


def read(text: str) -> dict[str, list[tuple[str, str, str]]]:
    """Return heading → what is steady of the rows below it, of the text of a page."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for line in text.splitlines():
        if line.startswith("## "):
            rows = found.setdefault(line[3:], [])
        elif line.startswith("| ") and not line.startswith(f"| {_COLUMNS[0]} |"):
            package, _, does, result, *_ = line.strip("| ").split(" | ")
            rows.append((package, does, result))
    return found


def _line(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def main() -> None:
    """Write the page, and exit with 1 and what was said when something does not work."""
    found = find_compiler(None, os.environ)
    if found is None:
        sys.exit("a CPython 3.12 is needed: `hatch python install 3.12`")
    with tempfile.TemporaryDirectory() as folder:
        built = build_all(Path(folder, "packages"), recorded=True)
    results = run_all(built, found.path, expected() | expected("recorded"))
    PAGE.write_text(page([row for row, _ in results.values()], len(built[".stdin"])), encoding="utf-8")
    if lost := [f"{row.package}: {row.result}\n{answer}" for row, answer in results.values() if row.result != WORKS]:
        sys.exit("\n\n".join(lost))


if __name__ == "__main__":
    main()
