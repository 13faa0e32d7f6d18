"""Measure one request of one artifact: the steps of `hatch-os402 profile`."""

from __future__ import annotations

import asyncio
import io
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from hatch_os402 import launcher
from hatch_os402.archive.assemble import MAIN
from hatch_os402.artifacts.opened import open_archive
from hatch_os402.calls.cgi import environment
from hatch_os402.config.run_profile import RunProfile
from hatch_os402.errors import ArtifactError, ProfileError
from hatch_os402.formatting import counted
from hatch_os402.inspection.reading import read_artifacts
from hatch_os402.inspection.terms import Terms, read_terms
from hatch_os402.profiling import tree as trees
from hatch_os402.profiling.lazy_imports import Lazies, compare
from hatch_os402.profiling.modules import ABSENT, DEFERRED, ImportedModule, Package, read_modules, unused_packages
from hatch_os402.profiling.running import ProfiledProgram, Run, instrumented, run_once, spawner
from hatch_os402.profiling.tree import Stats
from hatch_os402.runtime.discovery import architecture
from hatch_os402.sandbox.program import load

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from hatch_os402.artifacts.sets import ArtifactSet
    from hatch_os402.calls.request import Request
    from hatch_os402.inspection.reading import Artifacts
    from hatch_os402.profiling.tree import ProfileNode
    from hatch_os402.runtime.discovery import Runtime

    _Starter = Callable[..., Awaitable[Run]]

_COARSE = 0.001
"""Seconds."""


@dataclass(frozen=True)
class _Runs:
    """Everything that was run."""

    watched: Run
    plain: list[Run]
    measured: list[Run]
    lazily: list[Run] | None
    """With what was found to stay unloaded, if anything was; None if the program then vanished."""


@dataclass(frozen=True)
class Profile:
    """Where a cold start goes."""

    name: str
    request: Request
    python: Runtime
    runs: int
    """Of each kind."""
    frame_size: int
    """Bytes that the program is given before the body."""
    status: int
    """The program's exit status."""
    answer: bytes
    """What it wrote to stdout."""
    err: bytes
    cpu: Stats | None
    """CPU of the whole process, without the instrument; None where the system does not measure it."""
    wall: Stats
    """From start to end, without the instrument."""
    instrumented: Stats | None
    """CPU of the whole process with the instrument."""
    instrument: float
    """CPU seconds (median) of these that the instrument used before the bootstrap and after the program."""
    tree: ProfileNode
    modules: tuple[ImportedModule, ...]
    unused: tuple[Package, ...]
    lazy_imports: Lazies | None
    """None if there is no package that the request does not use."""
    lazy: tuple[str, ...]
    """The `lazy-imports` that the archive was built with."""
    terms: Terms | None
    seen: RunProfile
    """What builds may read of the run."""
    notes: tuple[str, ...]


def measure(
    found: ArtifactSet,
    request: Request,
    python: Runtime,
    *,
    runs: int,
    private: Mapping[str, str] | None = None,
    progress: Callable[[str], None],
    sandbox: bool | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> Profile:
    """Run the program of checked artifacts for `request`, `runs` times of each kind, cold, and report.

    `private`: private variables of the offer; None: those of the project's pyproject.toml. `progress` is called with
    what comes next. `sandbox`: as `running.spawner`; `warn` is called with what of it is missing, before anything is
    run. Raises `Os402Error`.
    """
    artifacts = read_artifacts(found)
    program = program_of(found, artifacts, request, private)

    async def taken() -> _Runs:
        async with spawner(python, sandbox) as started:
            for what in started.missing:
                warn(f"sandbox incomplete: {what}")
            return await _run_all(partial(run_once, started, program), program, runs, progress)

    taken_runs = asyncio.run(taken())
    watched, plain, measured = taken_runs.watched, taken_runs.plain, taken_runs.measured
    lazily = taken_runs.lazily
    tree = trees.merge(measured)
    assert watched.seen is not None  # noqa: S101 - it has an instrument
    modules = read_modules(tree, watched.seen)  # with times that the watching did not distort
    tried = _candidates(modules, program.entry)
    lazy_imports = compare(tree, measured, lazily, tried) if tried else None
    return Profile(
        name=artifacts.stem,
        request=request,
        python=python,
        runs=runs,
        frame_size=len(artifacts.frame),
        status=plain[0].status,
        answer=plain[0].out,
        err=plain[0].err,
        cpu=_cpu(plain),
        wall=Stats.of([one.wall for one in plain]),
        instrumented=_cpu(measured),
        instrument=trees.overhead(measured),
        tree=tree,
        modules=modules,
        unused=unused_packages(modules),
        lazy_imports=lazy_imports,
        lazy=program.lazy,
        terms=None if artifacts.offer is None else read_terms(artifacts.offer),
        seen=seen_by(modules, watched.seen["patterns"]),
        notes=(*artifacts.notes, *_notes(artifacts, python, plain, watched)),
    )


def seen_by(modules: Sequence[ImportedModule], patterns: Sequence[tuple[str | bytes, int]]) -> RunProfile:
    """Return what builds may read of a run that imported `modules` and gave `patterns` to `re`."""
    launcher_package = launcher.RESERVED.rstrip("/")
    imported = [
        module.name
        for module in modules
        if module.used not in {ABSENT, DEFERRED} and module.package != launcher_package
    ]
    return RunProfile.of(imported, patterns)


def _candidates(modules: Sequence[ImportedModule], entry: str) -> tuple[Package, ...]:
    """Return the unused packages that `lazy-imports` could name: all but the program's own. Dearest first."""
    own = entry.partition(".")[0]
    return tuple(package for package in unused_packages(modules) if package.name != own)


async def _run_all(run: _Starter, program: ProfiledProgram, runs: int, progress: Callable[[str], None]) -> _Runs:
    """Run `program`, `runs` times of each kind."""
    progress("watching which modules the request uses")
    watched = await run(*instrumented(program, use=True))
    lazy = await _try_lazily(run, program, watched, progress)
    done = _Runs(watched, [], [], None if lazy is None else [])
    for number in range(runs):  # in turns: what slows the machine down slows all alike
        progress(f"measuring, run {number + 1} of {runs}")
        done.plain.append(await run())
        done.measured.append(await run(*instrumented(program)))
        if lazy and done.lazily is not None:
            done.lazily.append(await run(*instrumented(program, lazy=lazy)))
    return done


async def _try_lazily(
    run: _Starter, program: ProfiledProgram, watched: Run, progress: Callable[[str], None]
) -> Sequence[str] | None:
    """Import the unused packages on first use, and return which were not loaded by the end.

    If the program then does something else, those of the archive alone. None if it then vanishes.
    """
    assert watched.seen is not None  # noqa: S101 - it has an instrument
    tried = _candidates(read_modules(trees.merge([watched]), watched.seen), program.entry)
    found: Sequence[str] | None = ()
    for packages in (tried, [package for package in tried if package.in_archive]):
        if not packages:
            continue
        progress(f"loading {counted(len(packages), 'unused package')} on first use")
        try:
            tentative = await run(*instrumented(program, lazy=[package.name for package in packages]))
        except ProfileError:
            found = None
            continue
        found = tentative.seen["unloaded"] if tentative.seen else ()
        if (tentative.status, tentative.out) == (watched.status, watched.out):
            break
    return found


def program_of(
    found: ArtifactSet, artifacts: Artifacts, request: Request, private: Mapping[str, str] | None
) -> ProfiledProgram:
    """Return what os402 starts for the request; an archive alone gets what the build's own offer would give it."""
    settings = _settings(artifacts.archive, found.name)
    if found.offer is None:
        called = request.of(artifacts.stem)
        variables = environment(called, architecture()) | dict(private or {})
        return ProfiledProgram(launcher.ARGS[1:], variables, artifacts.frame + called.body, *settings)
    program = load(found, private)
    inputs = program.inputs(request.of(program.id))
    # Variables that were given by hand are there even where the offer says nothing of them.
    whole = dict(inputs.env) | dict(private or {})
    return ProfiledProgram(inputs.args[1:], whole, b"".join(inputs.stdin), *settings, program.limits)


def _settings(archive: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """Return the module that the archive's `__main__.py` starts, and its `lazy-imports`; empty if it is not ours."""
    with open_archive(io.BytesIO(archive), name) as opened:
        try:
            main = opened.read(MAIN)
        except KeyError as error:
            raise ArtifactError(f"the archive of {name} has no {MAIN}: it is no zipapp.") from error
    settings = launcher.settings_of(main)
    return (settings.entry_point.partition(":")[0], settings.lazy_imports) if settings else ("", ())


def _cpu(runs: Sequence[Run]) -> Stats | None:
    used = [one.cpu for one in runs if one.cpu is not None]
    return Stats.of(used) if len(used) == len(runs) else None


def _notes(artifacts: Artifacts, python: Runtime, plain: Sequence[Run], watched: Run) -> list[str]:
    notes = [python.warning] if python.warning else []
    if artifacts.offer is not None and not artifacts.offer.offer.exec.stdin_appendable:
        notes.append("The offer takes no body of a call (`cgi = false`), so the program was given none.")
    if (step := time.get_clock_info("thread_time").resolution) > _COARSE:
        notes.append(
            f"The CPU clock of this system moves in steps of {step * 1000:.0f} ms: only sums of many are true."
        )
    if plain[0].status:
        last = plain[0].err.decode("utf-8", "replace").strip().rpartition("\n")[2]
        notes.append(f"The program ended with status {plain[0].status}, and this is the profile of that: {last}")
    elif not any(separator in plain[0].out for separator in (b"\r\n\r\n", b"\n\n")):
        notes.append("The program wrote no empty line after its headers: os402 would answer 500.")
    if len({(one.status, one.out) for one in (*plain, watched)}) > 1:
        notes.append("The runs did not all answer the same, so they may not have done the same.")
    return notes
