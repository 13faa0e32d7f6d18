"""What is known of one module: its imports, the calls that matter on os402, and what may name modules.

`_reading_worker.py` imports this in another Python: standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any


class Guard(IntEnum):
    """How sure it is that a statement runs when its module is imported, or its function called."""

    NONE = 0
    """It runs."""
    CONDITION = 1
    """It runs if something holds, or in a `with` or a loop."""
    FAILURE = 2
    """Its failure is expected (`try`), or it is meant for some platforms or versions."""


@dataclass(frozen=True)
class Import:
    """One import statement."""

    line: int
    module: str
    """As written, without leading dots; may be "" for `from . import x`."""
    level: int
    """The leading dots."""
    names: tuple[str, ...]
    """What `from` takes; empty for `import module`."""
    guard: Guard
    in_function: bool
    main: bool
    """Whether it stands below `if __name__ == "__main__"`."""


@dataclass(frozen=True)
class Call:
    """One call of what may not work."""

    line: int
    what: str
    """The dotted name, as it would be imported."""
    kind: str
    """A key of `behaviours.json`."""
    guard: Guard
    in_function: bool
    main: bool


@dataclass(frozen=True)
class ModuleFacts:
    """What is known of one module."""

    imports: tuple[Import, ...] = ()
    calls: tuple[Call, ...] = ()
    quoted: tuple[str, ...] = ()
    """The dotted names in quotes, sorted: settings name modules so, and `import_module` is called with them."""

    def to_json(self) -> list[list[Any]]:
        """Return it as lists, for the cache."""
        return [
            [[i.line, i.module, i.level, list(i.names), int(i.guard), i.in_function, i.main] for i in self.imports],
            [[c.line, c.what, c.kind, int(c.guard), c.in_function, c.main] for c in self.calls],
            list(self.quoted),
        ]

    @classmethod
    def from_json(cls, value: Any) -> ModuleFacts:
        """Return what `to_json` described; raises `ValueError` or `TypeError` for anything else."""
        imports, calls, quoted = value
        return cls(
            tuple(
                Import(
                    int(line), str(module), int(level), tuple(map(str, names)), Guard(guard), bool(inner), bool(main)
                )
                for line, module, level, names, guard, inner, main in imports
            ),
            tuple(
                Call(int(line), str(what), str(kind), Guard(guard), bool(inner), bool(main))
                for line, what, kind, guard, inner, main in calls
            ),
            tuple(map(str, quoted)),
        )
