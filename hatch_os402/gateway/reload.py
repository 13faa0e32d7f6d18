"""Where the gateway's own offers come from: projects, artifacts, folders of artifacts; and what changes there."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from hatch_os402.artifacts.choosing import choose
from hatch_os402.calls.rebuild import built, configured
from hatch_os402.calls.sources import newest, shown
from hatch_os402.config.pyproject import is_project
from hatch_os402.errors import Os402Error
from hatch_os402.formatting import escaped
from hatch_os402.sandbox.program import load

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

    from hatch_os402.gateway.core import Gateway
    from hatch_os402.reporting import Reporter
    from hatch_os402.runtime.configured import ConfiguredRuntime
    from hatch_os402.sandbox.program import Program

_PAUSE = 0.5


class WatchedSource:
    """A path that the user named, and the offers that it gives."""

    def __init__(self, path: Path, reporter: Reporter) -> None:
        self._path, self._reporter = path, reporter
        self._seen: Hashable = None
        self.configured: tuple[ConfiguredRuntime, ...] = ()
        """What the project's option `runtime` names."""
        self.owners: frozenset[str] = frozenset()
        """The owner that a project's offer names. An artifact's does not count: it may be anybody's."""
        self.programs: tuple[Program, ...] = ()

    def load(self, *, again: bool = False) -> tuple[Program, ...]:
        """Build and read the offers; with `again`, quietly. Raises `Os402Error`."""
        self._seen = self._state()
        self.configured = configured(self._path)
        if is_project(self._path):
            programs = tuple(load(artifacts) for artifacts in built(self._path, self._reporter, again=again).expanded())
            self.owners = frozenset(program.read.owner for program in programs)
            return programs
        return tuple(load(artifacts) for artifacts in choose(self._path).all())

    def changed(self) -> bool:
        """Whether what the offers were made of has changed since they were loaded, or could not be."""
        return self._state() != self._seen

    def last_change(self) -> str:
        """Return the file of a project that changed last; else the path that the user named."""
        return shown(newest(self._path)[1], self._path) if is_project(self._path) else str(self._path)

    def mark_loaded(self) -> None:
        """Take what is there as what was loaded: a build may write into its project each time."""
        self._seen = self._state()

    def _state(self) -> Hashable:
        if is_project(self._path):
            return newest(self._path)
        folder = self._path if self._path.is_dir() else self._path.parent
        found = [(path.name, path.stat()) for path in folder.iterdir() if path.is_file()]
        return frozenset((name, stat.st_mtime_ns, stat.st_size, stat.st_ino) for name, stat in found)


def load_all(sources: list[WatchedSource], gateway: Gateway) -> None:
    """Load every source into the gateway. Raises `Os402Error`."""
    for source in sources:
        source.programs = source.load()
        gateway.configure(source.configured)
        for program in source.programs:
            name = program.offer.name
            if name in gateway.names and gateway.names[name] != program.sha256:
                gateway.reporter.warning(f"two offers are named {name!r}: the name now means {program.sha256}")
            gateway.add(program)
    _trust_owners(sources, gateway)


def _trust_owners(sources: list[WatchedSource], gateway: Gateway) -> None:
    gateway.project_owners = frozenset(owner for source in sources for owner in source.owners)


async def watch(sources: list[WatchedSource], gateway: Gateway) -> None:
    """Load again what changes, for ever. What cannot be loaded is reported once, and what was served stays."""
    while True:
        await asyncio.sleep(_PAUSE)
        for source in sources:
            try:
                if not await asyncio.to_thread(source.changed):
                    continue
                what = await asyncio.to_thread(source.last_change)
                programs = await asyncio.to_thread(partial(source.load, again=True))
            except (Os402Error, OSError) as error:
                gateway.reporter.warning(f"{error}\nWhat was served before is served still.")
                continue
            if [program.sha256 for program in programs] == [program.sha256 for program in source.programs]:
                await asyncio.to_thread(source.mark_loaded)
                gateway.reporter.info(f"{escaped(what)} changed: the offers are the same")
                continue
            gateway.reporter.info(
                f"{escaped(what)} changed: now serving "
                + ", ".join(f"{escaped(one.id)} (sha256 {one.sha256})" for one in programs)
            )
            gateway.configure(source.configured)
            gateway.replace(source.programs, programs)
            source.programs = programs
            _trust_owners(sources, gateway)
