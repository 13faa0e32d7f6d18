"""Whether a lock is of the project as it is now: what it was made for, and what the project asks for."""

from __future__ import annotations

import re
from collections import defaultdict
from contextlib import suppress
from dataclasses import fields
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from hatch_os402.foreign import addresses
from hatch_os402.resolution.lock.model import MadeFor
from hatch_os402.resolution.markers import holds
from hatch_os402.resolution.target import PYTHON, Target

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from hatch_os402.resolution.graph import Root
    from hatch_os402.resolution.lock.model import Lock, Locked

_QUOTED = re.compile(r"""(?P<quote>["'])(?P<text>(?:\\.|(?!(?P=quote))[^\\]){0,1000})(?P=quote)""")
"""A text in quotes that may be a requirement: none is longer, and a search from every quote ends there."""
_FILE = "pyproject.toml"


def without_secrets(url: str, root: Path) -> str:
    """Return `url` as it may be written down: without user, password, query and fragment.

    A file of this machine is `file:` and its path from the folder `root`.
    """
    if url[:5].lower() == "file:":
        return f"file:{relative_path(url, root)}"
    return addresses.shown_address(url)


def relative_path(url: str, root: Path) -> str:
    """Return the path of the `file:` address `url` from the folder `root`, with slashes; its name if there is none."""
    path = addresses.local_path(url)
    for depth, folder in enumerate((root, *root.parents)):
        with suppress(ValueError):
            return "/".join([*[".."] * depth, path.relative_to(folder).as_posix()])
    return path.name


def made_for(
    root: Root, *, groups: Sequence[str], architectures: Sequence[str], build_from_source: Collection[str], folder: Path
) -> MadeFor:
    """Return what a lock of the project `root`, in `folder`, is made for. `groups` are the names of vendored groups."""
    targets = [Target(machine) for machine in architectures]
    extras = _all_extras(root, targets)
    wanted = {
        _text(item, folder)
        for item in (*root.requirements, *root.groups)
        if canonicalize_name(item.name) != root.name and _applies(item, targets, extras)
    }
    return MadeFor(
        PYTHON,
        tuple(architectures),
        tuple(sorted(wanted)),
        tuple(sorted(root.extras)),
        tuple(sorted(groups)),
        tuple(sorted(build_from_source)),
    )


def disagreements(lock: Lock, wanted: MadeFor, root: Root, groups: Sequence[str], pyproject: str) -> list[str]:
    """Return a sentence for each point in which `lock` is not what `wanted` says; `pyproject` is the file's text."""
    found = [] if lock.made_for is None else list(_changes(lock.made_for, wanted, pyproject))
    if found:
        return found
    known: dict[str, Locked] = {}  # of the architectures before: their wheels do for those that have none
    for machine in wanted.architectures:
        target = Target(machine)
        selection = lock.select(target, root.extras, groups)
        extras = _all_extras(root, [target])
        for item in (*root.requirements, *root.groups):
            name = str(canonicalize_name(item.name))
            if name == root.name or not _applies(item, [target], extras):
                continue
            locked = selection.locked.get(name, known.get(name))
            if locked is None:
                why = f": {name} {selection.problems[name]}" if name in selection.problems else ""
                found.append(f"{_line(item, pyproject)}: {_shown(item)} is required, and not in the lock{why}")
            elif locked.version and not item.url and not item.specifier.contains(locked.version, prereleases=True):
                found.append(f"{_line(item, pyproject)}: {_shown(item)} is required, and the lock has {locked.version}")
        known |= selection.locked
    return list(dict.fromkeys(found))


def _changes(locked: MadeFor, wanted: MadeFor, pyproject: str) -> Iterator[str]:
    before, after = _by_name(locked.requirements), _by_name(wanted.requirements)
    for name in sorted(before.keys() | after.keys()):
        old, new = before[name], after[name]
        for text in sorted(new - old):
            was = f"the lock was made for {_listed(old - new)}" if old - new else f"the lock was made without {name}"
            yield f"{_line(_parsed(text), pyproject)}: {text!r} is required, and {was}"
        if not new - old and old - new:
            yield f"{_FILE}: {_listed(old - new)} is no longer required, and the lock was made for it"
    for item in fields(MadeFor):
        old, new = getattr(locked, item.name), getattr(wanted, item.name)
        if item.name == "requirements" or old == new:
            continue
        option = item.name.replace("_", "-")
        yield f"{option}: {_listed(new)}, and the lock was made for {_listed(old)}"


def _by_name(texts: Iterable[str]) -> defaultdict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for text in texts:
        found[_name(text)].add(text)
    return found


def _name(text: str) -> str:
    return str(canonicalize_name(re.split(r"[\s\[<>=!~;@(]", text, maxsplit=1)[0]))


def _listed(texts: str | Collection[str]) -> str:
    items = [texts] if isinstance(texts, str) else sorted(texts)
    return " and ".join(map(repr, items)) or "none"


def _parsed(text: str) -> Requirement | None:
    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


def _line(item: Requirement | None, pyproject: str) -> str:
    """Return where `item` stands in pyproject.toml, as far as that can be seen: it may come from a hook or a group."""
    for number, line in enumerate(pyproject.splitlines(), 1):
        for match in _QUOTED.finditer(line.partition(" #")[0]):
            other = _parsed(match["text"])
            if (
                item is not None
                and other is not None
                and canonicalize_name(other.name) == canonicalize_name(item.name)
                and other.specifier == item.specifier
                and other.extras == item.extras
            ):
                return f"{_FILE}, line {number}"
    return _FILE


def _text(item: Requirement, folder: Path) -> str:
    """Return `item` in one spelling, with an address that may be written down."""
    made = Requirement(str(item))
    made.name = str(canonicalize_name(item.name))
    if item.url:
        made.url = without_secrets(item.url, folder)
    return str(made)


def _shown(item: Requirement) -> str:
    made = Requirement(str(item))
    made.url = None
    return repr(str(made))


def _all_extras(root: Root, targets: Sequence[Target]) -> frozenset[str]:
    """Return the extras of the project that are vendored, those that others of them name included."""
    extras = set(root.extras)
    while True:
        more = {
            str(canonicalize_name(extra))
            for item in (*root.requirements, *root.groups)
            if canonicalize_name(item.name) == root.name and _applies(item, targets, extras)
            for extra in item.extras
        }
        if more <= extras:
            return frozenset(extras)
        extras |= more


def _applies(item: Requirement, targets: Sequence[Target], extras: Collection[str]) -> bool:
    return any(holds(item, target.environment, ("", *extras)) for target in targets)
