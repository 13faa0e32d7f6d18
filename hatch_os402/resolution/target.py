"""The target as packaging sees it: marker environment and wheel tags of cosmo-python, on every host the same.

The facts are those of the binary that os402's documents name: CPython 3.12.3 on linux, one static executable for x86_64
and aarch64 (`ahgamut/superconfigure`, `lang/python`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from packaging.tags import Tag, compatible_tags, cpython_tags

if TYPE_CHECKING:
    from collections.abc import Iterator

PYTHON = "3.12.3"
"""The version that `Requires-Python` is decided on, and `python_full_version`."""

ARCHITECTURES = ("x86_64", "aarch64")
"""The architectures of the runtime, in the order in which they are resolved."""

_SHORT = (3, 12)
_GLIBC_MINORS = range(60, 4, -1)
_MUSL_MINORS = range(5, -1, -1)
_LEGACY = {"manylinux2014": 17, "manylinux2010": 12, "manylinux1": 5}


@dataclass(frozen=True)
class Target:
    """One architecture of the runtime."""

    machine: str

    @property
    def environment(self) -> dict[str, str]:
        """The marker environment (PEP 508, "Environment Markers"), without `extra`.

        `platform_release` and `platform_version` are those of a kernel that nobody knows at build time, hence empty.
        """
        return {
            "implementation_name": "cpython",
            "implementation_version": PYTHON,
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": PYTHON,
            "python_version": "3.12",
            "sys_platform": "linux",
        }

    @cached_property
    def tags(self) -> tuple[Tag, ...]:
        """The wheel tags, most wanted first: every pure tag, then the compiled ones.

        Pure tags alone would make pip fall back to an old release in silence. With the compiled ones behind them it
        picks the true newest version, prefers its pure wheel, and a compiled choice is a finding that can be explained.
        """
        pure = compatible_tags(_SHORT, interpreter="cp312", platforms=["any"])
        return tuple(dict.fromkeys([*pure, *self._compiled()]))

    def _compiled(self) -> Iterator[Tag]:
        platforms = list(_platforms(self.machine))
        yield from cpython_tags(_SHORT, abis=["cp312"], platforms=platforms)
        yield from compatible_tags(_SHORT, interpreter="cp312", platforms=platforms)


def _platforms(machine: str) -> Iterator[str]:
    """Yield every platform tag of a Linux wheel for `machine`, newest C library first (PEP 600, PEP 656)."""
    legacy = {minor: name for name, minor in _LEGACY.items() if machine == "x86_64" or name == "manylinux2014"}
    for minor in _GLIBC_MINORS:
        yield f"manylinux_2_{minor}_{machine}"
        if minor in legacy:
            yield f"{legacy[minor]}_{machine}"
    for minor in _MUSL_MINORS:
        yield f"musllinux_1_{minor}_{machine}"
    yield f"linux_{machine}"
