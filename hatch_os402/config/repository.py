"""The git repository that a project is part of, if git is here and tracks it."""

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

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def tracked_by(root: Path) -> Callable[..., str | None] | None:
    """Return what runs `git ARGUMENTS` in `root` and returns its output, or None when it fails.

    Returns None when there is no git, or `root` is not part of what a repository tracks. Nothing is written.
    """
    git = shutil.which("git")
    if git is None:
        return None
    # Nothing that names another repository than that of the project, as in a hook of git's, and no secret.
    environ = chosen(os.environ, GIT | {name for name in os.environ if _CONFIGURED.fullmatch(name)})

    def run(*arguments: str) -> str | None:
        finished = subprocess.run(
            [git, "--no-optional-locks", *arguments],
            cwd=root,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
            text=True,
        )
        return finished.stdout.strip() if finished.returncode == 0 else None

    return None if run("ls-files", "--error-unmatch", "--", "pyproject.toml") is None else run


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
    changes = git("status", "--porcelain", "--untracked-files=normal", "--", ".", *excluded)
    return commit, changes == ""


def commit_built(root: Path, directory: Path, staging: Path | None) -> tuple[str, bool] | None:
    """Return what `commit_of` does, for a build of the project at `root` into `directory` and the folder `staging`."""
    from hatch_os402.config.pyproject import read_pyproject  # noqa: PLC0415 - as above

    return commit_of(root, [directory, read_pyproject(root).directory, *([staging] if staging else [])])
