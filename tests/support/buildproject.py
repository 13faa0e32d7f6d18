"""Write a small project into a folder and build it as a user would: with hatchling, in a process of its own."""

from __future__ import annotations

import functools
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatch_os402.artifacts.names import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REPOSITORY = Path(__file__).parents[2]
OFFER = "price = 0\ntestnet = true\nvalid-until = 2030-01-01T00:00:00Z\n"
FILES = {"sample/__init__.py": "", "sample/__main__.py": 'print("it runs")\n'}

_MINORS = ("3.10", "3.11", "3.12", "3.13")
_REACHING_IN = ("PYTHON", "HATCH_", "UV_", "SOURCE_DATE_EPOCH", "GIT_", "VIRTUAL_ENV", "CONTENT_")
_KEPT = "HATCH_OS402_CACHE_DIR"


@dataclass(frozen=True)
class Build:
    """What one run of a frontend gave."""

    code: int
    out: str
    err: str
    dist: Path
    artifacts: dict[str, bytes] = field(repr=False)
    """File name → content of everything that is in the folder `dist` afterwards."""

    def __getitem__(self, suffix: str) -> bytes:
        """Return the only artifact with `suffix`."""
        (name,) = [name for name in self.artifacts if name.endswith(suffix)]
        return self.artifacts[name]

    @property
    def ours(self) -> dict[str, bytes]:
        """The artifacts that are os402's, and not a wheel or an sdist."""
        return {name: content for name, content in self.artifacts.items() if name.endswith(SUFFIXES)}

    @property
    def members(self) -> dict[str, bytes]:
        """Path → content of every file of the zipapp."""
        return members(self[".pyz"])

    @property
    def record(self) -> dict[str, Any]:
        """The record of the build."""
        return json.loads(self[".build.json"])

    @property
    def vendored(self) -> dict[str, str]:
        """Name → version of every distribution that was vendored."""
        return {item["name"]: item["version"] for item in self.record["distributions"]}

    def succeeded(self) -> Build:
        """Return this build, once it is known to have ended well with exactly four artifacts."""
        assert self.code == 0, self.err
        assert len(self.ours) == len(SUFFIXES), sorted(self.artifacts)
        return self

    def refused(self) -> str:
        """Return what the user was told, once the build is known to have ended in one plain message."""
        assert self.code == 1, (self.code, self.err)
        assert "Traceback" not in self.err
        assert "Traceback" not in self.out
        return self.err


def members(zipapp: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(zipapp)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def write_project(
    folder: Path,
    *,
    files: Mapping[str, str | bytes] = FILES,
    dependencies: Sequence[str] = (),
    identity: str = 'name = "sample"\nversion = "0.1.0"\n',
    project: str = "",
    options: str = "bytecode = false\n",
    offer: str = OFFER,
    extra: str = "",
) -> Path:
    """Write a project named sample into `folder` and return the folder.

    `project`, `options` and `offer` are lines of `[project]`, of the target's table and of the offer's; `extra` is TOML
    with tables of its own.
    """
    pyproject = (
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n\n'
        f"[project]\n{identity}dependencies = {json.dumps(list(dependencies))}\n{project}\n"
        f"[tool.hatch.build.targets.os402]\n{options}\n[tool.hatch.build.targets.os402.offer]\n{offer}\n{extra}"
    )
    write(folder, {"pyproject.toml": pyproject, **files})
    return folder


def copy_fixture(name: str, folder: Path) -> Path:
    """Copy one of the repository's fixtures into the new folder `folder` and return that."""
    shutil.copytree(REPOSITORY / "fixtures" / name, folder, ignore=shutil.ignore_patterns("dist", "__pycache__"))
    return folder


def environment(*, pip: bool = False, **variables: str) -> dict[str, str]:
    """Return this process's environment without what would reach into a build, and `variables`.

    `pip` keeps the user's settings of pip, for builds from the real index.
    """
    away = _REACHING_IN if pip else (*_REACHING_IN, "PIP_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(away) or name == _KEPT}
    return kept | ({} if pip else {"PIP_CONFIG_FILE": os.devnull}) | variables


def offline(folder: Path) -> dict[str, str]:
    """Return the settings with which pip knows only the wheels of `folder`."""
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}


def build(
    root: Path,
    *arguments: str,
    python: str | Path = sys.executable,
    env: Mapping[str, str] | None = None,
    dist: Path | None = None,
    wrapper: Sequence[str] = (),
    umask: int = -1,
    timeout: int = 300,
) -> Build:
    """Run `python -m hatchling build` in `root`, with `arguments` (the target os402 when there are none).

    `env` is the whole environment; without it pip has no index at all. `wrapper` goes before the command.
    """
    arguments = arguments or ("-t", "os402")
    if dist is not None:
        arguments = (*arguments, "-d", str(dist))
    command = [*wrapper, str(python), "-m", "hatchling", "build", *arguments]
    whole = environment(PIP_NO_INDEX="1") if env is None else env
    return run(command, root, env=whole, dist=dist or root / "dist", umask=umask, timeout=timeout)


def run(
    command: Sequence[str], root: Path, *, env: Mapping[str, str], dist: Path, umask: int = -1, timeout: int = 300
) -> Build:
    """Run a frontend in `root` and return what it said and what is in `dist` then."""
    finished = subprocess.run(
        command, cwd=root, env=env, umask=umask, capture_output=True, check=False, timeout=timeout
    )
    out, err = (text.decode("utf-8", "backslashreplace") for text in (finished.stdout, finished.stderr))
    return Build(finished.returncode, out, err, dist, contents(dist))


def contents(folder: Path) -> dict[str, bytes]:
    """Return path → content of every file below `folder`; of nothing, when it is no folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def call(
    built: Build, python: str, body: bytes = b"", *, folder: Path, **variables: str
) -> subprocess.CompletedProcess[bytes]:
    """Start the frame of `built` with the arguments of its offer, as os402 does, and send it `body`."""
    _, *arguments = json.loads(built[".offer.json"])["payload"]["exec"]["args"]
    env = {"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(body)), **variables}
    return subprocess.run(
        [python, *arguments], input=built[".stdin"] + body, env=env, cwd=folder, capture_output=True, check=False
    )


@functools.cache
def interpreters(compiler: str) -> dict[str, str]:
    """Return minor version → path of every CPython that the project supports and this machine has; each was asked.

    `compiler` comes first, so that it is the 3.12 where there are several.
    """
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    candidates = [Path(compiler), Path(sys.executable)]
    candidates += [folder / f"python{minor}" for folder in folders for minor in _MINORS]
    candidates += sorted(Path.home().glob(".pyenv/versions/3.1*/bin/python"), reverse=True)
    found: dict[str, str] = {}
    for candidate in candidates:
        minor = _ask(candidate) if candidate.is_file() else None
        if minor in _MINORS:
            found.setdefault(minor, str(candidate))
    return dict(sorted(found.items(), key=lambda item: _MINORS.index(item[0])))


def _ask(python: Path) -> str | None:
    """Return the version of the CPython at `python` when it runs and can make environments, else None."""
    question = "import sys, venv, ensurepip; print(sys.implementation.name, '%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run([python, "-I", "-c", question], capture_output=True, text=True, check=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return None
    name, minor = answer.stdout.split()
    return minor if name == "cpython" else None


def make_environment(python: str, folder: Path, wheel: Path) -> Path:
    """Make a virtual environment of `python` that holds the repository's `wheel` and what it requires; return its Python."""
    subprocess.run([python, "-m", "venv", "--without-pip", folder], env=environment(), check=True)
    created = folder / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(created), "install", "--quiet", "--no-compile", str(wheel)]
    subprocess.run(install, env=environment(pip=True), check=True)
    (purelib,) = folder.glob("lib/python*/site-packages")
    disturbance = Path(__file__).parents[1] / "support" / "hostdisturbance.py"
    shutil.copy(disturbance, purelib / "hostdisturbance.py")
    (purelib / "hostdisturbance.pth").write_text("import hostdisturbance\n")
    return created
