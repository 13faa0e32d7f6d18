"""A package index on 127.0.0.1: the wheels of one folder, as PEP 503 says, with their hashes."""

from __future__ import annotations

import base64
import hashlib
import socket
import threading
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from packaging.utils import parse_wheel_filename

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PASSWORD = "a:secret/p@ss"  # noqa: S105 - of this index
QUOTED = "a%3Asecret%2Fp%40ss"


class Index(ThreadingHTTPServer):
    """Serves `folder`. `requests` collects the paths that were asked for; `private` asks for user and PASSWORD.

    A file has the address `files/NAME`, and every one that begins with `anywhere/` and ends with its name. With
    `metadata` its METADATA is beside it (PEP 658), as `described` has it; that may be another than the file's own.
    """

    daemon_threads = True

    def __init__(self, folder: Path, *, private: bool, digest: Callable[[bytes], str], metadata: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.private = private
        self.digest = digest
        self.metadata = metadata
        self.described: Callable[[Path], bytes] = metadata_of
        self.max_age: int | None = None
        """Seconds that a page may be kept; None: the index says nothing of it."""
        self.requests: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/simple/"

    @property
    def url_with_credentials(self) -> str:
        return self.url.replace("://", f"://user:{QUOTED}@")

    def projects(self) -> dict[str, list[Path]]:
        found: dict[str, list[Path]] = {}
        for path in sorted(self.folder.glob("*.whl")):
            found.setdefault(parse_wheel_filename(path.name)[0], []).append(path)
        return found


class _Handler(BaseHTTPRequestHandler):
    server: Index

    def do_GET(self):
        self.server.requests.append(self.path)
        wanted = "Basic " + base64.b64encode(f"user:{PASSWORD}".encode()).decode()
        if self.server.private and self.headers.get("Authorization") != wanted:
            return self._answer(401, b"", {"WWW-Authenticate": 'Basic realm="index"'})
        kind, _, name = self.path.strip("/").partition("/")
        if kind == "simple" and name in self.server.projects():
            links = (self._link(path) for path in self.server.projects()[name])
            page = "<!DOCTYPE html><html><body>" + "".join(links) + "</body></html>"
            age = self.server.max_age
            kept = {} if age is None else {"Cache-Control": f"max-age={age}, public"}
            return self._answer(200, page.encode(), {"Content-Type": "text/html", **kept})
        if kind == "files" and (self.server.folder / name).is_file():
            return self._answer(200, (self.server.folder / name).read_bytes(), {})
        wheel = self.server.folder / name.removesuffix(".metadata")
        if kind == "files" and self.server.metadata and wheel.is_file():
            return self._answer(200, self.server.described(wheel), {})
        last = self.path.rpartition("/")[2]
        if kind == "anywhere" and (self.server.folder / last).is_file():
            return self._answer(200, (self.server.folder / last).read_bytes(), {})
        return self._answer(404, b"", {})

    def _link(self, path):
        hashed, told = self.server.digest(path.read_bytes()), ""
        if self.server.metadata:
            promised = f"sha256={sha256(self.server.described(path))}"
            told = f' data-dist-info-metadata="{promised}" data-core-metadata="{promised}"'
        return f'<a href="/files/{path.name}#sha256={hashed}"{told}>{path.name}</a><br>\n'

    def _answer(self, status, body, headers):
        self.send_response(status)
        for header, value in headers.items():
            self.send_header(header, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def metadata_of(wheel: Path) -> bytes:
    """Return the METADATA of the file."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return archive.read(name)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@contextmanager
def serving(
    folder: Path, *, private: bool = False, digest: Callable[[bytes], str] = sha256, metadata: bool = False
) -> Iterator[Index]:
    """Serve the wheels of `folder` until the end of the block; `digest` gives the hash that a link promises."""
    with Index(folder, private=private, digest=digest, metadata=metadata) as index:
        thread = threading.Thread(target=index.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield index
        finally:
            index.shutdown()
            thread.join()


@contextmanager
def closed_port() -> Iterator[int]:
    """Give a port of 127.0.0.1 at which nobody listens: bound until the end of the block, so that nobody else will."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]
