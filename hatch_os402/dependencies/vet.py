"""The verdict on each wheel: pure, stripped of what it can do without, or native."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_os402.dependencies.curated import speedups
from hatch_os402.dependencies.native import NativeKind, is_bundled_library, native_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from hatch_os402.dependencies.wheels import Wheel, WheelFile


_FOR_READERS = ("share/man/", "share/doc/", "share/info/", "share/applications/", "share/icons/")
"""Files of `*.data/data` that no program reads: nobody misses them."""


@dataclass(frozen=True)
class Verdict:
    """What becomes of the files of one wheel: each is in exactly one of `kept`, `dropped` and `native`."""

    wheel: Wheel
    outcome: str
    """ "pure", "stripped" (compiled speed-ups left out) or "native" (compiled code that it needs)."""
    kept: tuple[WheelFile, ...]
    """The files to stage, all of scheme "root"."""
    dropped: tuple[tuple[WheelFile, str], ...]
    """The files left out, each with the reason."""
    native: tuple[tuple[WheelFile, NativeKind], ...]
    """What makes it "native"; else empty."""
    stripped: tuple[tuple[WheelFile, NativeKind], ...]
    """The compiled speed-ups among `dropped`."""
    summary: str
    """One sentence without a full stop: "markupsafe 3.0.4: 1 compiled speed-up left out, …"."""
    warnings: tuple[str, ...]
    """Sentences about what will not do on os402 what it does elsewhere."""


class _Fate(Enum):
    """What becomes of one file."""

    KEPT = auto()
    DATA = auto()
    NATIVE = auto()
    SPEEDUP = auto()
    LAUNCHER = auto()
    UNPLACED = auto()
    EXCLUDED = auto()


_REASONS = {
    _Fate.SPEEDUP: "a compiled speed-up",
    _Fate.LAUNCHER: "a Windows file in a pure wheel",
    _Fate.UNPLACED: "only an installation has a place for it",
    _Fate.EXCLUDED: "left out by `exclude`",
}


def vet(
    wheel: Wheel,
    *,
    strip: Collection[str] = (),
    allow: Collection[str] = (),
    excluded: Callable[[str], bool] = lambda _: False,
) -> Verdict:
    """Return the verdict on `wheel`, from the name and the first bytes of every file.

    `strip` names distributions whose importable extensions may be left out, besides the curated ones; `allow` those
    whose native files are only data. Their spelling does not matter. `excluded` tells
    the paths that are left out anyway.
    """
    by_user = wheel.name in {canonicalize_name(name) for name in strip}
    allowed = wheel.name in {canonicalize_name(name) for name in allow}
    may_strip = _strippable if by_user else _curated(wheel)
    judged: list[tuple[WheelFile, NativeKind | None, _Fate]] = []
    for file in wheel.files:
        kind = native_kind(file.path, file.head)
        if kind and file.scheme == "root" and excluded(file.path):
            judged.append((file, kind, _Fate.EXCLUDED))
        else:
            judged.append((file, kind, _judge(wheel, file, kind, may_strip, allowed=allowed)))
    counts = Counter(fate for _, _, fate in judged)

    title = f"{wheel.name} {wheel.version}"
    warnings = list(_warnings(title, judged))
    if by_user and not counts[_Fate.SPEEDUP]:
        warnings.append(f"{title}: `strip-extensions` names it, but it holds no extension that could be left out.")
    if allowed and not counts[_Fate.DATA]:
        warnings.append(f"{title}: `allow-native-files` names it, but it holds no native file that could be kept.")
    outcome = "native" if counts[_Fate.NATIVE] else "stripped" if counts[_Fate.SPEEDUP] else "pure"
    return Verdict(
        wheel,
        outcome,
        tuple(file for file, _, fate in judged if fate in {_Fate.KEPT, _Fate.DATA}),
        tuple((file, _REASONS[fate]) for file, _, fate in judged if fate in _REASONS),
        tuple((file, kind) for file, kind, fate in judged if kind and fate is _Fate.NATIVE),
        tuple((file, kind) for file, kind, fate in judged if kind and fate is _Fate.SPEEDUP),
        f"{title}: {_told(wheel, counts, by_user=by_user)}",
        tuple(warnings),
    )


def _judge(
    wheel: Wheel,
    file: WheelFile,
    kind: NativeKind | None,
    may_strip: Callable[[WheelFile, NativeKind], bool],
    *,
    allowed: bool,
) -> _Fate:
    if kind and _is_launcher(wheel, file, kind):
        return _Fate.LAUNCHER
    if kind and file.scheme == "root" and may_strip(file, kind):
        return _Fate.SPEEDUP
    if kind and not allowed:
        return _Fate.NATIVE
    if file.scheme != "root":
        return _Fate.UNPLACED
    return _Fate.DATA if kind else _Fate.KEPT


def _told(wheel: Wheel, counts: Counter[_Fate], *, by_user: bool) -> str:
    """Return what is worth telling of the judgement on `wheel`, as one sentence without a full stop."""
    known = speedups().get(wheel.name)
    instead = "as `strip-extensions` asks" if by_user or not known else known.fallback
    parts = (
        (_Fate.NATIVE, "file{} of compiled code"),
        (_Fate.SPEEDUP, f"compiled speed-up{{}} left out, {instead}"),
        (_Fate.DATA, "native file{} kept as data, as `allow-native-files` asks"),
        (_Fate.LAUNCHER, "Windows file{} left out"),
    )
    told = [f"{counts[fate]} {text.format(_s(counts[fate]))}" for fate, text in parts if counts[fate]]
    return "; ".join(told) or "pure Python"


def _curated(wheel: Wheel) -> Callable[[WheelFile, NativeKind], bool]:
    known = speedups().get(wheel.name)
    return lambda file, _: known is not None and known.covers_file(file.path, wheel.version)


def _strippable(file: WheelFile, kind: NativeKind) -> bool:
    """Whether the user's word covers `file`: what `import` would load, and the libraries that were put beside it."""
    return kind.role == "extension module" or (kind.role == "shared library" and is_bundled_library(file.path))


def _is_launcher(wheel: Wheel, file: WheelFile, kind: NativeKind) -> bool:
    """Whether `file` is one of the Windows files that pure wheels carry along, as those of setuptools and pip do."""
    windows = kind.format == "PE" or file.path.lower().endswith((".exe", ".dll"))
    return windows and wheel.pure_tags and file.scheme == "root" and kind.role != "extension module"


def _warnings(title: str, judged: Sequence[tuple[WheelFile, NativeKind | None, _Fate]]) -> Iterator[str]:
    for file, _, fate in judged:
        if fate is _Fate.KEPT and "/" not in file.path and file.path.endswith(".pth"):
            yield f"{title}: {file.path} is read by site-packages only, so what it does will not happen."
    for scheme, meant in (("data", "files for the environment's own folder"), ("headers", "C headers")):
        count = sum(
            file.scheme == scheme and fate is _Fate.UNPLACED and not file.path.startswith(_FOR_READERS)
            for file, _, fate in judged
        )
        if count:
            yield f"{title}: {count} file{_s(count)} left out ({meant}, *.data/{scheme}), for nothing is installed."


def _s(count: int) -> str:
    return "" if count == 1 else "s"
