"""pip in a subprocess: for the target, with the user's index settings and with nothing else of the user's."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from hatch_os402.errors import ResolutionError, UnsatisfiableError
from hatch_os402.processes.subprocesses import run_python
from hatch_os402.resolution import _pip_shim
from hatch_os402.resolution.target import PYTHON

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hatch_os402.resolution.target import Target

SETTINGS = frozenset({
    "cache-dir", "cert", "client-cert", "default-timeout", "extra-index-url", "find-links", "index-url",
    "keyring-provider", "no-cache-dir", "no-index", "proxy", "resume-retries", "retries", "timeout", "trusted-host",
    "uploaded-prior-to", "use-deprecated", "use-feature",
})  # fmt: skip
"""The settings of pip, from `PIP_*` or its configuration files, that say where packages come from and how to get them.

Everything else (`user`, `target`, `constraint`, `require-hashes`, `no-deps`, `python`, ...) would change the result.
"""

_UNREACHABLE = re.compile(r"^os402-unfetched: (?P<what>.*)\t(?!404 Client Error)(?P<why>.+)$", re.MULTILINE)
_REMOTE_BUILD = re.compile(r"os402-source-only: (?P<requirement>.+)")
_NOT_FOUND = re.compile(r"ERROR: No matching distribution found for (?P<requirement>[^\n]+)")
_CONFLICT = re.compile(r"ERROR: (?:Cannot install|ResolutionImpossible)")
_HASH = re.compile(r"ERROR: THESE PACKAGES DO NOT MATCH THE HASHES.*?\n(?P<table>(?: .*\n?)+)", re.DOTALL)
_FROM_FILE = re.compile(r" ?\(from [^()]*-r [^()]*\(line \d+\)\)")
_DIAGNOSTIC = re.compile(r"^error: (?P<kind>[a-z-]+)\s+(?P<text>.*?)\s*^(?:hint|note): ", re.MULTILINE | re.DOTALL)


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for pip: `variables` without `PYTHON*` and with the harmless `PIP_*` only."""
    allowed = {f"PIP_{name.replace('-', '_').upper()}" for name in SETTINGS} | {"PIP_CONFIG_FILE"}
    kept = {
        name: value
        for name, value in variables.items()
        if not name.upper().startswith("PYTHON") and (not name.upper().startswith("PIP_") or name.upper() in allowed)
    }
    return kept | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PYTHONUTF8": "1"}


@dataclass(frozen=True)
class CandidateFilter:
    """What pip may choose: canonical names for which its choice is narrower or wider than usual."""

    pure: frozenset[str] = frozenset()
    """Only wheels that are `none-any`."""
    without: frozenset[str] = frozenset()
    """No release at all."""
    source: frozenset[str] = frozenset()
    """An sdist where no wheel fits; "*" stands for every name. It is not built: what it says of itself counts."""


class OutOfTimeError(ResolutionError):
    """pip was ended because its time was over."""


def run_pip(
    arguments: Sequence[str],
    target: Target,
    workdir: Path,
    *,
    doing: str,
    choice: CandidateFilter = CandidateFilter(),
    timeout: float | None = None,
) -> str:
    """Run `pip ARGUMENTS` for `target` and return all that it printed.

    `workdir` is an existing private folder. `doing` completes "while …" in messages; `timeout` is in seconds. Raises
    `ResolutionError`, in the user's terms, with pip's own words as details: `UnsatisfiableError` where no releases fit
    together, `OutOfTimeError` after `timeout`.
    """
    common = ["--no-color", "--only-binary=:all:", "--python-version", PYTHON]
    job = {
        "environment": target.environment,
        "tags": [[tag.interpreter, tag.abi, tag.platform] for tag in target.tags],
        "pure": sorted(choice.pure),
        "without": sorted(choice.without),
        "source": sorted(choice.source),
        "arguments": [arguments[0], *common, *arguments[1:]],
    }
    output, status = _run(job, workdir, f"pip-{arguments[0]}-{target.machine}.json", timeout=timeout)
    if status:
        raise explain(output, status, doing)
    return output


def run_pip_here(
    arguments: Sequence[str], workdir: Path, *, python: str, variables: Mapping[str, str]
) -> tuple[str, int]:
    """Run `pip ARGUMENTS` for the interpreter `python` itself; return what it printed and its exit status.

    `variables` are set besides the environment that pip always gets.
    """
    job = {"environment": None, "arguments": [arguments[0], "--no-color", *arguments[1:]]}
    return _run(job, workdir, f"pip-{arguments[0]}-here.json", python=python, variables=variables)


def _run(
    job: Mapping[str, Any],
    workdir: Path,
    name: str,
    *,
    python: str = sys.executable,
    variables: Mapping[str, str] = MappingProxyType({}),
    timeout: float | None = None,
) -> tuple[str, int]:
    """Run the shim with `job`, written to the file `name` of `workdir`; return output and exit status."""
    path = workdir / name
    settings = sorted(SETTINGS | {"disable-pip-version-check", "no-input"})
    path.write_text(json.dumps({"pip": _folder_of_pip(), "settings": settings, **job}), encoding="utf-8")
    try:
        output, status = run_python(
            python,
            ["-I", "-X", "utf8", "-W", "ignore"],
            _pip_shim.__file__,
            [str(path)],
            env={**environment(os.environ), **variables, **_temporary(workdir)},
            cwd=workdir,
            timeout=timeout,
        )
    except subprocess.TimeoutExpired as error:
        raise OutOfTimeError(f"pip was stopped after {timeout:g} seconds.") from error
    return _FROM_FILE.sub("", output), status


def _temporary(workdir: Path) -> dict[str, str]:
    """Return the variables that keep pip's temporary files in `workdir`, with which they vanish."""
    folder = workdir / "tmp"
    folder.mkdir(exist_ok=True)
    return dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))


def explain(output: str, status: int, doing: str) -> ResolutionError:  # noqa: PLR0911 - one for each meaning
    """Return the error that tells what `output` of a failed pip (exit `status`) means."""
    if status == _pip_shim.UNSUPPORTED:
        reason = output.strip().rpartition("os402: ")[2]
        return ResolutionError(
            f"{reason}\nInstall another release of pip beside hatch-os402 (23.1 to 26.3 are known).", output
        )
    if source := _REMOTE_BUILD.search(output):
        requirement = source["requirement"].partition(" from ")[0].strip()
        way_out = (
            "Replace the address by that of a wheel, or by a version."
            if "@" in requirement
            else "Build its wheel yourself and offer it with PIP_FIND_LINKS, or require a release that has a wheel."
        )
        return ResolutionError(
            f"{requirement} is only to be had as source, and building it would run its code here.\n{way_out}", output
        )
    if damaged := _HASH.search(output):
        return ResolutionError(
            f"a file from the index is not the one that was promised, while {doing}:\n{damaged['table'].rstrip()}\n"
            "Nothing of it was used. Try again; if it stays, the index, a mirror or a proxy serves a changed file.",
            output,
        )
    last = output.strip().rpartition("\n")[2]  # of a traceback, what happened
    errors = "\n".join(line for line in output.splitlines() if line.startswith(("ERROR:", "WARNING:"))) or last
    missing = _NOT_FOUND.search(output)
    if unreachable := _UNREACHABLE.search(output):
        wanted = f" (looking for {missing['requirement'].strip()})" if missing else ""
        return ResolutionError(
            f"the package index could not be reached while {doing}{wanted}:\n"
            f"  {unreachable['what']}: {unreachable['why'][:200]}\n"
            "Check the network, PIP_INDEX_URL, the proxy and certificate settings.",
            output,
        )
    if _CONFLICT.search(output):
        told = output[output.find("ERROR:") :].strip()
        return UnsatisfiableError(
            f"the requirements contradict each other, while {doing}:\n{_indent(_shorten(told))}", output
        )
    if missing:
        return UnsatisfiableError(
            f"no wheel found for {missing['requirement'].strip()!r} on CPython {PYTHON}, linux, while {doing}.\n"
            "Either no such release exists, or its releases are only source or only for other Pythons or systems.\n"
            f"{_indent(errors)}",
            output,
        )
    if diagnostic := _DIAGNOSTIC.search(output):
        what = "something could not be reached" if "connection" in diagnostic["kind"] else "pip failed"
        return ResolutionError(f"{what} while {doing}:\n{_indent(diagnostic['text'])}", output)
    if "ERROR: Exception:" in errors:
        errors = last
    return ResolutionError(f"pip failed (exit status {status}) while {doing}:\n{_indent(errors)}", output)


def _folder_of_pip() -> str:
    """Return the folder that holds the package `pip` which this interpreter would import."""
    spec = find_spec("pip")
    if spec is None or spec.origin is None:
        raise ResolutionError(
            "pip is not installed beside hatch-os402, which needs it to resolve dependencies: install pip."
        )
    return str(Path(spec.origin).resolve().parent.parent)


def _indent(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines() if line.strip())


def _shorten(text: str) -> str:
    """Leave out pip's advice after the list of conflicts, which is about `pip install`."""
    return text.partition("To fix this you could try")[0].rstrip()
