"""git is asked about a repository whose own configuration is hostile."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from hatch_os402.config.expiry import commit_time
from hatch_os402.config.repository import commit_of

WHO = ("-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "protocol.file.allow=always")


def git(folder, *arguments):
    done = subprocess.run(["git", *WHO, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def repository(folder):
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text("")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "x")
    return folder


@pytest.fixture
def trap(tmp_path):
    """A program that leaves `sprung`; it passes on what it reads, as a filter does."""
    program = tmp_path / "trap"
    program.write_text(f"#!/bin/sh\n: > '{tmp_path}/sprung'\nexec cat\n")
    program.chmod(0o755)
    return program


def ask(root):
    return commit_time(root), commit_of(root, [])


def touched(path):
    """Let git read the content of `path` again to know whether it changed."""
    os.utime(path, (1, 1))


def test_no_monitor_of_files_is_started(tmp_path, trap):
    root = repository(tmp_path / "r")
    git(root, "config", "core.fsmonitor", str(trap))
    time, commit = ask(root)
    assert time
    assert commit == (git(root, "-c", "core.fsmonitor=false", "rev-parse", "HEAD"), True)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("kind", ["clean", "process"])
@pytest.mark.parametrize("included", [False, True])
def test_no_filter_is_started(tmp_path, trap, kind, included):
    root = repository(tmp_path / "r")
    (root / ".git/info/attributes").write_text("* filter=a.B\n")
    place = ["--file", ".git/more"] if included else []
    git(root, "config", *place, f"filter.a.B.{kind}", str(trap))
    git(root, "config", *place, "filter.a.B.required", "true")
    if included:
        git(root, "config", "include.path", "more")
    touched(root / "pyproject.toml")
    time, commit = ask(root)
    assert time
    assert commit
    assert commit[1]
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("key", ["filter.a=b.clean", "lfs.extension.a.clean"])
def test_what_cannot_be_turned_off_is_not_asked(tmp_path, trap, key):
    """A folder of which that is not known is not called clean."""
    root = repository(tmp_path / "r")
    (root / ".git/info/attributes").write_text("* filter=a=b\n")
    git(root, "config", key, str(trap))
    touched(root / "pyproject.toml")
    time, commit = ask(root)
    assert time
    assert commit
    assert not commit[1]
    assert not (tmp_path / "sprung").exists()


def test_the_filters_that_git_lfs_installs_stay(tmp_path, trap, monkeypatch):
    (tmp_path / "bin").mkdir()
    trap.rename(tmp_path / "bin/git-lfs")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}")
    root = repository(tmp_path / "r")
    (root / ".git/info/attributes").write_text("* filter=lfs\n")
    git(root, "config", "filter.lfs.clean", "git-lfs clean -- %f")
    touched(root / "pyproject.toml")
    assert ask(root)[1][1]
    assert (tmp_path / "sprung").exists()


def test_a_submodule_is_asked_without_its_filters(tmp_path, trap):
    inner, root = repository(tmp_path / "inner"), repository(tmp_path / "r")
    git(root, "submodule", "--quiet", "add", str(inner), "sub")
    git(root, "commit", "-q", "-m", "with it")
    folder = root / "sub"
    (root / ".git/modules/sub/info").mkdir(exist_ok=True)
    (root / ".git/modules/sub/info/attributes").write_text("* filter=a\n")
    git(folder, "config", "filter.a.clean", str(trap))
    touched(folder / "pyproject.toml")
    assert ask(root)[1][1]
    assert not (tmp_path / "sprung").exists()
    (folder / "pyproject.toml").write_text("# changed")
    assert not ask(root)[1][1], "what changed in a submodule is a change"
    git(folder, "checkout", "-q", ".")
    assert ask(root)[1][1]
    (folder / "new").write_text("")
    assert not ask(root)[1][1]


def test_missing_objects_are_not_fetched(tmp_path, trap):
    root = repository(tmp_path / "r")
    shutil.rmtree(root / ".git/objects")
    (root / ".git/objects").mkdir()
    for key, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "remote.origin.url": "ssh://example.invalid/x",
        "core.sshCommand": str(trap),
    }.items():
        git(root, "config", key, value)
    assert ask(root)[0] is None
    assert not (tmp_path / "sprung").exists()


def test_a_bare_repository_in_a_folder_of_the_project_is_none(tmp_path, trap):
    """It would come with a clone of what holds it, and with it a configuration."""
    root = repository(tmp_path / "r")
    for item in (root / ".git").iterdir():
        item.rename(root / item.name)
    (root / ".git").rmdir()
    (root / "config").write_text(
        f'[core]\nrepositoryformatversion = 0\nbare = false\nworktree = {root}\n\tfsmonitor = "{trap}"\n'
    )
    assert ask(root) == (None, None)
    assert not (tmp_path / "sprung").exists()
