"""What `tune` found, on a terminal and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from hatch_os402.config.run_profile import FILE
from hatch_os402.formatting import counted, human_size
from hatch_os402.profiling.report import ms, paid_time, spread
from hatch_os402.terminal.layout import Column, Row, StyledText
from hatch_os402.tuning.trials import LAZY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hatch_os402.inspection.terms import Terms
    from hatch_os402.profiling.tree import Stats
    from hatch_os402.terminal.screen import Screen
    from hatch_os402.tuning.trials import Trial, Tuning

FORMAT = 1
"""Of `--json`; raised when a reader of the old format would misunderstand the new one."""

_SHOWN = 10
_TRIALS = (
    Column("tried"),
    Column("frame", right=True),
    Column("server ms", right=True, rank=2),
    Column("CPU ms", right=True),
    Column("kept"),
    Column("", rank=1, folded=True),
)
_NEVER = (
    Column("never imported by the samples"),
    Column("modules", right=True),
    Column("of", right=True, rank=1),
    Column("size", right=True),
)


def show(tuning: Tuning, screen: Screen, lines: Sequence[str], terms: Terms | None) -> None:
    """Print what was tried, what is kept and what it brings.

    `lines` are what to write into pyproject.toml, `terms` those of the offer.
    """
    screen.facts([*_facts(tuning, terms)])
    if tuning.trials:
        screen.line()
        screen.table(_TRIALS, [_row(trial) for trial in tuning.trials])
    if tuning.never:
        screen.line()
        screen.table(_NEVER, [*_never(tuning)])
        screen.line()
        screen.line(
            "Other requests may import them. Leave one out with `exclude` only if no request needs it; a saved profile "
            "keeps them, deflated."
        )
    screen.line()
    if lines:
        for line in lines:
            screen.line(line, whole=True)
    if tuning.saves_profile:
        screen.line(f"With `--write`, {FILE} holds what the samples imported and gave to `re`, which builds read.")
    if not lines and not tuning.saves_profile:
        screen.line("Nothing that was tried is worth a change.")


def _facts(tuning: Tuning, terms: Terms | None) -> Iterator[tuple[str, str]]:
    yield "samples", "\n".join(request.text for request in tuning.samples.requests)
    yield "measured with", f"{tuning.samples.python.words}, {counted(tuning.runs, 'pair')} for each change"
    if tuning.cost is not None:
        yield "frame", f"{human_size(tuning.before)}, then {human_size(tuning.after)}"
        yield "CPU", f"{spread(tuning.cost.before)}, then {spread(tuning.cost.after)}"
    else:
        yield "frame", human_size(tuning.before)
    if terms is not None and terms.per_call is not None:
        yield "price", paid_time(terms, tuning.slowest, "the slowest sample")
    if tuning.laziness.rejected:
        yield "not lazily", f"{', '.join(tuning.laziness.rejected)}: without them an answer is another one"
    if anyway := tuning.laziness.loaded_anyway:
        rest = f" and {len(anyway) - _SHOWN} more" if len(anyway) > _SHOWN else ""
        yield "loaded anyway", f"{', '.join(anyway[:_SHOWN])}{rest}: not used, and asked for while others are imported"


def _row(trial: Trial) -> Row:
    label = trial.kind
    if trial.kind == LAZY:
        label += f": {counted(len(trial.added), 'module')}"
    elif trial.value is not None:
        label += f" = {_literal(trial.added)}"
    unknown = trial.cost is None
    cpu = "" if trial.cost is None else ("" if trial.cost.is_significant else "~ ") + _signed(-trial.cost.saved)
    return (
        StyledText(label),
        "" if unknown and not trial.saved_bytes else _sized(-trial.saved_bytes),
        "" if unknown else _signed(-trial.transfer),
        cpu,
        StyledText("yes", "good") if trial.kept else StyledText("no", "faint"),
        StyledText(trial.why),
    )


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return counted(len(value), "pattern") if isinstance(value, list) else f'"{value}"'


def _signed(seconds: float) -> str:
    return f"{'-' if seconds < 0 else '+'}{ms(abs(seconds))}"


def _sized(size: int) -> str:
    return f"{'-' if size < 0 else '+'}{human_size(abs(size))}"


def _never(tuning: Tuning) -> Iterator[Row]:
    for one in tuning.never[:_SHOWN]:
        yield StyledText(one.owner), f"{one.modules:,}", f"{one.whole:,}", human_size(one.packed)
    if rest := tuning.never[_SHOWN:]:
        yield f"{len(rest)} more", f"{sum(one.modules for one in rest):,}", "", human_size(sum(o.packed for o in rest))


def to_json(tuning: Tuning) -> dict[str, Any]:
    """Return what `--json` prints; times are milliseconds, of a call of each sample."""
    return {
        "format": FORMAT,
        "samples": [request.text for request in tuning.samples.requests],
        "python": {"path": tuning.samples.python.path, "description": tuning.samples.python.words},
        "runs": tuning.runs,
        "frame_bytes": {"before": tuning.before, "after": tuning.after},
        "cpu": None
        if tuning.cost is None
        else {"before": _stats(tuning.cost.before), "after": _stats(tuning.cost.after)},
        "tried": [
            {
                "kind": trial.kind,
                "added": trial.added,
                "saved_bytes": trial.saved_bytes,
                "saved_server_ms": round(trial.transfer * 1000, 3),
                "saved_cpu_ms": None if trial.cost is None else round(trial.cost.saved * 1000, 3),
                "significant": None if trial.cost is None else trial.cost.is_significant,
                "kept": trial.kept,
                "note": trial.why or None,
            }
            for trial in tuning.trials
        ],
        "options": tuning.changes,
        "saves_profile": tuning.saves_profile,
        "not_lazily": list(tuning.laziness.rejected),
        "loaded_anyway": list(tuning.laziness.loaded_anyway),
        "never_imported": [asdict(one) for one in tuning.never],
    }


def _stats(value: Stats) -> dict[str, float]:
    return {f"{name}_ms": round(getattr(value, name) * 1000, 3) for name in ("min", "median", "max")}
