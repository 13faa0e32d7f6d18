"""Crafts wheels for tests: small, deterministic, with a true RECORD unless another is asked for."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

ELF = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00\x3e\x00" + bytes(44)
"""The header of a shared object for x86_64."""


def record_row(path: str, content: bytes, algorithm: str = "sha256") -> str:
    digest = base64.urlsafe_b64encode(hashlib.new(algorithm, content).digest()).decode().rstrip("=")
    quoted = f'"{path}"' if "," in path else path
    return f"{quoted},{algorithm}={digest},{len(content)}\n"


def make_wheel(
    directory: Path,
    name: str,
    version: str,
    files: Mapping[str, str | bytes],
    *,
    requires: Sequence[str] = (),
    requires_python: str | None = None,
    tag: str = "py3-none-any",
    extras: Sequence[str] = (),
    purelib: bool = True,
    entry_points: str | None = None,
    record: str | None = None,
    metadata_extra: str = "",
) -> Path:
    """Write a wheel into `directory` and return its path.

    `files` are archive paths (those under `NAME-VERSION.data/` included); they may replace METADATA and WHEEL as well.
    `record` replaces RECORD; `metadata_extra` is added to the headers of METADATA, so it ends with a newline.
    """
    stem = f"{canonicalize_name(name).replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    headers = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"]
    headers += [f"Requires-Python: {requires_python}\n"] if requires_python else []
    headers += [f"Provides-Extra: {extra}\n" for extra in extras]
    headers += [f"Requires-Dist: {requirement}\n" for requirement in requires]
    wheel = f"Wheel-Version: 1.0\nGenerator: wheelcraft\nRoot-Is-Purelib: {str(purelib).lower()}\nTag: {tag}\n"
    contents: dict[str, str | bytes] = {f"{info}/METADATA": "".join([*headers, metadata_extra]), f"{info}/WHEEL": wheel}
    if entry_points is not None:
        contents[f"{info}/entry_points.txt"] = entry_points
    contents |= files
    raw = [(path, content.encode() if isinstance(content, str) else content) for path, content in contents.items()]
    if record is None:
        record = "".join(record_row(path, content) for path, content in raw) + f"{info}/RECORD,,\n"
    return write_zip(directory / f"{stem}-{tag}.whl", [*raw, (f"{info}/RECORD", record.encode())])


def write_zip(path: Path, contents: Iterable[tuple[str | zipfile.ZipInfo, bytes]]) -> Path:
    """Write a zip file with exactly these members, in this order: names, or `ZipInfo` for stranger things."""
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in contents:
            info = member if isinstance(member, zipfile.ZipInfo) else zipfile.ZipInfo(member)
            if info is not member:
                info.external_attr = 0o100644 << 16
            archive.writestr(info, content)
    return path
