"""The steps of `hatch-os402 tune`: one change of the options after the other, each on top of those that were kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from hatch_os402.config.run_profile import FILE, RunProfile
from hatch_os402.errors import Os402Error
from hatch_os402.inspection.contents import BYTECODE, LAUNCHER, read_contents
from hatch_os402.inspection.needless import TESTS, needless_files
from hatch_os402.profiling import tree as trees
from hatch_os402.profiling.measuring import seen_by
from hatch_os402.profiling.modules import read_modules
from hatch_os402.profiling.running import instrumented
from hatch_os402.tuning.laziness import Laziness, find_laziness
from hatch_os402.tuning.samples import Pairs, in_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from hatch_os402.config.options import Options
    from hatch_os402.inspection.contents import Contents
    from hatch_os402.profiling.running import Run
    from hatch_os402.profiling.tree import Stats
    from hatch_os402.tuning.samples import Answers, Samples

SERVER_TIME = 6.2e-9
"""Seconds that os402's server takes for each byte of a frame, in each call; measured on one built from source."""
WORTH = 0.002
"""Of the CPU time of the samples: what brings less is not worth a line in pyproject.toml."""

LAZY, EXCLUDE, COMPRESSION, DOCSTRINGS, SOURCES = "lazy-imports", "exclude", "compression", "docstrings", "sources"
KINDS = (LAZY, FILE, EXCLUDE, COMPRESSION, DOCSTRINGS, SOURCES)
"""What is tried, in this order: options, and the project's saved profile."""
_NOTES = {
    DOCSTRINGS: "modules have no docstrings at run time",
    SOURCES: "tracebacks show no source lines, and `inspect` finds no source",
}


class FrameMaker(Protocol):
    """Makes the frame of a build with other options."""

    def __call__(self, changes: Mapping[str, Any], profile: RunProfile | None = None) -> bytes:
        """Return the frame with these values of options. Raises `Os402Error`."""


@dataclass(frozen=True)
class Trial:
    """One change that was tried."""

    kind: str
    """One of `KINDS`."""
    added: Any
    """The value, of lists only what is new; None for the profile."""
    value: Any
    """What the option is set to; None for the profile."""
    saved_bytes: int
    """By which the frame is smaller; negative where it is larger."""
    cost: Pairs | None
    """None if an answer is another one, or there is none, or no frame with this value."""
    calls: int
    """How many samples there are: `cost` is of a call of each."""
    kept: bool = False
    why: str = ""
    """Why it is not kept, or what comes with it; may be empty."""

    @property
    def transfer(self) -> float:
        """Seconds that the server takes less for the frame of a call of each sample."""
        return self.saved_bytes * SERVER_TIME * self.calls

    @property
    def saved(self) -> float:
        """Seconds that a call of each sample takes less: the server's, and CPU time as far as it is sure."""
        return self.transfer + (self.cost.counted if self.cost else 0.0)


@dataclass(frozen=True)
class NeverImported:
    """The modules of one distribution that no sample imports."""

    owner: str
    modules: int
    whole: int
    """How many modules it has."""
    packed: int
    """Bytes in the archive that these take."""


@dataclass(frozen=True)
class Tuning:
    """What came of all trials."""

    samples: Samples
    runs: int
    trials: tuple[Trial, ...]
    laziness: Laziness
    before: int
    """Bytes of the frame."""
    after: int
    cost: Pairs | None
    """What all changes that are kept cost together; None without one."""
    slowest: Stats
    """Wall seconds of the sample that takes longest, with the changes that are kept."""
    never: tuple[NeverImported, ...]
    """The most bytes first."""
    profile: RunProfile
    """What builds may read of the samples' runs, with what the project's profile has."""

    @property
    def changes(self) -> dict[str, Any]:
        """The values of the options that are to be set."""
        return {trial.kind: trial.value for trial in self.trials if trial.kept and trial.kind != FILE}

    @property
    def saves_profile(self) -> bool:
        """Whether the profile is to be saved."""
        return any(trial.kept and trial.kind == FILE for trial in self.trials)


def tune(
    samples: Samples,
    options: Options,
    make: FrameMaker,
    known: RunProfile | None,
    *,
    project: str,
    runs: int,
    skip: Collection[str] = (),
    progress: Callable[[str], None],
) -> Tuning:
    """Try what makes the samples faster. `make` makes frames, the first of which is the samples' own.

    `known` is the project's saved profile, `project` its canonical name; `skip` names `KINDS` that are not tried.
    Raises `Os402Error`.
    """
    progress("running the samples")
    samples = samples.with_frame(make({}), options.lazy_imports)
    answers = samples.steady_answers()
    progress("watching which modules the samples use")
    watched = [samples.run(program, *instrumented(program, use=True)) for program in samples.programs]
    profile = _profile(watched).merged(known or RunProfile())
    contents = read_contents(samples.frame.partition(b"\n")[2], project)
    skip = {*skip, *(LAZY for _ in watched if not samples.programs[0].entry)}
    laziness = (
        Laziness()
        if LAZY in skip
        else find_laziness(
            samples,
            watched,
            answers,
            lambda names: make({LAZY: [*options.lazy_imports, *names]}),
            WORTH,
            progress,
        )
    )
    engine = _Engine(samples, answers, make, profile, runs, progress)
    for kind, added, value in _proposals(options, laziness, contents, project, profile, known):
        if kind not in skip:
            engine.attempt(kind, added, value)
    final = engine.current
    return Tuning(
        samples,
        runs,
        tuple(engine.trials),
        laziness,
        len(samples.frame),
        len(final.frame),
        in_pairs(samples, final, runs) if final is not samples else None,
        final.slowest(runs),
        tuple(_never_imported(contents, profile)),
        profile,
    )


def _profile(watched: list[Run]) -> RunProfile:
    found = RunProfile()
    for one in watched:
        assert one.seen is not None  # noqa: S101 - it has an instrument
        found = found.merged(seen_by(read_modules(trees.merge([one]), one.seen), one.seen["patterns"]))
    return found


def _proposals(
    options: Options,
    laziness: Laziness,
    contents: Contents,
    project: str,
    profile: RunProfile,
    known: RunProfile | None,
) -> Iterator[tuple[str, Any, Any]]:
    """Yield what is to be tried: kind, what is new, and the whole value."""
    if laziness.names:
        yield LAZY, list(laziness.names), [*options.lazy_imports, *laziness.names]
    if profile != known and options.bytecode != "none":
        yield FILE, None, None
    paths = {member.path for member in contents.members}
    imported = {path for name in profile.modules for path in _paths(name) if path in paths}
    patterns = [
        pattern
        for one in needless_files(contents.members, project)
        for pattern in one.patterns
        if one.kind != TESTS or not any(path.startswith(pattern[1:]) for path in imported)
    ]
    if patterns:
        yield EXCLUDE, patterns, [*options.exclude, *patterns]
    for value in ("auto", "deflated", "stored"):
        if value != options.compression:
            yield COMPRESSION, value, value
    if options.docstrings and options.bytecode != "none":
        yield DOCSTRINGS, False, False
    if options.sources and options.bytecode != "none":
        yield SOURCES, False, False


def _paths(name: str) -> Iterator[str]:
    """Yield the archive paths that a module may have."""
    stem = name.replace(".", "/")
    yield from (stem + end for end in (".py", ".pyc", "/__init__.py", "/__init__.pyc"))


@dataclass
class _Engine:
    """Tries one change after the other."""

    current: Samples
    answers: Answers
    make: FrameMaker
    profile: RunProfile
    runs: int
    progress: Callable[[str], None]
    changes: dict[str, Any] = field(default_factory=dict)
    saving: RunProfile | None = None
    trials: list[Trial] = field(default_factory=list)

    def attempt(self, kind: str, added: Any, value: Any) -> None:
        """Try a change on top of those that are kept."""
        self.progress(f"trying {kind}" + ("" if value is None else f" = {added}"))
        changes = self.changes if kind == FILE else {**self.changes, kind: value}
        saving = self.profile if kind == FILE else self.saving
        before = self.current
        trial = Trial(kind, added, value, 0, None, len(before.programs))
        try:
            frame = self.make(changes, saving)
        except Os402Error as error:
            self.trials.append(replace(trial, why=error.message.partition("\n")[0]))
            return
        if frame == before.frame:
            return
        trial = replace(trial, saved_bytes=len(before.frame) - len(frame))
        after = before.with_frame(frame, changes.get(LAZY, before.programs[0].lazy))
        if after.answers() != self.answers:
            self.trials.append(replace(trial, why="an answer is another one"))
            return
        cost = in_pairs(before, after, self.runs)
        trial = replace(trial, cost=cost)
        if trial.saved < WORTH * cost.before.median:
            why = "costs more" if trial.saved < 0 else "brings less than a five-hundredth"
            self.trials.append(replace(trial, why=why))
            return
        self.current, self.changes, self.saving = after, changes, saving
        self.trials = [one for one in self.trials if not (one.kept and one.kind == kind)]
        self.trials.append(replace(trial, kept=True, why=_NOTES.get(kind, "")))


def _never_imported(contents: Contents, profile: RunProfile) -> Iterator[NeverImported]:
    """Yield, for each distribution, the modules that were never imported."""
    imported = {path for name in profile.modules for path in _paths(name)}
    stems = {member.path for member in contents.members if member.kind == BYTECODE}
    found: dict[str, Counter[str]] = {}
    for member in contents.members:
        path = member.path
        if member.owner == LAUNCHER or not path.endswith((".py", ".pyc")):
            continue
        counts = found.setdefault(member.owner, Counter())
        is_module = path.endswith(".pyc") or f"{path}c" not in stems
        counts["whole"] += is_module
        if path not in imported:
            counts["modules"] += is_module
            counts["packed"] += member.packed
    rows = [NeverImported(owner, one["modules"], one["whole"], one["packed"]) for owner, one in found.items()]
    yield from sorted((row for row in rows if row.modules), key=lambda row: (-row.packed, row.owner))
