"""The modules that a start is likely to import, as far as sources say so. Nothing depends on it but speed."""

from __future__ import annotations

from collections import deque
from itertools import takewhile
from typing import TYPE_CHECKING

from hatch_os402.compatibility.imports.reach import first_module, prefixes, wanted_modules

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from hatch_os402.compatibility.imports.reach import Archive


def imported_at_start(starts: Sequence[str], archive: Archive, lazy: Collection[str] = ()) -> frozenset[str]:
    """Return the dotted names to which the imports from `starts` on lead; none if no module of the archive is one.

    Those of the archive's modules, and what these import from elsewhere: modules of the standard library, for example.

    `starts` are entry points, "module:callable" or "module". Followed is what stands outside of functions, whatever
    guards it, but for `if TYPE_CHECKING`, and `if __name__ == "__main__"` of others than a module that is started; and
    dotted names in quotes, which settings and `import_module` have. Modules named in `lazy` are imported later. `reach`
    answers another question: what is imported for certain.
    """
    started = [first_module(entry, archive) for entry in starts]
    mains = {module for entry, module in zip(starts, started, strict=True) if ":" not in entry}
    found: set[str] = set()
    queue = deque(name for module in started for name in prefixes(module))
    while queue:
        module = queue.popleft()
        if module not in found:
            found.add(module)
            for wanted in _leads_to(module, archive, is_main=module in mains) if module in archive.paths else ():
                queue.extend(takewhile(lambda name: name not in lazy, prefixes(wanted)))
    return frozenset(found) if found & archive.paths.keys() else frozenset()


def _leads_to(module: str, archive: Archive, *, is_main: bool) -> Iterator[str]:
    """Yield the dotted names that a module imports when it is imported, and those that it may."""
    if (facts := archive.facts(module)) is None:
        return
    for item in facts.imports:
        if not item.in_function and (is_main or not item.main):
            yield from wanted_modules(item, module, archive)
    yield from facts.quoted
