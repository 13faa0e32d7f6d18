"""A profile in words and as JSON: what the terminal, `--json` and the page have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hatch_os402.formatting import counted, human_size
from hatch_os402.offer.prices import price_of, shorter, usd
from hatch_os402.profiling import tree as trees
from hatch_os402.profiling.modules import ABSENT, AT_IMPORT, DEFERRED, IN_REQUEST, NEVER, UNSEEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hatch_os402.inspection.terms import Terms
    from hatch_os402.profiling.measuring import Profile
    from hatch_os402.profiling.tree import ProfileNode, Stats

FORMAT = 1
"""Of `--json`; raised when a reader of the old format would misunderstand the new one."""

USES = {
    IN_REQUEST: "used by the request",
    AT_IMPORT: "used while importing",
    NEVER: "never used",
    UNSEEN: "cannot be seen",
    ABSENT: "not found",
    DEFERRED: "put off",
}

_PHASES = {
    trees.INTERPRETER: "the interpreter starts",
    trees.FRAME: "the frame is read",
    trees.LAUNCHER: "the launcher",
    trees.ENTRY: "imports of the entry point",
    trees.REQUEST: "the request",
    trees.ENDING: "the interpreter ends",
}
_STEPS = {
    "start": "starts",
    "index": "finds the archive's index",
    "importer": "installs the importer",
    "patches": "installs virtual files",
    "streams": "prepares the streams",
}
_SHOWN = 10
_FRACTION = 0.1
"""Of the price that a cold start may take before anybody should care about `min-duration`."""
_TIGHT = 0.5
"""Of `min-duration`: a call that takes more here may be ended on a server."""


def ms(seconds: float) -> str:
    """Return a time as a person reads it, in milliseconds: `0.04`, `3.1`, `231`."""
    value = seconds * 1000
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"  # noqa: PLR2004


def label(node: ProfileNode) -> str:
    """Return what a node of the tree is called."""
    if node.is_import:
        return node.name
    head, _, step = node.name.partition(".")
    if step:
        return _STEPS.get(step, step)
    return _PHASES.get(head, head)


def spread(value: Stats) -> str:
    """Say how long something took, and how much that varies."""
    return f"{ms(value.median)} ms ({ms(value.min)} to {ms(value.max)})"


def facts(profile: Profile) -> Iterator[tuple[str, str]]:
    """Yield what there is to know at first, a row a subject."""
    status = f"exit status {profile.status}" if profile.status else "ended well"
    yield "request", f"{profile.request.text}: {status}, {human_size(len(profile.answer))} written"
    starts = f"{counted(profile.runs, 'cold start')}, medians (least to most)"
    yield "measured with", f"{profile.python.words}, {starts}"
    if profile.cpu is not None:
        yield "CPU", spread(profile.cpu)
    yield "wall", spread(profile.wall)
    archived = [module for module in profile.modules if module.in_archive]
    read = sum(module.read for module in archived)
    others = len(profile.modules) - len(archived)
    ours = f"{counted(len(archived), 'module')} of the archive ({human_size(read)} read)"
    yield "imported", f"{ours}, {others:,} of the standard library"
    never = [module for module in profile.modules if module.used == NEVER]
    yield "never used", f"{counted(len(never), 'module')}, {ms(sum(module.own for module in never))} ms"
    collections = [node for node, _ in profile.tree.walk() if node.name == trees.COLLECTION]
    if collections:
        number = counted(len(collections), "full garbage collection")
        yield "collecting", f"{number}, {ms(sum(node.own for node in collections))} ms"
    if profile.terms is not None and profile.terms.per_call is not None:
        yield "price", price(profile)
    yield "instrument", instrument(profile)


def price(profile: Profile) -> str:
    """Say what a call costs, and how much of the time that it buys is used."""
    return paid_time(profile.terms, profile.wall, "this one")


def paid_time(terms: Terms | None, taken: Stats, which: str) -> str:
    """Say what a call costs, how much of the time that it buys the call `which` took, and which would be cheaper.

    `taken` is wall time of calls on this machine.
    """
    if terms is None or terms.per_second is None or terms.per_call is None:
        return "no offer"
    paid = terms.min_duration
    text = f"{usd(terms.per_call)} a call, for {counted(paid, 'second')}"
    if paid:
        text += f", of which {which} took {100 * taken.median / paid:.2g} %" if terms.per_call else ""
        if taken.max > _TIGHT * paid:
            return f"{text}; os402 ends a call then, and its machine may be slower: raise `min-duration`"
    if not terms.per_call:
        return text
    if short := shorter(paid, taken.max):
        cheaper = usd(price_of(terms.per_second, short))
        text += f"; at the same price a second, `min-duration = {short}` makes it {cheaper}"
    elif paid > 1 and taken.max < _FRACTION * paid:
        text += "; at the same price a second, a smaller `min-duration` makes it cheaper"
    return text


def instrument(profile: Profile) -> str:
    """Say what the measuring itself takes, and how much of it is in the figures."""
    text = f"{ms(profile.instrument)} ms, left out of all figures"
    if profile.cpu is None or profile.instrumented is None:
        return text
    inside = profile.instrumented.median - profile.instrument - profile.cpu.median
    sign = "+" if inside >= 0 else "-"
    return (
        f"{text}; in them {sign}{ms(abs(inside))} ms ({sign}{100 * abs(inside) / profile.cpu.median:.1f} %): "
        f"{ms(profile.cpu.median)} ms without it, {ms(profile.instrumented.median - profile.instrument)} ms with it"
    )


def advice(profile: Profile) -> Iterator[str]:
    """Yield what to do, as lines of text; what is to be typed, and lists, are indented."""
    yield from _lazy_advice(profile)
    reading = trees.phase(profile.tree, trees.FRAME)
    if reading is not None and reading.total > _FRACTION / 2 * profile.tree.total:
        yield ""
        yield (
            f"Reading the frame takes {ms(reading.total)} ms, for its {human_size(profile.frame_size)}: `exclude` what "
            "is never imported, or set `sources = false`. `hatch-os402 inspect` shows what is in it."
        )


def _lazy_advice(profile: Profile) -> Iterator[str]:
    lazy_imports = profile.lazy_imports
    if lazy_imports is None:
        yield "The request uses every package that is imported: there is nothing to put off."
        return
    if not lazy_imports.known:
        yield (
            "What `lazy-imports` would save is not known: with unused packages imported on first use, the program "
            "ended before the instrument could report."
        )
    elif lazy_imports.savings and lazy_imports.same_answer is False:
        names = ", ".join(saving.name for saving in lazy_imports.savings)
        yield f"Imported on first use, {names} would not be loaded, and the program then answers something else."
    elif lazy_imports.recommended:
        saved = sum(saving.own for saving in lazy_imports.savings if saving.name in lazy_imports.recommended)
        kept = ", those that are there already included" if profile.lazy else ""
        yield (
            f"Imported on first use, {counted(len(lazy_imports.recommended), 'package')} would not be loaded: "
            f"{ms(saved)} ms of imports less. Measured until the program ends: {spread(lazy_imports.before)}, then "
            f"{spread(lazy_imports.after)}. In pyproject.toml{kept}:"
        )
        yield ""
        yield "    [tool.hatch.build.targets.os402]"
        yield f"    lazy-imports = [{', '.join(map(_quoted, (*profile.lazy, *lazy_imports.recommended)))}]"
        if lazy_imports.same_answer is None:
            yield ""
            yield "Whether the program then answers the same is unknown, since its answers vary: try it."
    elif lazy_imports.savings and not lazy_imports.is_significant:
        yield (
            f"Imported on first use, {counted(len(lazy_imports.savings), 'package')} would not be loaded, and that "
            f"saves nothing that can be measured: until the program ends {spread(lazy_imports.before)}, then "
            f"{spread(lazy_imports.after)}."
        )
    else:
        yield "`lazy-imports` would save nothing here."
    if lazy_imports.loaded_anyway:
        yield ""
        yield (
            "Not used by the request, and still asked for while others are imported, as `from package import name` at "
            "the top of a module does. Where that is your own code, import them in the function that needs them:"
        )
        yield ""
        shown = lazy_imports.loaded_anyway[:_SHOWN]
        width = max(len(package.name) for package in shown)
        for package in shown:
            by = f"  imported by {package.importer}" if package.importer else ""
            yield f"    {package.name:<{width}}  {ms(package.own):>5} ms{by}"
        if rest := lazy_imports.loaded_anyway[_SHOWN:]:
            yield f"    {len(rest)} more, {ms(sum(package.own for package in rest))} ms"


def _quoted(name: str) -> str:
    return f'"{name}"'


def to_json(profile: Profile) -> dict[str, Any]:
    """Return what `--json` prints; all times are CPU milliseconds but for `wall`."""
    lazy_imports = profile.lazy_imports
    return {
        "format": FORMAT,
        "name": profile.name,
        "request": {
            "method": profile.request.method,
            "path": profile.request.path,
            "query": profile.request.query,
            "body_bytes": len(profile.request.body or b""),
        },
        "python": {"path": profile.python.path, "description": profile.python.words},
        "runs": profile.runs,
        "frame_bytes": profile.frame_size,
        "status": profile.status,
        "output_bytes": len(profile.answer),
        "cpu": _spread_json(profile.cpu),
        "wall": _spread_json(profile.wall),
        "instrumented_cpu": _spread_json(profile.instrumented),
        "instrument_ms": _rounded(profile.instrument),
        "tree": _node_json(profile.tree),
        "modules": [
            {
                "name": module.name,
                "own_ms": _rounded(module.own),
                "total_ms": _rounded(module.total),
                "bytes_read": module.read,
                "used": module.used,
                "importer": module.importer or None,
                "in_archive": module.in_archive,
            }
            for module in profile.modules
        ],
        "unused_packages": [
            {
                "name": package.name,
                "own_ms": _rounded(package.own),
                "modules": package.modules,
                "importer": package.importer or None,
                "in_archive": package.in_archive,
            }
            for package in profile.unused
        ],
        "put_off_already": list(profile.lazy),
        "lazy_imports": None
        if lazy_imports is None
        else {
            "known": lazy_imports.known,
            "advised": list(lazy_imports.recommended),
            "before": _spread_json(lazy_imports.before),
            "after": _spread_json(lazy_imports.after),
            "same_answer": lazy_imports.same_answer,
            "savings": [
                {"name": saving.name, "own_ms": _rounded(saving.own), "modules": saving.modules}
                for saving in lazy_imports.savings
            ],
            "asked_for": [package.name for package in lazy_imports.loaded_anyway],
        },
        "offer": None if profile.terms is None else profile.terms.to_json(),
        "notes": list(profile.notes),
    }


def _node_json(node: ProfileNode) -> dict[str, Any]:
    return {
        "name": node.name,
        "kind": "import" if node.is_import else "phase",
        "own_ms": _rounded(node.own),
        "total_ms": _rounded(node.total),
        "children": [_node_json(child) for child in node.children],
    }


def _spread_json(value: Stats | None) -> dict[str, float] | None:
    if value is None:
        return None
    return {
        "least_ms": _rounded(value.min),
        "median_ms": _rounded(value.median),
        "most_ms": _rounded(value.max),
    }


def _rounded(seconds: float) -> float:
    return round(seconds * 1000, 3)
