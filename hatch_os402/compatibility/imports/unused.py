"""Distributions of an archive that nothing in it imports, as far as its sources say.

It is for a hint: what is in doubt counts as used. A distribution is in use if a module of it is imported anywhere in a
module that is in use (in functions and under conditions as well), if its name stands in quotes there
(`import_module("…")`, settings), or if it registers entry points, which others look up by their group.
"""

from __future__ import annotations

import re
from collections import deque
from configparser import ConfigParser
from configparser import Error as ConfigError
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_os402.compatibility.imports.reach import Archive, module_names, prefixes, wanted_modules
from hatch_os402.formatting import counted, human_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from hatch_os402.compatibility.imports.facts import ModuleFacts

_DATA = frozenset({"tzdata", "certifi"})
"""Of which the standard library or others use files, and import nothing."""
_COMMANDS = frozenset({"console_scripts", "gui_scripts"})
_ENTRY_POINTS = ".dist-info/entry_points.txt"
_AT_START = re.compile(r"[^/]*\.pth|(?:site|user)customize\.py")
_QUOTED = re.compile(rb"""["']([A-Za-z_][A-Za-z0-9_]*)(?=["'.:/])""")
_WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")
_LEAST_SHARE, _LEAST_SIZE = 0.02, 20_000
"""Of the sizes, and in bytes: what takes less is not worth a hint."""


@dataclass(frozen=True)
class ArchivedFile:
    """A file of the archive: whose it is, how large (bytes), and what reads it."""

    owner: str
    size: int
    read: Callable[[], bytes]


def unused(
    starts: Sequence[str], files: Mapping[str, ArchivedFile], project: str, facts: Callable[[str], ModuleFacts | None]
) -> dict[str, int]:
    """Return the canonical names of the distributions that nothing uses, each with the bytes of its files.

    `starts` are entry points; `files` are those of the archive by path; `project` owns what is used anyway; `facts`
    gives what the module at a path says, None when that is not known.
    """
    walk = _Walk(files, facts)
    for entry in starts:
        walk.use(entry.removesuffix("()").partition(":")[0])
    for path, file in files.items():
        if file.owner in {project, *_DATA} or _AT_START.fullmatch(path) or _registers(path, file):
            walk.use_owner(file.owner)
    walk.run()
    sizes: dict[str, int] = {}
    for file in files.values():
        if file.owner in walk.owners - walk.used:  # of others there is nothing to import, or it is excluded
            sizes[file.owner] = sizes.get(file.owner, 0) + file.size
    whole = sum(file.size for file in files.values())
    return sizes if sum(sizes.values()) >= max(_LEAST_SIZE, _LEAST_SHARE * whole) else {}


def described(sizes: Mapping[str, int], files: Mapping[str, ArchivedFile], direct: Iterable[str]) -> tuple[str, str]:
    """Return what to say about the unused distributions `sizes`, and what can be done; `direct` are required directly.

    The first has no full stop.
    """
    all_names = {file.owner for file in files.values()}
    whole = sum(file.size for file in files.values()) or 1
    total = sum(sizes.values())
    names = sorted(sizes, key=lambda name: (-sizes[name], name))
    message = (
        f"nothing imports {counted(len(names), 'distribution')} of {len(all_names)}, {human_size(total)} or "
        f"{100 * total / whole:.0f} % of the files: {', '.join(names)}"
    )
    droppable = [name for name in names if name in set(direct)]
    tops = sorted({_top(path) for path, file in files.items() if file.owner in sizes and ".dist-info/" not in path})
    exclude = ", ".join(f'"/{top}"' for top in tops)
    drop = f"drop {', '.join(droppable)} from the requirements, or " if droppable else ""
    need = "it" if len(names) == 1 else "them"
    return message, f"If the program does not need {need}, {drop}set exclude = [{exclude}]."


def _top(path: str) -> str:
    first, slash, _ = path.partition("/")
    return f"{first}{slash}"


def _registers(path: str, file: ArchivedFile) -> bool:
    """Whether `path` holds entry points of others than commands; when in doubt, yes."""
    if not path.endswith(_ENTRY_POINTS):
        return False
    parser = ConfigParser(delimiters=("=",), strict=False, interpolation=None)
    try:
        parser.read_string(file.read().decode())
    except (ConfigError, UnicodeDecodeError):
        return True
    return not _COMMANDS.issuperset(parser.sections())


class _Walk:
    """Follows every import and every name in quotes."""

    def __init__(self, files: Mapping[str, ArchivedFile], facts: Callable[[str], ModuleFacts | None]) -> None:
        self._files, self._facts = files, facts
        self._paths = module_names(files)
        self._archive = Archive(self._paths, frozenset(), frozenset(), {}, lambda _: None)
        self._of_top: dict[str, set[str]] = {}
        self._modules: dict[str, list[str]] = {}
        for module, path in self._paths.items():
            self._of_top.setdefault(module.partition(".")[0], set()).add(files[path].owner)
            self._modules.setdefault(files[path].owner, []).append(module)
        self._of_part: dict[str, set[str]] = {}
        for path, file in files.items():
            if ".dist-info/" not in path:
                for part in path.removesuffix(".py").split("/"):
                    self._of_part.setdefault(part, set()).add(file.owner)
        self._queue: deque[str] = deque()
        self._seen: set[str] = set()
        self.used: set[str] = set()
        self.owners = self._modules.keys()
        """Who has modules at all."""

    def use(self, module: str) -> None:
        """Note that a module is imported, with the packages that it is in."""
        top = module.partition(".")[0]
        if top not in self._paths:  # vendored deeper, and put on sys.path by its owner
            for owner in (*self._of_part.get(top, ()), *self._of_part.get(f"_{top}", ())):
                if owner not in self.used:
                    self.use_owner(owner)
        for name in prefixes(module):
            if name in self._paths and name not in self._seen:
                self._seen.add(name)
                self._queue.append(name)
                self.used.add(self._files[self._paths[name]].owner)

    def use_owner(self, owner: str) -> None:
        """Note that any module of a distribution may be imported."""
        if owner not in self.used:
            self.used.add(owner)
        for module in self._modules.get(owner, ()):
            self.use(module)

    def run(self) -> None:
        """Follow until nothing is new."""
        while self._queue:
            module = self._queue.popleft()
            path = self._paths[module]
            source = self._files[path].read()
            facts = self._facts(path)
            for item in facts.imports if facts is not None else ():
                for wanted in wanted_modules(item, module, self._archive):
                    self.use(wanted)
            # A module that this Python cannot read says its imports in words.
            for name in (_QUOTED if facts is not None else _WORD).findall(source):
                for owner in self._of_top.get(name.decode(), ()):
                    if owner not in self.used:
                        self.use_owner(owner)
