"""What pip is asked: the job of the shim (`_pip_shim.py`), and the files by which it is told and answers."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hatch_os402.errors import ResolutionError
from hatch_os402.resolution.pip_settings import SETTINGS
from hatch_os402.resolution.target import PYTHON

if TYPE_CHECKING:
    from collections.abc import Mapping

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

Wanted = tuple[str, Sequence[str]]
"""A requirement (PEP 508), and the SHA256s in hex of the files that may satisfy it, where only these may."""


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


USUAL = CandidateFilter()


class JobFiles(NamedTuple):
    """Of one run of the shim."""

    job: Path
    answer: Path
    status: Path


def job_for(
    arguments: Sequence[str], target: Target, requirements: Sequence[Wanted], choice: CandidateFilter
) -> dict[str, Any]:
    """Return the job that runs `pip ARGUMENTS` with `requirements` for `target`."""
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


def links_option(find_links: Path | None) -> list[str]:
    """Return pip's option for the folder `find_links`, if it is there."""
    return ["--find-links", str(find_links)] if find_links and find_links.is_dir() else []


def write_job(job: Mapping[str, Any], workdir: Path, name: str) -> JobFiles:
    """Write `job` for the shim, with what every job has, into `workdir`; `name` is that of its files.

    Raises `ResolutionError` without a pip.
    """
    files = JobFiles(*(workdir / f"{name}{suffix}" for suffix in (".json", ".answer.json", ".status.json")))
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


def temporary(workdir: Path) -> dict[str, str]:
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
