"""Web applications, each behind a server on a disk and as a frame without one: the same requests, the same answers."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import http.client
import io
import json
import os
import re
import shutil
import subprocess
import zipfile
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING, NamedTuple
from urllib.request import Request

from hatch_os402.calls import cgi
from hatch_os402.errors import NoResponseError
from hatch_os402.launcher.inside.importer import MODIFIED
from hatch_os402.sandbox.execute import Command, Spawner
from hatch_os402.sandbox.limits import MEBIBYTE, ResourceLimits
from hatch_os402.sandbox.runtime_files import needs
from support.buildproject import REPOSITORY, build, environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from support.buildproject import Build

PROJECTS = REPOSITORY / "tests/e2e/interfaces"
HOST = "os402.example"
MARKER = "0x" + "f00d402" * 9 + "f"
"""The caller's private key."""

_UNCOUNTED = {
    "connection",  # about the connection
    "content-length",  # compared with the body
    "date",
    "expires",  # a moment
    "keep-alive",
    "server",
    "transfer-encoding",
    "access-control-allow-origin",  # os402's own
}
_DISK = {
    "wsgi": """
import sys
sys.path.insert(0, sys.argv[1])
from wsgiref.simple_server import WSGIRequestHandler, make_server
from suite import create_app
inner, root = create_app(), sys.argv[2]
def app(environ, start_response):
    assert environ["PATH_INFO"].startswith(root)
    environ["SCRIPT_NAME"], environ["PATH_INFO"] = root, environ["PATH_INFO"][len(root):] or "/"
    environ["SERVER_NAME"], environ["SERVER_PORT"] = environ["HTTP_HOST"], "80"
    return inner(environ, start_response)
class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments): pass
server = make_server("127.0.0.1", 0, app, handler_class=Quiet)
print(server.server_port, flush=True)
server.serve_forever()
""",
    "asgi": """
import sys
sys.path.insert(0, sys.argv[1])
import socket, uvicorn
from suite import create_app
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
config = uvicorn.Config(create_app(), root_path=sys.argv[2], log_level="error", server_header=False)
uvicorn.Server(config).run([listening])
""",
}


class Ask(NamedTuple):
    """One request."""

    path: str
    method: str = "GET"
    body: bytes = b""
    headers: Mapping[str, str] = {}
    exact: bool = True
    """Whether both answers must be the same."""
    stderr: str = ""
    """What the frame must say there, among others; nothing at all when empty."""

    @property
    def label(self) -> str:
        return f"{self.method} {self.path}"


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes
    cookies: Sequence[str]
    """The `Set-Cookie` headers."""


def form(**fields: str) -> dict[str, object]:
    from urllib.parse import urlencode

    return {
        "method": "POST",
        "body": urlencode(fields).encode(),
        "headers": {"Content-Type": "application/x-www-form-urlencoded"},
    }


def multipart(note: str, name: str, content: bytes) -> dict[str, object]:
    parts = (
        b'--limit\r\nContent-Disposition: form-data; name="note"\r\n\r\n%b\r\n'
        b'--limit\r\nContent-Disposition: form-data; name="file"; filename="%b"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n%b\r\n--limit--\r\n"
    ) % (note.encode(), name.encode(), content)
    return {"method": "POST", "body": parts, "headers": {"Content-Type": "multipart/form-data; boundary=limit"}}


def as_json(method: str, value: object) -> dict[str, object]:
    return {"method": method, "body": json.dumps(value).encode(), "headers": {"Content-Type": "application/json"}}


class Client:
    """A client with a cookie jar."""

    root = ""

    def __init__(self) -> None:
        self.jar = CookieJar()

    def ask(self, ask: Ask) -> Answer:
        request = Request(f"http://{HOST}{self.root}{ask.path}")
        self.jar.add_cookie_header(request)
        headers = {"Host": HOST, **ask.headers}
        if cookie := request.get_header("Cookie"):
            headers["Cookie"] = cookie
        answer = self.send(ask, headers)
        self.jar.extract_cookies(_Response(answer.cookies), request)
        return answer

    def send(self, ask: Ask, headers: Mapping[str, str]) -> Answer:
        raise NotImplementedError


class _Response:
    """What http.cookiejar wants of a response."""

    def __init__(self, cookies: Sequence[str]) -> None:
        self._cookies = cookies

    def info(self) -> _Response:
        return self

    def get_all(self, name: str, default: object = None) -> object:
        return list(self._cookies) if name.lower() == "set-cookie" else default


class Disk(Client):
    """An application behind a server of its own, from files on a disk."""

    def __init__(self, port: int, root: str, *, strips: bool) -> None:
        super().__init__()
        self._port, self.root = port, root
        self._prefix = "" if strips else root

    def send(self, ask: Ask, headers: Mapping[str, str]) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        with contextlib.closing(connection):
            connection.putrequest(ask.method, self._prefix + ask.path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            if ask.body:
                connection.putheader("Content-Length", str(len(ask.body)))
            connection.endheaders(ask.body or None)
            response = connection.getresponse()
            body = response.read()
        found: dict[str, str] = {}
        cookies = []
        for name, value in ((name.lower(), value) for name, value in response.getheaders()):
            if name == "set-cookie":
                cookies.append(value)
            elif name not in _UNCOUNTED:
                found[name] = f"{found[name]}, {value}" if name in found else value
        found.setdefault("content-type", "text/plain")  # as os402 does
        return Answer(response.status, found, body, cookies)


class Frame(Client):
    """An application as os402 runs it. A context manager."""

    def __init__(self, built: Build, python: str, app: str) -> None:
        super().__init__()
        payload = json.loads(built[".offer.json"])["payload"]
        self._frame, self._args, self._app = built[".stdin"], payload["exec"]["args"], app
        self._script = payload["name"]
        self.root = f"/{self._script}.cgi"
        self._loop = asyncio.new_event_loop()
        self._spawner = Spawner(needs(python), required=True)
        self.stderr = ""

    def __enter__(self) -> Frame:  # noqa: PYI034 - Self is for Python 3.11
        self._loop.run_until_complete(self._spawner.__aenter__())
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.run_until_complete(self._spawner.__aexit__())
        self._loop.close()

    def send(self, ask: Ask, headers: Mapping[str, str]) -> Answer:
        path, _, query = ask.path.partition("?")
        sent = {**headers, "X-402-Key": MARKER, "X-Payment": MARKER, "Content-Length": str(len(ask.body))}
        request = cgi.CgiRequest(
            method=ask.method, script=self._script, path_info=path, query=query, headers=[*sent.items()], body=ask.body
        )
        command = Command(
            self._spawner.needs.argv(self._args),
            cgi.environment(request, "x86_64") | {"APP": self._app},
            (self._frame, ask.body),
            ResourceLimits(ram=512 * MEBIBYTE, buffer=64 * MEBIBYTE, cpu=60, wall=120),
            hold_stdin=True,
        )
        outcome = self._loop.run_until_complete(self._spawner.run(command))
        self.stderr = outcome.stderr.decode()
        assert MARKER.encode() not in outcome.stdout + outcome.stderr, f"{ask.label} shows the caller's key"
        assert (outcome.ended_by, outcome.failure) == (None, ""), self.stderr
        try:
            response = cgi.parse(outcome.stdout)
        except NoResponseError as error:
            raise AssertionError(f"{ask.label}: {error.title}\n{self.stderr}") from error
        found = {name: value.decode() for name, value in response.headers}
        cookies = [found.pop("set-cookie")] if "set-cookie" in found else []
        if ask.method != "HEAD":
            assert "content-length" not in found
        found = {name: value for name, value in found.items() if name not in _UNCOUNTED}
        return Answer(response.status, found, response.body, cookies)


@contextlib.contextmanager
def disk(built: Build, python: str, app: str, interface: str, folder: Path) -> Iterator[Disk]:
    """Start the application from the files of its archive, put on a disk, behind a server."""
    if not folder.exists():
        with zipfile.ZipFile(io.BytesIO(built[".pyz"])) as archive:
            for name in archive.namelist():
                if name != "__main__.py" and not name.startswith("_os402/"):
                    os.utime(archive.extract(name, folder), (MODIFIED, MODIFIED))
    root = f"/{json.loads(built['.offer.json'])['payload']['name']}.cgi"
    command = [python, "-I", "-X", "utf8", "-c", _DISK[interface], str(folder), root]
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | {"APP": app}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout
            # uvicorn's root_path is what a proxy before it has taken away.
            yield Disk(int(process.stdout.readline()), root, strips=interface == "asgi")
        finally:
            process.kill()


def build_suite(interface: str, folder: Path) -> Build:
    """Build the project of all applications of an interface, from the real index."""
    shutil.copytree(PROJECTS / interface, folder, ignore=shutil.ignore_patterns("dist", "__pycache__"))
    return build(folder, env=environment(pip=True)).succeeded()


def comparable(answer: Answer, masks: Sequence[str]) -> tuple[int, dict[str, str], bytes]:
    """Return what must be the same on both sides. `masks`: patterns of what is random."""
    body = answer.body
    if answer.headers.get("content-encoding") == "gzip":  # which has a time in it
        body = gzip.decompress(body)
    for mask in masks:
        body = re.sub(mask.encode(), b"***", body)
    headers = dict(answer.headers)
    if "allow" in headers:  # of a set, whose order is random
        headers["allow"] = ", ".join(sorted(headers["allow"].split(", ")))
    if "etag" in headers:  # Werkzeug's has a checksum of the path
        headers["etag"] = re.sub(r'-\d+"$', '"', headers["etag"])
        if re.fullmatch("[0-9a-f]{40}", headers["etag"]):  # Bottle's has device, inode and path in it
            headers["etag"] = "***"
    return answer.status, headers, body
