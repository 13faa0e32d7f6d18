"""What a publication is made of, on this machine: the project, its offers, and what belongs to each."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatch_os402.artifacts import SIGNED_SUFFIX, SUFFIXES
from hatch_os402.cache import readable_cache
from hatch_os402.offer.build import environment
from hatch_os402.offer.canonical import canonical
from hatch_os402.offer.parts import Upload, prepare
from hatch_os402.offer.server import PublishError
from hatch_os402.options import Options
from hatch_os402.runtime.configured import executables
from hatch_os402.runtime.fetching import find_by_sha256

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hatch_os402.offer.signing import SignedOffer
    from hatch_os402.publishing.settings import Settings

OFFER_SUFFIX = ".offer.json"
UNSIGNED = "0x" + 130 * "0"
"""Stands for a signature where there is none yet."""


@dataclass(frozen=True)
class Project:
    """The project beside whose pyproject.toml the artifacts lie; without one, everything is empty."""

    root: Path
    table: Mapping[str, Any]
    """`[tool.hatch.build.targets.os402]`."""
    publish: Mapping[str, Any]
    """`[tool.hatch.publish.os402]`."""
    dist: Path
    """Where its artifacts are."""


def read_project(root: Path) -> Project:
    """Read what a project at `root` says of os402, from pyproject.toml and hatch.toml. Raises `PublishError`."""
    from hatchling.metadata.core import ProjectMetadata  # noqa: PLC0415 - only when something is published

    if not (root / "pyproject.toml").is_file():
        return Project(root, {}, {}, root / "dist")
    try:
        hatch = ProjectMetadata(str(root), None).hatch
        table = hatch.build_targets.get("os402", {})
        own = hatch.config.get("publish", {}).get("os402", {})
        directory = table.get("directory") or hatch.build_config.get("directory") or "dist"
        return Project(root, table, own, root / directory)
    except Exception as error:  # hatchling raises many kinds for what is wrong in a file
        raise PublishError(f"{root / 'pyproject.toml'} cannot be read: {error}") from error


def find_offers(artifacts: Sequence[str], project: Project) -> tuple[Path, ...]:
    """Return the offer files that `artifacts` mean; for none, the project's.

    Each is an offer, any file of its build, the name without an ending, or a folder that holds a single offer. Raises
    `PublishError`.
    """
    found = [_in_folder(project.dist)] if not artifacts else [_offer_of(Path(name)) for name in artifacts]
    return tuple(dict.fromkeys(found))


def _in_folder(folder: Path) -> Path:
    offers = sorted(folder.glob(f"*{OFFER_SUFFIX}")) or sorted(folder.glob(f"*{SIGNED_SUFFIX}"))
    if not offers:
        raise PublishError(f"There is no offer in {folder}. Build one with `hatch build -t os402`, or name its file.")
    if len(offers) > 1:
        listed = "\n".join(f"  {path}" for path in offers)
        raise PublishError(f"There are several offers in {folder}; name those to publish:\n{listed}")
    return offers[0]


def _offer_of(path: Path) -> Path:
    if path.is_dir():
        return _in_folder(path)
    if path.name.endswith(SIGNED_SUFFIX):
        return path
    offer = stem(path).with_name(stem(path).name + OFFER_SUFFIX)
    if offer.is_file():
        return offer
    if path.suffix == ".json" and path.is_file():
        return path  # an offer by another name: what `os402 offer` printed
    raise PublishError(
        f"{path} is not there, or no offer ({offer.name}) is beside it. Build with `hatch build -t os402`."
    )


def stem(path: Path) -> Path:
    """Return the path without the ending of any artifact."""
    for suffix in (SIGNED_SUFFIX, *SUFFIXES):
        if path.name.endswith(suffix):
            return path.with_name(path.name.removesuffix(suffix))
    return path


def gather(path: Path, signed: SignedOffer, settings: Settings, project: Project) -> Upload:
    """Find what belongs to the offer at `path`, and check it. Raises `Os402Error`."""
    execution = signed.offer.exec
    frame = settings.stdin or stem(path).with_name(stem(path).name + ".stdin")
    private_env = None
    if execution.env_sha256:
        private_env = _private_env(settings, project)
    wanted = {item.sha256 for item in execution.executables.values()}
    upload_from = _named_executables(settings.executables, wanted)
    if runtimes := Options(project.table, project.root).runtime:
        upload_from |= {item.sha256: item.path for item in executables(runtimes, project.root) if item.path}
    cache = readable_cache(os.environ)
    for sha256 in wanted - upload_from.keys():
        if cache and (found := find_by_sha256(sha256, cache)):
            upload_from[sha256] = found
    return prepare(
        signed,
        frame=frame if settings.stdin or frame.is_file() else None,
        private_env=private_env,
        executables=upload_from,
        now=time.time(),
        signature=signed.k256 != UNSIGNED,
    )


def _private_env(settings: Settings, project: Project) -> bytes | None:
    if settings.env is not None:
        try:
            return settings.env.read_bytes()
        except OSError as error:
            raise PublishError(f"The private environment {settings.env} cannot be read: {error.strerror}.") from error
    if not project.table:
        return None
    return canonical(environment(Options(project.table, project.root).offer))


def _named_executables(paths: Sequence[Path], wanted: set[str]) -> dict[str, Path]:
    found = {}
    for path in paths:
        digest = hashlib.sha256()
        try:
            with path.open("rb") as file:
                while chunk := file.read(1 << 20):
                    digest.update(chunk)
        except OSError as error:
            raise PublishError(f"The executable {path} cannot be read: {error.strerror or error}.") from error
        if digest.hexdigest() not in wanted:
            raise PublishError(
                f"{path} is none of the offer's executables: its sha256 is {digest.hexdigest()}, and the offer has "
                f"{', '.join(sorted(wanted))}. An APE must be assimilated first; `hatch-os402 runtime fetch` does that."
            )
        found[digest.hexdigest()] = path
    return found
