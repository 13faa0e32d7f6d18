"""The page of the survey, `docs/reference/packages.md`, and its data as JSON beside it."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from hatch_os402.__about__ import __version__
from hatch_os402.compatibility.curated import incompatibilities
from hatch_os402.formatting import listed
from support.buildproject import REPOSITORY
from support.surveying import BUILT, FAILS, NOTHING, OUTCOMES, REFUSED, WORKS, Surveyed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

PAGE = REPOSITORY / "docs/reference/packages.md"
DATA = REPOSITORY / "docs/reference/packages.json"
_TICK = 0.005
"""Seconds of CPU that a kernel may not tell from none."""
_SURVEY = REPOSITORY / "tests/data/survey"
BEFORE = "0.1.0"
"""The release whose outcomes the list has."""
_FINE = frozenset({WORKS, NOTHING})
_MOST = 5
"""Blockers that are named."""
_BEFORE = {"ok": WORKS, "built": NOTHING, "import-fail": FAILS, "refused": REFUSED}

_HEAD = """\
# Does my package run?

**Of the {count} most downloaded packages {answer}.**

*As they come* is the newest release, alone in a project. [`substitutes`](options.md) puts Python of this project in the place of some
compiled code; a build names it where it helps. *What a build suggests* is that, an older release, or another requirement.

The {listed} most downloaded distributions of the index ({listed_on}), in its newest releases. Each was built alone by
`hatch build -t os402`, and everything at its top was imported under os402's rules: no disk, no network, no threads, and none of the modules that
the pinned runtime lacks. What is imported is what the distribution's own RECORD lists: top-level modules, and the parts of namespaces.
An import is not yet use: [Packages that were seen to work](showcase.md) has programs that use some of them.

`hatch run survey` writes this page and [its data](packages.json). {count} of {listed} were surveyed, with hatch-os402 {release}, last on {date}.

| outcome | {release} | {before} |
|---|---:|---:|
{outcomes}
| *built* | {built} | {built_before} |

*{before}* is of the same {count}; it imported no parts of namespaces, so that *{nothing}* stands for them as well there.
{changes}

What cannot run needs most often {blockers} ([pydantic 2, and what a plain replacement would take](../explanation/pydantic.md)).

- *{works}* may mean without something: optional extensions, or a distribution that it requires and does without. The last column names it.
- A *suggested fix* was found by the build itself, built in place of the package, and imported: `substitutes` as well.
- *frame* is the size of what a call sends, alone with what it requires. *CPU* is that of the imports, on the machine that wrote
  the page, which was busy.

| package | version | outcome | frame | CPU | why, and what to do |
|---|---|---|---:|---:|---|
"""


def names() -> dict[str, str]:
    """Return the names of the list, in rank order → the outcome with 0.1.0."""
    rows = (line.split("\t") for line in _list() if not line.startswith("#"))
    return {name: _BEFORE[outcome] for name, outcome in rows}


def notes() -> dict[str, str]:
    """Return name → what a reader has to know of a distribution that does not work, in a sentence or two."""
    found: dict[str, str] = json.loads((_SURVEY / "notes.json").read_text(encoding="utf-8"))
    return found


def write(results: Mapping[str, Surveyed], date: str) -> None:
    """Write the page and the data from what came of the names of the list. `date`: of the last survey, ISO 8601."""
    found = [results[name] for name in names() if name in results]
    text = json.dumps(data(found, date), indent=1, ensure_ascii=False, sort_keys=True)
    DATA.write_text(text + "\n", encoding="utf-8")
    PAGE.write_text(page(found, date, __version__), encoding="utf-8")


def data(found: Sequence[Surveyed], date: str) -> dict[str, Any]:
    """Return what is written as JSON."""
    return {
        "format": 1,
        "release": __version__,
        "date": date,
        "listed": _list()[0].lstrip("# "),
        "numbers": numbers(found),
        "before": {"release": BEFORE, "outcomes": {item.name: names()[item.name] for item in found}},
        "distributions": [item.to_json() for item in found],
    }


def numbers(found: Sequence[Surveyed]) -> dict[str, int]:
    """Return how many of `found` are built as they come; those, and with `substitutes` alone; and with any fix.

    A fix counts that was built in place of the package, and imported.
    """
    as_they_come = sum(item.outcome in BUILT for item in found)
    fixed = [item for item in found if item.outcome not in BUILT and item.fix]
    with_substitutes = sum(item.needs_substitutes_alone for item in fixed)
    return {
        "surveyed": len(found),
        "as they come": as_they_come,
        "with substitutes": as_they_come + with_substitutes,
        "with what a build suggests": as_they_come + len(fixed),
    }


def answer(found: Sequence[Surveyed]) -> str:
    """Return the three numbers of `found` in half a sentence."""
    number = numbers(found)
    return (
        f"{number['as they come']} build as they come, {number['with substitutes']} with the option `substitutes`, "
        f"{number['with what a build suggests']} with what a build suggests"
    )


def read() -> tuple[list[Surveyed], str, str]:
    """Return what the data has: what came of each, the date, and the release."""
    content = json.loads(DATA.read_text(encoding="utf-8"))
    return [Surveyed.from_json(item) for item in content["distributions"]], content["date"], content["release"]


def page(found: list[Surveyed], date: str, release: str) -> str:
    """Return the text of the page."""
    known = names()
    now, before = Counter(item.outcome for item in found), Counter(known[item.name] for item in found)
    outcomes = [f"| {kind}: {text} | {now[kind]} | {before[kind]} |" for kind, text in OUTCOMES.items() if now[kind]]
    head = _HEAD.format(
        listed=len(known),
        listed_on=_list()[0].rpartition(" as of ")[2].partition(",")[0],
        count=len(found),
        release=release,
        date=date,
        outcomes="\n".join(outcomes),
        answer=answer(found),
        built=sum(now[kind] for kind in BUILT),
        built_before=sum(before[kind] for kind in BUILT),
        nothing=NOTHING,
        works=WORKS,
        before=BEFORE,
        changes="\n".join(_changes(found)),
        blockers=_blockers(found),
    )
    return head + "".join(f"{_line(_row(item))}\n" for item in sorted(found, key=lambda item: item.name))


def _changes(found: Iterable[Surveyed]) -> Iterator[str]:
    """Yield what changed since the release before, a line of Markdown each."""
    before = names()
    for text, was_fine, now in (
        ("work now", False, _FINE),
        ("fail at import in something that was not imported then", True, {FAILS}),
        ("worked, and do not now", True, OUTCOMES.keys() - _FINE - {FAILS}),
    ):
        changed = sorted(
            item.name for item in found if (before[item.name] in _FINE) is was_fine and item.outcome in now
        )
        if changed:
            yield f"\nSince {BEFORE}, {len(changed)} {text}: {', '.join(f'`{name}`' for name in changed)}."


def _blockers(found: Iterable[Surveyed]) -> str:
    """Return the distributions that most of what cannot run needs, with how often."""
    counts = Counter(name for item in found if item.outcome == REFUSED for name in item.blockers)
    return listed([f"`{name}` ({count})" for name, count in counts.most_common(_MOST)]) or "nothing"


def _list() -> list[str]:
    return (_SURVEY / "names.tsv").read_text(encoding="utf-8").splitlines()


def _row(item: Surveyed) -> Iterator[str]:
    yield f"`{item.name}`"
    yield item.version
    yield item.outcome
    yield f"{item.size / 1e6:.1f} MB" if item.size else ""
    yield ("" if item.outcome not in {WORKS, FAILS} else f"{item.cpu * 1000:.0f} ms" if item.cpu >= _TICK else "<5 ms")
    yield " ".join(_what_to_do(item))


def _what_to_do(item: Surveyed) -> Iterator[str]:
    stripped = [name for name, treatment in item.treated.items() if treatment == "stripped"]
    dropped = [name for name, treatment in item.treated.items() if treatment == "dropped"]
    incompatible = incompatibilities().get(item.name)
    if item.outcome == WORKS and incompatible and incompatible.covers(Version(item.version)):
        yield f"It can be imported, but {incompatible.message}. {incompatible.advice}"
    if stripped:
        yield f"Without the extensions of {', '.join(stripped)}."
    if dropped:
        yield f"Without {', '.join(dropped)}."
    if item.outcome == REFUSED and set(item.blockers) != {item.name}:
        yield f"It requires {', '.join(name for name in item.blockers if name != item.name)}, compiled."
    if item.fix:
        yield f"Suggested fix: {', '.join(f'`{line}`' for line in item.fix)} works, and gives {item.fix_gives}."
    if item.name in notes():
        yield notes()[item.name]
    elif item.outcome == REFUSED and not item.fix:
        yield item.advice
    elif item.outcome not in {WORKS, NOTHING, REFUSED}:
        yield item.reason


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in cells)} |"
