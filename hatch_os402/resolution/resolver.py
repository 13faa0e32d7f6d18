"""What turns requirements into pins, and pins into wheels: the one way of a build to either."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from hatch_os402.resolution import fetch as fetching
from hatch_os402.resolution.pip_session import PipSession
from hatch_os402.resolution.resolve import resolve_with_source

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from packaging.requirements import Requirement

    from hatch_os402.resolution.graph import Pin
    from hatch_os402.resolution.pip_process import Host
    from hatch_os402.resolution.resolution import Resolution
    from hatch_os402.resolution.resolve import ResolveOptions
    from hatch_os402.wheels.reading import Wheel


class Resolver(Protocol):
    """Resolves for the target, and fetches what it resolved."""

    def resolve(
        self,
        project: Wheel,
        *,
        extras: frozenset[str],
        groups: Sequence[Requirement],
        workdir: Path,
        resolve_options: ResolveOptions,
    ) -> Resolution:
        """Return what the wheel `project` requires, checked by `resolution.graph`. Raises `ResolutionError`."""

    def fetch(
        self,
        pins: Sequence[Pin],
        *,
        cache: Path,
        workdir: Path,
        machine: str,
        find_links: Path | None,
        host: Host,
        accept: Collection[str],
        known: Callable[[Path, str], Wheel | None],
    ) -> tuple[Wheel, ...]:
        """Return the wheels of `pins`, as `resolution.fetch.fetch` does, each by its hash."""


class PipResolver:
    """The user's pip, which is started once for both. A context manager: at its end no pip is left."""

    def __init__(self) -> None:
        self._session = PipSession()

    def __enter__(self) -> PipResolver:  # noqa: PYI034 - typing.Self needs Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def resolve(
        self,
        project: Wheel,
        *,
        extras: frozenset[str],
        groups: Sequence[Requirement],
        workdir: Path,
        resolve_options: ResolveOptions,
    ) -> Resolution:
        """Resolve with pip; the run for the first architecture is held."""
        options = replace(resolve_options, session=self._session)
        return resolve_with_source(project, extras=extras, groups=groups, workdir=workdir, resolve_options=options)

    def fetch(
        self,
        pins: Sequence[Pin],
        *,
        cache: Path,
        workdir: Path,
        machine: str,
        find_links: Path | None,
        host: Host,
        accept: Collection[str],
        known: Callable[[Path, str], Wheel | None],
    ) -> tuple[Wheel, ...]:
        """Fetch with the run that is held, and end that."""
        wheels = fetching.fetch(
            pins,
            cache=cache,
            workdir=workdir,
            machine=machine,
            find_links=find_links,
            host=host,
            accept=accept,
            session=self._session,
            known=known,
        )
        self._session.close()
        return wheels
