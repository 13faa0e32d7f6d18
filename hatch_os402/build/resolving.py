"""From requirements to pins: what a lock has, what was resolved a short time ago, or what pip resolves now."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from hatch_os402.build import locking
from hatch_os402.build.context import step
from hatch_os402.build.unchanged import age
from hatch_os402.compatibility.assess import drop_summary
from hatch_os402.compatibility.dropping import without_droppable
from hatch_os402.errors import FolderError
from hatch_os402.foreign import addresses
from hatch_os402.formatting import counted
from hatch_os402.incremental.resolutions import FRESH, is_fresh
from hatch_os402.resolution.pip_job import CandidateFilter
from hatch_os402.resolution.pip_process import Host
from hatch_os402.resolution.resolve import ResolveOptions
from hatch_os402.resolution.sdists import build_folder, build_sdist, built_addresses
from hatch_os402.resolution.target import PYTHON
from hatch_os402.runtime import pins as runtime_pins
from hatch_os402.runtime.interpreters import find_compiler

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging.requirements import Requirement

    from hatch_os402.build.analysis import BuildRequest
    from hatch_os402.build.context import Context
    from hatch_os402.resolution.graph import Pin
    from hatch_os402.resolution.lock.model import Lock
    from hatch_os402.resolution.resolution import Resolution

_UV_SETTINGS = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")
_PIP_SETTINGS = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CONFIG_FILE")


@step("resolving", in_bytes=True)
def resolve(request: BuildRequest, build: Context, choice: CandidateFilter | None = None) -> Resolution:
    """Return what the lock has for the project's requirements, extras and groups included; without a lock resolve them.

    What may be built from source is built. With `choice` no lock is read, and it says what pip may take.
    """
    options, own = build.options, request.own
    lock = locking.find_lock(own, request.groups, build) if choice is None else None
    if lock is None and (own.metadata.requires_dist or request.groups):
        _report_uv_settings(build)
    reusable = lock is None and choice is None and not is_fresh(os.environ)
    if reusable and (known := build.resolutions.recall()):
        resolution, seconds = known
        _report_resolution(own.metadata.requires_dist, resolution, build, seconds=seconds)
        return resolution
    built: dict[str, Pin] = {}
    while True:  # the wheel of an sdist may require more than the sdist said
        try:
            if lock is not None:
                resolution = locking.resolve(lock, own, request.groups, built, build)
            else:
                resolution = build.resolver.resolve(
                    own,
                    extras=options.features,
                    groups=request.groups,
                    workdir=build.workdir,
                    resolve_options=resolve_options(build, built, choice),
                )
        except FolderError as error:
            pin = _build_folder(error, build)
            built[pin.name] = pin
            continue
        wanted = [
            pin
            for pin in resolution.pins
            if pin.is_sdist and pin.name in options.build_from_source and pin.name not in built
        ]
        if not wanted:
            break
        for pin in wanted:
            _build_from_source(pin, build)
            built[pin.name] = pin
    for name in sorted(options.build_from_source - built.keys()):
        why = "has a wheel" if any(pin.name == name for pin in resolution.pins) else "is not vendored"
        build.reporter.warning(f"`build-from-source` names {name}, which {why}")
    _report_resolution(own.metadata.requires_dist, resolution, build, lock)
    resolution = replace(resolution, built={name: built[name] for name in sorted(built)})
    if lock is None and choice is None:
        build.resolutions.remember(resolution)
    return resolution


def drop(resolution: Resolution, build: Context) -> Resolution:
    """Return `resolution` without what everything that requires it is known to do without, and report that."""
    kept = without_droppable(resolution)
    for pin in kept.dropped:
        build.reporter.info(drop_summary(pin))
    return kept


def host_of(build: Context) -> Host:
    """Return where pip runs for `build`, and where its progress is reported."""
    return Host(build.project.root, build.reporter.info, build.update)


def resolve_options(build: Context, built: Mapping[str, Pin], choice: CandidateFilter | None = None) -> ResolveOptions:
    """Return under which options `build` resolves; `built` are the sdists and folders whose wheels were built."""
    chosen, addresses = build.options.build_from_source, built_addresses(built.values(), build.find_links)
    source = replace(choice or CandidateFilter(), source=chosen, newest=chosen, built=addresses)
    return ResolveOptions(build.architectures, source, build.find_links, host=host_of(build))


def _build_from_source(pin: Pin, build: Context) -> None:
    """Build the wheel of an sdist, and put it where the resolver and `fetch` find it."""
    compiler = find_compiler(None, os.environ)
    build.reporter.info(f"building {pin.name} {pin.version} from {pin.filename}, without compilers")
    build_sdist(
        pin,
        find_links=build.find_links,
        cache=build.cache / "built",
        workdir=build.workdir,
        python=str(compiler.path if compiler else sys.executable),
        host=host_of(build),
    )


def _build_folder(error: FolderError, build: Context) -> Pin:
    """Build the wheel of a folder that a requirement names, and put it where the resolver and `fetch` find it."""
    compiler = find_compiler(None, os.environ)
    build.reporter.info(f"building {error.name} from its folder, {error.url}, without compilers")
    pin, _ = build_folder(
        error.name,
        error.url,
        find_links=build.find_links,
        workdir=build.workdir,
        python=str(compiler.path if compiler else sys.executable),
        host=host_of(build),
    )
    return pin


def _report_uv_settings(build: Context) -> None:
    """Report that settings of uv's are not read, when no setting of pip's stands beside them."""
    named = [name for name in _UV_SETTINGS if os.environ.get(name)] + ["[tool.uv]"] * build.project.uv_indexes
    if named and not any(os.environ.get(name) for name in _PIP_SETTINGS):
        build.reporter.warning(
            f"{', '.join(named)} names where uv finds packages; pip resolves here and does not read it. "
            "Set PIP_INDEX_URL or PIP_EXTRA_INDEX_URL, PIP_FIND_LINKS, or pip.conf"
        )


def _report_resolution(
    requirements: Sequence[Requirement],
    resolution: Resolution,
    build: Context,
    lock: Lock | None = None,
    seconds: float | None = None,
) -> None:
    reporter, what = build.reporter, counted(len(resolution.pins), "distribution")
    target = f"{runtime_pins.NAME} {PYTHON} ({', '.join(build.architectures)})"
    if lock is None:
        before = "" if seconds is None else f", {age(seconds)} (`{FRESH}=1` resolves again)"
        reporter.info(f"resolved {what} for {target}{before}")
    else:
        reporter.info(f"{lock.name} has {what} for {target}: nothing was resolved")
    for requirement in requirements:
        address = addresses.split(requirement.url or "")
        if address is not None and (address.scheme == "file" or "@" in address.netloc):
            what = "a password" if "@" in address.netloc else "a folder of this machine"
            reporter.warning(
                f"the requirement of {requirement.name} has {what} in its address, which is in METADATA and so in the "
                "archive: require a version instead, and let PIP_FIND_LINKS or PIP_INDEX_URL say where it is"
            )
    for pin in resolution.pins:
        parents = ", ".join(sorted(resolution.graph.required_by[pin.name]))
        reporter.debug(f"{pin.name} {pin.version} ({pin.filename}), required by {parents}")
        if newer := resolution.passed_over.get(pin.name):
            reporter.warning(
                f"{pin.name} {pin.version} is taken, for of {newer}, which is newer, there is only source: "
                f'build-from-source = ["{pin.name}"] takes that and builds it here, which runs its code; '
                f"to keep the older one, require {pin.name}<={pin.version}"
            )
        if pin.yanked:
            reporter.warning(f"{pin.name} {pin.version} was yanked from the index; require another release")
