"""A package index that remembers: relays the user's index, asks it once for each thing, and counts what it is asked.

It keeps the network's moods out of the figures and gives every tool the same answers, under PyPI's rules of caching.
Upstream is PIP_INDEX_URL, else PyPI. Prints its port; `GET /count` tells requests and bytes since it was last asked.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from pip._internal.models.index import PyPI  # pip's own default, written down nowhere else

UPSTREAM = (os.environ.get("PIP_INDEX_URL") or PyPI.simple_url).rstrip("/")
FILE = re.compile(rb"https?://(?=[^\s\"'<>]+\.(?:whl|tar\.gz|zip)\b)")
"""What begins the address of a file in a page of the index."""

PAGES, FILES = "max-age=600, public", "max-age=365000000, immutable, public"
"""The `Cache-Control` of PyPI's pages and files."""


class Answer(NamedTuple):
    """What upstream said."""

    status: int
    kind: str
    body: bytes
    etag: str


class Memory:
    """What was asked for, how often, and what upstream said."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], Answer] = {}
        self._lock = threading.Lock()
        self._requests = self._bytes = 0

    def get(self, url: str, accept: str, own: bytes) -> Answer:
        """Return the answer to `url`; the files in a page are to be asked of `own`, this index's address."""
        with self._lock:
            if (url, accept) not in self._answers:
                self._answers[url, accept] = _ask(url, accept, own)
            return self._answers[url, accept]

    def count(self, size: int) -> None:
        """Count one request that was answered with `size` bytes."""
        with self._lock:
            self._requests += 1
            self._bytes += size

    def take(self) -> dict[str, int]:
        """Return the counts and begin anew."""
        with self._lock:
            taken = {"requests": self._requests, "bytes": self._bytes}
            self._requests = self._bytes = 0
            return taken


def _ask(url: str, accept: str, own: bytes) -> Answer:
    request = urllib.request.Request(url, headers={"Accept": accept})  # noqa: S310 - http(s), from the index
    try:
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
            status, kind, body = response.status, response.headers["Content-Type"], response.read()
    except urllib.error.HTTPError as error:
        status, kind, body = error.code, "text/plain", b""
    if url.startswith(UPSTREAM):
        body = FILE.sub(lambda found: own + b"/file/" + found[0].replace(b"://", b"/"), body)
    return Answer(status, kind or "application/octet-stream", body, f'"{hashlib.sha256(body).hexdigest()}"')


class Relay(BaseHTTPRequestHandler):
    """Answers `/simple/…`, `/file/SCHEME/HOST/…` and `/count`."""

    protocol_version = "HTTP/1.1"
    memory = Memory()

    def do_GET(self) -> None:
        """Answer from memory."""
        if self.path == "/count":
            self._send(200, "application/json", json.dumps(self.memory.take()).encode(), {})
            return
        _, top, rest = self.path.split("/", 2)
        page = top == "simple"
        url = f"{UPSTREAM}/{rest}" if page else rest.replace("/", "://", 1)
        answer = self.memory.get(url, self.headers.get("Accept", "*/*"), f"http://{self.headers['Host']}".encode())
        known = self.headers.get("If-None-Match") == answer.etag
        body = b"" if known else answer.body
        self.memory.count(len(body))
        headers = {"ETag": answer.etag, "Cache-Control": PAGES if page else FILES, "Vary": "Accept"}
        self._send(304 if known else answer.status, answer.kind, body, headers)

    def do_HEAD(self) -> None:
        """Answer without a body: uv asks so for a wheel's size."""
        self.do_GET()

    def _send(self, status: int, kind: str, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


def main() -> None:
    """Serve until the standard input ends, as it does with the benchmark, however that ends."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Relay) as server:
        server.daemon_threads = True
        print(server.server_port, flush=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main()
