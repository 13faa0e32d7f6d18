"""Verify a task: that what a server says it ran is what was asked for, and that it signed what came out.

Facts: the server's task and output handlers (`webapp/handlers/tasks.rs`, `output.rs`, `os/task.rs`). A task is named by
the hash of its offer and its public inputs; each stream is signed together with the server's owner and the task.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from hatch_os402.errors import Os402Error, SignatureError
from hatch_os402.files import read_named
from hatch_os402.foreign.addresses import shown_address
from hatch_os402.foreign.strict_json import read_json
from hatch_os402.offer.canonical import canonical
from hatch_os402.offer.signing import recover
from hatch_os402.verification.artifacts import Link

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hatch_os402.offer.reading import ReadOffer

_TASK_URL = re.compile(r"(https?://[^\s?#]+/tasks/([0-9a-f]{64}))/?")
_HASH = re.compile(r"[0-9a-f]{64}")
_ADDRESS = re.compile(r"0x[0-9a-f]{40}")
_TIMEOUT = 30.0
_SIGNED = {"completed", "failed"}


def verify_task(
    url: str,
    *,
    owner: str | None = None,
    signer: str | None = None,
    body: Path | None = None,
    offer: ReadOffer | None = None,
    client: httpx.Client | None = None,
) -> tuple[Link, ...]:
    """Ask for the task at `url` (`…/tasks/{id}`) and check the answer.

    `owner` and `signer` are the addresses that the user trusts; without them the server's word is only repeated.
    `body` is the file that the task was called with, `offer` is the one that it must have run.

    Raises `Os402Error` if there is no usable answer, and `PrivateKeyError` without the extra "publish".
    """
    match = _TASK_URL.fullmatch(url)
    if match is None:
        raise Os402Error("a task is named by its URL, https://…/tasks/ID, where ID is 64 hex digits.")
    with ExitStack() as stack:
        client = client or stack.enter_context(httpx.Client(timeout=_TIMEOUT))
        return tuple(_links(_TaskServer(client, match[1], match[2]), owner, signer, body, offer))


@dataclass(frozen=True)
class _TaskServer:
    """Where the answers about one task come from."""

    client: httpx.Client
    url: str
    task: str

    def get(self, path: str = "") -> dict[str, Any]:
        """Return the JSON object at a path below the task."""
        try:
            url = httpx.URL(self.url + path)
        except httpx.InvalidURL as error:
            raise Os402Error("the URL of the task is not one.") from error
        shown = shown_address(str(url))
        try:
            response = self.client.get(url)
        except httpx.HTTPError as error:
            raise Os402Error(f"{shown} cannot be reached: {error or type(error).__name__}.") from error
        if response.status_code != httpx.codes.OK:
            text = "".join(filter(str.isprintable, response.text[:200]))
            raise Os402Error(f"{shown} answers {response.status_code}: {text}")
        try:
            answer = read_json(response.content)
        except ValueError as error:
            raise Os402Error(f"{shown} does not answer with JSON.") from error
        if not isinstance(answer, dict):
            raise Os402Error(f"{shown} does not answer with a JSON object.")
        return answer


def _links(
    server: _TaskServer, owner: str | None, signer: str | None, body: Path | None, offer: ReadOffer | None
) -> Iterator[Link]:
    status = server.get()
    stated_owner, stated_signer = _address(status, "owner"), _address(status, "signer")
    offer_hash = _hash(status, "offer_hash")
    inputs = status.get("input_hashes")
    if not isinstance(inputs, dict):
        raise Os402Error("the server does not say the `input_hashes` of the task.")
    stdin, args, env = (_hash(inputs, name) for name in ("stdin", "args", "env"))
    computed = _sha256(bytes.fromhex(offer_hash) + _sha256(bytes.fromhex(stdin + args + env)))
    yield _same("task id", server.task, computed.hex(), "the hash of its offer and its inputs")
    if offer is not None:
        yield _same("task's offer", offer.sha256, offer_hash, "the one of the artifact")
        if not offer.payload["exec"].get("args_extendable"):
            expected = _sha256(canonical(offer.payload["exec"].get("args", [])))
            yield _same("arguments", expected.hex(), args, "those of the offer")
    if body is not None:
        yield _same("body", _sha256(_public_stdin(body, offer)).hex(), stdin, "what the task was called with")
    yield _trusted("owner", owner, stated_owner)
    yield _trusted("signer", signer, stated_signer)
    if status.get("status") not in _SIGNED:
        detail = f"the task is {status.get('status')!r}, and a server signs what is completed or failed"
        yield Link("output", holds=False, detail=detail)
        return
    for stream in ("stdout", "stderr"):
        yield from _stream_links(server, stream, stated_owner, stated_signer)


def _stream_links(server: _TaskServer, stream: str, owner: str, signer: str) -> Iterator[Link]:
    answer = server.get(f"/{stream}")
    content, sha256, signature = (answer.get(name) for name in ("content", "sha256", "signature"))
    if isinstance(sha256, str):
        sha256 = sha256.removeprefix("0x")  # the server writes it so (`os/sluice.rs`), unlike the hashes of inputs
    if not isinstance(content, str):
        raise Os402Error(f"the server's answer has no `content` of {stream}.")
    if not (isinstance(sha256, str) and _HASH.fullmatch(sha256) and isinstance(signature, str)):
        yield Link(stream, holds=False, detail="the server states no hash and signature of it")
        return
    try:
        actual = _sha256(content.encode()).hex()
    except UnicodeEncodeError as error:
        raise Os402Error(f"the server's `content` of {stream} is not text.") from error
    if actual != sha256 and "\ufffd" in content:
        detail = f"{sha256} was expected; it was probably not UTF-8, which the server's answer cannot carry unchanged"
        yield Link(stream, holds=False, detail=detail)
    else:
        yield _same(stream, sha256, actual, f"{len(content.encode())} bytes with this hash")
    yield _signed(stream, sha256, signature, owner, server.task, signer)


def _signed(stream: str, sha256: str, signature: str, owner: str, task: str, signer: str) -> Link:
    name = f"{stream} signature"
    bound = _sha256(bytes.fromhex(owner[2:] + task + sha256))
    try:
        recovered = recover(_sha256(f"os402.task.{stream}".encode() + bound).hex(), signature)
    except SignatureError as error:
        return Link(name, holds=False, detail=error.message)
    if recovered != signer:
        return Link(name, holds=False, detail=f"by {recovered}, and the server's signer is {signer}")
    return Link(name, holds=True, detail=f"by {signer}, for this owner and task")


def _public_stdin(body: Path, offer: ReadOffer | None) -> bytes:
    """Return the public part of standard input: that of the offer, and the body if callers may append it."""
    try:
        content = read_named(body)
    except OSError as error:
        raise Os402Error(f"the body {body} cannot be read: {error.strerror or error}.") from error
    if offer is None:
        return content
    public = offer.offer.exec.stdin or b""
    return public + content if offer.offer.exec.stdin_appendable else public


def _same(name: str, expected: str, actual: str, meaning: str) -> Link:
    if expected == actual:
        return Link(name, holds=True, detail=f"{actual}: {meaning}")
    return Link(name, holds=False, detail=f"{expected} was expected, and it is {actual}")


def _trusted(name: str, expected: str | None, stated: str) -> Link:
    if expected is None:
        return Link(name, holds=None, detail=f"{stated}, as the server says; name yours with --{name}")
    return _same(name, expected.lower(), stated, "as expected")


def _address(answer: dict[str, Any], name: str) -> str:
    value = str(answer.get(name)).lower()
    if not _ADDRESS.fullmatch(value):
        raise Os402Error(f"the server's answer has no address as `{name}`.")
    return value


def _hash(answer: dict[str, Any], name: str) -> str:
    value = str(answer.get(name)).removeprefix("0x")
    if not _HASH.fullmatch(value):
        raise Os402Error(f"the server's answer has no SHA256 as `{name}`.")
    return value


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
