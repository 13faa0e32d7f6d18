"""pip in a subprocess: for the target, with the user's index settings and with nothing else of the user's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from hatch_os402.environment import NETWORK, chosen
from hatch_os402.errors import OutOfTimeError, ResolutionError
from hatch_os402.formatting import human_size
from hatch_os402.processes.subprocesses import run_python
from hatch_os402.resolution import _pip_shim
from hatch_os402.resolution.pip_errors import explain, without_password
from hatch_os402.resolution.target import PYTHON

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hatch_os402.reporting import Update
    from hatch_os402.resolution.target import Target

SETTINGS = frozenset({
    "cache-dir", "cert", "client-cert", "default-timeout", "extra-index-url", "find-links", "index-url",
    "keyring-provider", "no-cache-dir", "no-index", "proxy", "resume-retries", "retries", "timeout", "trusted-host",
    "uploaded-prior-to", "use-deprecated", "use-feature",
})  # fmt: skip
"""The settings of pip, from `PIP_*` or its configuration files, that say where packages come from and how to get them.

Everything else (`user`, `target`, `constraint`, `require-hashes`, `no-deps`, `python`, ...) would change the result.
"""


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for pip: of `variables`, what it needs to reach an index, and its harmless settings."""
    settings = {f"PIP_{name.replace('-', '_').upper()}" for name in SETTINGS} | {"PIP_CONFIG_FILE"}
    keyring = {name for name in variables if name.startswith("KEYRING_PROPERTY_")}
    kept = chosen(variables, NETWORK | settings | keyring)
    return kept | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PYTHONUTF8": "1"}


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
) -> Mapping[str, Sequence[str]]:
    """Run `pip ARGUMENTS` with `requirements` for `target`.

    Return canonical name → the versions of which there are only sdists, for what pip looked for.

    `workdir` is an existing private folder. `doing` completes "while …" in messages; `timeout` is in seconds. Raises
    `ResolutionError`, in the user's terms, with pip's own words as details: `UnsatisfiableError` where no releases fit
    together, `OutOfTimeError` after `timeout`.
    """
    common = ["--no-color", "--only-binary=:all:", "--python-version", PYTHON]
    before = ["--uploaded-prior-to", choice.uploaded_before] if choice.uploaded_before else []
    job = {
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
    output, status, reported = _run(job, workdir, f"pip-{arguments[0]}-{target.machine}", host, doing, timeout=timeout)
    if status:
        raise explain(output, status, doing, reported)
    found: Mapping[str, Sequence[str]] = reported.get("passed_over", {})
    return found


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
    path, answer, status = (workdir / f"{name}{suffix}" for suffix in (".json", ".answer.json", ".status.json"))
    answer.unlink(missing_ok=True)
    status.unlink(missing_ok=True)
    whole = {
        "pip": _folder_of_pip(),
        "settings": sorted(SETTINGS | {"disable-pip-version-check", "no-input"}),
        "answer": str(answer),
        "transfers": {**BOUNDS, "parent": os.getpid(), "status": str(status)},
        **job,
    }
    path.write_text(json.dumps(whole), encoding="utf-8")

    def progress(seconds: float) -> None:
        if host.update is not None:
            state = _read(status)
            host.update(state.get("got", 0) if state.get("url") else 0, state.get("size"), _filename(state))
            return
        host.progress(f"still {doing}, for {round(seconds)} seconds{_at(_read(status))}")

    try:
        output, code = run_python(
            python,
            ["-I", "-X", "utf8", "-W", "ignore"],
            _pip_shim.__file__,
            [str(path)],
            env={**environment(os.environ), **variables, **_temporary(workdir)},
            cwd=host.root or workdir,
            timeout=timeout,
            progress=progress,
            progress_after=PROGRESS_AFTER if host.update is None else UPDATE_AFTER,
        )
    except subprocess.TimeoutExpired as error:
        raise OutOfTimeError(f"pip was stopped after {timeout:g} seconds.") from error
    return output, code, _read(answer)


def _at(state: Mapping[str, Any]) -> str:
    """Return what pip waits for, as the end of a sentence."""
    if not state.get("url"):
        return ""
    of = f" of {human_size(state['size'])}" if state["size"] is not None else ""
    return f": {without_password(state['url'])}, {human_size(state['got'])}{of} so far"


def _filename(state: Mapping[str, Any]) -> str:
    """Return the name of the file that pip fetches; empty when it does not fetch one."""
    return unquote(urlsplit(state.get("url") or "").path.rstrip("/").rpartition("/")[2])


def _read(path: Path) -> dict[str, Any]:
    """Return the object in the file `path` that the shim wrote; nothing when it did not."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


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
