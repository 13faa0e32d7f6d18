"""What `lazy-imports` would save: found out by running the program with the unused packages loaded on first use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_os402.profiling.tree import Stats, ended, merge

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hatch_os402.profiling.modules import Package
    from hatch_os402.profiling.running import Run
    from hatch_os402.profiling.tree import ProfileNode

_WORTH = 0.002
"""Of the whole: a package that saves less is not worth a line in pyproject.toml."""


@dataclass(frozen=True)
class Saving:
    """A package that the request can do without."""

    name: str
    own: float
    """CPU seconds of the imports that did not happen because of it, others' that only it needed included."""
    modules: int
    """How many those are."""


@dataclass(frozen=True)
class Lazies:
    """What came of loading the unused packages of the archive on first use."""

    savings: tuple[Saving, ...]
    """The packages that were not used then, the most expensive first."""
    loaded_anyway: tuple[Package, ...]
    """Those that were asked for all the same while others were imported: `from package import name` does."""
    before: Stats
    """CPU seconds until the program ends, as it is, instrument included."""
    after: Stats
    """The same with `savings` loaded on first use; `before` if there are none."""
    same_answer: bool | None
    """Whether the program then answers the same; None if its answers differ by themselves."""
    known: bool = True
    """Whether anything was found out at all."""

    @property
    def recommended(self) -> tuple[str, ...]:
        """The packages to name in `lazy-imports`: none if the answer was another one, or nothing could be measured.

        What saves little is not worth a line.
        """
        worth = [saving.name for saving in self.savings if saving.own >= _WORTH * self.before.median]
        return tuple(worth) if self.same_answer is not False and self.is_significant else ()

    @property
    def is_significant(self) -> bool:
        """Whether the runs are apart by more than they vary by themselves."""
        return self.after.max < self.before.min


def compare(tree: ProfileNode, before: Sequence[Run], after: Sequence[Run] | None, tried: Iterable[Package]) -> Lazies:
    """Return what the runs `after`, with packages of `tried` loaded on first use, did not do of `tree`.

    `tree` is that of the runs `before`; all have an instrument. Without runs `after` nothing stayed unloaded; None
    means that the program then ended before it could report.
    """
    if after is None:
        return Lazies((), (), _total(before), _total(before), same_answer=None, known=False)
    unloaded = _unloaded(after) - _unloaded(before)  # what is put off already saves nothing more
    happened = {node.name for node, _ in merge(after).imports()} if after else set()
    own: dict[str, float] = dict.fromkeys(sorted(unloaded), 0.0)
    modules: dict[str, int] = dict.fromkeys(own, 0)

    def follow(node: ProfileNode, cause: str | None) -> None:
        if cause is None and node.is_import and node.name in unloaded:
            cause = node.name
        if cause is not None and (node.name in unloaded or node.name not in happened):
            own[cause] += node.own
            modules[cause] += 1
        for child in node.children:
            follow(child, cause)

    follow(tree, None)
    savings = sorted((Saving(name, own[name], modules[name]) for name in own), key=lambda saving: -saving.own)
    return Lazies(
        tuple(savings),
        tuple(package for package in tried if package.name not in unloaded and (not after or package.name in happened)),
        _total(before),
        _total(after or before),
        _same(before, after),
    )


def _unloaded(runs: Sequence[Run]) -> set[str]:
    return {name for run in runs[:1] if run.seen for name in run.seen["unloaded"]}


def _total(runs: Sequence[Run]) -> Stats:
    """Return the CPU seconds until the program ended, by the process's own clock."""
    return Stats.of([ended(run.seen) / 10**9 for run in runs if run.seen is not None])


def _same(before: Sequence[Run], after: Sequence[Run]) -> bool | None:
    answers = {(run.status, run.out) for run in before}
    if len(answers) > 1:
        return None
    return all((run.status, run.out) in answers for run in after)
