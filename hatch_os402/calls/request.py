"""The one request that `run` or `profile` makes, from options in the manner of curl."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_os402.__about__ import __version__
from hatch_os402.calls import cgi
from hatch_os402.errors import RequestError
from hatch_os402.files import read_named

if TYPE_CHECKING:
    from collections.abc import Sequence

_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"
"""What curl says of -d and of --json."""
_LARGEST_BODY = 1 << 30
"""Bytes."""


@dataclass(frozen=True)
class Request:
    """A request before it is known which offer it calls."""

    method: str = "GET"
    path: str = "/"
    """Not percent-decoded, and without the query."""
    query: str = ""
    headers: Sequence[tuple[str, str]] = ()
    """Those that were given, in their order; one without a value is not sent, even where it is usual."""
    body: bytes | None = None
    content_type: str = _FORM
    """What is said of a body unless a header says something else."""

    @property
    def text(self) -> str:
        """The request as a person names it: `POST /greet?lang=fr, 14 bytes`."""
        query = f"?{self.query}" if self.query else ""
        body = f", {len(self.body):,} bytes" if self.body else ""
        return f"{self.method} {self.path}{query}{body}"

    def of(self, offer: str) -> cgi.CgiRequest:
        """Return the call of the offer with this name or hash, with the headers that curl would send."""
        headers = {"Host": "localhost", "User-Agent": f"hatch-os402/{__version__}", "Accept": "*/*"}
        if self.body is not None:
            headers |= {"Content-Type": self.content_type, "Content-Length": str(len(self.body))}
        decided = {name.lower() for name, _ in self.headers}
        return cgi.CgiRequest(
            method=self.method,
            script=offer,
            path_info="" if self.path == "/" else self.path,
            query=self.query,
            headers=(
                *((name, value) for name, value in headers.items() if name.lower() not in decided),
                *((name, value) for name, value in self.headers if value),
            ),
            body=self.body or b"",
        )


def read_request(
    url: str,
    *,
    method: str | None = None,
    headers: Sequence[str] = (),
    data: Sequence[str] = (),
    json: str | None = None,
) -> Request:
    """Return the request that options in curl's manner mean: POST with a body, GET without.

    `url` is a path with a query. Each of `data`, and `json`, is a text, `@FILE` or `-` (standard input); several are
    joined by `&`. Raises `RequestError`.
    """
    path, query = _address(url)
    pairs = tuple(_header(header) for header in headers)
    if json is not None and data:
        raise RequestError("--json-data and -d are two bodies: give one.")
    parts = [_content(item) for item in ((json,) if json is not None else data)]
    body = b"&".join(parts) if parts else None
    return Request(
        method or ("GET" if body is None else "POST"), path, query, pairs, body, _FORM if json is None else _JSON
    )


def _address(whole: str) -> tuple[str, str]:
    """Return path and query."""
    if not whole.startswith("/"):
        raise RequestError(f"the path must begin with a slash, and it is {whole!r}.")
    if not whole.isascii() or any(character <= " " for character in whole):
        raise RequestError(f"the path {whole!r} must be percent-encoded, as in /two%20words.")
    path, _, query = whole.partition("#")[0].partition("?")
    return path, query


def _header(item: str) -> tuple[str, str]:
    name, colon, value = item.partition(":")
    if not colon or not name.strip() or not name.isascii() or "\n" in item:
        raise RequestError(f"a header is NAME:VALUE, and {item!r} is none.")
    return name.strip(), value.strip()


def _content(item: str) -> bytes:
    """Return the bytes that DATA, @FILE or - mean."""
    if item in {"-", "@-"}:
        content = sys.stdin.buffer.read(_LARGEST_BODY + 1)
        if len(content) > _LARGEST_BODY:
            raise RequestError(f"the body on stdin has more than {_LARGEST_BODY:,} bytes.")
        return content
    if not item.startswith("@"):
        return os.fsencode(item)
    try:
        return read_named(Path(item[1:]), _LARGEST_BODY)
    except OSError as error:
        raise RequestError(f"the body {item[1:]} cannot be read: {error.strerror or error}.") from error
