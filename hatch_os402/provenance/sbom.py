"""The software bill of materials: CycloneDX 1.6 as JSON, which depends on the project and its pins alone."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from hatch_os402.__about__ import __version__
from hatch_os402.errors import Os402Error
from hatch_os402.provenance.licenses import read_license
from hatch_os402.provenance.purls import purl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from hatch_os402.compatibility.vet import VettedWheel
    from hatch_os402.provenance.licenses import License
    from hatch_os402.resolution.graph import Graph, Pin

_NO_TIME = datetime(1980, 1, 1, tzinfo=timezone.utc)
_NAMESPACE = "hatch-os402"


@dataclass(frozen=True)
class Vendored:
    """One distribution of the archive."""

    name: str
    version: str
    filename: str | None
    """Of its wheel, or of the sdist that it was built from; None for a folder."""
    sha256: str
    """Lowercase hex, of that file; empty for a folder."""
    verdict: str
    """What became of its native code: `pure`, `stripped` or `substituted`."""
    left_out: tuple[str, ...]
    """Paths of its files that are not in the archive."""
    license: License


def vendored(
    pins: Sequence[Pin],
    built: Mapping[str, Pin],
    vetted: Sequence[VettedWheel],
    metadata: Callable[[VettedWheel], bytes],
) -> tuple[Vendored, ...]:
    """Return what a bill says of `pins`; those that were `built` here are named by their source, as in the record.

    `vetted` are the verdicts on their wheels, `metadata` returns the METADATA of one.
    """
    verdicts = {verdict.wheel.name: verdict for verdict in vetted}
    return tuple(_vendored(pin, built.get(pin.name, pin), verdicts[pin.name], metadata) for pin in pins)


def _vendored(pin: Pin, source: Pin, verdict: VettedWheel, metadata: Callable[[VettedWheel], bytes]) -> Vendored:
    return Vendored(
        pin.name,
        pin.version,
        source.filename if source.sha256 else None,
        source.sha256,
        verdict.verdict,
        tuple(sorted(file.path for file, _ in verdict.dropped)),
        read_license(metadata(verdict)),
    )


def sbom(
    name: str, version: str, description: str | None, license_: License, parts: Sequence[Vendored], graph: Graph
) -> bytes:
    """Return the bill of the project `name`, in UTF-8. Raises `Os402Error` without the extra "sbom".

    The serial number follows from the content, there is no time, and the layout is our own: the bytes depend neither on
    the machine nor on the release of the library, as long as that describes the same things the same way.
    """
    try:
        from cyclonedx.output.json import JsonV1Dot6  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise _missing(error.name) from error

    text = JsonV1Dot6(_bom(name, version, description, license_, parts, graph)).output_as_string()
    content: dict[str, Any] = json.loads(text)
    del content["metadata"]["timestamp"]
    del content["serialNumber"]
    digest = hashlib.sha256(_laid_out(content)).digest()
    # A version 5 UUID is 128 bits of a digest (RFC 9562, 5.5), here of everything else in the bill.
    return _laid_out({**content, "serialNumber": uuid.UUID(bytes=digest[:16], version=5).urn})


def _laid_out(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _bom(
    name: str, version: str, description: str | None, license_: License, parts: Sequence[Vendored], graph: Graph
) -> Any:
    """Return the bill as an object of the library."""
    from cyclonedx.model.bom import Bom, BomMetaData  # noqa: PLC0415 - as above
    from cyclonedx.model.component import Component, ComponentType  # noqa: PLC0415
    from cyclonedx.model.tool import ToolRepository  # noqa: PLC0415

    root = Component(
        name=name,
        version=version,
        description=description,
        type=ComponentType.APPLICATION,
        bom_ref=purl(name, version),
        purl=_package_url(name, version),
        licenses=_licenses(license_),
    )
    tool = Component(name="hatch-os402", version=__version__, type=ComponentType.APPLICATION)
    components = {part.name: _component(part) for part in parts}
    bom = Bom(
        metadata=BomMetaData(tools=ToolRepository(components=[tool]), component=root, timestamp=_NO_TIME),
        components=components.values(),
    )
    everything = {name: root, **components}
    for one, component in everything.items():
        requires = [other for other, parents in graph.required_by.items() if one in parents and other in components]
        bom.register_dependency(component, [components[other] for other in requires])
    return bom


def _component(part: Vendored) -> Any:
    from cyclonedx.model import HashAlgorithm, HashType, Property  # noqa: PLC0415 - as above
    from cyclonedx.model.component import Component, ComponentType  # noqa: PLC0415

    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=part.sha256)] if part.sha256 else []
    return Component(
        name=part.name,
        version=part.version,
        type=ComponentType.LIBRARY,
        bom_ref=purl(part.name, part.version),
        purl=_package_url(part.name, part.version),
        hashes=hashes,
        licenses=_licenses(part.license),
        properties=[Property(name=f"{_NAMESPACE}:{key}", value=value) for key, value in _properties(part)],
    )


def _properties(part: Vendored) -> Iterator[tuple[str, str]]:
    yield "treatment", part.verdict
    if part.filename is not None:
        yield "file", part.filename
    for path in part.left_out:
        yield "left-out", path


def _licenses(license_: License) -> list[Any]:
    from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression  # noqa: PLC0415 - as above

    if license_.expression:
        return [LicenseExpression(license_.expression)]
    return [DisjunctiveLicense(name=license_.name)] if license_.name else []


def _package_url(name: str, version: str) -> Any:
    from packageurl import PackageURL  # noqa: PLC0415 - as above

    return PackageURL(type="pypi", name=name, version=version)


def _missing(module: str | None) -> Os402Error:
    from hatch_os402.installation.command import missing_module  # noqa: PLC0415 - for this error alone

    return Os402Error(f"`sbom = true` writes a software bill of materials: {missing_module(module, 'sbom')}")
