"""CGI in os402's dialect: from a request to a program's environment, and from its output to a response.

Source: `build_cgi_request` and `build_cgi_response` of os402's `src/webapp/handlers/cgi.rs`. A header's value is text;
the bytes that HTTP allows beyond ASCII are in it as Latin-1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_os402.errors import NoResponseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_FIRST_COUNTS = {
    "host": "HTTP_HOST",
    "user-agent": "HTTP_USER_AGENT",
    "referer": "HTTP_REFERER",
    "cookie": "HTTP_COOKIE",
}
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # token, RFC 9110
_UNFIT = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")  # what the server takes for no value of a header
_LENGTH = re.compile(rb"[0-9]{1,18}")
_STATUS = re.compile(r"\+?([0-9]{1,6})")  # a u16, as Rust parses one
_SPACES = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
"""White space of Unicode, which Rust's `trim` takes away."""
_SPACE = re.compile(rf"[{_SPACES}]")
_OK, _LEAST_STATUS, _GREATEST_STATUS = 200, 100, 999


@dataclass(frozen=True)
class CgiRequest:
    """One request, as a server receives it."""

    method: str
    script: str
    """The offer's hash or name, as it stands in the address."""
    path_info: str = ""
    """What follows `.cgi` in the address, not decoded."""
    query: str = ""
    headers: Sequence[tuple[str, str]] = ()
    """Names in any case, as they came, repeated ones included."""
    body: bytes = b""
    """Or a view of bytes."""

    @property
    def path(self) -> str:
        """The whole path of the address."""
        return f"/{self.script}.cgi{self.path_info}"


@dataclass(frozen=True)
class Response:
    """What a program answered."""

    status: int
    headers: tuple[tuple[str, bytes], ...]
    """Each name once, lowercase."""
    body: bytes


BODILESS = frozenset({204, 304})
"""What is answered without a body (RFC 9110, 6.4.1), whatever the program wrote."""


@dataclass(frozen=True)
class Delivery:
    """What of a response reaches its caller when the program's own framing is passed on, as os402 does."""

    body: bytes
    answered: bool = True
    """Whether the caller gets an answer at all."""
    complete: bool = True
    """Whether the caller gets as many bytes as it waits for."""
    length: bytes | None = None
    """The value of Content-Length, if it is the program's own; else it is that of the body."""
    problem: str = ""
    """What is wrong and what to do, in a sentence or two; empty if nothing is."""


def delivery(response: Response, method: str) -> Delivery:
    """Return what a caller of `method` gets. A server that is asked by HEAD, or answers 204 or 304, sends no body."""
    headers = dict(response.headers)
    if "transfer-encoding" in headers:
        return Delivery(
            b"",
            answered=False,
            complete=False,
            problem="The program sends Transfer-Encoding, and os402 then closes the connection without an answer: send "
            "none, the server frames the body.",
        )
    stated, body = headers.get("content-length"), response.body
    if stated is not None and not _LENGTH.fullmatch(stated):
        shown = stated.decode(errors="backslashreplace")
        return Delivery(body, problem=f"The program's Content-Length {shown!r} is no number: send none.")
    if method == "HEAD" or response.status in BODILESS:
        return Delivery(b"", length=stated if stated is not None else str(len(body)).encode())
    if stated is None or int(stated) == len(body):
        return Delivery(body)
    words = f"The program's Content-Length is {int(stated):,}, and its body has {len(body):,} bytes: "
    if int(stated) < len(body):
        cut = body[: int(stated)]
        return Delivery(cut, length=stated, problem=f"{words}callers get the first {len(cut):,}. Send none.")
    return Delivery(body, complete=False, length=stated, problem=f"{words}callers wait for the rest. Send none.")


def environment(request: CgiRequest, architecture: str) -> dict[str, str]:
    """Return the variables that os402 makes of `request` on a machine of this `architecture` (`x86_64`)."""
    headers = [(name.lower(), value) for name, value in request.headers if _is_visible(value)]
    first = {name: value for name, value in reversed(headers)}  # noqa: C416 - the first of repeated ones is to stay
    env = {
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REQUEST_METHOD": request.method,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "os402",
        "SERVER_ARCH": architecture,
        "CONTENT_LENGTH": str(len(request.body)),
        "PATH_INFO": "/" + request.path_info.removeprefix("/"),
        "SCRIPT_NAME": f"/{request.script}.cgi",
        "REQUEST_URI": request.path,
        "QUERY_STRING": request.query,
    }
    if "content-type" in first:
        env["CONTENT_TYPE"] = first["content-type"]
    if "host" in first:
        name, *port = first["host"].split(":")
        env["SERVER_NAME"] = name
        if port:
            env["SERVER_PORT"] = port[0]
    env |= {variable: first[name] for name, variable in _FIRST_COUNTS.items() if name in first}
    for name, value in headers:
        if name not in _FIRST_COUNTS and name != "content-type":
            env["HTTP_" + name.upper().replace("-", "_")] = value
    return env


def parse(output: bytes) -> Response:
    r"""Return the response in the output of a program.

    The headers end at the first CRLF CRLF anywhere in it, else at the first LF LF. What is no header is passed over;
    of a repeated one the last counts. Raises `NoResponseError`.
    """
    if not output:
        raise NoResponseError(
            "CGI Script Produced No Output",
            "The tool executed but did not write anything to stdout. Tools should output CGI headers (e.g., "
            "Content-Type: application/json) followed by a blank line, then the response body.",
        )
    separator = b"\r\n\r\n" if b"\r\n\r\n" in output else b"\n\n"
    head, found, body = output.partition(separator)
    if not found:
        raise NoResponseError(
            "Invalid CGI Response Format",
            "Tool output did not follow CGI protocol. Expected headers followed by a blank line, then body. "
            f"Received {len(output)} bytes without header separator.",
        )
    status, headers, typed = _OK, {}, False
    for name, value in _lines(head):
        if name.lower() == "status":
            status = _status(value, status)
        elif _NAME.fullmatch(name):
            typed = typed or name.lower() == "content-type"
            if not _UNFIT.search(value.encode()):
                headers[name.lower()] = value.encode()
    if not typed:
        headers["content-type"] = b"text/plain"
    headers.setdefault("access-control-allow-origin", b"*")
    return Response(status, tuple(headers.items()), body)


def _lines(head: bytes) -> Iterable[tuple[str, str]]:
    for line in head.decode(errors="replace").split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            yield name.strip(_SPACES), value.strip(_SPACES)


def _status(value: str, before: int) -> int:
    """Return the status that the value of a Status header sets."""
    match = _STATUS.fullmatch(_SPACE.split(value, maxsplit=1)[0])
    if match is None or int(match[1]) >= 1 << 16:
        return before
    return int(match[1]) if _LEAST_STATUS <= int(match[1]) <= _GREATEST_STATUS else _OK


def _is_visible(value: str) -> bool:
    """Whether the server passes a header on: its value is ASCII without control characters."""
    return all(" " <= character <= "~" or character == "\t" for character in value)
