"""What belongs to an upload: the offer, its private parts and its executables, checked before anything is sent."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_os402.errors import Os402Error
from hatch_os402.files import measure_file
from hatch_os402.foreign.strict_json import read_json
from hatch_os402.formatting import utc_time
from hatch_os402.offer.canonical import canonical
from hatch_os402.offer.reading import read_envelope
from hatch_os402.offer.signing import signed_envelope_text
from hatch_os402.publishing.client import UploadPart, base_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from hatch_os402.offer.signing import SignedOffer

_CHUNK = 1 << 20
_BINARY = "application/octet-stream"


@dataclass(frozen=True)
class Upload:
    """An offer, ready to be sent, with all that belongs to it. `prepare` makes and checks one."""

    signed: SignedOffer
    config: UploadPart
    private: tuple[UploadPart, ...]
    """The private environment and standard input, which a server cannot be asked for: they are always sent."""
    executables: Mapping[str, UploadPart]
    """By architecture, those whose bytes are at hand."""


def prepare(
    signed: SignedOffer,
    *,
    frame: Path | None,
    private_env: bytes | None,
    executables: Mapping[str, Path],
    now: float,
    signature: bool = True,
) -> Upload:
    """Return the upload of `signed`, or raise `Os402Error` for whatever a server would refuse or not notice.

    `frame` is the file of the standard input and `private_env` the JSON object of the environment, each needed when the
    offer has only its hash. `executables` are files by their SHA256; others than the offer's are ignored. `now` is in
    unix seconds. `signature` is false where there is none yet (`dry_run`).
    """
    execution = signed.offer.exec
    if signed.offer.valid_until < now:
        until = signed.offer.valid_until
        raise Os402Error(
            f"the offer expired: it was valid until {utc_time(until)}. Nothing was sent.\nBuild again with a later "
            "`valid-until` or a longer `valid-for`."
        )
    if signature and (problems := read_envelope(signed_envelope_text(signed)).problems(now)):
        raise Os402Error("the server would refuse the offer, so nothing was sent:\n" + "\n".join(problems))
    private = []
    if execution.env_sha256:
        private.append(_env_part(private_env, execution.env_sha256))
    if execution.stdin_sha256:
        private.append(_frame_part(frame, execution.stdin_sha256))
    found = {
        arch: _file_part(f"exe_{arch}", f"executable_{arch}", executables[item.sha256], item.sha256)
        for arch, item in sorted(execution.executables.items())
        if item.sha256 in executables
    }
    config = _bytes_part("config", "offer.json", "application/json", signed_envelope_text(signed).encode())
    return Upload(signed, config, tuple(private), found)


def dry_run(upload: Upload, servers: Sequence[str]) -> Iterator[str]:
    """Yield, a line each, what `publish_to` would send where. Raises `Os402Error` for an address that is none."""
    for address in servers:
        yield f"would PUT {base_url(address)}/{upload.signed.sha256}"
        for part in (upload.config, *upload.private):
            yield f"  {part.name:<12} {part.filename:<18} {part.size:>12,} bytes"
        for arch, item in sorted(upload.signed.offer.exec.executables.items()):
            local = upload.executables.get(arch)
            size = f"{local.size:>12,} bytes" if local else f"{'not here':>18}"
            rest = f"the server fetches {item.url}" if item.url and not local else "unless the server has it"
            yield f"  exe_{arch:<8} {f'executable_{arch}':<18} {size}, {rest} (sha256 {item.sha256})"


def _env_part(private_env: bytes | None, sha256: str) -> UploadPart:
    if private_env is None:
        raise Os402Error(
            "the offer's environment is private, and its values were not found: neither in pyproject.toml nor by the "
            "option `env`, which names a file with a JSON object. Nothing was sent."
        )
    try:
        values = read_json(private_env)
    except ValueError:  # its message could show a value
        values = None
    if not isinstance(values, dict):
        raise Os402Error("the private environment is not a JSON object. Nothing was sent.")
    content = canonical(values)
    if hashlib.sha256(private_env).hexdigest() == sha256:
        content = private_env
    elif hashlib.sha256(content).hexdigest() != sha256:
        raise Os402Error(
            "the private environment is not the one that the offer was built with (its hash differs). Nothing was "
            "sent.\nBuild again."
        )
    return _bytes_part("env", "env.json", "application/json", content)


def _frame_part(frame: Path | None, sha256: str) -> UploadPart:
    if frame is None:
        raise Os402Error(
            "the offer's standard input is private, and its file (`.stdin`) is not beside the offer. os402 would not "
            "notice and run the offer without its program, so nothing was sent.\nBuild again."
        )
    return _file_part("stdin", "stdin.bin", frame, sha256)


def _file_part(name: str, filename: str, path: Path, sha256: str) -> UploadPart:
    try:
        size, digest = measure_file(path)
    except OSError as error:
        raise Os402Error(f"{path} cannot be read: {error.strerror or error}. Nothing was sent.") from error
    if digest != sha256:
        raise Os402Error(
            f"{path} is not what the offer was made with: its sha256 is {digest}, the offer says {sha256}. "
            "Nothing was sent.\nBuild again."
        )
    return UploadPart(name, filename, _BINARY, size, lambda: path.open("rb"))


def _bytes_part(name: str, filename: str, content_type: str, content: bytes) -> UploadPart:
    return UploadPart(name, filename, content_type, len(content), lambda: io.BytesIO(content))
