"""pip in a subprocess: for the target, with the user's index settings and with nothing else of the user's."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from hatch_os402.errors import OutOfTimeError
from hatch_os402.foreign.addresses import filename
from hatch_os402.formatting import human_size
from hatch_os402.processes.dialogue import Dialogue
from hatch_os402.processes.subprocesses import run_python
from hatch_os402.resolution.pip_errors import explain, read_answer, without_password
from hatch_os402.resolution.pip_job import USUAL, job_for, links_option, temporary, write_job
from hatch_os402.resolution.pip_session import PipSession, WaitingPip
from hatch_os402.resolution.pip_settings import environment
from hatch_os402.resolution.shim import _pip_shim

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from hatch_os402.reporting import Update
    from hatch_os402.resolution.pip_job import CandidateFilter, JobFiles, Wanted
    from hatch_os402.resolution.target import Target

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
class PipAnswer:
    """What pip resolved."""

    report: Mapping[str, Any]
    """pip's installation report."""
    passed_over: Mapping[str, Sequence[str]]
    """Canonical name → the versions of which there are only sdists, for what pip looked for."""
    sources: Mapping[str, Any]
    """What it depended on besides the job and the environment (`_pip_stop.py`)."""


def run_pip(
    arguments: Sequence[str],
    target: Target,
    workdir: Path,
    *,
    requirements: Sequence[Wanted],
    doing: str,
    choice: CandidateFilter = USUAL,
    host: Host = HERE,
    timeout: float | None = None,
) -> None:
    """Run `pip ARGUMENTS` with `requirements` for `target`.

    `workdir` is an existing private folder. `doing` completes "while …" in messages; `timeout` is in seconds. Raises
    `ResolutionError`, in the user's terms, with pip's own words as details: `UnsatisfiableError` where no releases fit
    together, `OutOfTimeError` after `timeout`.
    """
    job = job_for(arguments, target, requirements, choice)
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
    choice: CandidateFilter = USUAL,
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
    job = job_for(arguments, target, requirements, choice)
    job |= {"mark": mark, "waits": session is not None, "report": str(report)}
    files = write_job(job, workdir, name)
    report.unlink(missing_ok=True)
    dialogue = Dialogue(
        sys.executable,
        _OPTIONS,
        _pip_shim.__file__,
        [str(files.job)],
        env={**environment(os.environ), **temporary(workdir)},
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
    files = write_job(job, workdir, name)
    try:
        output, code = run_python(
            python,
            _OPTIONS,
            _pip_shim.__file__,
            [str(files.job)],
            env={**environment(os.environ), **variables, **temporary(workdir)},
            cwd=host.root or workdir,
            timeout=timeout,
            progress=lambda seconds: _report_progress(host, files, seconds, doing),
            progress_after=_progress_after(host),
        )
    except subprocess.TimeoutExpired as error:
        raise OutOfTimeError(f"pip was stopped after {timeout:g} seconds.") from error
    return output, code, read_answer(files.answer)


def _progress_after(host: Host) -> float:
    """Return the seconds between two reports of progress."""
    return PROGRESS_AFTER if host.update is None else UPDATE_AFTER


def _report_progress(host: Host, files: JobFiles, seconds: float, doing: str) -> None:
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
