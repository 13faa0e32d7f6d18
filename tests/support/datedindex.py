"""A package index on 127.0.0.1 that speaks JSON (PEP 691, PEP 700): files with upload times, in any order, yanked or not."""

from __future__ import annotations

import hashlib
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from packaging.utils import parse_wheel_filename

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Upload:
    """One file of the index."""

    path: Path
    time: str | None = "2025-01-01T00:00:00Z"
    yanked: bool = False

    def described(self) -> dict[str, object]:
        content = self.path.read_bytes()
        said = {
            "filename": self.path.name,
            "url": f"../../files/{self.path.name}",
            "hashes": {"sha256": hashlib.sha256(content).hexdigest()},
            "size": len(content),
            "yanked": self.yanked,
        }
        return said if self.time is None else {**said, "upload-time": self.time}


class DatedIndex(ThreadingHTTPServer):
    """Serves `uploads`, in their order. `requests` collects the paths that were asked for."""

    daemon_threads = True

    def __init__(self, uploads: Sequence[Upload]) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.uploads = uploads
        self.requests: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/simple/"

    @property
    def settings(self) -> dict[str, str]:
        """What makes pip ask this index alone."""
        return {"PIP_INDEX_URL": self.url.replace("://", "://user:s3cret@"), "PIP_FIND_LINKS": ""}


class _Answers(BaseHTTPRequestHandler):
    server: DatedIndex

    def do_GET(self):
        self.server.requests.append(self.path)
        kind, _, name = self.path.strip("/").partition("/")
        uploads = self.server.uploads
        if kind == "simple":
            files = [one.described() for one in uploads if parse_wheel_filename(one.path.name)[0] == name]
            page = {"meta": {"api-version": "1.1"}, "name": name, "files": files}
            return self._answer(200 if files else 404, json.dumps(page).encode())
        found = [one.path for one in uploads if kind == "files" and one.path.name == name]
        return self._answer(200, found[0].read_bytes()) if found else self._answer(404, b"")

    def _answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/vnd.pypi.simple.v1+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextmanager
def serving_uploads(uploads: Sequence[Upload]) -> Iterator[DatedIndex]:
    """Serve `uploads` until the end of the block."""
    with DatedIndex(uploads) as index:
        thread = threading.Thread(target=index.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield index
        finally:
            index.shutdown()
            thread.join()
