"""The one request that is measured, and the environment that os402 gives a program for it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_os402.errors import Os402Error
from hatch_os402.sandbox import cgi

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FORM = "application/x-www-form-urlencoded"
"""What curl says of -d."""


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
        """Return the variables of a call of the offer called `name` on the architecture `machine`."""
        given = {header.lower() for header, _ in self.headers}
        own = {"host": "localhost"} | ({"content-type": _FORM} if self.body else {})
        headers = (*((header, value) for header, value in own.items() if header not in given), *self.headers)
        path = self.path if self.path != "/" else ""
        return cgi.environment(cgi.Request(self.method, name, path, self.query, headers, self.body), machine)


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
