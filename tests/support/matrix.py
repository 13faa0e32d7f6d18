"""Build one project as on many machines, and write the table of a page: `python tests/support/matrix.py`.

Every build starts with an empty cache. The exit status is 1 when two of them differ in a byte of any file.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from hatch_os402.runtime.interpreters import find_compiler
from support.buildproject import REPOSITORY, build, copy_fixture, environment, interpreters, make_environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

DOCUMENT = REPOSITORY / "docs/explanation/reproducible.md"
START, END = "<!-- matrix: hatch run matrix -->", "<!-- end of matrix -->"
PIP_FLOOR = "23.3"
HATCHLINGS = ("1.32.4", "1.33.0")
"""Two releases that write the same METADATA for the project."""

_YEAR = 400 * 86_400
_TABLE = "[tool.hatch.build.targets.os402]\n"


@dataclass(frozen=True)
class Case:
    """One build."""

    python: str
    folder: str = "here"
    umask: int = 0o022
    variables: Mapping[str, str] = field(default_factory=dict)


def digest_of(case: Case, where: Path, cache: Path, compiler: str) -> str:
    """Return the SHA256 over the names and bytes of all files that the build of `case` in the new folder `where` gives."""
    root = copy_fixture("greeter", where / case.folder / "greeter")
    pyproject = root / "pyproject.toml"
    whole = pyproject.read_text(encoding="utf-8")
    pyproject.write_text(whole.replace(_TABLE, f"{_TABLE}bytecode = true\nsbom = true\n"), encoding="utf-8")
    path = os.pathsep.join([str(Path(compiler).parent), os.environ["PATH"]])
    env = environment(pip=True, PATH=path, HATCH_OS402_CACHE_DIR=str(cache), **case.variables)
    built = build(root, python=case.python, env=env, umask=case.umask)
    if built.code:
        raise SystemExit(built.err)
    digest = hashlib.sha256()
    for name, content in sorted(built.artifacts.items()):
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def with_releases(python: str, folder: Path, wheel: Path, *wanted: str) -> str:
    """Return the Python of an environment of its own that has the releases `wanted`."""
    created = make_environment(python, folder, wheel)
    command = ["uv", "pip", "install", "-q", "--python", created, *wanted]
    subprocess.run(command, env=environment(pip=True), check=True)
    return str(created)


def cases(
    hosts: Mapping[str, str], pips: Mapping[str, str], hatchlings: Mapping[str, str]
) -> Iterator[tuple[str, str, Case]]:
    """Yield what differs, how, and the build."""
    first = next(iter(hosts.values()))
    for minor, python in hosts.items():
        yield "Python that builds", minor, Case(python)
    yield "folder", "deep, with a space and an umlaut", Case(first, folder="a/b c/ü")
    for umask in (0o022, 0o077):
        yield "umask", f"{umask:03o}", Case(first, umask=umask)
    for zone, locale in (("UTC", "C"), ("Asia/Kathmandu", "de_DE.UTF-8")):
        yield "time zone, locale", f"{zone}, {locale}", Case(first, variables={"TZ": zone, "LC_ALL": locale})
    for seed in ("0", "402"):
        yield "PYTHONHASHSEED", seed, Case(first, variables={"PYTHONHASHSEED": seed})
    for seed in ("1", "2"):
        yield "order of listings", f"shuffled, seed {seed}", Case(first, variables={"DISTURB_ORDER": seed})
    for seconds in (-_YEAR, _YEAR):
        moved = f"{abs(seconds) // 86_400} days {'slow' if seconds < 0 else 'fast'}"
        yield "clock", moved, Case(first, variables={"DISTURB_CLOCK": str(seconds)})
    for release, python in pips.items():
        yield "pip", release, Case(python)
    for release, python in hatchlings.items():
        yield "hatchling", release, Case(python)


def releases(names: Mapping[str, str], what: str) -> dict[str, str]:
    """Return version → Python, of the distribution `what` that each Python of `names` has."""
    question = f"from importlib.metadata import version; print(version({what!r}))"
    return {
        subprocess.check_output([python, "-I", "-c", question], text=True).strip(): python for python in names.values()
    }


def run(folder: Path) -> list[tuple[str, str, str]]:
    """Return what differs, how, and the digest of each build."""
    compiler = find_compiler(None, os.environ)
    if compiler is None:
        raise SystemExit("there is no CPython 3.12")
    plugin = build(REPOSITORY, "-t", "wheel", dist=folder / "plugin")
    (wheel,) = (folder / "plugin").glob("*.whl")
    if plugin.code:
        raise SystemExit(plugin.err)
    found = interpreters(str(compiler.path))
    bill = ["cyclonedx-python-lib>=8"]
    hosts = {minor: with_releases(python, folder / minor, wheel, *bill) for minor, python in found.items()}
    python = found["3.12"]
    pips = {
        name: with_releases(python, folder / f"pip{number}", wheel, wanted, *bill)
        for number, (name, wanted) in enumerate((("floor", f"pip=={PIP_FLOOR}"), ("newest", "pip")))
    }
    hatchlings = {
        name: with_releases(python, folder / f"hatchling{name}", wheel, f"hatchling=={name}", *bill)
        for name in HATCHLINGS
    }
    rows = []
    for number, (what, how, case) in enumerate(cases(hosts, releases(pips, "pip"), hatchlings)):
        rows.append((what, how, digest_of(case, folder / f"nr{number}", folder / f"cache{number}", str(compiler.path))))
        print(*rows[-1], sep="  ", flush=True)
    case = Case(next(iter(hosts.values())))
    with ThreadPoolExecutor(2) as pool:
        builds = [
            pool.submit(digest_of, case, folder / f"parallel{number}", folder / "shared", str(compiler.path))
            for number in range(2)
        ]
        rows += [
            ("two builds at once", f"one cache, build {number}", one.result()) for number, one in enumerate(builds, 1)
        ]
    return rows


def table(rows: Iterable[tuple[str, str, str]]) -> str:
    lines = [f"| {what} | {how} | `{digest[:16]}` |" for what, how, digest in rows]
    return "\n".join([START, "", "| what differs | how | SHA256 of all files |", "|---|---|---|", *lines, "", END])


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="matrix-"))
    try:
        rows = run(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(START)
    DOCUMENT.write_text(f"{before}{table(rows)}{rest.partition(END)[2]}", encoding="utf-8")
    digests = {digest for _, _, digest in rows}
    print(f"{len(rows)} builds, {len(digests)} different")
    sys.exit(len(digests) != 1)


if __name__ == "__main__":
    main()
