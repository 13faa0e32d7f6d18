"""A CPython that stands in for cosmo-python lacks the same modules: importing one fails here as it does there.

Where programs have a root of their own, these files are not in it. Elsewhere the import system passes them over.
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_EXTENSIONS = "lib-dynload"
_CONCEAL = """def _(names):
    import sys
    def without(find):
        return lambda name, path=None, target=None: None if name in names else find(name, path, target)
    for finder in sys.meta_path:
        finder.find_spec = without(finder.find_spec)
    for name in names:
        sys.modules.pop(name, None)
_({names!r})
"""


@functools.cache
def lacking() -> frozenset[str]:
    """Return the names of the modules of CPython 3.12 that cosmo-python does not have (`runtime/modules.json`)."""
    from hatch_os402.runtime.modules import facts  # noqa: PLC0415 - much for a small process, and rarely used there

    return frozenset(facts()["missing"])


def offered(path: str) -> Iterator[str]:
    """Yield `path`, an entry of the folder of the standard library, or of what is in it, what cosmo-python has, too."""
    name = path.rpartition("/")[2]
    module = name.partition(".")[0]
    if module in lacking():
        return
    without = (
        lacking() if name == _EXTENSIONS else {one.partition(".")[2] for one in lacking() if one.startswith(name + ".")}
    )
    parts = os.listdir(path) if without and os.path.isdir(path) else ()  # noqa: PTH112, PTH208 - texts
    if not parts:
        yield path
    for part in sorted(parts):
        if part.partition(".")[0] not in without:
            yield f"{path}/{part}"


def concealed(arguments: Sequence[str]) -> list[str]:
    """Return the command line of a Python so that what it runs by `-c` finds none of these modules.

    They are then what `import` says of modules that do not exist, and `find_spec` returns None. A command line without
    `-c` is returned as it is.
    """
    changed = list(arguments)
    if "-c" in changed[:-1]:
        at = changed.index("-c") + 1
        changed[at] = f"exec({_CONCEAL.replace('{names!r}', repr(sorted(lacking())))!r}, {{}})\n{changed[at]}"
    return changed
