"""The one request that is measured, and the environment that os402 gives a program for it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_os402.errors import Os402Error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_OWN_VARIABLES = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


class RequestError(Os402Error):
    """The request cannot be made."""


@dataclass(frozen=True)
class Request:
    """A request as os402's gateway takes it."""

    method: str = "GET"
    path: str = "/"
    """Not percent-decoded, and without the query."""
    query: str = ""
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""

    @property
    def text(self) -> str:
        """The request as a person names it: `POST /greet?lang=fr, 14 bytes`."""
        query = f"?{self.query}" if self.query else ""
        body = f", {len(self.body):,} bytes" if self.body else ""
        return f"{self.method} {self.path}{query}{body}"

    def environment(self, name: str, machine: str) -> dict[str, str]:
        """Return the variables of a call of the offer called `name` on the architecture `machine` (CGI/1.1, RFC 3875).

        They are those of os402's gateway (`lockboot/os402`, `webapp`); of a repeated header the last value stays.
        """
        found = {
            "GATEWAY_INTERFACE": "CGI/1.1",
            "REQUEST_METHOD": self.method,
            "SERVER_PROTOCOL": "HTTP/1.1",
            "SERVER_SOFTWARE": "os402",
            "SERVER_ARCH": machine,
            "PATH_INFO": self.path,
            "SCRIPT_NAME": f"/{name}.cgi",
            "REQUEST_URI": f"/{name}.cgi{self.path if self.path != '/' else ''}",
            "QUERY_STRING": self.query,
            "HTTP_HOST": "localhost",
            "SERVER_NAME": "localhost",
        }
        if self.body:
            found["CONTENT_TYPE"] = "application/x-www-form-urlencoded"  # curl's word for -d
        for header, value in self.headers:
            variable = _OWN_VARIABLES.get(header.lower(), "HTTP_" + header.upper().replace("-", "_"))
            found[variable] = value
        return found | {"CONTENT_LENGTH": str(len(self.body))}


def read_request(method: str | None, url: str, headers: Sequence[str], data: bytes | None) -> Request:
    """Return the request that options in curl's manner mean: POST with data, GET without, `url` a path with a query.

    Raises `RequestError` for a header that is none.
    """
    pairs = []
    for header in headers:
        name, colon, value = header.partition(":")
        if not colon or not name.strip().isascii() or not name.strip():
            raise RequestError(f"{header!r} is no header: write `-H 'Name: value'`.")
        pairs.append((name.strip(), value.strip()))
    path, _, query = url.partition("?")
    if not path.startswith("/"):
        path = "/" + path
    return Request((method or ("GET" if data is None else "POST")).upper(), path, query, tuple(pairs), data or b"")


def basic_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return what a process needs before it is given anything: nothing, but on Windows the system's folder."""
    return {name: environ[name] for name in ("SYSTEMROOT",) if os.name == "nt" and name in environ}
