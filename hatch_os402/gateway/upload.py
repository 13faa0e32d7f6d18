"""PUT: an offer with its private parts and executables, checked as os402 checks it (`webapp/handlers/offers.rs`)."""

from __future__ import annotations

import contextlib
import io
import time
from typing import IO, TYPE_CHECKING

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from hatch_os402.errors import OfferError
from hatch_os402.files import measure
from hatch_os402.gateway.answers import RefusalError
from hatch_os402.gateway.bodies import no_room
from hatch_os402.offer.reading import read_envelope
from hatch_os402.runtime.elf import is_static
from hatch_os402.sandbox.program import Program, parse_private_env

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.datastructures import Headers

    from hatch_os402.gateway.core import Gateway
    from hatch_os402.offer.payload import Exec
    from hatch_os402.offer.reading import ReadOffer

Parts = list[tuple[str, IO[bytes]]]
"""Name and content of each part, in their order."""

_MAX_PARTS = 16
_LARGEST_HEADER = 16 << 10
_LARGEST_OFFER = 64 << 20
_CHUNK = 1 << 20


class _Parser(MultiPartParser):
    """Keeps large parts in files without a name, and takes no headers of parts that have no end."""

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._bounded(self._current_partial_header_name, end - start)
        super().on_header_field(data, start, end)

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._bounded(self._current_partial_header_value, end - start)
        super().on_header_value(data, start, end)

    def _bounded(self, so_far: bytes, more: int) -> None:
        if len(so_far) + more > _LARGEST_HEADER:
            raise MultiPartException(f"A part has a header of more than {_LARGEST_HEADER:,} bytes")


@contextlib.asynccontextmanager
async def read_parts(headers: Headers, chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[Parts, None]:
    """Yield the parts of a multipart body, as files that are closed at the end.

    Raises `RefusalError` for a body that is none, and what `chunks` raises.
    """
    if not headers.get("content-type", "").startswith("multipart/form-data"):
        raise RefusalError(400, "Failed to parse multipart: Invalid `boundary` for `multipart/form-data` request")
    try:
        form = await _Parser(headers, chunks, max_files=_MAX_PARTS, max_fields=_MAX_PARTS).parse()
    except MultiPartException as error:
        raise RefusalError(400, f"Failed to parse multipart: {error.message}") from error
    except OSError as error:
        raise no_room(error) from error
    try:
        yield [
            (name, value.file if isinstance(value, UploadFile) else io.BytesIO(value.encode()))
            for name, value in form.multi_items()
        ]
    finally:
        await form.close()


def accept(parts: Parts, gateway: Gateway) -> Program:
    """Check an upload and take it; return what is served from now on. Raises `RefusalError`, and nothing is changed."""
    if not parts:
        raise RefusalError(400, "No config field provided")
    (first, config), *others = parts
    if first != "config":
        raise RefusalError(400, "Config field must be sent first for signature verification")
    read = _offer(config.read(_LARGEST_OFFER + 1))
    with gateway.accepting:
        check_owner(read, gateway)
        private, executables = _others(others, read)
        for arch, item in read.offer.exec.executables.items():
            if item.sha256 not in executables and item.url is None and not gateway.has_executable(item.sha256):
                raise RefusalError(
                    400,
                    f"Executable for architecture '{arch}' with hash {item.sha256} is not available (no URL specified)",
                )
        program = Program(read, private.get("stdin", b""), parse_private_env(private.get("env", b"{}")))
        gateway.make_room(program, [_size(content) for content in executables.values()])
        for sha256, content in executables.items():
            try:
                gateway.add_executable(sha256, content)
            except OSError as error:
                raise RefusalError(500, f"Failed to write executable to cache: {error.strerror or error}") from error
        gateway.add_uploaded(program)
    return program


def _offer(config: bytes) -> ReadOffer:
    if len(config) > _LARGEST_OFFER:
        raise RefusalError(413, f"The offer is larger than {_LARGEST_OFFER:,} bytes")
    try:
        read = read_envelope(config)
        _ = read.offer
    except OfferError as error:
        raise RefusalError(400, f"Failed to parse config JSON: {error.message}") from error
    if read.k256 is None:
        raise RefusalError(400, "Failed to parse config JSON: missing field `k256`")
    if read.signature_problem:
        raise RefusalError(400, f"Invalid signature: {read.signature_problem}")
    if read.offer.valid_until < time.time():
        raise RefusalError(400, "Invalid signature: Offer has expired")
    if read.declared_sha256 != read.sha256:  # os402 does not look; then nobody finds the offer by its hash
        raise RefusalError(400, f"The offer declares the hash {read.declared_sha256}, and it is {read.sha256}")
    return read


UPLOADS_OFF = (
    "Uploads are off: this gateway was started without an owner whose offers it takes. Start it with --owner ADDRESS, "
    "with --key @FILE, or with a project that has `owner` in its offer table"
)


def check_owner(read: ReadOffer, gateway: Gateway) -> None:
    """Raise `RefusalError` unless the owner of a signed offer may bring it here, under the name that it has."""
    if not gateway.owners:
        raise RefusalError(403, f"{UPLOADS_OFF}. The owner of this offer is {read.owner}")
    if read.owner not in gateway.owners:
        raise RefusalError(
            403, f"Offer owner does not match server owner: {read.owner} is none of {', '.join(sorted(gateway.owners))}"
        )
    holder = gateway.holder(read.offer.name) if read.offer.name is not None else None
    if holder is not None and holder.read.owner != read.owner:
        raise RefusalError(
            403, f"The name {read.offer.name!r} is in use here, for an offer of another owner: {holder.read.owner}"
        )


def _others(others: Parts, read: ReadOffer) -> tuple[dict[str, bytes], dict[str, IO[bytes]]]:
    """Return the private parts by name, and the executables by SHA256."""
    execution = read.offer.exec
    stated = {"stdin": execution.stdin_sha256, "env": execution.env_sha256}
    private: dict[str, bytes] = {}
    executables: dict[str, IO[bytes]] = {}
    for name, content in others:
        sha256 = _sha256(content)
        arch = name.removeprefix("exe_")
        if name in stated:
            if stated[name] is None:
                raise RefusalError(400, f"{name} uploaded but offer does not specify {name}_sha256")
            if sha256 != stated[name]:
                raise RefusalError(400, f"{name} SHA256 mismatch: expected {stated[name]}, got {sha256}")
            private[name] = content.read()
        elif arch != name:
            _check_executable(arch, sha256, content, execution)
            executables[sha256] = content
        elif name == "config":
            raise RefusalError(400, "Config field must be sent first, not after other fields")
        else:
            raise RefusalError(
                400, f"Unsupported field: '{name}'. Supported fields are: config, stdin, env, exe_<arch>"
            )
    return private, executables


def _check_executable(arch: str, sha256: str, content: IO[bytes], execution: Exec) -> None:
    item = execution.executables.get(arch)
    if item is None:
        raise RefusalError(
            400,
            f"Executable for architecture '{arch}' is not declared in offer. "
            f"Valid architectures: {', '.join(execution.executables)}",
        )
    if sha256 != item.sha256:
        raise RefusalError(
            400, f"Executable SHA256 mismatch for architecture '{arch}': expected {item.sha256}, got {sha256}"
        )
    if not is_static(content, arch):
        raise RefusalError(
            400, f"Executable for architecture '{arch}' is not a static ELF executable for it, as it must be"
        )


def _sha256(content: IO[bytes]) -> str:
    """Return the hash of a part, which is then at its beginning again."""
    _, sha256 = measure(content)
    content.seek(0)
    return sha256


def _size(content: IO[bytes]) -> int:
    size = content.seek(0, io.SEEK_END)
    content.seek(0)
    return size
