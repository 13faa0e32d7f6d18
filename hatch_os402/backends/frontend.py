"""The wheel of a project, built by its own backend (PEP 517) in an environment of its own.

As `python -m build` does by default, the wheel is made from the project's sdist: what a publication would hold is what
runs, and what an earlier build left in the folder (setuptools' `build/lib`) cannot get into it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_os402.environment import without_keys
from hatch_os402.errors import Os402Error
from hatch_os402.formatting import escaped_lines
from hatch_os402.processes.subprocesses import kill_group

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from build import ProjectBuilder
    from build.env import DefaultIsolatedEnv

_LAST_LINES = 25
"""Of what a backend or pip printed before it failed."""


def build_wheel(root: Path, folder: Path) -> Path:
    """Build the wheel of the project at `root` into the new `folder`, and return its path.

    What the project's `[build-system]` requires is installed from the index, as pip's settings say. The key that signs
    offers is in nobody's environment meanwhile. Raises `Os402Error`, and `ModuleNotFoundError` without the extra "cli".
    """
    from build import BuildBackendException, BuildException  # noqa: PLC0415 - the extra "cli"
    from build.env import DefaultIsolatedEnv  # noqa: PLC0415 - as above

    folder.mkdir()
    try:
        with without_keys(), DefaultIsolatedEnv() as env:
            sdist = _built("sdist", root, folder, env)
            return _built("wheel", _unpacked(sdist, folder / "sdist"), folder, env)
    except BuildBackendException as error:
        raise _failed(root, error.exception if isinstance(error.exception, Exception) else error) from error
    except (BuildException, subprocess.CalledProcessError, OSError, tarfile.TarError, EOFError) as error:
        raise _failed(root, error) from error


def _built(what: str, source: Path, folder: Path, env: DefaultIsolatedEnv) -> Path:
    """Build the `what` ("sdist" or "wheel") of the folder `source`."""
    from build import ProjectBuilder  # noqa: PLC0415 - as above

    builder: ProjectBuilder = ProjectBuilder.from_isolated_env(env, source, runner=_run)
    env.install(builder.build_system_requires)
    env.install(builder.get_requires_for_build(what))  # type: ignore[arg-type]  # build's own name for these two
    return Path(builder.build(what, folder))  # type: ignore[arg-type]  # as above


def _run(cmd: Sequence[str], cwd: str | None = None, extra_environ: Mapping[str, str] | None = None) -> None:
    """Run a backend's hook; what it prints is shown when it fails. Raises `CalledProcessError`."""
    with subprocess.Popen(
        cmd,
        cwd=cwd,
        env={**os.environ, **(extra_environ or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=sys.platform != "win32",
    ) as process:
        try:
            output, _ = process.communicate()
        except BaseException:
            kill_group(process)
            raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, cmd, output)


def _unpacked(sdist: Path, folder: Path) -> Path:
    """Unpack `sdist` into the new `folder`, and return the project's folder in it."""
    folder.mkdir()
    with tarfile.open(sdist) as archive:
        if hasattr(tarfile, "data_filter"):
            archive.extractall(folder, filter="data")
        else:  # a Python of before 3.10.12: it is the project's own archive, made a moment ago
            archive.extractall(folder)  # noqa: S202 - as said
    found = [path for path in folder.iterdir() if path.is_dir()]
    if len(found) != 1:
        raise Os402Error(f"{sdist.name}, which the project's backend made, is no sdist: it must hold one folder.")
    return found[0]


def _failed(root: Path, error: Exception) -> Os402Error:
    """Return the error about the wheel of `root`, with the last of what was printed."""
    printed = getattr(error, "output", None) or b""
    text = printed.decode(errors="replace") if isinstance(printed, bytes) else str(printed)
    lines = [line.rstrip() for line in text.splitlines() if line.strip()][-_LAST_LINES:]
    shown = "".join(f"\n  | {escaped_lines(line)}" for line in lines) or f" {error}"
    return Os402Error(
        f"the wheel of {root} could not be built by its backend:{shown}\n"
        "`python -m build` (or what builds the project otherwise) fails the same way."
    )
