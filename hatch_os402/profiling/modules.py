"""What became of each module that was imported: its cost, and whether the request used it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hatch_os402.launcher import RESERVED, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hatch_os402.profiling.tree import ProfileNode

_LAUNCHER = RESERVED.rstrip("/")

IN_REQUEST, AT_IMPORT, NEVER = "request", "import", "never"
UNSEEN, ABSENT, DEFERRED = "unseen", "absent", "deferred"
"""How a module was used; see `ImportedModule.used`."""


@dataclass(frozen=True)
class ImportedModule:
    """One module of the import tree."""

    name: str
    own: float
    """CPU seconds of its import, without those of what it imports."""
    total: float
    """CPU seconds of its import with all that it is the first to import."""
    read: int
    """Bytes of bytecode or source that were loaded for it; 0 for what is built in."""
    used: str
    """`IN_REQUEST`: its code ran for the request. `AT_IMPORT`: others ran its code while they were imported, and never
    after. `NEVER`: neither, although it has functions. `UNSEEN`: nothing of it can be seen running (compiled in, or
    without functions). `ABSENT`: it was not found, or its import failed. `DEFERRED`: `lazy-imports` put it off."""
    importer: str
    """The module that was the first to import it; empty for the entry point."""
    in_archive: bool

    @property
    def package(self) -> str:
        """The name of the top-level package, or module, that it belongs to."""
        return self.name.partition(".")[0]


def read_modules(tree: ProfileNode, seen: Mapping[str, Any]) -> tuple[ImportedModule, ...]:
    """Return the modules that `tree` imports, in order of import. `seen` is the report of a run that watched use."""
    found: dict[str, ImportedModule] = {}
    for node, parent in tree.imports():
        importer = parent.name if parent is not None and parent.is_import else ""
        if before := found.get(node.name):  # tried more than once
            # `from package import module` imports the package, and that may import the module: one inside the other.
            found[node.name] = replace(before, own=before.own + node.own, total=max(before.total, node.total))
            continue
        found[node.name] = ImportedModule(
            name=node.name,
            own=node.own,
            total=node.total,
            read=seen["read"].get(node.name, 0),
            used=_used(node.name, seen),
            importer=importer,
            in_archive=_lies_in_archive(node.name, seen),
        )
    return tuple(found.values())


def _used(name: str, seen: Mapping[str, Any]) -> str:
    if name not in seen["origins"]:
        return ABSENT
    if name in seen["unloaded"]:
        return DEFERRED
    bits = seen["used"].get(name, 0)
    if bits & 2:
        return IN_REQUEST
    if bits & 1:
        return AT_IMPORT
    return NEVER if seen["callable"].get(name) else UNSEEN


def _lies_in_archive(name: str, seen: Mapping[str, Any]) -> bool:
    origins = seen["origins"]
    if origins.get(name):
        return str(origins[name]).startswith(ROOT + "/")
    # A namespace package has no origin of its own.
    return any(key.startswith(name + ".") and str(value).startswith(ROOT + "/") for key, value in origins.items())


@dataclass(frozen=True)
class Package:
    """A top-level package, or module, none of whose code ran for the request."""

    name: str
    modules: int
    own: float
    """CPU seconds of its modules' imports, added up; not those of other packages that it imports."""
    importer: str
    """Who was the first to import it."""
    in_archive: bool


def unused_packages(modules: Iterable[ImportedModule]) -> tuple[Package, ...]:
    """Return the packages of which the request used no module, and of which one could have been used. Dearest first."""
    members: dict[str, list[ImportedModule]] = {}
    for module in modules:
        if module.used not in {ABSENT, DEFERRED} and module.package != _LAUNCHER:
            members.setdefault(module.package, []).append(module)
    found = [
        Package(name, len(parts), sum(part.own for part in parts), parts[0].importer, parts[0].in_archive)
        for name, parts in members.items()
        if all(part.used != IN_REQUEST for part in parts) and any(part.used != UNSEEN for part in parts)
    ]
    return tuple(sorted(found, key=lambda package: -package.own))
