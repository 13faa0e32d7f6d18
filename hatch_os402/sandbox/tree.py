"""The tree of a root: files of this machine, bound where they lie here, with the symbolic links on the way."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

from hatch_os402.runtime.elf import interpreter
from hatch_os402.sandbox import linux

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class RootTree:
    """A tree that is being filled at the folder `top`, with paths as they will be seen from it."""

    def __init__(self, top: str) -> None:
        self._top = top
        self._bound: set[str] = set()
        self._folders: set[str] = set()
        self._links: set[str] = set()
        self._plain: set[str] = set()
        """Paths that are no symbolic links outside."""

    def folder(self, path: str) -> None:
        """Have a folder at `path`."""
        if path not in self._folders:
            os.makedirs(self._top + path, exist_ok=True)  # noqa: PTH103 - a small process
            self._folders.add(path)

    def file(self, path: str, mode: int = 0o444) -> None:
        """Make an empty file at `path`."""
        self.folder(os.path.dirname(path))  # noqa: PTH120 - texts, as all here
        os.close(os.open(self._top + path, os.O_CREAT | os.O_WRONLY, mode))

    def link(self, path: str, target: str) -> None:
        """Have a symbolic link at `path`, unless something is there."""
        if path not in self._links and not self._has(path):
            self._links.add(path)
            self.folder(os.path.dirname(path))  # noqa: PTH120 - as above
            with contextlib.suppress(FileExistsError):
                os.symlink(target, self._top + path)  # noqa: PTH211 - as above

    def bring(self, path: str) -> None:
        """Have `path` be there as it is outside, with the symbolic links on the way; what is not is passed over."""
        real = self._followed(path)
        if real is None or self._has(real):
            return
        try:
            kind = os.stat(real).st_mode  # noqa: PTH116 - as above
        except OSError:
            return
        if stat.S_ISDIR(kind):
            self.folder(real)
        elif not os.path.lexists(self._top + real):
            self.file(real)
        linux.mount(real, self._top + real, flags=linux.BIND | linux.REC)
        self._bound.add(real)

    def imitate(self, path: str, kind: int) -> None:
        """Have an empty folder, or a file that cannot be opened, be where `path` leads to, if nothing is there."""
        real = self._followed(path)
        if real is None or self._has(real) or os.path.lexists(self._top + real):
            return
        if kind == stat.S_IFDIR:
            self.folder(real)
        else:
            self.file(real, 0)

    def _followed(self, path: str) -> str | None:
        """Return what `path` leads to, and make each link that it leads through."""
        done, rest, links = "", path.split("/"), 40
        while rest:
            name = rest.pop(0)
            if name in {"", "."}:
                continue
            if name == "..":
                done = os.path.dirname(done)  # noqa: PTH120 - as above
                continue
            here = f"{done}/{name}"
            target = None if here in self._plain else _target(here)
            if target is None:
                self._plain.add(here)
                done = here
                continue
            self.link(here, target)
            if target.startswith("/"):
                done = ""
            rest[:0] = target.split("/")
            links -= 1
            if not links:
                return None
        return done

    def _has(self, path: str) -> bool:
        """Whether `path` is bound, by itself or with a folder above."""
        while path:
            if path in self._bound:
                return True
            path = path.rpartition("/")[0]
        return False


def _target(path: str) -> str | None:
    try:
        return os.readlink(path)  # noqa: PTH115 - as above
    except OSError:
        return None


def aliases(executable: str, readable: Iterable[str]) -> Iterator[str]:
    """Yield the other names by which the dynamic linker looks for `readable` files: its own, and those of libraries."""
    if loader := interpreter(executable):
        yield loader
    folders: dict[str, set[str]] = {}
    for path in readable:
        folder, _, name = path.rpartition("/")
        if ".so" in name:
            folders.setdefault(folder, set()).add(name)
    for folder, files in folders.items():
        names, links = set(files), {}
        try:
            for entry in os.scandir(folder):
                if entry.is_symlink():
                    links[entry.name] = os.path.basename(os.readlink(entry.path))  # noqa: PTH115, PTH119 - as above
        except OSError:
            continue
        while found := {name for name, target in links.items() if target in names} - names:
            names |= found
            yield from (f"{folder}/{name}" for name in sorted(found))
