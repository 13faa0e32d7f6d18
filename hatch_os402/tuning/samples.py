"""Sample requests: their programs with any frame, what they answer, and what they cost in pairs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import median, quantiles
from typing import TYPE_CHECKING

from hatch_os402.calls.cgi import parse
from hatch_os402.errors import NoResponseError, ProfileError
from hatch_os402.profiling.tree import Stats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hatch_os402.calls.request import Request
    from hatch_os402.profiling.running import ProfiledProgram, Run, Runner
    from hatch_os402.runtime.discovery import Runtime

_FAILED = 500

Answers = tuple[tuple[int, bytes], ...]
"""Of each sample the exit status and what was written to stdout."""


@dataclass(frozen=True)
class Pairs:
    """What two frames cost in turns: CPU seconds of all samples together, wall where the system counts no CPU."""

    before: Stats
    after: Stats
    saved: float
    """Median of the differences, pair by pair; negative for what costs more."""
    is_significant: bool
    """Whether the quartiles of the differences are on one side of zero."""

    @classmethod
    def of(cls, before: Sequence[float], after: Sequence[float]) -> Pairs:
        """Return what came of these runs, of which there are two at least."""
        differences = [one - other for one, other in zip(before, after, strict=True)]
        first, _, third = quantiles(differences, n=4, method="inclusive")
        return cls(Stats.of(before), Stats.of(after), median(differences), first > 0 or third < 0)

    @property
    def counted(self) -> float:
        """What is saved for sure: nothing where that is within what runs differ by."""
        return self.saved if self.is_significant else 0.0


@dataclass(frozen=True)
class Samples:
    """The sample requests, and the programs that answer them with the frame `frame`."""

    run: Runner
    python: Runtime
    requests: tuple[Request, ...]
    programs: tuple[ProfiledProgram, ...]
    frame: bytes

    def with_frame(self, frame: bytes, lazy: Sequence[str]) -> Samples:
        """Return the same requests to the programs in `frame`, which was built with the `lazy-imports` `lazy`."""
        size = len(self.frame)
        if not all(program.stdin.startswith(self.frame) for program in self.programs):
            raise ProfileError("the offer does not give its frame to the program first, so no other can be tried.")
        programs = (replace(one, stdin=frame + one.stdin[size:], lazy=tuple(lazy)) for one in self.programs)
        return replace(self, frame=frame, programs=tuple(programs))

    def runs(self) -> list[Run]:
        """Run each once. Raises `ProfileError`."""
        return [self.run(program) for program in self.programs]

    def slowest(self, runs: int) -> Stats:
        """Run each `runs` times, and return the wall seconds of the one that takes longest. Raises `ProfileError`."""
        walls = (Stats.of([self.run(one).wall for _ in range(runs)]) for one in self.programs)
        return max(walls, key=lambda one: one.max)

    def answers(self) -> Answers:
        """Run each once, and return what they answer."""
        return answers_of(self.runs())

    def steady_answers(self) -> Answers:
        """Return what the samples answer, the same each time. Raises `ProfileError` for an answer to learn nothing of.

        That is one that varies by itself, and one of a program that fails.
        """
        first, second = self.answers(), self.answers()
        for request, (status, out), again in zip(self.requests, first, second, strict=True):
            what = f"the sample {request.text}"
            if (status, out) != again:
                raise ProfileError(
                    f"{what} is answered differently each time, so that no change could be noticed.\n"
                    "Choose requests whose answers do not depend on the time or on chance."
                )
            try:
                code = parse(out).status
            except NoResponseError as error:
                raise ProfileError(f"{what} gets no answer: {error.message}") from error
            if status or code >= _FAILED:
                how = f"exit status {status}" if status else f"status {code}"
                raise ProfileError(f"{what} fails ({how}), and only what works can be tuned. See `hatch-os402 run`.")
        return first


def answers_of(runs: Sequence[Run]) -> Answers:
    """Return what the programs answered in `runs`."""
    return tuple((one.status, one.out) for one in runs)


def in_pairs(before: Samples, after: Samples, runs: int) -> Pairs:
    """Run both in turns, `runs` times, so that what slows the machine down slows both alike."""
    costs: tuple[list[float], list[float]] = ([], [])
    for number in range(runs):
        order = (0, 1) if number % 2 else (1, 0)
        for at in order:
            costs[at].append(sum(_cost(one) for one in (before, after)[at].runs()))
    return Pairs.of(*costs)


def _cost(one: Run) -> float:
    return one.wall if one.cpu is None else one.cpu
