"""A build from a lock, or with more than four artifacts, in which nothing changed: what is answered, and what is not."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest
from support.buildproject import OFFER, build, environment, offline, write_project
from support.lockcraft import entry, write_pylock
from support.wheelcraft import make_wheel

from hatch_os402.artifacts.artifact import Artifact
from hatch_os402.build.unchanged import BuildMemory
from hatch_os402.config.expiry import Expiry
from hatch_os402.config.project import Project
from hatch_os402.resolution.graph import Graph
from hatch_os402.resolution.resolution import Resolution

if TYPE_CHECKING:
    from pathlib import Path

    from support.buildproject import Build

pytestmark = pytest.mark.once

UNCHANGED = "nothing changed: the artifacts are those of the last build"


def old(*paths: Path) -> None:
    """Let files be older than what may still be written."""
    for path in paths:
        os.utime(path, (time.time() - 100,) * 2)


class Locked:
    """A project with the lock of another tool, which is as good, and a cache of its own."""

    def __init__(self, folder: Path) -> None:
        self.shelf = folder / "shelf"
        self.shelf.mkdir(exist_ok=True)
        self.wheels = {
            version: make_wheel(self.shelf, "used", version, {"used.py": f"VALUE = {version}\n"})
            for version in ("1.0", "2.0")
        }
        self.cache = folder / "os402"
        self.root = folder / "project"
        self.lock = self.root / "pylock.os402.toml"
        self.pyproject()
        self.lock_to("1.0")

    def pyproject(self, requirement: str = "used", options: str = "", offer: str = OFFER) -> None:
        write_project(self.root, dependencies=[requirement], options=f"bytecode = false\n{options}", offer=offer)

    def lock_to(self, version: str) -> None:
        write_pylock(self.lock, entry(self.wheels[version], name="used", version=version))
        old(self.lock)

    def build(self, **variables: str) -> Build:
        whole = {"PIP_NO_INDEX": "1", "HATCH_OS402_CACHE_DIR": str(self.cache), **variables}
        return build(self.root, env=environment(**whole))

    def settled(self) -> Build:
        """Build until there is something to answer from, and return what was built."""
        found = self.build().succeeded()
        assert UNCHANGED in self.build().err
        return found


@pytest.fixture
def locked(tmp_path):
    return Locked(tmp_path)


def test_a_locked_build_is_answered_without_wheels(locked):
    first = locked.settled()
    shutil.rmtree(locked.cache / "wheels")
    shutil.rmtree(locked.shelf)
    for variables in ({}, {"HATCH_OS402_LOCKED": "1"}):
        found = locked.build(**variables).succeeded()
        assert f"{UNCHANGED}, from pylock.os402.toml" in found.err
        assert found.ours == first.ours
    assert UNCHANGED not in locked.build(HATCH_OS402_FRESH="1").err


def test_the_bytes_of_the_lock_count(locked):
    first = locked.settled()
    locked.lock_to("2.0")
    second = locked.build().succeeded()
    assert UNCHANGED not in second.err
    assert second.vendored == {"used": "2.0"}
    locked.lock_to("1.0")
    assert locked.build().succeeded().ours == first.ours


def test_a_lock_that_no_longer_fits_is_an_error_as_ever(locked):
    first = locked.settled()
    locked.pyproject("used>=2")
    for _ in range(2):
        refused = locked.build().refused()
        assert "pylock.os402.toml is not of the project as it is" in refused
        assert "'used>=2' is required, and the lock has 1.0" in refused
    locked.pyproject()
    assert locked.build().succeeded().ours == first.ours


def test_whether_there_is_a_lock_counts(locked):
    """With `lock = false`, and without the file, everything is resolved, or an error where one is required."""
    locked.settled()
    found = offline(locked.shelf)
    locked.pyproject(options="lock = false\n")
    assert locked.build(**found).succeeded().vendored == {"used": "2.0"}
    assert "the option `lock` is false" in locked.build(HATCH_OS402_LOCKED="1").refused()
    locked.pyproject()
    locked.settled()
    locked.lock.unlink()
    assert "there is no " in locked.build(HATCH_OS402_LOCKED="1").refused()
    assert locked.build(**found).succeeded().vendored == {"used": "2.0"}


@pytest.mark.parametrize("changes", [False, True])
def test_a_lock_that_changes_while_it_is_built_from(locked, tmp_path, monkeypatch, changes):
    """What is built may be of either: it is not remembered for the one that was there at first."""
    monkeypatch.setenv("HATCH_OS402_CACHE_DIR", str(tmp_path / "kept"))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    wheel = make_wheel(tmp_path, "sample", "0.1.0", {"sample.py": ""})
    project = Project(locked.root, "sample-0.1.0", "sample", "0.1.0", None, {}, (), {}, wheel)
    memory = BuildMemory(project, {"bytecode": False}, tmp_path / "dist")
    assert memory.answer(Mock()) is None
    if changes:
        locked.lock_to("2.0")
    artifact = Artifact(tmp_path / "dist" / "sample-0.1.0.build.json", 1, "0" * 64)
    memory.keep(Resolution((), Graph("sample")), [artifact], Expiry(1, "SOURCE_DATE_EPOCH", 0), [], owned=False)
    assert len(list((tmp_path / "kept").glob("builds/*/*"))) == (0 if changes else 1)


PROOFS = "sbom = true\nprovenance = true\nstaging = 'staged'\n"


@pytest.fixture
def proved(locked):
    locked.pyproject(options=PROOFS)
    return locked


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("suffix", [".cdx.json", ".intoto.json"])
def test_proofs_are_compared_as_the_others_are(proved, suffix):
    first = proved.settled()
    assert {".cdx.json", ".intoto.json"} <= {name[len("sample-0.1.0") :] for name in first.artifacts}
    (path,) = first.dist.glob(f"*{suffix}")
    stated = path.stat()
    path.write_bytes(path.read_bytes().replace(b"sample", b"simple", 1))
    os.utime(path, ns=(stated.st_atime_ns, stated.st_mtime_ns))
    found = proved.build().succeeded()
    assert UNCHANGED not in found.err
    assert found.artifacts == first.artifacts
    path.unlink()
    assert proved.build().succeeded().artifacts == first.artifacts


def append(folder: Path) -> None:
    with (folder / "used.py").open("a") as file:
        file.write("#")


CHANGES = {
    "a file": append,
    "a file more": lambda folder: (folder / "more").write_text(""),
    "a folder more": lambda folder: (folder / "more").mkdir(),
    "a file less": lambda folder: (folder / "used.py").unlink(),
    "a mode": lambda folder: (folder / "used.py").chmod(0o600),
    "a time": lambda folder: (folder / "used.py").touch(),
    "all of it": shutil.rmtree,
}


def test_a_staged_tree_is_compared_as_well(proved):
    first = proved.settled()
    staged = proved.root / "staged"
    before = digests(staged)
    for what, change in CHANGES.items():
        change(staged)
        assert UNCHANGED not in proved.build().succeeded().err, what
        assert digests(staged) == before, what
        found = proved.build().succeeded()
        assert UNCHANGED in found.err, what
    assert found.artifacts == first.artifacts


def git(root: Path, *arguments: str) -> None:
    settings = ("-c", "user.name=x", "-c", "user.email=x@x.invalid", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *settings, *arguments], cwd=root, env=environment(), check=True, capture_output=True)


def test_the_commit_counts_where_it_is_stated(proved):
    (proved.root / ".gitignore").write_text("dist\nstaged\n")
    git(proved.root, "init", "-q")
    git(proved.root, "add", ".")
    git(proved.root, "commit", "-qm", "one")
    old(*proved.root.glob("*"))
    first = proved.settled()
    for change in (("commit", "--allow-empty", "-qm", "two"), ("rm", "-q", "--cached", ".gitignore")):
        git(proved.root, *change)
        found = proved.build().succeeded()
        assert UNCHANGED not in found.err
        assert found[".intoto.json"] != first[".intoto.json"]
        assert found[".pyz"] == first[".pyz"]
        first = found
    assert b'"clean": false' in first[".intoto.json"]
