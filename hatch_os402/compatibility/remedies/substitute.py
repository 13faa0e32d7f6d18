"""The option `substitutes`: modules of this package in the place of compiled ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_os402.compatibility.findings import SUBSTITUTE, Remedy
from hatch_os402.compatibility.remedies.base import RemedyKind, substitutes_line
from hatch_os402.compatibility.remedies.trials import substituted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from hatch_os402.compatibility.remedies.base import Lines
    from hatch_os402.compatibility.remedies.trials import SearchContext


class SubstituteRemedy(RemedyKind):
    """The option `substitutes` with one more distribution. The requirements stay what they are."""

    names = (SUBSTITUTE,)
    search_order = 25
    display_order = 60

    def candidates(self, name: str, context: SearchContext, found: Collection[Lines]) -> Iterator[Remedy]:  # noqa: ARG002
        """Yield the option, where there is a substitute for the release of `name` that was resolved."""
        if verdict := substituted(context, name):
            gives = f"{name} {verdict.wheel.version}, its compiled code replaced by Python"
            yield Remedy(
                SUBSTITUTE,
                (substitutes_line(context.substitutes | {name}),),
                "tool.hatch.build.targets.os402",
                gives=gives,
            )
