"""Distributions without a wheel: built here from their sdist or folder, if the user opts in, without compilers.

The build is pip's own, isolated (PEP 517), by the CPython that compiles the bytecode. What it needs to call a compiler
is taken away: an extension that is optional is left out then, and one that is not ends the build. It runs the code of
the sdist and of its build backend, which nothing else here does. The wheel is named `py3-none-any` whatever the build
called it: its tags would be those of this machine, and what it holds is looked at like every other wheel's files.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from hatch_os402.cache import cache_errors
from hatch_os402.errors import ResolutionError, WheelError
from hatch_os402.files import copy_file
from hatch_os402.resolution.graph import Pin
from hatch_os402.resolution.pip_process import HERE, Host, run_pip_here
from hatch_os402.wheels.members import hash_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NO_COMPILER = "os402-builds-without-compilers"
"""What every compiler is called here; nothing has this name."""

FOLDER = "a project's folder"
"""What stands for the file name of a distribution that was built from a folder."""

_TOOLS = ("CC", "CXX", "CPP", "FC", "LD", "LDSHARED", "AR", "RUSTC", "CARGO", "CMAKE", "GO")
_SHOWN = 12
_NOISE = re.compile(
    r"\s*(?:note: |hint: |\[end of output\]|Building wheel|Processing |Looking in |Installing |Getting |Preparing )"
)
"""What pip says of itself around the words of the build."""


def build_sdist(pin: Pin, *, find_links: Path, cache: Path, workdir: Path, python: str, host: Host = HERE) -> Path:
    """Build the wheel of the sdist that `pin` is, put it into the folder `find_links` and return its path.

    `python` is the interpreter that builds; `cache` is a folder for wheels that were built before, and `workdir` an
    existing private one. Raises `ResolutionError` when it does not build, or its wheel is another distribution.
    """
    kept = cache / pin.sha256[:2] / pin.sha256 / hashlib.sha256(python.encode()).hexdigest()[:16]
    known = _known(kept)
    if known is None:
        made = _build(pin, workdir, python, host)
        known = kept / hash_file(made) / _name(pin, made.name)
        with cache_errors(cache):
            known.parent.mkdir(parents=True, exist_ok=True)
            copy_file(made, known)
    find_links.mkdir(exist_ok=True)
    return Path(shutil.copy(known, find_links / known.name))


def build_folder(
    name: str, url: str, *, find_links: Path, workdir: Path, python: str, host: Host = HERE
) -> tuple[Pin, Path]:
    """Build the wheel of the project's folder at `url` into `find_links`; return what stands for the folder, and it.

    It is built where it is, as pip does it, and each time: nothing tells whether the folder changed. The pin has no
    hash: no other machine has the folder. Raises `ResolutionError` when it does not build, or is not `name`.
    """
    folder = Pin(str(canonicalize_name(name)), "", FOLDER, "", url, direct=True, requires_dist=(), requires_python="")
    made = _build(folder, workdir, python, host)
    _, version, *_ = parse_wheel_filename(made.name)
    pin = replace(folder, version=str(version))
    find_links.mkdir(exist_ok=True)
    return pin, Path(shutil.copy(made, find_links / _name(pin, made.name)))


def built_addresses(built: Iterable[Pin], find_links: Path) -> tuple[tuple[str, str], ...]:
    """Return the address of each of `built` that has one, with that of its wheel in `find_links`."""
    wheels = {str(canonicalize_name(path.name.split("-")[0])): path.as_uri() for path in find_links.glob("*.whl")}
    return tuple((pin.url, wheels[pin.name]) for pin in built if pin.direct and pin.name in wheels)


def _known(kept: Path) -> Path | None:
    """Return the wheel in `kept`, in a folder named by its SHA256; None when there is none, or a damaged one."""
    for wheel in sorted(kept.glob("*/*.whl")):
        with suppress(WheelError):
            if hash_file(wheel) == wheel.parent.name:
                return wheel
    return None


def _build(pin: Pin, workdir: Path, python: str, host: Host) -> Path:
    folder = workdir / f"build-{pin.name}"
    (empty := folder / "no-programs").mkdir(parents=True)
    requirement = f"{pin.name} @ {pin.url}" if pin.direct else f"{pin.name}=={pin.version}"
    arguments = ["wheel", "--no-deps", "--no-binary", pin.name, "--no-cache-dir"]
    arguments += ["--wheel-dir", str(folder / "wheel"), *(["--require-hashes"] if pin.sha256 else [])]
    wanted = [(requirement, [pin.sha256] if pin.sha256 else [])]
    output, status = run_pip_here(
        arguments,
        folder,
        requirements=wanted,
        doing=f"building {pin.name}",
        python=python,
        variables=_variables(str(empty)),
        host=host,
    )
    made = sorted(folder.glob("wheel/*.whl"))
    if status or len(made) != 1:
        last = [line for line in output.splitlines() if line.strip() and not _NOISE.match(line)][-_SHOWN:]
        listed = "\n".join(f"  {line}" for line in last)
        raise ResolutionError(
            f"{_what(pin)} could not be built without compilers (`build-from-source` names {pin.name}):\n{listed}\n"
            "If it needs them, it cannot run on os402: require another release, or another distribution.",
            output,
        )
    return made[0]


def _what(pin: Pin) -> str:
    return pin.filename if pin.sha256 else pin.url


def _variables(empty: str) -> Mapping[str, str]:
    """Return the variables of the build: no compilers, no other programs, and nothing that differs from run to run."""
    return {
        **dict.fromkeys(_TOOLS, NO_COMPILER),
        "DISTUTILS_USE_SDK": "1",  # setuptools on Windows then looks for no compiler by itself
        "PATH": empty,
        "PYTHONHASHSEED": "0",
        "SOURCE_DATE_EPOCH": "315532800",  # 1980-01-01, the first day that a zip file knows
    }


def _name(pin: Pin, built: str) -> str:
    name, version, *_ = parse_wheel_filename(built)
    if (canonicalize_name(name), version) != (pin.name, Version(pin.version)):
        raise ResolutionError(f"{_what(pin)} builds {built}, which is another distribution. Require another release.")
    return f"{'-'.join(built.split('-')[:2])}-py3-none-any.whl"
