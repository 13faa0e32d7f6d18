"""Resolutions that are used again as long as the index lets its pages be used without asking it.

An index says with each page how long it may be kept (PyPI: ten minutes), and pip keeps to that. A resolution is kept no
longer than the first of its pages, and no longer than `LONGEST`: until then pip would read the same pages. It is used
again when all that pip would be given is the same: the requirements, the environment (of which only a digest is kept),
pip's settings, the folders of find-links, the release of pip, this package. What nothing tells the state of is never
used again: source that is built here, requirements with an address, an index that is a folder of this machine.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from hatch_os402.incremental.store import digest, file_states, folder_state, newest, program, recall, remember
from hatch_os402.resolution.pip_settings import environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hatch_os402.resolution.resolution import Resolution, ResolutionSources

LONGEST = 600
"""Seconds."""

FRESH = "HATCH_OS402_FRESH"
"""The variable with which nothing is used again."""

_RACY = 2
"""Seconds: what changed so shortly before a resolution may have changed again while it was made, and show the same."""

_NETRCS = ("~/.netrc", "~/_netrc")
"""Where requests looks for names and passwords without `NETRC`, in which it expands `~` as well."""

_OFF = {"", "0", "false", "no", "off"}


def is_fresh(variables: Mapping[str, str]) -> bool:
    """Whether the user wants everything to be made anew: by our variable, or by pip's for its own cache."""
    return any(variables.get(name, "").strip().lower() not in _OFF for name in (FRESH, "PIP_NO_CACHE_DIR"))


class ResolutionMemory:
    """Resolutions of one project, as it is now, under the conditions of this process."""

    def __init__(self, folder: Path, *, root: Path, metadata: str, groups: Any, others: Any) -> None:
        """`metadata` is the headers of METADATA in the project's wheel; `root` is where relative paths start from.

        `groups` and `others` are what else decides, as JSON has it: dependency groups, and what has no requirements.
        """
        variables = environment(os.environ)
        self._folder = folder
        self._root = root
        self._begun = time.time()
        self._key = digest(
            {
                "program": program(),
                "python": [sys.version, sys.prefix],
                "environment": digest(sorted(variables.items())),
                "root": str(root),
                "metadata": metadata,
                "groups": groups,
                "others": others,
            }
        )
        self._addressed = "://" in _requirements(metadata) or "://" in json.dumps(groups, default=repr)

    def recall(self) -> tuple[Resolution, float] | None:
        """Return the resolution, and how old it is in seconds; None when there is none that may be used again."""
        found = self.recall_written()
        return None if found is None else (_read(found[0]), found[1])

    def recall_written(self) -> tuple[dict[str, Any], float] | None:
        """Return what `recall` does, as `written` has it."""
        found = recall(self._folder, self._key)
        if found is None:
            return None
        age = time.time() - found["made"]
        if not age >= 0 or time.time() >= found["until"]:
            return None
        if found["state"] != _state(found["settings"], found["folders"]):
            return None
        return found["resolution"], age

    def remember(self, resolution: Resolution) -> None:
        """Keep `resolution`, which was made now, if it may be used again."""
        sources = resolution.sources
        if sources is None or not self._may_be_kept(resolution, sources):
            return
        now, until = time.time(), min(time.time() + LONGEST, sources.fresh_until)
        settings, folders = sorted(sources.settings | _more_settings(self._root)), sorted(sources.folders)
        content = {
            "made": now,
            "until": until,
            "settings": settings,
            "folders": folders,
            "state": _state(settings, folders),
            "resolution": written(resolution),
        }
        if until > now and self._begun - newest([*settings, *folders]) > _RACY:
            remember(self._folder, self._key, content)

    def _may_be_kept(self, resolution: Resolution, sources: ResolutionSources) -> bool:
        if self._addressed or sources.local or resolution.built:
            return False
        return not any(
            pin.direct or pin.is_sdist or any("://" in text for text in pin.requires_dist) for pin in resolution.pins
        )


def _requirements(metadata: str) -> str:
    """Return the lines of `metadata` that require something."""
    return "\n".join(line for line in metadata.splitlines() if line.lower().startswith("requires-dist:"))


def _more_settings(root: Path) -> set[str]:
    """Return further files that decide what pip, whose current folder is `root`, may read."""
    others = [os.path.expanduser(path) for path in (os.environ.get("NETRC", ""), *_NETRCS)]  # noqa: PTH111 - texts
    named = [os.environ.get("PIP_CONFIG_FILE", ""), *others]
    return {os.path.join(root, path) for path in named if path}  # noqa: PTH118 - as above; they need not exist


def _state(settings: Sequence[str], folders: Sequence[str]) -> str:
    """Return a digest of what the files and folders hold. Nothing else of a file is kept: it may hold passwords."""
    return digest([file_states(settings), [folder_state(folder) for folder in folders]])


def written(resolution: Resolution) -> dict[str, Any]:
    """Return `resolution` as JSON has it, without addresses: what is fetched is found by name, version and hash."""
    return {
        "pins": [
            [
                pin.name,
                pin.version,
                pin.filename,
                pin.sha256,
                list(pin.requires_dist),
                pin.requires_python,
                pin.yanked,
            ]
            for pin in resolution.pins
        ],
        "root": resolution.graph.root,
        "required_by": {name: sorted(parents) for name, parents in resolution.graph.required_by.items()},
        "passed_over": dict(resolution.passed_over),
    }


def _read(content: Mapping[str, Any]) -> Resolution:
    from hatch_os402.resolution.graph import Graph, Pin  # noqa: PLC0415 - a build in which nothing changed needs neither
    from hatch_os402.resolution.resolution import Resolution  # noqa: PLC0415 - as above

    pins = tuple(
        Pin(
            name=name,
            version=version,
            filename=filename,
            sha256=sha256,
            url="",
            direct=False,
            requires_dist=tuple(requires_dist),
            requires_python=requires_python,
            yanked=yanked,
        )
        for name, version, filename, sha256, requires_dist, requires_python, yanked in content["pins"]
    )
    required_by = {name: frozenset(parents) for name, parents in content["required_by"].items()}
    return Resolution(pins, Graph(content["root"], required_by), passed_over=content["passed_over"])
