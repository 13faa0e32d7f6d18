"""Registers with Hatch. Each plugin is imported when it is asked for: the build environment has no `hatch`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatchling.plugin import hookimpl

if TYPE_CHECKING:
    from hatch_os402.plugin.build_hook import Os402BuildHook
    from hatch_os402.plugin.builder import Os402Builder
    from hatch_os402.plugin.publisher import Os402Publisher


@hookimpl
def hatch_register_builder() -> type[Os402Builder]:
    """Return the builder of the target `os402`."""
    from hatch_os402.plugin.builder import Os402Builder  # noqa: PLC0415

    return Os402Builder


@hookimpl
def hatch_register_build_hook() -> type[Os402BuildHook]:
    """Return the build hook `os402`."""
    from hatch_os402.plugin.build_hook import Os402BuildHook  # noqa: PLC0415

    return Os402BuildHook


@hookimpl
def hatch_register_publisher() -> type[Os402Publisher]:
    """Return the publisher `os402`, which only Hatch's own environment can import."""
    from hatch_os402.plugin.publisher import Os402Publisher  # noqa: PLC0415

    return Os402Publisher
