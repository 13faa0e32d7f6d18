"""The distributions of a build record as a lock, from which the same archive is built again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging.pylock import Package, PackageSdist, PackageWheel, Pylock
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from hatch_os402.errors import ArtifactError
from hatch_os402.files import is_sha256
from hatch_os402.resolution.lock.place import WHEELHOUSE

if TYPE_CHECKING:
    from collections.abc import Mapping


def folders_of(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the distributions of `record` that were built from a folder, which no lock can pin."""
    return tuple(str(item.get("name")) for item in record["distributions"] if item.get("sdist", "") is None)


def lock_of(record: Mapping[str, Any]) -> bytes:
    """Return a lock (PEP 751) of exactly the files in `record`, which may be anybody's. Raises `ArtifactError`."""
    import tomli_w  # noqa: PLC0415 - of the extra "cli"

    packages = [_package(item) for item in record["distributions"]]
    pylock = Pylock(lock_version=Version("1.0"), created_by="hatch-os402", packages=packages)
    return tomli_w.dumps(dict(pylock.to_dict())).encode()


def _package(item: Mapping[str, Any]) -> Package:
    """Return the entry of one distribution, once its file name is known to be its own, and no path."""
    try:
        name, version, sha256 = canonicalize_name(item["name"]), Version(item["version"]), item["sha256"]
        kind = "wheel" if "wheel" in item else "sdist"
        filename = item[kind]
        named = parse_wheel_filename(filename) if kind == "wheel" else parse_sdist_filename(filename)
        fits = named[:2] == (name, version) and is_sha256(sha256) and not {"/", "\\"} & set(filename)
    except (KeyError, TypeError, AttributeError, InvalidVersion, InvalidWheelFilename, InvalidSdistFilename):
        fits = False
    if not fits:
        raise ArtifactError(
            f"the record does not say which file {item.get('name')!r} is: name, version, file and SHA256 do not fit.\n"
            "`hatch-os402 verify` checks the record."
        )
    path, hashes = f"{WHEELHOUSE}/{filename}", {"sha256": sha256}
    if kind == "wheel":
        return Package(name=name, version=version, wheels=[PackageWheel(name=filename, path=path, hashes=hashes)])
    return Package(name=name, version=version, sdist=PackageSdist(name=filename, path=path, hashes=hashes))
