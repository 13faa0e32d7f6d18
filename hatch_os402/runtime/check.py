"""Check whether an executable is the runtime that the build takes it for.

The facts come from the public recipe of cosmo-python; see `modules.json`, the list of what it can import.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatch_os402.errors import Os402Error
from hatch_os402.files import file_sha256
from hatch_os402.runtime import _check_worker, pins
from hatch_os402.runtime.interpreters import MAGIC
from hatch_os402.runtime.modules import facts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TIMEOUT = 120.0
"""Seconds that the runtime may take to import everything."""

_PASSED_ON = ("HOME", "PATH", "SYSTEMROOT", "TMPDIR")
"""Variables that a runtime is given: enough to start, and nothing that is secret."""


@dataclass(frozen=True)
class Deviation:
    """One thing that differs from what the build expects."""

    what: str
    expected: str
    found: str


@dataclass(frozen=True)
class Report:
    """What a runtime reports of itself."""

    path: Path
    version: str
    importable: int
    """How many modules of the standard library could be imported."""
    differences: tuple[Deviation, ...]
    notes: tuple[str, ...]
    """Sentences on what is not known for certain, and so is no difference."""


def check(path: Path) -> Report:
    """Run the executable at `path`, isolated, and compare what it is and can import with what is known.

    Raises `Os402Error` when it cannot be run or does not answer as a Python.
    """
    known = facts()
    names = sorted({*known["modules"], *known["missing"], *known["undecided"]})
    about, reasons = _ask(path, names)
    differences = (
        *_interpreter(about, known["version"]),
        *(Deviation(f"module {name}", "importable", why) for name in known["modules"] if (why := reasons[name])),
        *(Deviation(f"module {name}", "missing", "importable") for name in known["missing"] if not reasons[name]),
    )
    importable = sum(why is None for why in reasons.values())
    return Report(path, about["version"], importable, differences, (_identity(path), *_notes(about, known, reasons)))


def _interpreter(about: Mapping[str, Any], version: str) -> list[Deviation]:
    outside = [entry for entry in about["path"] if not entry.startswith("/zip/")]
    compared = (
        ("implementation", "cpython", about["implementation"]),
        ("version", version, about["version"]),
        ("bytecode magic", MAGIC.hex(), about["magic"]),
        ("sys.platform", "linux", about["platform"]),
        ("standard library", "/zip/Lib/json/__init__.pyc", about["library"]),
        ("sys.path", "only /zip/…", ", ".join(outside) or "only /zip/…"),
    )
    return [Deviation(*item) for item in compared if item[1] != item[2]]


def _identity(path: Path) -> str:
    digest = file_sha256(path)
    known = digest in pins.ASSIMILATED_SHA256.values()
    return f"sha256 {digest} is {'' if known else 'not '}that of the pinned {pins.NAME}"


def _notes(about: Mapping[str, Any], known: Mapping[str, Any], reasons: Mapping[str, str | None]) -> list[str]:
    presence = [("os.memfd_create", about["memfd_create"])]
    presence += [(f"module {name}", reasons[name] is None) for name in known["undecided"]]
    presence += [(folder, folder in about["folders"]) for folder in _check_worker.FOLDERS]
    return [f"{what} is {'there' if there else 'not there'}" for what, there in presence]


def _ask(path: Path, names: Sequence[str]) -> tuple[dict[str, Any], dict[str, str | None]]:
    """Return what the executable says of itself, and for each of `names` why it cannot be imported, or None."""
    about: dict[str, Any] = {}
    reasons: dict[str, str | None] = {}
    while len(reasons) < len(names):
        ended, answers = _run(path, names[len(reasons) :])
        if not answers or not isinstance(answers[0], dict) or "magic" not in answers[0]:
            raise Os402Error(
                f"{path} cannot be checked: it did not answer as a Python does ({ended}).\n"
                "Name the executable itself, the one that an offer runs."
            )
        about = answers[0]
        reasons.update(answers[1:])
        if len(reasons) < len(names):  # the rest is asked of a new process
            reasons[names[len(reasons)]] = f"importing it: {ended}"
    return about, reasons


def _run(path: Path, names: Sequence[str]) -> tuple[str, list[Any]]:
    """Return how the process ended, and its answers."""
    environ = {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | pins.ENVIRONMENT
    source = Path(_check_worker.__file__).read_text("utf-8")
    with tempfile.TemporaryDirectory(prefix="hatch-os402-") as folder:
        try:
            done = subprocess.run(
                [str(path.absolute()), "-I", "-B", "-W", "ignore", "-c", source, *names],
                cwd=folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=_TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            return f"no end after {_TIMEOUT:g} seconds", _answers(error.stdout or b"")
        except OSError as error:
            raise Os402Error(
                f"{path} cannot be run on this machine: {error.strerror}.\n"
                "The runtime is an ELF for Linux on x86_64 or aarch64; check it on such a machine."
            ) from error
    return f"exit status {done.returncode}", _answers(done.stdout)


def _answers(output: bytes) -> list[Any]:
    """Return the values of the complete lines of `output`, up to the first that is none."""
    answers = []
    for line in output.splitlines():
        try:
            answers.append(json.loads(line))
        except ValueError:
            break
    return answers
