"""The search for fixes for all incompatible distributions: bounded in time, a few at a time, and remembered."""

from __future__ import annotations

import hashlib
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import metadata
from typing import TYPE_CHECKING, Any

from hatch_os402.__about__ import __version__
from hatch_os402.compatibility.curated import optional_extensions, replacements
from hatch_os402.compatibility.findings import Remedy
from hatch_os402.compatibility.remedies.merging import merged
from hatch_os402.compatibility.remedies.registry import nearest_first, search
from hatch_os402.compatibility.remedies.release import hopeless_below
from hatch_os402.compatibility.remedies.trials import verify
from hatch_os402.errors import OutOfTimeError
from hatch_os402.files import write_file
from hatch_os402.formatting import listed
from hatch_os402.resolution.pip_settings import environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    from hatch_os402.compatibility.findings import Assessment, Finding
    from hatch_os402.compatibility.remedies.trials import SearchContext
    from hatch_os402.resolution.graph import Graph

AT_ONCE = 2
"""Distributions for which fixes are searched at the same time."""

_DIRECT = 2
"""The length of a chain from the project to a requirement of its own."""

VALID = 24 * 60 * 60
"""Seconds for which an answer is remembered: an index grows."""


@dataclass(frozen=True)
class _Answer:
    """What was found for one incompatible distribution."""

    remedies: tuple[Remedy, ...]
    complete: bool = True


def with_remedies(assessment: Assessment, context: SearchContext, memory: Path) -> Assessment:
    """Return `assessment` with suggested fixes for every error of it. `memory` is a folder for answers.

    A distribution that only another incompatible one requires gets none: a fix for that one removes it, too.
    """
    names = sorted({finding.subject for finding in assessment.errors} - {context.project.name})
    owners = {name: required_only_by(name, names, context.base.graph) for name in names}
    # Those first for which something is known: they are done soonest, should time run out.
    wanted = sorted((name for name in names if not owners[name]), key=lambda name: not _is_known(name))
    beyond = [name for name in wanted if _is_hopeless(name)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = _answers(beyond, pool, context, memory)
        doomed = _doomed(wanted, [name for name in beyond if not answers[name].remedies], context.base.graph)
        answers |= _answers([name for name in wanted if name not in {*beyond, *doomed}], pool, context, memory)
    findings = tuple(
        _doomed_finding(finding, doomed[finding.subject])
        if finding.level == "error" and finding.subject in doomed
        else _completed(finding, owners, answers, context)
        for finding in assessment.findings
    )
    searched = [name for name in wanted if name in answers]
    return replace(assessment, findings=findings, together=_together(searched, answers, context, memory))


def _answers(names: Sequence[str], pool: Executor, context: SearchContext, memory: Path) -> dict[str, _Answer]:
    return dict(zip(names, pool.map(lambda name: _answer(name, context, memory), names), strict=True))


def _is_hopeless(name: str) -> bool:
    known = replacements().get(name)
    return known is not None and known.hopeless


def _doomed(wanted: Sequence[str], hopeless: Sequence[str], graph: Graph) -> dict[str, tuple[str, ...]]:
    """Return those of `wanted` that no fix would help, each with the hopeless ones that are why.

    All requirements of the project that lead to such a one lead to one of `hopeless` as well, and stay refused for it.
    """
    lost = {root: name for name in hopeless for root in requirements_leading_to(name, graph)}
    found = {}
    for name in wanted:
        if name not in hopeless and (roots := requirements_leading_to(name, graph)) and roots <= lost.keys():
            found[name] = tuple(sorted({lost[root] for root in roots}))
    return found


def requirements_leading_to(name: str, graph: Graph) -> frozenset[str]:
    """Return the names of the project's own requirements that are `name`, or lead to it."""
    reached, stack, found = {name}, [name], set()
    while stack:
        above = graph.required_by.get(one := stack.pop(), frozenset())
        if graph.root in above:
            found.add(one)
        new = above - reached - {graph.root}
        reached |= new
        stack.extend(new)
    return frozenset(found)


def _doomed_finding(finding: Finding, hopeless: Sequence[str]) -> Finding:
    searched = f"What requires it here cannot run for {listed(hopeless)} anyway, so no fix was searched for."
    return replace(finding, searched=searched, advice="")


def _is_known(name: str) -> bool:
    known = replacements().get(name)
    return name in optional_extensions() or (known is not None and bool(known.parents or known.require))


def required_only_by(name: str, incompatible: Sequence[str], graph: Graph) -> tuple[str, ...]:
    """Return the other incompatible distributions through which alone `name` is required; else nothing."""
    others = set(incompatible) - {name}
    reached, stack, blocked = {name}, [name], set()
    while stack:
        for parent in graph.required_by.get(stack.pop(), ()):
            if parent in others:
                blocked.add(parent)
            elif parent not in reached:
                reached.add(parent)
                stack.append(parent)
    return () if graph.root in reached else tuple(sorted(blocked))


def _completed(
    finding: Finding, owners: Mapping[str, tuple[str, ...]], answers: Mapping[str, _Answer], context: SearchContext
) -> Finding:
    if finding.level != "error" or finding.subject not in owners:
        return finding
    if owner := owners[finding.subject]:
        fixed = any(name in answers and answers[name].remedies for name in owner)
        ends = ": what fixes that fixes this as well." if fixed else ", and goes with it."
        return replace(finding, searched=f"It comes with {listed(owner)} alone{ends}", advice="")
    answer = answers[finding.subject]
    searched = ""
    if not answer.complete:
        searched = f"The search for fixes was stopped after {context.seconds} seconds (`remedies` sets the limit)."
    elif not answer.remedies and _is_hopeless(finding.subject):
        direct = all(len(chain) == _DIRECT for chain in finding.chains)
        above = "" if direct else ", and nothing here that requires it is known to do without it"
        searched = f"None of its releases is pure Python{above}: no fix was searched for."
    elif not answer.remedies and (beyond := hopeless_below(finding.subject, context)):
        searched = f"It requires {listed(beyond)}, pure Python in no release: no other release was searched for."
    elif not answer.remedies:
        searched = "No other release of it or of what requires it helps: every one that pip would take was tried."
    return replace(finding, remedies=answer.remedies, searched=searched)


def _answer(name: str, context: SearchContext, memory: Path) -> _Answer:
    path = memory / f"{_key(name, context)}.json"
    if (known := _remembered(path)) is not None:
        return _Answer(known)
    found: list[Remedy] = []
    try:
        for remedy in search(name, context):  # one by one, so that what was found in time is not lost
            found.append(remedy)  # noqa: PERF402
    except OutOfTimeError:
        return _Answer(nearest_first(found), complete=False)
    _remember(path, nearest_first(found))
    return _Answer(nearest_first(found))


def _together(
    wanted: Sequence[str], answers: Mapping[str, _Answer], context: SearchContext, memory: Path
) -> tuple[str, ...]:
    """Return the lines of the first fix of each of `wanted` that has one, if there are several and they fit."""
    first = {name: answers[name].remedies[0] for name in wanted if answers[name].remedies}
    if len(first) < 2 or (whole := merged(first, context)) is None:  # noqa: PLR2004 - one alone was shown already
        return ()
    path = memory / f"{_key(' '.join(whole.lines), context)}.json"
    if (known := _remembered(path)) is None:
        try:
            resolution = verify(context, whole.change, frozenset(first) - whole.substituted)
        except OutOfTimeError:
            return ()
        known = tuple(first.values()) if resolution and whole.fits(resolution) else ()
        _remember(path, known)
    return whole.lines if known else ()


def _key(what: str, context: SearchContext) -> str:
    """Return what decides an answer, hashed: requirements, what was resolved, pip and its settings, our own version."""
    facts = [
        what,
        sorted(map(str, context.project.metadata.requires_dist)),
        sorted(map(str, context.groups)),
        sorted(context.extras),
        sorted((pin.name, pin.version, pin.url, pin.sha256) for pin in context.base.pins),
        sorted(context.incompatible),
        sorted(context.substitutes),
        list(context.resolve_options.architectures),
        sorted(context.resolve_options.choice.source),
        metadata.version("pip"),
        sorted(item for item in environment(os.environ).items() if item[0].startswith("PIP_")),
        __version__,
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _remembered(path: Path) -> tuple[Remedy, ...] | None:
    try:
        if time.time() - path.stat().st_mtime > VALID:
            return None
        content: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        return tuple(Remedy.from_json(item) for item in content)
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _remember(path: Path, remedies: Sequence[Remedy]) -> None:
    with suppress(OSError):  # remembering is a convenience
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, json.dumps([remedy.to_json() for remedy in remedies]).encode())
