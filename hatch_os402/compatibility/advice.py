"""What is known to do about a distribution that cannot work, in sentences: only those that are true where it stands.

Another release of what requires it is named where that is in a chain from the project; a substitute where there is one
for the release; the rest always. A sentence that a suggested fix repeats is left out beside it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hatch_os402.compatibility.curated import replacements
from hatch_os402.compatibility.findings import SUBSTITUTE
from hatch_os402.formatting import listed
from hatch_os402.substitutes import substitutes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hatch_os402.compatibility.findings import DistributionReport, Finding, Remedy

NOTHING_KNOWN = "Look for an older release or another distribution that is pure Python (a wheel named *-none-any.whl)."
"""The advice where nothing is known of the distribution."""

_DIRECT = 3
"""The length of a chain from the project through a requirement of its own to what that requires."""
_NAME = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True)
class _Sentence:
    """One sentence, and when a suggested fix makes it needless."""

    text: str
    names: frozenset[str] = frozenset()
    """Canonical: a fix with a line for one of these says it better."""
    kind: str = ""
    """A fix of this kind does, too."""
    beside: str = ""
    """What is left to say then."""


def known_advice(item: DistributionReport) -> str:
    """Return what is known to do without the distribution of `item`; empty if nothing is."""
    return _joined([sentence.text for sentence in _known(item)])


def beside_fixes(finding: Finding, report_on: DistributionReport | None) -> str:
    """Return what the advice of `finding` says that its suggested fixes do not. `report_on` is about its subject."""
    if not finding.remedies or finding.advice == NOTHING_KNOWN:
        return "" if finding.remedies else finding.advice
    if report_on is None or finding.advice != known_advice(report_on):
        return finding.advice
    left = (_beside(sentence, finding.remedies) for sentence in _known(report_on))
    return _joined(["", *filter(None, left)])


def _beside(sentence: _Sentence, remedies: tuple[Remedy, ...]) -> str:
    suggested = {canonicalize_name(_NAME.split(line, maxsplit=1)[0]) for item in remedies for line in item.lines}
    if sentence.names & suggested or (sentence.kind and sentence.kind in {item.kind for item in remedies}):
        return sentence.beside
    return sentence.text


def _joined(sentences: list[str]) -> str:
    """Return `sentences` as text; each but the first is an alternative to what stands before it."""
    first, *others = sentences or [""]
    return " ".join(
        [first, *(re.sub("^(Use|Require) ", lambda found: f"Or {found[0].lower()}", one) for one in others)]
    ).strip()


def _known(item: DistributionReport) -> Iterator[_Sentence]:
    known = replacements().get(item.name)
    through = None
    if known:
        parents = {str(canonicalize_name(Requirement(parent).name)): parent for parent in known.parents}
        direct = sorted({chain[-2] for chain in item.chains if len(chain) == _DIRECT} & parents.keys())
        for name in direct:
            yield _Sentence(f'Require "{parents[name]}", which does not need it.', frozenset({name}))
        longer = (chain for chain in item.chains if len(chain) > _DIRECT and chain[-2] in parents)
        if not direct and (through := next(longer, None)):
            root, above, parent = through[1], through[-3], through[-2]
            yield _Sentence(
                f'"{parents[parent]}" does not need it, but here {above} requires {parent}: it takes a release of '
                f"{root} that allows that, or another distribution than {root}.",
                frozenset(through[1:-1]),
            )
    substitute = substitutes().get(item.name)
    if substitute and substitute.versions.contains(item.version, prereleases=True):
        text = f'`substitutes = ["{item.name}"]` replaces its compiled code by Python.'
        yield _Sentence(text, kind=SUBSTITUTE)
    if known and known.sentence and not through:
        library = f"Use {listed(known.library)} of the standard library." if known.library else ""
        required = {canonicalize_name(Requirement(line).name) for line in known.require}
        yield _Sentence(known.sentence, frozenset(required), beside=library)
