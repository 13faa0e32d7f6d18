"""From verdicts to findings: what cannot work on the target, why, and what is known to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_os402.compatibility.advice import NOTHING_KNOWN, known_advice
from hatch_os402.compatibility.curated import (
    droppable,
    environment_hints,
    incompatibilities,
    optional_extensions,
    replacements,
)
from hatch_os402.compatibility.fallbacks import guards
from hatch_os402.compatibility.findings import Assessment, DistributionReport, Finding, NativeFile, in_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hatch_os402.compatibility.vet import VettedWheel
    from hatch_os402.resolution.graph import Pin
    from hatch_os402.resolution.resolve import Resolution
    from hatch_os402.wheels.native import NativeKind
    from hatch_os402.wheels.reading import WheelFile

SOURCE_ONLY = "source-only"
NATIVE = "native-code"
DROPPED = "dropped"
UNEXAMINED = "unexamined"

_PLACES_SHOWN = 3


def assess(
    own: VettedWheel, vetted_wheels: Sequence[VettedWheel], resolution: Resolution, variables: Mapping[str, str]
) -> Assessment:
    """Return the verdict on everything vendored, and a finding for whatever is wrong.

    `own` is the project's, `vetted_wheels` are those of `resolution`, whose sdists have none. `variables` are those
    that the offer sets.
    """
    by_name = {verdict.wheel.name: verdict for verdict in vetted_wheels}
    reports = tuple(_report(pin, by_name.get(pin.name), resolution) for pin in resolution.all_pins)
    findings = [*_own(own)]
    for item in reports:
        if item.verdict not in {DROPPED, UNEXAMINED}:
            findings.extend(_findings(item, by_name.get(item.name), variables))
    wheel = own.wheel
    project = DistributionReport(
        wheel.name,
        str(wheel.version),
        wheel.filename,
        own.verdict,
        ((wheel.name,),),
        _native_files(own.native),
        _native_files(own.stripped),
    )
    return Assessment((project, *reports), in_order(findings))


def drop_summary(pin: Pin) -> str:
    """Return a sentence, without a full stop, about `pin`, which was dropped."""
    return f"{pin.name} {pin.version}: not vendored, {droppable()[pin.name].instead}"


def _report(pin: Pin, verdict: VettedWheel | None, resolution: Resolution) -> DistributionReport:
    built = resolution.built.get(pin.name)
    return DistributionReport(
        pin.name,
        pin.version,
        pin.filename,
        verdict.verdict if verdict else _unread(pin, resolution),
        resolution.graph.chains(pin.name),
        _native_files(verdict.native) if verdict else (),
        _native_files(verdict.stripped) if verdict else (),
        built.filename if built else "",
    )


def _unread(pin: Pin, resolution: Resolution) -> str:
    """Return the verdict on `pin`, of which there is no wheel to read."""
    if pin in resolution.dropped:
        return DROPPED
    if pin.is_sdist:
        return "unavailable"
    return "native" if pin.name in replacements() and replacements()[pin.name].hopeless else UNEXAMINED


def _native_files(files: Sequence[tuple[WheelFile, NativeKind]]) -> tuple[NativeFile, ...]:
    return tuple(NativeFile(file.member, kind) for file, kind in files)


def _own(verdict: VettedWheel) -> Iterator[Finding]:
    """Yield what is wrong with the project's own wheel."""
    wheel = verdict.wheel
    if verdict.native:
        yield Finding(
            "error",
            NATIVE,
            wheel.name,
            _holds(len(verdict.native)),
            str(wheel.version),
            ((wheel.name,),),
            advice="It is the project itself: leave these files out of its wheel, or keep this part off os402.",
        )
    for warning in verdict.warnings:
        yield Finding("warning", "left-out", wheel.name, warning, str(wheel.version))


def _findings(item: DistributionReport, verdict: VettedWheel | None, variables: Mapping[str, str]) -> Iterator[Finding]:
    if verdict is None and item.verdict == "native":
        advice = known_advice(item)
        message = f"its wheel holds compiled code ({item.filename})"
        yield Finding("error", NATIVE, item.name, message, item.version, item.chains, advice=advice)
        return
    if verdict is None:
        message = f"no release that fits has a wheel for the target; {item.filename} is source"
        advice = f'If it is pure Python: build-from-source = ["{item.name}"] builds it here, which runs its code.'
        advice = known_advice(item) or advice
        yield Finding("error", SOURCE_ONLY, item.name, message, item.version, item.chains, advice=advice)
        return
    if verdict.native:
        yield Finding(
            "error",
            NATIVE,
            item.name,
            _holds(len(verdict.native)),
            item.version,
            item.chains,
            advice=_advice(verdict, item),
        )
    for warning in verdict.warnings:
        yield Finding("warning", "left-out", item.name, warning, item.version, item.chains)
    if (incompatibility := incompatibilities().get(item.name)) and incompatibility.covers(verdict.wheel.version):
        yield Finding(
            "warning",
            f"needs-{incompatibility.needs}",
            item.name,
            incompatibility.message,
            item.version,
            item.chains,
            advice=incompatibility.advice,
        )
    if (hint := environment_hints().get(item.name)) and hint.covers(verdict.wheel.version):
        missing = {name: value for name, value in hint.environment.items() if name not in variables}
        if missing:
            written = ", ".join(f'{name} = "{value}"' for name, value in missing.items())
            advice = f"Set env = {{ {written} }} in [tool.hatch.build.targets.os402.offer]."
            yield Finding("hint", "environment", item.name, hint.message, item.version, item.chains, advice=advice)


def _holds(count: int) -> str:
    return f"{count} file{'' if count == 1 else 's'} of compiled code"


def _advice(verdict: VettedWheel, item: DistributionReport) -> str:
    wheel = verdict.wheel
    known = optional_extensions().get(wheel.name)
    if known and wheel.version not in known.versions:
        return f"Its pure-Python fallback was checked for {known.versions} only: require one of these."
    if instead := known_advice(item):
        return instead
    if all(file.scheme != "root" or kind.role == "executable" for file, kind in verdict.native):
        return "It is a program, not a module: do without it, or keep this part off os402."
    if places := guards(verdict):
        where = ", ".join(map(str, places[:_PLACES_SHOWN])) + (", …" if places[_PLACES_SHOWN:] else "")
        return (
            f"It expects that its extensions are not there ({where}): if what it does then is enough, "
            f'strip-extensions = ["{wheel.name}"] leaves them out. Nobody has tried it here.'
        )
    if wheel.pure_tags:
        return f'If these are only data on Linux, say so: allow-native-files = ["{wheel.name}"].'
    return NOTHING_KNOWN
