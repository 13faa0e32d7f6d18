"""What every step of a build may use."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from hatch_os402.archive.entries import EntryReader
from hatch_os402.build.inputs import is_locked
from hatch_os402.build.unchanged import resolutions
from hatch_os402.cache import prune_sometimes, usable_cache
from hatch_os402.files import temporary_folder
from hatch_os402.incremental.resolutions import is_fresh
from hatch_os402.incremental.verdicts import VerdictMemory
from hatch_os402.resolution.resolver import PipResolver
from hatch_os402.resolution.target import ARCHITECTURES
from hatch_os402.runtime.configured import ConfiguredRuntime, executables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hatch_os402.config.options import Options
    from hatch_os402.config.project import Project
    from hatch_os402.incremental.resolutions import ResolutionMemory
    from hatch_os402.reporting import Reporter, Update
    from hatch_os402.resolution.resolver import Resolver

_P = ParamSpec("_P")
_R = TypeVar("_R")


@dataclass(frozen=True)
class Context:
    """What the steps of one build share: the project, its options, and where things are kept."""

    project: Project
    options: Options
    executables: tuple[ConfiguredRuntime, ...]
    """What runs the program on os402, one an architecture."""
    workdir: Path
    """A folder of this build, removed at its end."""
    cache: Path
    """The folder that builds share; `workdir` where that cannot be used."""
    reader: EntryReader
    reporter: Reporter
    resolver: Resolver
    resolutions: ResolutionMemory
    verdicts: VerdictMemory
    locked: bool = False
    """Whether a lock is required."""
    update: Update | None = None
    """What shows the progress of the step that runs; None where nothing shows it."""

    @property
    def architectures(self) -> tuple[str, ...]:
        """The architectures that are built for: those of the option `runtime`, else all."""
        named = {item.arch for item in self.executables}
        return tuple(arch for arch in ARCHITECTURES if not self.options.runtime or arch in named)

    @property
    def find_links(self) -> Path:
        """The folder for wheels that were built here from source; it may not exist."""
        return self.workdir / "find-links"


@contextmanager
def opened(
    project: Project, options: Options, reporter: Reporter, *, locked: bool = False, own_cache: Path | None = None
) -> Iterator[Context]:
    """Yield the context of a build; with `locked`, a lock is required.

    With `own_cache`, an existing folder, nothing that an earlier build remembered is used: of the shared cache only
    wheels are, which are checked by their hashes.

    Raises `Os402Error` for an option `runtime` that names nothing usable.
    """
    locked = locked or is_locked(os.environ)
    runs_on = tuple(executables(options.runtime, project.root))
    with temporary_folder() as workdir, EntryReader() as reader, PipResolver() as resolver:
        shared = usable_cache(os.environ, workdir / "cache")
        if own_cache is not None:
            _share_wheels(shared, own_cache)
        cache = own_cache or shared
        resolved = resolutions(project, options.table, cache, runs_on)
        verdicts = VerdictMemory(cache / "verdicts", options, fresh=is_fresh(os.environ))
        yield Context(project, options, runs_on, workdir, cache, reader, reporter, resolver, resolved, verdicts, locked)
        prune_sometimes(shared)


def _share_wheels(shared: Path, own: Path) -> None:
    """Let the cache `own` have the wheels of the cache `shared`; where there are no links, they are fetched again."""
    wheels = shared / "wheels"
    with suppress(OSError, NotImplementedError):
        wheels.mkdir(parents=True, exist_ok=True)
        (own / "wheels").symlink_to(wheels.absolute(), target_is_directory=True)


def step(what: str, *, in_bytes: bool = False) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Return a decorator for a function of which one positional argument is a `Context`: its progress is shown.

    `what` says what is being done. The function's context has the `update` of what shows it.
    """

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        @wraps(function)
        def shown(*arguments: _P.args, **named: _P.kwargs) -> _R:
            given: list[Any] = list(arguments)
            at = next(number for number, item in enumerate(given) if isinstance(item, Context))
            with given[at].reporter.progress(what, in_bytes=in_bytes) as update:
                given[at] = replace(given[at], update=update)
                return function(*given, **named)

        return shown

    return decorate
