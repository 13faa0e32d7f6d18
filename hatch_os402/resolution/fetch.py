"""Fetch: each pinned wheel, by its hash, from the cache or through pip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.version import Version

from hatch_os402.cache import cache_errors, used
from hatch_os402.errors import ResolutionError, WheelError
from hatch_os402.files import move_file
from hatch_os402.resolution.graph import misfits
from hatch_os402.resolution.pip_job import links_option
from hatch_os402.resolution.pip_process import HERE, Host, run_pip
from hatch_os402.resolution.target import ARCHITECTURES, Target
from hatch_os402.wheels.reading import read_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

    from hatch_os402.resolution.graph import Pin
    from hatch_os402.resolution.pip_job import Wanted
    from hatch_os402.resolution.pip_session import PipSession
    from hatch_os402.wheels.reading import Wheel


def fetch(
    pins: Sequence[Pin],
    *,
    cache: Path,
    workdir: Path,
    machine: str,
    find_links: Path | None = None,
    timeout: float | None = None,
    host: Host = HERE,
    accept: Collection[str] = (),
    session: PipSession | None = None,
    known: Callable[[Path, str], Wheel | None] = lambda _path, _sha256: None,
) -> tuple[Wheel, ...]:
    """Return the wheel of each of `pins`, in their order, every byte checked against its hash and its RECORD.

    `cache` is a folder that can be written; a wheel lies there under its SHA256. What is missing is fetched by pip
    (`machine`: the architecture whose tags pip is given, unless a file is for another one alone): by the run that
    `session` holds, and what that does not have by another one, of at most `timeout` seconds. `find_links` is a folder
    with more wheels, if it is there. `accept` holds canonical names of distributions whose RECORD may be wrong. `known`
    may return the wheel of a file with that hash, which it compares, without reading it all. Raises `ResolutionError`
    and `WheelError`.
    """
    found = {pin: wheel for pin in pins if (wheel := _cached(pin, cache, accept, known)) is not None}
    missing = [pin for pin in pins if pin not in found]
    if missing:
        folder = workdir / "wheels"
        folder.mkdir()
        if session is not None:
            session.fetch(missing, folder)
        if more := [pin for pin in missing if not (folder / pin.filename).is_file()]:
            for target, some in _by_target(more, machine):
                wanted = [
                    (f"{pin.name} @ {pin.url}" if pin.direct else f"{pin.name}=={pin.version}", [pin.sha256])
                    for pin in some
                ]
                download(wanted, folder, target, workdir, find_links, timeout, host)
        for pin in missing:
            found[pin] = _read(keep(folder / pin.filename, pin, cache), pin, accept)
    for pin in pins:
        _check_metadata(pin, found[pin])
    return tuple(found[pin] for pin in pins)


def place(sha256: str, filename: str, cache: Path) -> Path:
    """Return where the folder `cache` has the file with this hash and name, whether it is there or not."""
    return cache / sha256[:2] / sha256 / filename


def _by_target(pins: Sequence[Pin], machine: str) -> Iterator[tuple[Target, list[Pin]]]:
    """Yield targets, each with those of `pins` that pip is to fetch for it.

    That is `machine`, but for files that are for another architecture alone, which only that one requires.
    """
    targets = [Target(machine), *(Target(other) for other in ARCHITECTURES if other != machine)]
    found: dict[Target, list[Pin]] = {}
    for pin in pins:
        fitting = (target for target in targets if not any(misfits(pin, target)))
        found.setdefault(next(fitting, targets[0]), []).append(pin)
    yield from found.items()


def _read(path: Path, pin: Pin, accept: Collection[str]) -> Wheel:
    return read_wheel(path, expected_sha256=pin.sha256, accept_broken_record=pin.name in accept)


def _cached(pin: Pin, cache: Path, accept: Collection[str], known: Callable[[Path, str], Wheel | None]) -> Wheel | None:
    """Return the wheel from the cache; a damaged one is as good as none, for it is fetched again."""
    path = place(pin.sha256, pin.filename, cache)
    try:
        if not path.is_file():
            return None
        wheel = known(path, pin.sha256) or _read(path, pin, accept)
    except (WheelError, OSError):
        return None
    used(path)
    return wheel


def keep(path: Path, pin: Pin, cache: Path) -> Path:
    """Move the file of `pin` from `path` into the folder `cache` and return where it is."""
    if not path.is_file():
        raise ResolutionError(f"pip did not fetch {pin.filename} of {pin.name} {pin.version}.")
    kept = place(pin.sha256, pin.filename, cache)
    with cache_errors(cache):
        kept.parent.mkdir(parents=True, exist_ok=True)
        move_file(path, kept)
    return kept


def download(
    wanted: Sequence[Wanted],
    folder: Path,
    target: Target,
    workdir: Path,
    find_links: Path | None,
    timeout: float | None,
    host: Host,
) -> None:
    """Let pip put a wheel for each of `wanted` into `folder`. Raises `ResolutionError`."""
    arguments = ["download", "--no-deps", "--require-hashes", "--dest", str(folder)]
    arguments += links_option(find_links)
    doing = "fetching the wheels"
    run_pip(arguments, target, workdir, requirements=wanted, doing=doing, timeout=timeout, host=host)


def _check_metadata(pin: Pin, wheel: Wheel) -> None:
    """Refuse a wheel that differs from its description in the index (PEP 658 metadata may differ from the file)."""
    promised = {str(Requirement(text)) for text in pin.requires_dist}
    actual = {str(requirement) for requirement in wheel.metadata.requires_dist}
    if wheel.name == pin.name and wheel.version == Version(pin.version) and promised == actual:
        return
    differing = ", ".join(sorted(promised ^ actual)) or f"it is {wheel.name} {wheel.version}"
    raise WheelError(
        f"{pin.filename}: its own metadata differs from what the index had when it was resolved: {differing}.\n"
        "The index is wrong about this file; pin another release of it."
    )
