"""One distribution, alone: resolved, built, imported without a disk, and what came of it.

Each outcome is one of `OUTCOMES`. What is imported is what the distribution itself holds, by its own RECORD: its
top-level modules, and of a namespace (a folder without `__init__.py`) its parts.
"""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from hatch_os402.compatibility.findings import SUBSTITUTE
from hatch_os402.launcher import STAND_INS
from hatch_os402.runtime.modules import facts
from support.buildproject import build, environment, write_project
from support.diskless import MEBIBYTE, HarnessError, run_diskless

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from support.buildproject import Build

WORKS = "works"
NOTHING = "nothing to import"
FAILS = "fails at import"
REFUSED = "cannot run"
UNRESOLVED = "not resolved"
UNDECIDED = "not decided"
OUTCOMES = {
    WORKS: "it is built, and everything at its top can be imported",
    NOTHING: "it is built, and holds no module: only stubs for type checkers, or data",
    FAILS: "it is built, and something at its top cannot be imported",
    REFUSED: "it, or what it requires, needs compiled code",
    UNRESOLVED: "pip finds no set of releases for Python 3.12",
    UNDECIDED: "the survey could not tell",
}
BUILT = frozenset({WORKS, NOTHING, FAILS})

REMEDIES = 200
"""Seconds to search for fixes: enough on a busy machine, too."""

_OPTION = "substitutes ="
"""How the line of a fix begins that is an option of the target, and not a requirement."""

_TIMEOUT = 900
_MEMORY = 6 << 30
_MOST = 400
"""Modules that are imported of one distribution."""
_MARK = "survey: "
_PROGRAM = f'''
import importlib, json, os, sys, time
from importlib.machinery import BuiltinImporter


class Absent:
    """What the pinned runtime lacks and this Python has cannot be imported, unless the archive has it."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in asked["missing"]:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)


def main():
    sys.meta_path.insert(sys.meta_path.index(BuiltinImporter), Absent)
    failed, start = {{}}, time.process_time()
    for module in asked["modules"]:
        try:
            importlib.import_module(module)
        except BaseException as error:
            text = " ".join(str(error).split())
            kind = type(error).__name__
            failed[module] = [kind, text[:300], getattr(error, "name", None) or ""]
    took = time.process_time() - start
    os.write(1, ("\\n{_MARK}" + json.dumps({{"failed": failed, "cpu": took}}) + "\\n").encode())
    os._exit(0)


asked = json.loads(sys.stdin.read())
main()
'''
_FILES = {"sample/__init__.py": "", "sample/__main__.py": _PROGRAM}


@dataclass(frozen=True)
class Surveyed:
    """What came of one distribution."""

    name: str
    """Canonical (PEP 503)."""
    outcome: str
    """One of `OUTCOMES`."""
    version: str = ""
    reason: str = ""
    """Why it is no other outcome, in a sentence or two; empty for `WORKS` and `NOTHING`."""
    blockers: tuple[str, ...] = ()
    """The distributions that need compiled code, those first that are required by nothing but pure ones."""
    advice: str = ""
    """What a build says to do."""
    fix: tuple[str, ...] = ()
    """What a build suggests, with which it is built and can be imported: requirements, and options of the target."""
    fix_gives: str = ""
    """What is vendored then."""
    modules: tuple[str, ...] = ()
    """What was imported, or tried."""
    failed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Module → kind, text and module of the error."""
    vendored: Mapping[str, str] = field(default_factory=dict)
    """Everything in the archive: name → version."""
    treated: Mapping[str, str] = field(default_factory=dict)
    """Name → treatment of what is not simply pure."""
    size: int = 0
    """Bytes of the frame."""
    cpu: float = 0
    """Seconds of CPU for the imports."""

    @property
    def needs_substitutes_alone(self) -> bool:
        """Whether the fix changes no requirement: the release stays, and the option `substitutes` is set."""
        return bool(self.fix) and all(line == self.name or line.startswith(_OPTION) for line in self.fix)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values, without what is empty."""
        return {key: value for key, value in asdict(self).items() if value or key == "outcome"}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Surveyed:
        """Return what `to_json` gave."""
        lists = {key: tuple(value.get(key, ())) for key in ("blockers", "fix", "modules")}
        return cls(**(value | lists))


def survey(name: str, python: str, **variables: str) -> Surveyed:
    """Return what comes of the distribution `name`: its newest release from the index, alone in a project.

    `python` is a CPython 3.12 outside of an environment. `variables` are added to the environment of the build.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="survey-") as folder:
            return _surveyed(name, Path(folder), python, variables)
    except subprocess.TimeoutExpired:
        return Surveyed(name, UNDECIDED, reason=f"It took more than {_TIMEOUT} seconds.")
    except (HarnessError, AssertionError) as error:
        return Surveyed(name, UNDECIDED, reason=" ".join(str(error).split())[:500])


def _surveyed(name: str, folder: Path, python: str, variables: Mapping[str, str]) -> Surveyed:
    built = _built(folder / "plain", [name], variables)
    if built.code == 0:
        return _imported(name, built.succeeded(), python)
    report = _checked(folder / "plain", variables)
    if report is None:
        kind = UNRESOLVED if "no matching distribution" in built.err.lower() or "conflict" in built.err else UNDECIDED
        return Surveyed(name, kind, reason=_last_words(built.err))
    refused = _refused(name, report)
    best: Build | None = None
    found: dict[str, Any] = {}
    for number, lines in enumerate(_fixes(name, report)):
        fixed = _built(folder / f"fix-{number}", lines, variables)
        if fixed.code or name not in fixed.vendored or _imported(name, fixed, python).outcome not in {WORKS, NOTHING}:
            continue
        if best is None or Version(fixed.vendored[name]) > Version(best.vendored[name]):
            best, gives = fixed, [f"{key} {fixed.vendored[key]}" for key in _named(lines) if key in fixed.vendored]
            found = {"fix": lines, "fix_gives": ", ".join(gives)}
    return replace(refused, **found)


def _built(folder: Path, lines: Sequence[str], variables: Mapping[str, str]) -> Build:
    requirements = [line for line in lines if not line.startswith(_OPTION)]
    options = "".join(f"{line}\n" for line in lines if line.startswith(_OPTION)) + "remedies = false\n"
    write_project(folder, dependencies=requirements, files=_FILES, options=options)
    return build(folder, env=environment(pip=True, **variables), wrapper=_LIMITED)


_LIMITED = (sys.executable, "-c", (
    f"import os, resource, sys; resource.setrlimit(resource.RLIMIT_AS, ({_MEMORY}, {_MEMORY})); "
    "os.execv(sys.argv[1], sys.argv[1:])"
))  # fmt: skip


def _imported(name: str, built: Build, python: str) -> Surveyed:
    """Return what comes of the import of everything that `name` has in the archive of `built`."""
    modules = own_modules(name, built.members)
    record = built.record["distributions"]
    found = {
        "version": built.vendored[name],
        "modules": modules,
        "vendored": built.vendored,
        "treated": {item["name"]: item["treatment"] for item in record if item["treatment"] != "pure"},
        "size": len(built[".stdin"]),
    }
    if not modules:
        return Surveyed(name, NOTHING, **found)
    body = json.dumps({"modules": modules, "missing": sorted(set(facts()["missing"]) - STAND_INS)}).encode()
    payload = json.loads(built[".offer.json"])["payload"]
    cgi = {"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(body))}
    run = run_diskless(
        python,
        payload["exec"]["args"][1:],
        built[".stdin"] + body,
        payload["exec"]["env"] | cgi,
        ram=max(512 * MEBIBYTE, payload["limits"]["ram_kb"] * 1024),
    )
    said = re.search(rf"^{_MARK}(.*)$".encode(), run.stdout, re.MULTILINE)
    if said is None:
        return Surveyed(name, FAILS, reason=f"The process ends: {_last_words(run.stderr.decode())}", **found)
    answer = json.loads(said[1])
    failed = answer["failed"]
    outcome, reason = (FAILS, why_not(failed)) if failed else (WORKS, "")
    return Surveyed(name, outcome, reason=reason, failed=failed, cpu=round(answer["cpu"], 4), **found)


def own_modules(name: str, members: Mapping[str, bytes]) -> tuple[str, ...]:
    """Return the dotted names of the modules at the top of the distribution `name`, by its RECORD among `members`."""
    record = next(path for path in members if _is_record_of(name, path))
    rows = csv.reader(io.StringIO(members[record].decode()))
    paths = sorted(row[0] for row in rows if row and row[0].endswith(".py") and row[0] in members)
    return tuple(_tops(paths))[:_MOST]


def _is_record_of(name: str, path: str) -> bool:
    folder, _, file = path.partition("/")
    stem = folder.removesuffix(".dist-info").rpartition("-")[0]
    return file == "RECORD" and folder.endswith(".dist-info") and re.sub(r"[-_.]+", "-", stem).lower() == name


def _tops(paths: Iterable[str]) -> Iterator[str]:
    """Yield, of sorted `paths`, the modules and packages that are in no package."""
    paths = list(paths)
    packages = sorted(path.removesuffix("__init__.py") for path in paths if path.endswith("/__init__.py"))
    outer = [item for item in packages if not any(item != other and item.startswith(other) for other in packages)]
    loose = [path for path in paths if not path.endswith("__init__.py") and not path.startswith(tuple(outer))]
    for path in sorted([*(item.rstrip("/") for item in outer), *(item.removesuffix(".py") for item in loose)]):
        parts = path.split("/")
        if all(part.isidentifier() for part in parts) and parts[-1] != "__main__":
            yield ".".join(parts)


def why_not(failed: Mapping[str, Sequence[str]]) -> str:
    """Return the errors of modules in a few words, the same ones once."""
    errors: dict[str, list[str]] = {}
    for module, (kind, text, _) in failed.items():
        errors.setdefault(f"{kind}: {text}", []).append(module)
    return "; ".join(f"{', '.join(modules[:3])}: {text}" for text, modules in errors.items())


def _checked(root: Path, variables: Mapping[str, str]) -> dict[str, Any] | None:
    """Return what `check` says of the project in `root`, with a search for fixes, or None where it cannot tell."""
    command = [*_LIMITED, sys.executable, "-m", "hatch_os402.cli", "check", str(root), "--json"]
    command += ["--remedies", str(REMEDIES)]
    run = subprocess.run(
        command, env=environment(pip=True, **variables), capture_output=True, check=False, timeout=_TIMEOUT
    )
    try:
        return json.loads(run.stdout)
    except ValueError:
        return None


def _refused(name: str, report: Mapping[str, Any]) -> Surveyed:
    errors = [item for item in report["findings"] if item["level"] == "error"]
    first = [item for item in errors if not item["searched"] or not item["searched"].startswith("It comes with")]
    versions = {item["name"]: item["version"] for item in report["distributions"]}
    blockers = tuple(item["distribution"] for item in first)
    return Surveyed(
        name,
        REFUSED,
        versions.get(name, ""),
        reason="; ".join(f"{item['distribution']}: {item['message']}" for item in first),
        blockers=blockers,
        advice=" ".join(dict.fromkeys(item["advice"] for item in first if item["advice"])),
    )


def _fixes(name: str, report: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the lines of the fixes of `report` for a project that requires `name` alone."""
    found = [report["together"]] if report["together"] else []
    errors = [item for item in report["findings"] if item["level"] == "error" and item["remedies"]]
    if len(errors) == 1:
        remedies = errors[0]["remedies"]
        found += [
            item["lines"] for item in remedies if item["table"] == "project.dependencies" or item["kind"] == SUBSTITUTE
        ]
    for lines in found:
        yield tuple(lines) if name in _named(lines) else (name, *lines)


def _named(lines: Iterable[str]) -> Iterator[str]:
    requirements = (line for line in lines if not line.startswith(_OPTION))
    return (re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", line, maxsplit=1)[0]).lower() for line in requirements)


def _last_words(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " ".join(lines[-4:])[:500]
