"""The record, `{id}.build.json`: what went into the artifacts and what they are, without a trace of the machine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hatch_os402.__about__ import __version__
from hatch_os402.resolution.target import PYTHON
from hatch_os402.runtime import pins

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hatch_os402.archive.modules import Compiled
    from hatch_os402.artifacts import Artifact
    from hatch_os402.compatibility.vet import VettedWheel
    from hatch_os402.project import Project
    from hatch_os402.resolution.resolve import Resolution
    from hatch_os402.runtime.configured import Executable
    from hatch_os402.validity import Validity

FORMAT = 1
"""Raised when a reader of the old format would misunderstand the new one."""


@dataclass(frozen=True)
class Facts:
    """What a build found out on its way."""

    project: Project
    entry_point: str
    architectures: Sequence[str]
    executables: Sequence[Executable]
    resolution: Resolution
    vetted_wheels: Sequence[VettedWheel]
    compiled: Compiled
    validity: Validity

    def record(self, artifacts: Sequence[Artifact]) -> bytes:
        """Return the record of these facts and the other `artifacts`, as JSON text in UTF-8."""
        content: dict[str, Any] = {
            "format": FORMAT,
            "generator": {"name": "hatch-os402", "version": __version__},
            "project": {"name": self.project.name, "version": self.project.version, "entry_point": self.entry_point},
            "target": {
                "runtime": pins.NAME,
                "python": PYTHON,
                "architectures": list(self.architectures),
                "executables": {
                    item.arch: _without_none(sha256=item.sha256, url=item.url) for item in self.executables
                },
            },
            "distributions": list(self._distributions()),
            "bytecode": self.compiled.summary,
            "valid_until": {"seconds": self.validity.until, "from": self.validity.origin},
            "offer": {"sha256": next(item.offer for item in artifacts if item.offer)},
            "artifacts": {item.path.name: {"size": item.size, "sha256": item.sha256} for item in artifacts},
        }
        return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()

    def _distributions(self) -> Iterator[dict[str, Any]]:
        """Yield what is said of each vendored distribution. No address: a mirror must not change the record."""
        vetted_wheels = {verdict.wheel.name: verdict for verdict in self.vetted_wheels}
        for pin in self.resolution.pins:
            sdist = self.resolution.built.get(pin.name)
            # A wheel that was built here has no hash that another machine could compare, its sdist has.
            source = {"sdist": sdist.filename, "sha256": sdist.sha256} if sdist else None
            yield {
                "name": pin.name,
                "version": pin.version,
                **(source or {"wheel": pin.filename, "sha256": pin.sha256}),
                "required_by": sorted(self.resolution.graph.required_by[pin.name]),
                **({"accepted": broken} if (broken := vetted_wheels[pin.name].wheel.broken_record) else {}),
                "treatment": vetted_wheels[pin.name].verdict,
                "left_out": sorted(file.path for file, _ in vetted_wheels[pin.name].dropped),
            }


def _without_none(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}
