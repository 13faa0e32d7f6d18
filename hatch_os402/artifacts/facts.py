"""What goes into the build record: the facts of one build, without a trace of the machine."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hatch_os402.__about__ import __version__
from hatch_os402.artifacts.record import FORMAT, record_text
from hatch_os402.resolution.target import PYTHON
from hatch_os402.runtime import pins

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hatch_os402.archive.modules import Compiled
    from hatch_os402.artifacts.writing import Artifact
    from hatch_os402.compatibility.vet import VettedWheel
    from hatch_os402.config.expiry import Expiry
    from hatch_os402.config.project import Project
    from hatch_os402.resolution.graph import Pin
    from hatch_os402.resolution.resolve import Resolution
    from hatch_os402.runtime.configured import ConfiguredRuntime
    from hatch_os402.tools.model import Tool
    from hatch_os402.wheels.reading import Wheel


@dataclass(frozen=True)
class BuildFacts:
    """What a build found out on its way."""

    project: Project
    entry_point: str
    tools: Sequence[Tool]
    """Where each has an offer of its own; the entry point is then empty."""
    architectures: Sequence[str]
    executables: Sequence[ConfiguredRuntime]
    resolution: Resolution
    vetted_wheels: Sequence[VettedWheel]
    compiled: Compiled
    validity: Expiry

    def record(self, artifacts: Sequence[Artifact]) -> bytes:
        """Return the record of these facts and the other `artifacts`, as JSON text in UTF-8."""
        content: dict[str, Any] = {
            "format": FORMAT,
            "generator": {"name": "hatch-os402", "version": __version__},
            "project": {
                "name": self.project.name,
                "version": self.project.version,
                "entry_point": self.entry_point,
            },
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
            **self._offers([item.offer for item in artifacts if item.offer]),
            "artifacts": {item.path.name: {"size": item.size, "sha256": item.sha256} for item in artifacts},
        }
        return record_text(content)

    def _offers(self, digests: Sequence[str]) -> dict[str, Any]:
        """Return the facts of the offer, or of that of each tool."""
        if not self.tools:
            return {"offer": {"sha256": digests[0]}}
        return {
            "tools": {
                str(tool.name): {"function": tool.function, "offer": digest}
                for tool, digest in zip(self.tools, digests, strict=True)
            }
        }

    def _distributions(self) -> Iterator[dict[str, Any]]:
        """Yield the facts of each distribution, vendored or dropped. No address: a mirror must not change it."""
        vetted_wheels = {verdict.wheel.name: verdict for verdict in self.vetted_wheels}
        for pin in self.resolution.all_pins:
            if pin in self.resolution.dropped:
                yield {
                    "name": pin.name,
                    "version": pin.version,
                    "wheel": pin.filename,
                    "sha256": pin.sha256,
                    "required_by": sorted(self.resolution.graph.required_by[pin.name]),
                    "treatment": "dropped",
                    "left_out": [],
                }
                continue
            sdist = self.resolution.built.get(pin.name)
            # A wheel that was built here has no hash that another machine could compare, its sdist has.
            source = _source_of(sdist, vetted_wheels[pin.name].wheel) if sdist else None
            yield {
                "name": pin.name,
                "version": pin.version,
                **(source or {"wheel": pin.filename, "sha256": pin.sha256}),
                "required_by": sorted(self.resolution.graph.required_by[pin.name]),
                **({"accepted": broken} if (broken := vetted_wheels[pin.name].wheel.broken_record) else {}),
                "treatment": vetted_wheels[pin.name].verdict,
                "left_out": sorted(file.path for file, _ in vetted_wheels[pin.name].dropped),
            }


def _source_of(source: Pin, wheel: Wheel) -> dict[str, str | None]:
    """Return what is recorded of the sdist of `wheel`; of a folder, the digest of what the wheel holds."""
    if source.sha256:
        return {"sdist": source.filename, "sha256": source.sha256}
    record = f"{wheel.dist_info}/RECORD"
    lines = sorted(f"{file.sha256}  {file.member}\n" for file in wheel.files if file.member != record)
    return {"sdist": None, "sha256": hashlib.sha256("".join(lines).encode()).hexdigest()}


def _without_none(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}
