"""Resolve: the project's requirements become pinned wheels that hold on every architecture of the target."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from hatch_os402.errors import FolderError, ResolutionError, UnsatisfiableError
from hatch_os402.files import is_sha256
from hatch_os402.foreign import addresses
from hatch_os402.resolution.graph import SDISTS, Graph, Pin, Root, check, walk
from hatch_os402.resolution.markers import holds
from hatch_os402.resolution.pip_job import CandidateFilter
from hatch_os402.resolution.pip_process import Host, resolve_with_pip
from hatch_os402.resolution.resolution import Resolution, ResolutionSources
from hatch_os402.resolution.stub import write_stub
from hatch_os402.resolution.target import ARCHITECTURES, PYTHON, Target

__all__ = ["Resolution", "ResolveOptions", "read_report", "resolve", "resolve_with_source"]

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from hatch_os402.resolution.pip_process import PipAnswer
    from hatch_os402.resolution.pip_session import PipSession
    from hatch_os402.wheels.reading import Wheel


@dataclass(frozen=True)
class ResolveOptions:
    """Under which a resolution is made."""

    architectures: Sequence[str] = ARCHITECTURES
    choice: CandidateFilter = field(default_factory=CandidateFilter)
    find_links: Path | None = None
    """A folder with more wheels, if it is there."""
    timeout: float | None = None
    """Seconds that one run of pip may take."""
    host: Host = field(default_factory=Host)
    session: PipSession | None = None
    """Holds the run of pip that resolved for the first architecture, so that it can fetch as well."""


@dataclass
class _PipFacts:
    """What the runs of pip for one resolution tell besides their pins."""

    passed_over: dict[str, set[str]] = field(default_factory=dict)
    sources: ResolutionSources = field(default_factory=ResolutionSources)

    def add(self, answer: PipAnswer) -> None:
        for name, versions in answer.passed_over.items():
            self.passed_over.setdefault(name, set()).update(versions)
        reported = answer.sources
        until = float("inf") if reported["fresh_until"] is None else float(reported["fresh_until"])
        self.sources = self.sources.merged(
            ResolutionSources(
                frozenset(reported["settings"]), frozenset(reported["folders"]), bool(reported["local"]), until
            )
        )


def resolve(
    project: Wheel,
    *,
    extras: frozenset[str],
    groups: Sequence[Requirement],
    workdir: Path,
    resolve_options: ResolveOptions = ResolveOptions(),
) -> Resolution:
    """Resolve the requirements of the wheel `project` for every architecture of `resolve_options`.

    pip runs once for the first architecture. It runs again only for an architecture on which some marker decides
    otherwise; then the union is vendored, and two versions of one distribution are an error. Raises `ResolutionError`,
    and `MarkerError`, which is one, when nothing can decide whether the project requires something.
    """
    check_requires_python(project)
    root = Root(project.name, project.metadata.requires_dist, extras, tuple(groups))
    if not root.requirements and not root.groups:
        return Resolution((), Graph(root.name))
    first, *others = (Target(machine) for machine in resolve_options.architectures)
    for requirement in (*root.requirements, *root.groups):
        holds(requirement, first.environment)  # pip would end with a traceback, which does not name it
    seen = _PipFacts()
    pins = {pin.name: pin for pin in _run(project, root, first, workdir, resolve_options, seen)}
    graph = check(root, tuple(pins.values()), first)
    for target in others:
        same, problems = walk(root, pins, target)
        if not problems and same.required_by.keys() == pins.keys():
            graph = graph.merged(same)
            continue
        more = _run(project, root, target, workdir, replace(resolve_options, session=None), seen)
        graph = graph.merged(check(root, more, target))
        pins = union(pins, more, first, target)
    chosen = tuple(pins[name] for name in sorted(pins))
    unpreferred = [pin for pin in chosen if (pin.name, pin.version) not in resolve_options.choice.prefer]
    return Resolution(chosen, graph, passed_over=_newer(unpreferred, root, seen.passed_over), sources=seen.sources)


def resolve_with_source(
    project: Wheel,
    *,
    extras: frozenset[str],
    groups: Sequence[Requirement],
    workdir: Path,
    resolve_options: ResolveOptions = ResolveOptions(),
) -> Resolution:
    """Resolve as `resolve` does; where wheels alone do not suffice, take sdists too, so that they can be named.

    The pins that are sdists are for a verdict, not for use. Raises `ResolutionError`; `FolderError` is one of them.
    """
    try:
        return resolve(project, extras=extras, groups=groups, workdir=workdir, resolve_options=resolve_options)
    except UnsatisfiableError as error:
        choice = replace(resolve_options.choice, source=frozenset({"*"}))
        wider = replace(resolve_options, choice=choice)
        try:
            return resolve(project, extras=extras, groups=groups, workdir=workdir, resolve_options=wider)
        except FolderError:
            raise
        except ResolutionError:
            raise error from None  # what was wrong first is what is to be reported


def check_requires_python(project: Wheel) -> None:
    """Raise `ResolutionError` when the project does not allow the target's Python."""
    wanted = project.metadata.requires_python
    if wanted and not SpecifierSet(wanted).contains(PYTHON, prereleases=True):
        raise ResolutionError(
            f"Field `project.requires-python` is {wanted!r}, but Python on os402 is {PYTHON}.\n"
            "Widen it, for example to '>=3.10', if the project does run there."
        )


def union(pins: dict[str, Pin], more: Sequence[Pin], first: Target, target: Target) -> dict[str, Pin]:
    """Return `pins` with those of `more` that are new. The wheel of the first architecture stands for both.

    Raises `ResolutionError` when a distribution has two versions.
    """
    clashes = [
        f"  {pin.name}: {pins[pin.name].version} on {first.machine}, {pin.version} on {target.machine}"
        for pin in more
        if pin.name in pins and pins[pin.name].version != pin.version
    ]
    if clashes:
        raise ResolutionError(
            "one archive serves every architecture, but these resolve differently:\n" + "\n".join(clashes) + "\n"
            "Pin one version that both can use, or choose the architecture with `runtime`."
        )
    return {pin.name: pin for pin in more} | pins


def _newer(pins: Sequence[Pin], root: Root, passed_over: Mapping[str, set[str]]) -> dict[str, str]:
    """Return name → version of each release in `passed_over` that is newer than the pin, and that nobody rules out."""
    texts = (text for pin in pins for text in pin.requires_dist)
    wanted = [*root.requirements, *root.groups, *_valid(texts)]
    found = {}
    for pin in pins:
        specifiers = [item.specifier for item in wanted if canonicalize_name(item.name) == pin.name]
        newer = [
            version
            for version in _versions(passed_over.get(pin.name, ()))
            if version > Version(pin.version)
            and (not version.is_prerelease or Version(pin.version).is_prerelease)
            and all(specifier.contains(version, prereleases=True) for specifier in specifiers)
        ]
        if newer and not pin.direct:
            found[pin.name] = str(max(newer))
    return found


def _versions(texts: Iterable[str]) -> Iterator[Version]:
    """Yield the versions of `texts` that are some: an old index has others, which pip does not take either."""
    for text in texts:
        with suppress(InvalidVersion):
            yield Version(text)


def _run(
    project: Wheel,
    root: Root,
    target: Target,
    workdir: Path,
    resolve_options: ResolveOptions,
    seen: _PipFacts,
) -> tuple[Pin, ...]:
    """Let pip resolve for `target` and return its pins, unchecked; add to `seen` what else it tells."""
    stub = write_stub(project, workdir)
    extras = f"[{','.join(sorted(root.extras))}]" if root.extras else ""
    wanted = [f"{project.name}{extras} @ {stub.as_uri()}", *map(str, root.groups)]
    choice = resolve_options.choice
    answer = resolve_with_pip(
        target,
        workdir,
        requirements=[(text, ()) for text in wanted],
        doing=f"resolving the dependencies of {project.name}",
        find_links=resolve_options.find_links,
        choice=replace(choice, requirers=choice.newest | {root.name}),
        host=resolve_options.host,
        timeout=resolve_options.timeout,
        session=resolve_options.session,
    )
    seen.add(answer)
    return _as_required(read_report(answer.report, root.name, target), root, choice.built)


def _as_required(pins: tuple[Pin, ...], root: Root, built: Sequence[tuple[str, str]] = ()) -> tuple[Pin, ...]:
    """Give direct pins the address that their requirement has: in pip's report, name and password are left out.

    Where `built` has another one for that address, it is that.
    """
    texts = (text for pin in pins for text in pin.requires_dist if "@" in text)
    requirements = [*root.requirements, *root.groups, *_valid(texts)]
    stated = {
        str(canonicalize_name(item.name)): dict(built).get(item.url, item.url) for item in requirements if item.url
    }
    return tuple(replace(pin, url=stated.get(pin.name, pin.url)) if pin.direct else pin for pin in pins)


def _valid(texts: Iterable[str]) -> Iterator[Requirement]:
    """Yield the requirements of `texts` that are some; `check` names the others, which pip took."""
    for text in texts:
        with suppress(InvalidRequirement):
            yield Requirement(text)


def read_report(report: Mapping[str, Any], project: str, target: Target) -> tuple[Pin, ...]:
    """Return the pins of pip's installation report (version "1"), without the project itself.

    Raises `ResolutionError` when the report is of another format or was made for another environment than `target`.
    """
    if report.get("version") != "1":
        raise ResolutionError(
            f"pip wrote a report of version {report.get('version')!r}; version '1' is known. Use another pip."
        )
    if report["environment"] != target.environment:
        raise ResolutionError("pip resolved for another environment than the target's; use another release of pip.")
    pins = (_pin(item) for item in report["install"])
    return tuple(sorted((pin for pin in pins if pin.name != project), key=lambda pin: pin.name))


def _pin(item: dict[str, Any]) -> Pin:
    metadata, download = item["metadata"], item["download_info"]
    name, url = canonicalize_name(metadata["name"]), str(download["url"])
    filename = unquote(PurePosixPath(parts.path).name) if (parts := addresses.split(url)) else ""
    sha256 = str(download.get("archive_info", {}).get("hashes", {}).get("sha256")).lower()
    if not filename.endswith((".whl", *SDISTS)) or not is_sha256(sha256) or {"/", "\\"} & set(filename):
        raise ResolutionError(
            f"{name} {metadata['version']} resolved to {filename!r}, which is not a distribution with a SHA256.\n"
            "Only wheels are vendored: require a release that has one, or build it and offer it with PIP_FIND_LINKS."
        )
    return Pin(
        name=name,
        version=str(metadata["version"]),
        filename=filename,
        sha256=sha256,
        url=url,
        direct=bool(item.get("is_direct")),
        requires_dist=tuple(metadata.get("requires_dist", ())),
        requires_python=metadata.get("requires_python", ""),
        yanked=bool(item.get("is_yanked")),
    )
