"""An os402 server for the tests: its protocol for offers and executables, its error texts, and faults on demand.

Written from what the public server does. It re-hashes what it would parse (unknown keys dropped), checks the signature
by eth-keys, keeps what was uploaded in memory and, like the real one, does not notice a private stdin that is missing.

Beside it there is the gateway, which speaks the same protocol. This one exists for tests of the publisher that need what
the gateway does not do: faults on demand, a limit of uploads, an owner that changes, what each request looked like, a
call while the client waits, and a second implementation to disagree with. Whoever needs a server that works uses the
gateway (`gatewaycraft`).
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import struct
import threading
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from eth_keys import keys

from hatch_os402.offer.canonical import canonical, parse_json

TRUE_ONLY = {"args_extendable", "env_extendable", "env_private", "stdin_appendable", "stdin_private"}
OPTIONAL = {"args", "env", "env_sha256", "stdin", "stdin_sha256"}
LIMITS = {
    *("cpu_units", "ram_kb", "buffer_capacity", "cpu_time_secs", "wall_time_secs"),
    *("net", "tcp_bind", "tcp_connect", "retain", "stack_kb"),
}
PRICE = {"token", "token_address", "network", "per_second", "payment_address"}
OFFER = {
    *("name", "description", "input_schema", "output_schema", "pool", "exec", "limits", "price"),
    *("min_duration_seconds", "max_duration_seconds", "owner", "valid_until"),
}
REQUIRED = ("exec", "limits", "price", "min_duration_seconds", "owner", "valid_until")


@dataclass
class Stored:
    envelope: dict[str, Any]
    env: bytes | None = None
    stdin: bytes | None = None


@dataclass
class Seen:
    """One request, as the tests look at it."""

    method: str
    path: str
    parts: tuple[str, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Os402Server(ThreadingHTTPServer):
    """`with Os402Server(owner) as server:` serves on a port of its own, at `server.url`.

    `fail(method, fault)` plans a fault for the next request of that method: a status; `"cut"` (the connection is reset
    after the first part of the body), `"early 403"` (an answer before the body is read), `"hang"` (no answer until the
    end of the test), `"garbage"` (an answer that is not HTTP), `"lose"` (accepted, and the answer is lost).
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, owner: str, *, limit: int = 200_000_000) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.owner, self.limit = owner, limit
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.offers: dict[str, Stored] = {}
        self.names: dict[str, str] = {}
        self.executables: dict[str, bytes] = {}
        self.faults: dict[str, deque[Any]] = defaultdict(deque)
        self.seen: list[Seen] = []
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.on_request = None
        """Called at each request, while its client waits."""
        self.after_upload = None
        """Called with the server after each accepted upload: what others do meanwhile."""

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_error):
        self.over.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, *_arguments):
        """Keep still: clients that go away are what some tests are about."""

    def fail(self, method: str, *faults: Any) -> None:
        self.faults[method].extend(faults)

    def methods(self) -> list[str]:
        return [seen.method for seen in self.seen]

    def parts(self) -> list[tuple[str, ...]]:
        return [seen.parts for seen in self.seen if seen.method == "PUT"]

    # What the server does with an upload.

    def accept(self, parts: list[tuple[str, bytes]]) -> dict[str, Any]:
        if not parts:
            raise RefusedError(400, "No config field provided")
        (first, config), *others = parts
        if first != "config":
            raise RefusedError(400, "Config field must be sent first for signature verification")
        try:
            envelope = parse_json(config.decode())
            payload = as_parsed(envelope["payload"])
            k256, declared = envelope["k256"], envelope["sha256"]
        except Exception as error:
            raise RefusedError(400, f"Failed to parse config JSON: {error}") from error
        self.validate(payload, k256)
        stored = Stored({"k256": k256, "sha256": declared, "payload": payload})
        variants = {name: value for name, value in payload["exec"].items() if isinstance(value, dict) and name != "env"}
        executables = self.receive(others, stored, payload["exec"], variants)
        for arch, info in variants.items():
            if info["sha256"] not in self.executables | executables:
                if info.get("url"):
                    raise RefusedError(
                        400,
                        f"Executable for architecture '{arch}' not available and fetch failed: "
                        f"HTTP 404 Not Found fetching {info['url']}",
                    )
                raise RefusedError(
                    400,
                    f"Executable for architecture '{arch}' with hash {info['sha256']} is not available "
                    "(no URL specified)",
                )
        with self.lock:
            self.executables.update(executables)
            self.offers[declared] = stored
            if "name" in payload:
                self.names[payload["name"]] = declared
        if self.after_upload:
            self.after_upload(self)
        return {"status": "accepted", "offer_hash": declared, "expires_at": payload["valid_until"]}

    def validate(self, payload: dict[str, Any], k256: str) -> None:
        try:
            raw = bytes.fromhex(k256.removeprefix("0x"))
            signature = keys.Signature(raw[:64] + bytes([raw[64] - 27]))
            assert signature.s <= 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
            digest = hashlib.sha256(canonical(payload)).digest()
            signer = signature.recover_public_key_from_msg_hash(digest).to_address()
        except Exception as error:
            raise RefusedError(400, f"Invalid signature: Invalid signature format: {error}") from error
        if signer != payload["owner"].lower():
            raise RefusedError(
                400,
                f"Invalid signature: Signature verification failed: recovered address {signer} "
                f"does not match owner {payload['owner']}",
            )
        if payload["valid_until"] < time.time():
            raise RefusedError(400, "Invalid signature: Offer has expired")
        if payload["owner"].lower() != self.owner.lower():
            raise RefusedError(403, "Offer owner does not match server owner")

    @staticmethod
    def receive(
        others: list[tuple[str, bytes]], stored: Stored, execution: dict[str, Any], variants: dict[str, Any]
    ) -> dict[str, bytes]:
        executables = {}
        for name, data in others:
            sha256 = hashlib.sha256(data).hexdigest()
            if name in {"stdin", "env"}:
                expected = execution.get(f"{name}_sha256")
                if expected is None:
                    raise RefusedError(400, f"{name} uploaded but offer does not specify {name}_sha256")
                if sha256 != expected:
                    raise RefusedError(400, f"{name} SHA256 mismatch: expected {expected}, got {sha256}")
                setattr(stored, name, data)
            elif name.startswith("exe_"):
                arch = name.removeprefix("exe_")
                if arch not in variants:
                    raise RefusedError(
                        400,
                        f"Executable for architecture '{arch}' is not declared in offer. "
                        f"Valid architectures: {', '.join(variants)}",
                    )
                if sha256 != variants[arch]["sha256"]:
                    raise RefusedError(
                        400,
                        f"Executable SHA256 mismatch for architecture '{arch}': "
                        f"expected {variants[arch]['sha256']}, got {sha256}",
                    )
                executables[sha256] = data
            elif name == "config":
                raise RefusedError(400, "Config field must be sent first, not after other fields")
            else:
                raise RefusedError(
                    400, f"Unsupported field: '{name}'. Supported fields are: config, stdin, env, exe_<arch>"
                )
        return executables


def as_parsed(payload: dict[str, Any]) -> dict[str, Any]:
    """What the server's typed struct keeps of `payload`."""
    for name in REQUIRED:
        if name not in payload:
            raise ValueError(f"missing field `{name}`")
    kept = {name: value for name, value in payload.items() if name in OFFER and value is not None}
    execution = {}
    for name, value in payload["exec"].items():
        if name in TRUE_ONLY:
            if value:
                execution[name] = True
        elif value is not None:
            known = {"url", "sha256", "stack_kb"}
            execution[name] = value if name in OPTIONAL else {key: value[key] for key in value if key in known}
    kept["exec"] = execution
    kept["limits"] = {
        name: value
        for name, value in payload["limits"].items()
        if name in LIMITS and (value or name not in {"net", "tcp_bind", "tcp_connect", "stack_kb"})
    }
    kept["limits"].setdefault("retain", 0)
    kept["price"] = [{name: price[name] for name in PRICE} for price in payload["price"]]
    for price in kept["price"]:
        price["per_second"] = float(price["per_second"])
    return kept


class Handler(BaseHTTPRequestHandler):
    server: Os402Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments):
        pass

    def do_HEAD(self):
        self.serve(self.head)

    def do_GET(self):
        self.serve(self.get)

    def do_PUT(self):
        self.serve(self.put)

    def serve(self, answer):
        seen = Seen(self.command, self.path, headers=dict(self.headers))
        self.server.seen.append(seen)
        if self.server.on_request:
            self.server.on_request()
        self.request_seen = seen
        planned = self.server.faults[self.command]
        fault = planned.popleft() if planned else None
        try:
            if fault is not None and self.fault(fault, answer):
                return
            answer()
        except RefusedError as refusal:
            self.reply(refusal.status, {"error": refusal.message})
        except OSError:
            self.close_connection = True

    def fault(self, fault, answer) -> bool:
        length = int(self.headers.get("Content-Length") or 0)
        if isinstance(fault, int):
            self.drain(length)
            self.reply(fault, {"error": f"planned {fault}"})
        elif isinstance(fault, tuple):
            self.drain(length)
            self.reply(*fault)
        elif fault == "cut":
            self.rfile.read(min(length, 1000))
            self.reset()
        elif fault == "early 403":
            self.reply(403, {"error": "Offer owner does not match server owner"})
            self.close_connection = True
        elif fault == "hang":
            self.server.over.wait()
            self.reset()
        elif fault == "garbage":
            self.drain(length)
            self.wfile.write(b"this is not HTTP\r\n\r\n")
            self.close_connection = True
        elif fault == "lose":
            self.reply = lambda *_: self.reset()
            answer()
        else:
            raise AssertionError(fault)
        return True

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def drain(self, length: int) -> None:
        while length > 0 and (chunk := self.rfile.read(min(length, 1 << 16))):
            length -= len(chunk)

    def reply(self, status: int, body: Any, headers: tuple[tuple[str, str], ...] = ()) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def head(self):
        known = self.path[1:].removesuffix(".exe") in self.server.executables
        self.reply(200 if self.path.endswith(".exe") and known else 404, b"")

    def get(self):
        now = time.time()
        if self.path == "/offers":
            valid = {
                key: stored.envelope["payload"]
                for key, stored in self.server.offers.items()
                if stored.envelope["payload"]["valid_until"] > now
            }
            self.reply(200, {"offers": valid, "count": len(valid)})
            return
        if "/" in self.path[1:]:
            raise RefusedError(404, "Route not found")
        key = self.path[1:]  # as it came: the real server does not decode it either
        stored = self.server.offers.get(key) or self.server.offers.get(self.server.names.get(key, ""))
        if stored is None or stored.envelope["payload"]["valid_until"] < now:
            raise RefusedError(404, "Offer not found or expired")
        self.reply(200, stored.envelope)

    def put(self):
        if not re.fullmatch(r"/[^/]+", self.path):
            raise RefusedError(404, "Route not found")
        message = Message()
        message["Content-Type"] = self.headers.get("Content-Type", "")
        boundary = message.get_param("boundary")
        length = int(self.headers.get("Content-Length") or 0)
        if message.get_content_type() != "multipart/form-data" or not boundary:
            self.drain(length)
            raise RefusedError(400, "Failed to parse multipart: Invalid `boundary` for `multipart/form-data` request")
        if length > self.server.limit:
            self.drain(length)
            raise RefusedError(400, "Failed to read stdin: Error parsing `multipart/form-data` request")
        body = self.rfile.read(length)
        if len(body) < length:
            raise OSError("cut by the client")
        parts = list(read_multipart(body, str(boundary).encode()))
        self.request_seen.parts = tuple(name for name, _ in parts)
        self.reply(201, self.server.accept(parts))


def read_multipart(body: bytes, boundary: bytes):
    """Yield (name, content) of each part (RFC 7578)."""
    delimiter = b"\r\n--" + boundary
    _, *pieces = (b"\r\n" + body).split(delimiter)
    for piece in pieces:
        if piece.startswith(b"--"):
            return
        head, _, content = piece.partition(b"\r\n\r\n")
        name = re.search(rb'[; ]name="([^"]*)"', head)
        if name is None:
            raise RefusedError(400, "Failed to parse multipart: Error parsing `multipart/form-data` request")
        yield name[1].decode(), content
    raise RefusedError(400, "Failed to parse multipart: Error parsing `multipart/form-data` request")
