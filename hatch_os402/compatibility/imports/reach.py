"""From the entry point along the imports: what is reached for certain, and what it imports that is not there."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_os402.compatibility.imports.facts import Guard

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from hatch_os402.compatibility.imports.facts import Call, Import, ModuleFacts

MOST = 20_000
"""Modules that are looked at."""

_DEEPEST = 100
"""Parts of a dotted name that are looked at: a source can have an import of a million, each a step of its own."""

_LONGEST_CHAIN = 200
"""Modules of a chain that are kept, and its end: those of a package of `MOST` modules in a row are its square."""

_ALWAYS = frozenset({"__main__", "_os402", "builtins"})

NOWHERE = "which is neither in the runtime nor in the archive"
"""The reason why a module is missing that nothing here has."""


@dataclass(frozen=True)
class Library:
    """What the runtime's standard library has."""

    modules: frozenset[str]
    """Top-level names that can be imported."""
    missing: frozenset[str]
    """Names, dotted ones included, that cannot."""
    undecided: frozenset[str]
    partial: frozenset[str] = frozenset()
    """Names among `missing` for which the launcher has a part of what they are."""

    def lacks(self, module: str) -> str:
        """Return the part of the dotted name `module` that is known to be missing, or ""."""
        lacking = (one for one in prefixes(module) if one in self.missing and one not in self.partial)
        return next(lacking, "")


@dataclass(frozen=True)
class Archive:
    """The modules of the archive."""

    paths: Mapping[str, str]
    """Dotted name → path."""
    tops: frozenset[str]
    """The names at the top of the archive."""
    parts: frozenset[str]
    """Every name that is a path's part, for what is vendored deeper and put on `sys.path`."""
    left_out: Mapping[str, str]
    """Dotted name → the native file that would be that module, of those left out."""
    facts: Callable[[str], ModuleFacts | None]
    """What the module of a dotted name says; None when that is not known."""

    def is_package(self, module: str) -> bool:
        """Whether `module` is a folder with `__init__.py`."""
        return self.paths[module].endswith("/__init__.py")


@dataclass(frozen=True)
class Missing:
    """An import of what is not there."""

    module: str
    """In which module it stands."""
    path: str
    line: int
    wanted: str
    reason: str
    chain: tuple[str, ...]
    """The modules from the entry point to `module`, itself included."""
    certain: bool
    """Whether it fails for sure when the program starts."""
    guarded: bool
    """Whether a condition, a loop or a `try` is around it, in its function if it is in one."""


@dataclass(frozen=True)
class Suspect:
    """A call of what does not work."""

    module: str
    path: str
    call: Call
    chain: tuple[str, ...]


@dataclass(frozen=True)
class Reached:
    """What a walk found."""

    modules: Mapping[str, tuple[str, ...]]
    """Every module that the entry point imports for certain, with the chain that leads to it (its middle may lack)."""
    missing: tuple[Missing, ...]
    partial: tuple[Missing, ...]
    """Imports of what the launcher has in part: they do not fail."""
    suspects: tuple[Suspect, ...]


def module_names(paths: Collection[str]) -> dict[str, str]:
    """Return dotted name → path of every module among the archive's `paths`."""
    found: dict[str, str] = {}
    for path in sorted(paths):
        if path.endswith(".py"):
            stem = path[:-3].removesuffix("/__init__")
            if all(part.isidentifier() for part in stem.split("/")):
                found.setdefault(stem.replace("/", "."), path)
    return found


def reach(  # noqa: C901 - one walk
    entries: Sequence[str], archive: Archive, library: Library, lazy: frozenset[str] = frozenset()
) -> Reached:
    """Walk from `entries` ("module:callable" or "module") along the imports that happen for certain.

    An import of a top-level module in `lazy` happens when the module is used, if ever.
    """
    run = [first_module(entry, archive) for entry in entries]
    mains = {module for entry, module in zip(entries, run, strict=True) if ":" not in entry}
    queue: deque[str] = deque()
    seen: dict[str, tuple[str, ...]] = {}
    missing: list[Missing] = []
    partial: list[Missing] = []
    suspects: list[Suspect] = []

    def enqueue(wanted: str, chain: tuple[str, ...]) -> None:
        for prefix in prefixes(wanted):
            if prefix in archive.paths and prefix not in seen and len(seen) < MOST:
                seen[prefix] = (*chain[:_LONGEST_CHAIN], prefix)
                queue.append(prefix)

    for module in run:
        enqueue(module, ())
    while queue:
        name = queue.popleft()
        if (facts := archive.facts(name)) is None:
            continue
        path, chain, is_main = archive.paths[name], seen[name], name in mains
        suspects.extend(Suspect(name, path, call, chain) for call in facts.calls if is_main or not call.main)
        for item in facts.imports if is_main else (item for item in facts.imports if not item.main):
            wanted = tuple(wanted_modules(item, name, archive))
            certain = item.guard is Guard.NONE and not item.in_function and lazy.isdisjoint(map(_top, wanted))
            guarded = item.guard is not Guard.NONE
            partial += [
                Missing(name, path, item.line, one, "which can load nothing there", chain, certain, guarded)
                for one in wanted[:1]
                if _top(one) in library.partial and _top(one) not in archive.tops
            ]
            if found := _first_missing(wanted, archive, library):
                missing.append(Missing(name, path, item.line, *found, chain, certain, guarded))
            elif certain:
                for one in wanted:
                    enqueue(one, chain)
    return Reached(seen, tuple(missing), tuple(partial), tuple(suspects))


def first_module(entry: str, archive: Archive) -> str:
    """Return the module that is run first for an entry point."""
    module, _, attribute = entry.partition(":")
    return module if attribute or f"{module}.__main__" not in archive.paths else f"{module}.__main__"


def _first_missing(wanted: Iterable[str], archive: Archive, library: Library) -> tuple[str, str] | None:
    """Return the first of `wanted` that cannot be imported, and why."""
    reasons = ((one, _why_missing(one, archive, library)) for one in wanted)
    return next((pair for pair in reasons if pair[1]), None)


def _top(name: str) -> str:
    return name.partition(".")[0]


def prefixes(name: str) -> Iterator[str]:
    """Yield the dotted name and the packages that it is in, the outermost first; of one too deep, the outer ones."""
    parts = name.split(".", _DEEPEST)[:_DEEPEST]
    return (".".join(parts[: count + 1]) for count in range(len(parts)))


def wanted_modules(item: Import, module: str, archive: Archive) -> Iterator[str]:
    """Yield the dotted names of the modules that an import statement of `module` loads."""
    base = item.module
    if item.level:
        parts = module.split(".")
        parts = parts[: len(parts) - item.level + (1 if archive.is_package(module) else 0)]
        base = ".".join([*parts, *([item.module] if item.module else [])])
    if base:
        yield base
    for name in item.names:
        inner = f"{base}.{name}"
        if inner in archive.paths or inner in archive.left_out or not item.level:
            yield inner


def _why_missing(wanted: str, archive: Archive, library: Library) -> str:
    """Return why the module `wanted` cannot be imported, as the end of "imports ctypes, …", or ""."""
    top = _top(wanted)
    if left := next((archive.left_out[name] for name in prefixes(wanted) if name in archive.left_out), ""):
        return f"which was left out ({left})"
    if top in _ALWAYS or top in archive.tops:
        return ""
    if lacking := library.lacks(wanted):
        return "which the runtime does not have" if lacking == wanted else f"and the runtime does not have {lacking}"
    runtime = library.modules, library.undecided, library.partial
    known = any(top in names for names in runtime) or not archive.parts.isdisjoint({top, f"_{top}"})
    return "" if known else NOWHERE
