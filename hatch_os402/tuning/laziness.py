"""Which modules the samples can do without: tried together, and apart where an answer changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_os402.errors import Os402Error
from hatch_os402.launcher import RESERVED
from hatch_os402.profiling import tree as trees
from hatch_os402.profiling.modules import ABSENT, DEFERRED, IN_REQUEST, read_modules
from hatch_os402.profiling.running import instrumented
from hatch_os402.tuning.samples import answers_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from hatch_os402.profiling.running import Run
    from hatch_os402.profiling.tree import ProfileNode
    from hatch_os402.tuning.samples import Answers, Samples

_TREES = 3
"""Runs of each sample of which the times of imports are the medians."""


@dataclass(frozen=True)
class Laziness:
    """What came of importing unused modules on first use."""

    names: tuple[str, ...] = ()
    """Those to name in `lazy-imports`, the dearest first."""
    rejected: tuple[str, ...] = ()
    """Those without which the answer is another one."""
    loaded_anyway: tuple[str, ...] = ()
    """Unused ones that are asked for all the same while others are imported."""


def find_laziness(
    samples: Samples,
    watched: Sequence[Run],
    answers: Answers,
    make: Callable[[Sequence[str]], bytes],
    worth: float,
    progress: Callable[[str], None],
) -> Laziness:
    """Return the modules to import on first use. `watched`: of each sample, a run that watched use.

    `make` returns the frame with more `lazy-imports`. A module is named if no sample loads it then, every sample
    answers the same, and the imports that do not happen because of it take the part `worth` of the whole.
    """
    candidates = _candidates(samples, watched)
    search = _Search(samples, answers, make, progress)
    kept = search.harmless(candidates) if candidates else ()
    if not kept:
        return Laziness((), tuple(search.rejected), candidates)
    programs = samples.programs
    measured = [trees.merge([samples.run(one, *instrumented(one)) for _ in range(_TREES)]) for one in programs]
    least = worth * sum(tree.total for tree in measured)
    names = _worth_naming(measured, kept, search.imported[kept], least, outermost=True)
    # What is named for others' sake alone is left out, unless it is imported again then.
    if names and not _is_as_good(search, measured, names, kept, least):
        names = _worth_naming(measured, kept, search.imported[kept], least, outermost=False)
    anyway = tuple(name for name in candidates if name not in kept and name not in search.rejected)
    return Laziness(names, tuple(search.rejected), anyway)


def _candidates(samples: Samples, watched: Sequence[Run]) -> tuple[str, ...]:
    """Return what samples import and none uses: packages, and of those that are used in part their submodules.

    The program's own are not among them, nor what is inside of another candidate.
    """
    own = samples.programs[0].entry.partition(".")[0]
    imported: dict[str, None] = {}
    used: set[str] = set()
    for one in watched:
        assert one.seen is not None  # noqa: S101 - it has an instrument
        for module in read_modules(trees.merge([one]), one.seen):
            if module.used in {ABSENT, DEFERRED} or module.package in {own, RESERVED.rstrip("/")} or not module.read:
                continue  # of what is compiled in nothing is saved
            imported.setdefault(module.name)
            if module.used == IN_REQUEST:
                used.update(_with_parents(module.name))
    unused = [name for name in imported if name not in used]
    known = set(unused)
    return tuple(name for name in unused if known.isdisjoint(_with_parents(name)[1:]))


def _with_parents(name: str) -> list[str]:
    """Return a module's name and those of the packages that it is in."""
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(len(parts), 0, -1)]


def _worth_naming(
    measured: Sequence[ProfileNode],
    kept: Sequence[str],
    imported: Sequence[Collection[str]],
    least: float,
    *,
    outermost: bool,
) -> tuple[str, ...]:
    """Return those of `kept` that save `least` seconds of imports, in all trees together. Dearest first.

    What is imported no more counts for the name that it belongs to, `outermost` for the first that it is inside of.
    """
    names, credit = set(kept), dict.fromkeys(kept, 0.0)

    def follow(node: ProfileNode, cause: str | None, loaded: Collection[str]) -> None:
        if node.is_import and not (outermost and cause):
            cause = next((one for one in _with_parents(node.name) if one in names and one not in loaded), cause)
        if node.is_import and cause is not None and node.name not in loaded:
            credit[cause] += node.own
        for child in node.children:
            follow(child, cause, loaded)

    for tree, loaded in zip(measured, imported, strict=True):
        follow(tree, None, loaded)
    return tuple(sorted((name for name in kept if credit[name] >= least), key=lambda name: -credit[name]))


def _is_as_good(
    search: _Search, measured: Sequence[ProfileNode], names: tuple[str, ...], kept: tuple[str, ...], least: float
) -> bool:
    """Whether with `names` alone no import comes back that `kept` saves, of `least` seconds in all."""
    found = search.tried(names)
    if found is None:
        return False
    again = 0.0
    for tree, some, all_ in zip(measured, search.imported[found], search.imported[kept], strict=True):
        again += sum(node.own for node, _ in tree.imports() if node.name in some and node.name not in all_)
    return again < least


class _Search:
    """Tries sets of modules."""

    def __init__(
        self,
        samples: Samples,
        answers: Answers,
        make: Callable[[Sequence[str]], bytes],
        progress: Callable[[str], None],
    ) -> None:
        self._samples, self._answers, self._make, self._progress = samples, answers, make, progress
        self.rejected: list[str] = []
        self.imported: dict[tuple[str, ...], list[set[str]]] = {}
        """Names that were kept in one trial → of each sample, what was imported then."""

    def harmless(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return those of `names` that no sample loads, while all answer the same; halves are tried after a whole."""
        found = self.tried(names)
        if found is not None:
            return found
        if len(names) == 1:
            self.rejected += names
            return ()
        middle = len(names) // 2
        first, second = self.harmless(names[:middle]), self.harmless(names[middle:])
        if not first or not second:
            return first + second
        if (both := self.tried(first + second)) is not None:
            return both
        for name in second:  # each half is harmless by itself alone
            more = self.tried((*first, name))
            if more is None:
                self.rejected.append(name)
            else:
                first = more
        return first

    def tried(self, names: tuple[str, ...]) -> tuple[str, ...] | None:
        """Return which of `names` are not loaded by any sample; None if an answer is another one, or there is none."""
        self._progress(f"importing on first use: {', '.join(names)}")
        try:
            samples = self._samples.with_frame(self._make(names), (*self._samples.programs[0].lazy, *names))
            runs = [samples.run(program, *instrumented(program)) for program in samples.programs]
        except Os402Error:
            return None
        if answers_of(runs) != self._answers:
            return None
        loaded = [_loaded(one.seen) for one in runs if one.seen is not None]
        kept = tuple(name for name in names if not any(name in some for some in loaded))
        self.imported[kept] = loaded
        return kept


def _loaded(seen: Mapping[str, object]) -> set[str]:
    """Return the modules that were loaded by the end."""
    origins, unloaded = seen["origins"], seen["unloaded"]
    return {name for name in origins if name not in unloaded}  # type: ignore[attr-defined, operator]  # as reported
