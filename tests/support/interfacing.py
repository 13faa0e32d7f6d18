"""Call the adapters in this process, with os402's variables, and read what they write as os402 does."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, NamedTuple

from hatch_os402.calls import cgi
from hatch_os402.launcher.inside.interfaces import _cgi

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Output(io.BytesIO):
    """Remembers what had been written whenever it was flushed."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[bytes] = []

    def flush(self) -> None:
        super().flush()
        self.seen.append(self.getvalue())


class Answer(NamedTuple):
    """What an application answered."""

    raw: bytes
    seen: Sequence[bytes]
    errors: str
    raised: BaseException | None

    @property
    def read(self) -> cgi.Response:
        return cgi.parse(self.raw)

    @property
    def status(self) -> int:
        return self.read.status

    @property
    def headers(self) -> dict[str, str]:
        """What the client gets, without what os402 adds."""
        return {name: value.decode() for name, value in self.read.headers if name != "access-control-allow-origin"}

    @property
    def body(self) -> bytes:
        return self.read.body

    @property
    def lines(self) -> list[str]:
        """The lines of the head as they were written."""
        return self.raw.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")


def variables(method: str = "GET", address: str = "/", body: bytes = b"", **headers: str) -> dict[str, str]:
    """Return the environment that os402 makes of a request to the offer `shop`. `host="x"` is a header, `x_y` is `x-y`."""
    path, _, query = address.partition("?")
    named = [(name.replace("_", "-"), value) for name, value in ({"host": "os402.example"} | headers).items()]
    request = cgi.CgiRequest(
        method=method, script="shop", path_info="" if path == "/" else path, query=query, headers=named, body=body
    )
    return cgi.environment(request, "x86_64")


def response(
    request: Mapping[str, str], out: Output, cookies: Callable[[list[str]], list[str]] = list
) -> _cgi.Response:
    return _cgi.Response(out, request["REQUEST_METHOD"], cookies)
