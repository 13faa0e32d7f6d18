"""CPython 3.12's own cases for importers, against ours: `left_out.toml` says which are not, and why."""

from __future__ import annotations

import base64
import functools
import json
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import pytest
from support import launching

pytestmark = pytest.mark.once

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
DOCUMENT = HERE.parent.parent / "docs/explanation/importer.md"
TABLES = ("not_run", "left_out", "to_fix")
SUITES = {
    "finders and loaders": r"test_importlib\.source",
    "namespace packages": r"test_importlib\.test_namespace_pkgs",
    "importlib.resources": r"test_importlib\.resources",
    "importlib.metadata": r"test_importlib\.(metadata|test_main|test_metadata_api|test_zip)",
    "importlib, other": r"test_importlib",
    "zipimport": r"test_zipimport",
    "pkgutil": r"test_pkgutil",
    "runpy": r"test_runpy",
}
"""The suites by which the documentation counts: a case belongs to the first that fits."""


class Entry(NamedTuple):
    """Why some cases are left out."""

    table: str
    pattern: str
    why: str


@functools.cache
def entries() -> list[Entry]:
    tables = tomllib.loads((HERE / "left_out.toml").read_text("utf-8"))
    assert set(tables) <= set(TABLES)
    return [
        Entry(table, pattern, group["why"])
        for table in TABLES
        for group in tables.get(table, ())
        for pattern in group["cases"]
    ]


@dataclass(frozen=True)
class Case:
    """What came of a case."""

    outcome: str
    served: bool = False
    why: str = ""

    @property
    def ran(self) -> bool:
        """Whether it has shown something about our importer."""
        return self.outcome == "passed" and self.served


@pytest.fixture(scope="module")
def cases(python312, tmp_path_factory):
    """Return what came of the cases, by name."""
    library = library_of(python312.path)
    modules = [
        "test." + path.relative_to(library).with_suffix("").as_posix().replace("/", ".")
        for path in sorted(library.glob("test_importlib/**/test_*.py"))
    ]
    request = {
        "modules": [*modules, "test.test_zipimport", "test.test_pkgutil", "test.test_runpy"],
        "not_run": [entry.pattern for entry in entries() if entry.table == "not_run"],
    }
    body = json.dumps(request).encode()
    files = recorded(python312.path, body, tmp_path_factory.mktemp("recorded")) | packed(library)

    archive = launching.archive(files, "inside:main", deflated=True)
    result = launching.run(archive, tmp_path_factory.mktemp("archive"), python=python312.path, body=body)
    return {name: Case(**facts) for name, facts in result.facts.items()}


def library_of(python: str) -> Path:
    """Return the folder of an interpreter's package `test`. Some distributions ship it apart, or not at all."""
    question = "import test, test.test_importlib, test.test_zipimport; print(test.__path__[0])"
    answer = subprocess.run([python, "-I", "-c", question], capture_output=True, text=True, check=False)
    if answer.returncode:
        reason = f"{python} has no package `test` with CPython's own cases: {answer.stderr.strip().splitlines()[-1]}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return Path(answer.stdout.strip())


def recorded(python: str, body: bytes, folder: Path) -> dict[str, bytes]:
    """Run the cases on disk; return the files that they need, by archive path."""
    answer = subprocess.run(
        [python, "-E", "-s", "-B", HERE / "inside.py", folder], input=body, stdout=subprocess.PIPE, check=True
    )
    return {path: base64.b64decode(content) for path, content in json.loads(answer.stdout).items()}


def packed(library: Path) -> dict[str, bytes]:
    """Return CPython's cases themselves, with the files that come along with them, and what runs them."""
    import staging

    files = {path.name: path.read_bytes() for path in (HERE / "inside.py", HERE / "staging.py")}
    names = ["test_zipimport.py", "test_pkgutil.py", "test_runpy.py", "test_importlib/**/*", "test_import/data/**/*"]
    for path in sorted(path for name in names for path in library.glob(name)):
        if path.is_file() and "__pycache__" not in path.parts:
            files |= staging.unpacked("cpython/" + path.relative_to(library).as_posix(), path.read_bytes())
    return files


def listed(name: str) -> list[Entry]:
    return [entry for entry in entries() if fnmatchcase(name, entry.pattern)]


@pytest.mark.parametrize("suite", SUITES)
def test_cases(suite, cases, subtests):
    found = {name: case for name, case in cases.items() if suite_of(name) == suite}
    assert any(case.ran for case in found.values())
    for name, case in found.items():
        if case.outcome == "not run":
            continue
        with subtests.test(case=name):
            if reasons := listed(name):
                assert not case.ran, f"is in left_out.toml ({reasons[0].why}), and passes"
            else:
                assert case.outcome == "passed", f"neither passes nor is in left_out.toml:\n{case.why}"
                assert case.served, "passes without our importer being asked, and is not in left_out.toml"


def suite_of(name: str) -> str:
    return next(suite for suite, pattern in SUITES.items() if re.match(rf"test\.({pattern})\b", name))


def test_nothing_is_left_to_fix():
    assert not [entry for entry in entries() if entry.table == "to_fix"]


def test_the_documentation_counts_right(cases, python312):
    text = DOCUMENT.read_text("utf-8")
    counted_with = re.search(r"CPython (3\.12\.\d+)", text)[1]
    if python312.version != counted_with:
        pytest.skip(f"counted with CPython {counted_with}, this is {python312.version}: it may have other cases")
    rows = []
    for suite in SUITES:
        names = [name for name in cases if suite_of(name) == suite]
        concerned = [name for name in names if cases[name].outcome != "not run"]
        ran = sum(cases[name].ran for name in concerned)
        counts = [len(names), len(names) - len(concerned), ran, len(concerned) - ran]
        rows.append(f"| {suite} | {' | '.join(map(str, counts))} |")
    table = re.findall(r"^\| .* \| \d.*$", text, re.MULTILINE)
    assert table == rows, "docs/explanation/importer.md should say:\n" + "\n".join(rows)


def test_every_reason_is_one():
    for entry in entries():
        assert entry.why.endswith((".", ")")), entry
    seen = Counter(entry.pattern for entry in entries())
    assert max(seen.values()) == 1, "listed twice"
