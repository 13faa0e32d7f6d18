"""A project that is run: whether its artifacts are still those of its sources, and how they are built again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.metadata.core import ProjectMetadata

from hatch_os402.__about__ import __version__
from hatch_os402.config.options import Options
from hatch_os402.errors import ArtifactError
from hatch_os402.runtime.configured import executables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hatch_os402.reporting import Reporter
    from hatch_os402.runtime.configured import Executable

_RECORD = ".build.json"
_NO_SOURCES = frozenset({".git", ".hg", ".svn", "__pycache__", "node_modules"})
_LAST_COMMIT = ".git/logs/HEAD"
"""It may decide on the version, and on when the offer ends."""


def is_project(path: Path) -> bool:
    """Whether `path` is the folder of a project, which can be built."""
    return (path / "pyproject.toml").is_file()


def built(root: Path, reporter: Reporter, *, always: bool = False) -> Path:
    """Return the offer of the project at `root`, built now if anything may have changed since it was, or `always`.

    A change is any file or folder of the project that is newer than the record of the newest build, or another version
    of hatch-os402. Its dependencies are not looked up again for that. Raises `ArtifactError`.
    """
    dist = _dist(root)
    record = max(dist.glob(f"*{_RECORD}"), key=lambda path: path.stat().st_mtime_ns, default=None)
    why = "as asked" if always else _reason(root, dist, record)
    if record is not None and not why:
        reporter.debug(f"{record.name}: nothing changed since it was built")
        return _offer(record)
    reporter.info(f"building {root.resolve()}: {why}")
    dist.mkdir(parents=True, exist_ok=True)  # before, so that its coming is no change
    begun, before = time.time(), record.read_bytes() if record else b""
    build(root)
    record = max(dist.glob(f"*{_RECORD}"), key=lambda path: path.stat().st_mtime_ns, default=None)
    if record is None:
        raise ArtifactError(f"The build of {root} left no artifacts in {dist}.")
    if record.read_bytes() != before:
        os.utime(record, (begun, begun))  # what is saved from here on is newer than this build
    # Else what changed was of no account, such as a file that each build writes.
    return _offer(record)


def build(root: Path) -> None:
    """Build the target of the project at `root` in a process of its own, which speaks on stderr.

    Raises `ArtifactError`; the previous artifacts are then as they were.
    """
    command = [sys.executable, "-m", "hatchling", "build", "-t", "os402"]
    done = subprocess.run(command, cwd=root, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise ArtifactError(
            f"The project {root.resolve()} could not be built; what is wrong is said above. Where its build needs "
            "more than is installed beside hatch-os402, run `hatch build -t os402` and name the artifact."
        )


def configured(path: Path) -> tuple[Executable, ...]:
    """Return what the option `runtime` names in the project at `path`, or in the one whose artifact that is.

    Raises `Os402Error`.
    """
    for root in (path, *path.absolute().parents):
        if is_project(root):
            if runtimes := Options(_hatch(root).build_targets.get("os402", {}), root).runtime:
                return executables(runtimes, root)
            break
    return ()


def newest(root: Path) -> tuple[int, Path]:
    """Return when the project last changed (nanoseconds since 1970), and what did: a file, or a folder's names."""
    return max((_changed(path), path) for path in _sources(root, _dist(root)))


def _reason(root: Path, dist: Path, record: Path | None) -> str:
    if record is None:
        return f"there is no build in {dist}"
    try:
        by = json.loads(record.read_bytes())["generator"]["version"]
    except (ValueError, LookupError, TypeError):
        by = None
    if by != __version__:
        return f"{record.name} is of another version of hatch-os402"
    if not _offer(record).is_file():
        return f"{_offer(record).name} is gone"
    changed, what = newest(root)
    if changed > record.stat().st_mtime_ns:
        return f"{what.relative_to(root) if what != root else 'a file'} changed"
    return ""


def _offer(record: Path) -> Path:
    return record.with_name(record.name.removesuffix(_RECORD) + ".offer.json")


def _dist(root: Path) -> Path:
    """Return where the project's artifacts are."""
    hatch = _hatch(root)
    return root / (
        hatch.build_targets.get("os402", {}).get("directory") or hatch.build_config.get("directory") or "dist"
    )


def _hatch(root: Path) -> Any:
    """Return what hatchling knows of the project's configuration."""
    try:
        hatch = ProjectMetadata(str(root), None).hatch
        _ = hatch.build_targets, hatch.build_config
    except (ValueError, TypeError, OSError) as error:
        raise ArtifactError(f"{root / 'pyproject.toml'} cannot be read: {error}") from error
    return hatch


def _sources(root: Path, dist: Path) -> Iterator[Path]:
    """Yield everything in the project that may count for a build: when in doubt, it counts."""
    if (commit := root / _LAST_COMMIT).is_file():
        yield commit
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        if here == dist or (here != root and "pyvenv.cfg" in files):
            folders.clear()
            continue
        folders[:] = [name for name in folders if name not in _NO_SOURCES and not name.endswith("_cache")]
        yield here
        yield from (here / name for name in files)


def _changed(path: Path) -> int:
    try:
        found = path.lstat()
    except OSError:  # it is just being replaced
        return time.time_ns()
    # A file that was moved here is newer than its content says; Windows has its creation in `st_ctime`.
    return found.st_mtime_ns if os.name == "nt" else max(found.st_mtime_ns, found.st_ctime_ns)
