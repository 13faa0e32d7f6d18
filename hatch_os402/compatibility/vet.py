"""The verdict on each wheel: pure, stripped of what it can do without, or native."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_os402.compatibility.curated import optional_extensions
from hatch_os402.substitutes import substitutes
from hatch_os402.wheels.native import NativeKind, is_bundled_library, native_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from hatch_os402.wheels.reading import Wheel, WheelFile


_FOR_READERS = ("share/man/", "share/doc/", "share/info/", "share/applications/", "share/icons/")
"""Files of `*.data/data` that no program reads: none of them is needed."""


@dataclass(frozen=True)
class VettedWheel:
    """What becomes of the files of one wheel: each is in exactly one of `kept`, `dropped` and `native`."""

    wheel: Wheel
    verdict: str
    """ "pure", "stripped" (optional compiled files left out), "substituted" (`substitutes` has what stands in for its
    compiled code) or "native" (compiled code that it needs)."""
    kept: tuple[WheelFile, ...]
    """The files to stage, all of scheme "root"."""
    dropped: tuple[tuple[WheelFile, str], ...]
    """The files left out, each with the reason."""
    native: tuple[tuple[WheelFile, NativeKind], ...]
    """What makes it "native"; else empty."""
    stripped: tuple[tuple[WheelFile, NativeKind], ...]
    """The optional and the substituted extensions among `dropped`."""
    summary: str
    """One sentence without a full stop: "markupsafe 3.0.4: 1 optional extension left out, …"."""
    warnings: tuple[str, ...]
    """Sentences about what will not do on os402 what it does elsewhere."""
    unseen: tuple[str, ...] = ()
    """Sentences about files that were not looked into, or whose content does no harm, for those who ask."""

    def added(self) -> dict[str, bytes]:
        """Return what is staged beside `kept`: the modules of a substitute, path → source."""
        return substitutes()[self.wheel.name].contents() if self.verdict == "substituted" else {}


class _Disposition(Enum):
    """What becomes of one file."""

    KEPT = auto()
    DATA = auto()
    NATIVE = auto()
    OPTIONAL = auto()
    SUBSTITUTED = auto()
    LAUNCHER = auto()
    UNPLACED = auto()
    EXCLUDED = auto()


_REASONS = {
    _Disposition.OPTIONAL: "an optional extension",
    _Disposition.SUBSTITUTED: "a module in Python stands in for it",
    _Disposition.LAUNCHER: "a Windows file in a pure wheel",
    _Disposition.UNPLACED: "only used by installers",
    _Disposition.EXCLUDED: "left out by `exclude`",
}


def vet(
    wheel: Wheel,
    *,
    strip: Collection[str] = (),
    allow: Collection[str] = (),
    substitute: Collection[str] = (),
    excluded: Callable[[str], bool] = lambda _: False,
) -> VettedWheel:
    """Return the verdict on `wheel`, from the name and the first bytes of every file.

    `strip` names distributions whose importable extensions may be left out, besides the curated ones; `allow` those
    whose native files are only data; `substitute` those whose compiled code the room `substitutes` stands in for.
    Their spelling does not matter. `excluded` tells the paths that are left out anyway.
    """
    by_user = wheel.name in {canonicalize_name(name) for name in strip}
    allowed = wheel.name in {canonicalize_name(name) for name in allow}
    may_strip = _strippable if by_user else _curated(wheel)
    known = substitutes().get(wheel.name) if wheel.name in {canonicalize_name(name) for name in substitute} else None
    classified: list[tuple[WheelFile, NativeKind | None, _Disposition]] = []
    for file in wheel.files:
        kind = native_kind(file.path, file.head)
        if kind and file.scheme == "root" and excluded(file.path):
            classified.append((file, kind, _Disposition.EXCLUDED))
        elif kind and file.scheme == "root" and known and known.replaces(file.path, wheel.version):
            classified.append((file, kind, _Disposition.SUBSTITUTED))
        else:
            classified.append((file, kind, _classify(wheel, file, kind, may_strip, allowed=allowed)))
    counts = Counter(disposition for _, _, disposition in classified)

    title = f"{wheel.name} {wheel.version}"
    warnings = list(_warnings(title, classified))
    if by_user and not counts[_Disposition.OPTIONAL]:
        warnings.append(f"{title}: `strip-extensions` names it, but it holds no extension that could be left out.")
    if allowed and not counts[_Disposition.DATA]:
        warnings.append(f"{title}: `allow-native-files` names it, but it holds no native file that could be kept.")
    if known and not counts[_Disposition.SUBSTITUTED]:
        warnings.append(
            f"{title}: `substitutes` names it, and the substitute is for {known.versions} and compiled code."
        )
    hidden, unseen = _nested(title, [file for file, _, disposition in classified if disposition is _Disposition.KEPT])
    warnings += hidden
    verdicts = (
        ("native", _Disposition.NATIVE),
        ("substituted", _Disposition.SUBSTITUTED),
        ("stripped", _Disposition.OPTIONAL),
    )
    verdict = next((name for name, disposition in verdicts if counts[disposition]), "pure")
    return VettedWheel(
        wheel,
        verdict,
        tuple(file for file, _, disposition in classified if disposition in {_Disposition.KEPT, _Disposition.DATA}),
        tuple((file, _REASONS[disposition]) for file, _, disposition in classified if disposition in _REASONS),
        tuple((file, kind) for file, kind, disposition in classified if kind and disposition is _Disposition.NATIVE),
        tuple(
            (file, kind)
            for file, kind, disposition in classified
            if kind and disposition in {_Disposition.OPTIONAL, _Disposition.SUBSTITUTED}
        ),
        f"{title}: {_summarized(wheel, counts, by_user=by_user)}",
        tuple(warnings),
        tuple(unseen),
    )


def _classify(
    wheel: Wheel,
    file: WheelFile,
    kind: NativeKind | None,
    may_strip: Callable[[WheelFile, NativeKind], bool],
    *,
    allowed: bool,
) -> _Disposition:
    if kind and _is_launcher(wheel, file, kind):
        return _Disposition.LAUNCHER
    if kind and file.scheme == "root" and may_strip(file, kind):
        return _Disposition.OPTIONAL
    if kind and not allowed:
        return _Disposition.NATIVE
    if file.scheme != "root":
        return _Disposition.UNPLACED
    return _Disposition.DATA if kind else _Disposition.KEPT


def _summarized(wheel: Wheel, counts: Counter[_Disposition], *, by_user: bool) -> str:
    """Return the verdict on `wheel` and its reasons, as one sentence without a full stop."""
    known = optional_extensions().get(wheel.name)
    instead = "as `strip-extensions` asks" if by_user or not known else known.fallback
    parts = (
        (_Disposition.NATIVE, "file{} of compiled code"),
        (_Disposition.OPTIONAL, f"optional extension{{}} left out, {instead}"),
        (_Disposition.SUBSTITUTED, "file{} of compiled code replaced by Python, as `substitutes` asks"),
        (_Disposition.DATA, "native file{} kept as data, as `allow-native-files` asks"),
        (_Disposition.LAUNCHER, "Windows file{} left out"),
    )
    reported = [f"{number} {text.format(_s(number))}" for disposition, text in parts if (number := counts[disposition])]
    return "; ".join(reported) or "pure Python"


def _curated(wheel: Wheel) -> Callable[[WheelFile, NativeKind], bool]:
    known = optional_extensions().get(wheel.name)
    return lambda file, _: known is not None and known.covers_file(file.path, wheel.version)


def _strippable(file: WheelFile, kind: NativeKind) -> bool:
    """Whether `strip-extensions` covers `file`: what `import` would load, and the libraries that were put beside it."""
    return kind.role == "extension module" or (kind.role == "shared library" and is_bundled_library(file.path))


def _is_launcher(wheel: Wheel, file: WheelFile, kind: NativeKind) -> bool:
    """Whether `file` is one of the Windows files that pure wheels carry along, as those of setuptools and pip do."""
    windows = kind.format == "PE" or file.path.lower().endswith((".exe", ".dll"))
    return windows and wheel.pure_tags and file.scheme == "root" and kind.role != "extension module"


def _warnings(title: str, classified: Sequence[tuple[WheelFile, NativeKind | None, _Disposition]]) -> Iterator[str]:
    for file, _, disposition in classified:
        if disposition is _Disposition.KEPT and "/" not in file.path and file.path.endswith(".pth"):
            yield f"{title}: {file.path} is read by site-packages only, so what it does will not happen."
    for scheme, meant in (("data", "files for the environment's own folder"), ("headers", "C headers")):
        count = sum(
            file.scheme == scheme and disposition is _Disposition.UNPLACED and not file.path.startswith(_FOR_READERS)
            for file, _, disposition in classified
        )
        if count:
            yield f"{title}: {count} file{_s(count)} left out ({meant}, *.data/{scheme}), for nothing is installed."


def _nested(title: str, files: Sequence[WheelFile]) -> tuple[list[str], list[str]]:
    """Return warnings about native code in those of `files` that are archives, and notes for verbose output.

    It is no error: nothing loads code out of an archive within an archive, but a program may unpack it.
    """
    warnings, unseen = [], []
    for file in files:
        if file.nested is None:
            continue
        found = [
            (name or file.path.removesuffix(".gz"), kind)
            for name, head in file.nested.members
            if (kind := native_kind(name or file.path.removesuffix(".gz"), head))
        ]
        others = [(name, kind) for name, kind in found if kind.format != "PE" and not name.lower().endswith(".exe")]
        if file.nested.objects:
            warnings.append(f"{title}: {file.path} is a static library, which nothing on os402 can link.")
        if others:
            (name, kind), *more = others
            rest = f" and {len(more)} more file{_s(len(more))} of compiled code" if more else ""
            warnings.append(f"{title}: {file.path} holds {name} ({kind}){rest}, which cannot be loaded on os402.")
        elif found:
            unseen.append(f"{title}: {file.path} holds {len(found)} Windows file{_s(len(found))}.")
        if file.nested.skipped:
            unseen.append(f"{title}: {file.path} was not looked into for compiled code: {file.nested.skipped}.")
    return warnings, unseen


def _s(count: int) -> str:
    return "" if count == 1 else "s"
