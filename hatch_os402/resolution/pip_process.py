"""pip in a subprocess: for the target, with the user's index settings and with nothing else of the user's."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from hatch_os402.errors import OutOfTimeError, ResolutionError
from hatch_os402.foreign.addresses import filename
from hatch_os402.formatting import human_size
from hatch_os402.processes.dialogue import Dialogue
from hatch_os402.processes.subprocesses import run_python
from hatch_os402.resolution.pip_errors import explain, read_answer, without_password
from hatch_os402.resolution.pip_session import PipSession, WaitingPip
from hatch_os402.resolution.pip_settings import SETTINGS, environment
from hatch_os402.resolution.shim import _pip_shim
from hatch_os402.resolution.target import PYTHON

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hatch_os402.reporting import Update
    from hatch_os402.resolution.target import Target

BOUNDS = {
    "grace": 60,
    "slowest": 1 << 15,
    "assumed": 1 << 24,
    "file": 1 << 30,
    "undeclared": 1 << 28,
    "page": 1 << 26,
    "links": 100_000,
}
"""What pip may wait for and take (bytes, seconds), as `_pip_transfers.py` says: a wheel of 100 MB has 52 minutes."""

_OPTIONS = ("-I", "-X", "utf8", "-W", "ignore")

PROGRESS_AFTER = 5
"""Seconds between two reports of what pip is doing."""

UPDATE_AFTER = 0.25
"""As above, where they are drawn and not printed."""


@dataclass(frozen=True)
class Host:
    """Where pip runs, and where its progress is reported."""

    root: Path | None = None
    """The project's folder, which relative paths in the user's settings of pip start from."""
    progress: Callable[[str], None] = lambda _: None
    """Is given a line when something takes long."""
    update: Update | None = None
    """Is given, often, what pip fetches (bytes); then `progress` is not called."""


HERE = Host()


@dataclass(frozen=True)
class CandidateFilter:
    """What pip may choose: canonical names for which its choice is narrower or wider than usual."""

    pure: frozenset[str] = frozenset()
    """Only wheels that are `none-any`."""
    without: frozenset[str] = frozenset()
    """No release at all."""
    source: frozenset[str] = frozenset()
    """An sdist where no wheel fits; "*" stands for every name. It is not built: what it says of itself counts."""
    newest: frozenset[str] = frozenset()
    """Of these, which `source` has too, the newest release, although it may be an sdist and an older one a wheel.

    They may also be source at an address, if one of `requirers` gives it."""
    requirers: frozenset[str] = frozenset()
    built: tuple[tuple[str, str], ...] = ()
    """Addresses of sdists and folders, each with the address of the wheel that was built of it."""
    prefer: tuple[tuple[str, str], ...] = ()
    """Names, each with the version that is taken where it fits, although there is a newer one."""
    uploaded_before: str = ""
    """Only files that an index has from before this time (RFC 3339); empty for all."""
    listing: str = ""
    """A folder for a list of all files of the chosen releases, `_pip_locking.py` says how; empty for none."""


@dataclass(frozen=True)
class PipAnswer:
    """What pip resolved."""

    report: Mapping[str, Any]
    """pip's installation report."""
    passed_over: Mapping[str, Sequence[str]]
    """Canonical name → the versions of which there are only sdists, for what pip looked for."""
    sources: Mapping[str, Any]
    """What it depended on besides the job and the environment (`_pip_stop.py`)."""


class _JobFiles(NamedTuple):
    """Of one run of the shim."""

    job: Path
    answer: Path
    status: Path


Wanted = tuple[str, Sequence[str]]
"""A requirement (PEP 508), and the SHA256s in hex of the files that may satisfy it, where only these may."""


def run_pip(
    arguments: Sequence[str],
    target: Target,
    workdir: Path,
    *,
    requirements: Sequence[Wanted],
    doing: str,
    choice: CandidateFilter = CandidateFilter(),
    host: Host = HERE,
    timeout: float | None = None,
) -> None:
    """Run `pip ARGUMENTS` with `requirements` for `target`.

    `workdir` is an existing private folder. `doing` completes "while …" in messages; `timeout` is in seconds. Raises
    `ResolutionError`, in the user's terms, with pip's own words as details: `UnsatisfiableError` where no releases fit
    together, `OutOfTimeError` after `timeout`.
    """
    job = _job(arguments, target, requirements, choice)
    output, status, reported = _run(job, workdir, f"pip-{arguments[0]}-{target.machine}", host, doing, timeout=timeout)
    if status:
        raise explain(output, status, doing, reported)


def resolve_with_pip(
    target: Target,
    workdir: Path,
    *,
    requirements: Sequence[Wanted],
    doing: str,
    find_links: Path | None = None,
    choice: CandidateFilter = CandidateFilter(),
    host: Host = HERE,
    timeout: float | None = None,
    session: PipSession | None = None,
) -> PipAnswer:
    """Resolve `requirements` for `target`, and nothing is installed.

    `find_links` is a folder with more wheels, if it is there. With `session` the run is held there, and can fetch what
    it has resolved. The rest is as `run_pip` has it.
    """
    name = f"pip-install-{target.machine}"
    report = workdir / f"report-{target.machine}.json"
    # Older releases of pip take a foreign target with `--target` only.
    arguments = ["install", "--dry-run", "--ignore-installed", "--target", str(workdir / "nowhere")]
    arguments += [*links_option(find_links), "--report", str(report)]
    mark = f"os402-resolved-{secrets.token_hex(8)}"
    job = _job(arguments, target, requirements, choice)
    job |= {"mark": mark, "waits": session is not None, "report": str(report)}
    files = _prepare(job, workdir, name)
    report.unlink(missing_ok=True)
    dialogue = Dialogue(
        sys.executable,
        _OPTIONS,
        _pip_shim.__file__,
        [str(files.job)],
        env={**environment(os.environ), **_temporary(workdir)},
        cwd=host.root or workdir,
    )

    def progress(seconds: float, doing: str) -> None:
        _report_progress(host, files, seconds, doing)

    held = False
    try:
        status = dialogue.wait(
            mark,
            timeout=timeout,
            progress=lambda seconds: progress(seconds, doing),
            progress_after=_progress_after(host),
        )
        answer = read_answer(files.answer)
        if status is not None or not report.is_file() or not {"passed_over", "sources"} <= answer.keys():
            raise explain(dialogue.output, status or 0, doing, answer)
        if session is not None:
            session.hold(WaitingPip(dialogue, files.answer, progress, _progress_after(host)))
            held = True
    except subprocess.TimeoutExpired as error:
        raise OutOfTimeError(f"pip was stopped after {timeout:g} seconds.") from error
    finally:
        if not held:
            dialogue.close()
    return PipAnswer(read_answer(report), answer["passed_over"], answer["sources"])


def links_option(find_links: Path | None) -> list[str]:
    """Return pip's option for the folder `find_links`, if it is there."""
    return ["--find-links", str(find_links)] if find_links and find_links.is_dir() else []


def _job(
    arguments: Sequence[str], target: Target, requirements: Sequence[Wanted], choice: CandidateFilter
) -> dict[str, Any]:
    common = ["--no-color", "--only-binary=:all:", "--python-version", PYTHON]
    before = ["--uploaded-prior-to", choice.uploaded_before] if choice.uploaded_before else []
    return {
        "environment": target.environment,
        "tags": [[tag.interpreter, tag.abi, tag.platform] for tag in target.tags],
        "pure": sorted(choice.pure),
        "without": sorted(choice.without),
        "source": sorted(choice.source),
        "newest": sorted(choice.newest),
        "requirers": sorted(choice.requirers),
        "built": choice.built,
        "prefer": choice.prefer,
        "listing": choice.listing and f"{choice.listing}/{target.machine}.json",
        "arguments": [arguments[0], *common, *before, *arguments[1:]],
        "requirements": requirements,
    }


def run_pip_here(
    arguments: Sequence[str],
    workdir: Path,
    *,
    requirements: Sequence[Wanted],
    doing: str,
    python: str,
    variables: Mapping[str, str],
    host: Host = HERE,
) -> tuple[str, int]:
    """Run `pip ARGUMENTS` with `requirements` for the interpreter `python` itself; return its output and exit status.

    `variables` are set besides the environment that pip always gets.
    """
    job = {
        "environment": None,
        "arguments": [arguments[0], "--no-color", *arguments[1:]],
        "requirements": requirements,
    }
    name = f"pip-{arguments[0]}-here"
    output, status, reported = _run(job, workdir, name, host, doing, python=python, variables=variables)
    if reported:
        raise explain(output, status, doing, reported)
    return output, status


def _run(
    job: Mapping[str, Any],
    workdir: Path,
    name: str,
    host: Host,
    doing: str,
    *,
    python: str = sys.executable,
    variables: Mapping[str, str] = MappingProxyType({}),
    timeout: float | None = None,
) -> tuple[str, int, dict[str, Any]]:
    """Run the shim with `job`; return output, exit status and the shim's answer, which is empty unless it has one.

    `name` is that of its files in `workdir`.
    """
    files = _prepare(job, workdir, name)
    try:
        output, code = run_python(
            python,
            _OPTIONS,
            _pip_shim.__file__,
            [str(files.job)],
            env={**environment(os.environ), **variables, **_temporary(workdir)},
            cwd=host.root or workdir,
            timeout=timeout,
            progress=lambda seconds: _report_progress(host, files, seconds, doing),
            progress_after=_progress_after(host),
        )
    except subprocess.TimeoutExpired as error:
        raise OutOfTimeError(f"pip was stopped after {timeout:g} seconds.") from error
    return output, code, read_answer(files.answer)


def _prepare(job: Mapping[str, Any], workdir: Path, name: str) -> _JobFiles:
    """Write `job` for the shim, with what every job has."""
    files = _JobFiles(*(workdir / f"{name}{suffix}" for suffix in (".json", ".answer.json", ".status.json")))
    files.answer.unlink(missing_ok=True)
    files.status.unlink(missing_ok=True)
    whole = {
        "pip": _folder_of_pip(),
        "settings": sorted(SETTINGS | {"disable-pip-version-check", "no-input"}),
        "answer": str(files.answer),
        "transfers": {**BOUNDS, "parent": os.getpid(), "status": str(files.status)},
        **job,
    }
    files.job.write_text(json.dumps(whole), encoding="utf-8")
    return files


def _progress_after(host: Host) -> float:
    """Return the seconds between two reports of progress."""
    return PROGRESS_AFTER if host.update is None else UPDATE_AFTER


def _report_progress(host: Host, files: _JobFiles, seconds: float, doing: str) -> None:
    if host.update is not None:
        state = read_answer(files.status)
        host.update(state.get("got", 0) if state.get("url") else 0, state.get("size"), _filename(state))
        return
    host.progress(f"still {doing}, for {round(seconds)} seconds{_at(read_answer(files.status))}")


def _at(state: Mapping[str, Any]) -> str:
    """Return what pip waits for, as the end of a sentence."""
    if not state.get("url"):
        return ""
    of = f" of {human_size(state['size'])}" if state["size"] is not None else ""
    return f": {without_password(state['url'])}, {human_size(state['got'])}{of} so far"


def _filename(state: Mapping[str, Any]) -> str:
    """Return the name of the file that pip fetches; empty when it does not fetch one."""
    return filename((state.get("url") or "").rstrip("/"))


def _temporary(workdir: Path) -> dict[str, str]:
    """Return the variables that keep pip's temporary files in `workdir`, with which they vanish."""
    folder = workdir / "tmp"
    folder.mkdir(exist_ok=True)
    return dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))


def _folder_of_pip() -> str:
    """Return the folder that holds the package `pip` which this interpreter would import."""
    spec = find_spec("pip")
    if spec is None or spec.origin is None:
        raise ResolutionError(
            "pip is not installed beside hatch-os402, which needs it to resolve dependencies: install pip."
        )
    return str(Path(spec.origin).resolve().parent.parent)
