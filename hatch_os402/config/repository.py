"""The git repository that a project is part of, if git is here and tracks it.

A repository has a configuration of its own, and that names programs. It is the project's author who writes it, where
the repository came in an archive, or lies as a bare one in a folder of another. git is asked so that it starts none.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

from hatch_os402.environment import GIT, chosen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

_CONFIGURED = re.compile(r"GIT_CONFIG_(?:COUNT|KEY_\d+|VALUE_\d+)")
"""Variables that hold configuration of git's, such as the `safe.directory` of a CI."""

_OPTIONS = (
    "--no-optional-locks",
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "safe.bareRepository=explicit"),
)
_OFFLINE = {"GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1"}
"""Objects that a partial clone lacks are not fetched: the transport is a program that the repository may name."""

_FILTER = re.compile(r"(filter\..+)\.(?:clean|process)", re.DOTALL)
_LFS = frozenset({"git-lfs clean -- %f", "git-lfs filter-process"})
"""What `git lfs install --local` writes: programs that the user installed, by names of no folder."""

_NOT_TURNED_OFF = re.compile(r"filter\..*=.*|lfs\.extension\..*", re.DOTALL)
"""Settings of a repository with which `status` is not asked: options of git cannot express a name with `=`, and what
`git-lfs` starts is no filter of git's."""

_SUBMODULE = "160000 "
"""How `git ls-files --stage` begins for one."""

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def tracked_by(root: Path) -> Callable[..., str | None] | None:
    """Return what runs `git ARGUMENTS` in `root` and returns its output, or None when it fails.

    Returns None when there is no git, or `root` is not part of what a repository tracks. Nothing is written, and no
    program is started that the repository's configuration names; `status` needs `_without_filters` for that.
    """
    run = _runner(root)
    return None if run is None or run("ls-files", "--error-unmatch", "--", "pyproject.toml") is None else run


def _runner(folder: Path) -> Callable[..., str | None] | None:
    git = shutil.which("git")
    if git is None:
        return None
    # Nothing that names another repository than that of the project, as in a hook of git's, and no secret.
    environ = {**chosen(os.environ, GIT | {name for name in os.environ if _CONFIGURED.fullmatch(name)}), **_OFFLINE}

    def run(*arguments: str) -> str | None:
        finished = subprocess.run(
            [git, *_OPTIONS, *arguments],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
            encoding="utf-8",
            errors="surrogateescape",
        )
        return finished.stdout.strip() if finished.returncode == 0 else None

    return run


def commit_of(root: Path, outputs: Iterable[Path]) -> tuple[str, bool] | None:
    """Return the commit (hex) of the project at `root`, and whether its folder is as it is there; None without one.

    Files that git ignores do not count, nor what lies in `outputs`, the folders that a build writes to, or in those in
    which it writes first.
    """
    git = tracked_by(root)
    commit = git("rev-parse", "--verify", "HEAD") if git else None
    if git is None or commit is None or not _COMMIT.fullmatch(commit):
        return None
    resolved = root.resolve()
    inside = [path.resolve().relative_to(resolved) for path in outputs if path.resolve().is_relative_to(resolved)]
    excluded = [f":(exclude,literal){path.as_posix()}" for path in inside if path.parts]
    from hatch_os402.artifacts.artifact import WORK  # noqa: PLC0415 - Hatch imports this for every build

    excluded.append(f":(exclude,glob)**/{WORK}*/**")
    return commit, _is_clean(root, git, excluded)


def _is_clean(folder: Path, git: Callable[..., str | None], excluded: Iterable[str] = ()) -> bool:
    """Whether `folder` is as its commit has it, and its submodules are as theirs have them.

    Each is asked by itself: git would ask a submodule with the filters that its own configuration names.
    """
    asked = ("status", "--porcelain", "--untracked-files=normal", "--ignore-submodules=dirty")
    options = _without_filters(git)
    if options is None or git(*options, *asked, "--", ".", *excluded) != "":
        return False
    listed = git("ls-files", "--stage", "-z", "--", ".")
    if listed is None:
        return False
    for line in listed.split("\0"):
        place = folder / line.partition("\t")[2]
        if line.startswith(_SUBMODULE) and (place / ".git").exists():
            inner = _runner(place)
            if inner is None or not _is_clean(place, inner):
                return False
    return True


def _without_filters(git: Callable[..., str | None]) -> list[str] | None:
    """Return the options of `git` by which it starts none of the filters of content that its repository names.

    Those of `_LFS` stay. None where there are no such options.
    """
    off: list[str] = []
    for scope in ("--local", "--worktree"):
        for setting in (git("config", scope, "--includes", "--null", "--list") or "").split("\0"):
            key, _, value = setting.partition("\n")
            if _NOT_TURNED_OFF.fullmatch(key):
                return None
            if (match := _FILTER.fullmatch(key)) and value not in _LFS:
                off += ["-c", f"{match[1]}.clean=", "-c", f"{match[1]}.process=", "-c", f"{match[1]}.required=false"]
    return off


def commit_built(root: Path, directory: Path, staging: Path | None) -> tuple[str, bool] | None:
    """Return what `commit_of` does, for a build of the project at `root` into `directory` and the folder `staging`."""
    from hatch_os402.config.pyproject import read_pyproject  # noqa: PLC0415 - as above

    return commit_of(root, [directory, read_pyproject(root).directory, *([staging] if staging else [])])
