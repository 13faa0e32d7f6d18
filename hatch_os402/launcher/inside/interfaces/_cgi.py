"""The CGI side of the adapters: what os402 says of a request, and the answer as os402 reads it.

Text that stands for bytes is Latin-1, as in PEP 3333 ("native strings"): each character is one byte.
"""

import sys
from io import BytesIO
from os import environ, fsencode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, BinaryIO, TypeAlias

    Headers: TypeAlias = list[tuple[str, str]]

VARIABLES = frozenset({
    "CONTENT_LENGTH", "CONTENT_TYPE", "GATEWAY_INTERFACE", "HTTPS", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR",
    "REQUEST_METHOD", "REQUEST_URI", "SCRIPT_NAME", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "SERVER_SOFTWARE",
})  # fmt: skip
"""The variables of a request, beside the headers (RFC 3875, 4.1). The rest of the environment is the program's."""

UNFIT = frozenset({"HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE", "HTTP_TRANSFER_ENCODING"})
"""Headers that are no longer true, or are there under another name: os402 has read the whole body."""

HOP_BY_HOP = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "trailers",
    "transfer-encoding", "upgrade",
})  # fmt: skip
"""Headers about the connection (RFC 2616, 13.5.1, to which PEP 3333 refers; RFC 9110, 7.6.1), which is os402's."""

_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_CONTROLS = frozenset(map(chr, range(32))) - {"\t"} | {"\x7f"}
_HEX = frozenset("0123456789abcdefABCDEF")
_ONE_VALUE = frozenset({"content-disposition", "content-type", "etag", "expires", "last-modified", "location"})
_BODILESS = ("204", "304")
_FINAL = ("200", "999")

_out: "BinaryIO | None" = None


def warn(message: str) -> None:
    """Say something on stderr, which os402 keeps for whoever runs the server."""
    print("os402:", message, file=sys.stderr)  # noqa: T201 - there is no other way to say it


def prepare() -> None:
    """Keep stdout for the answer: what the program prints goes to stderr, as with any server."""
    global _out  # noqa: PLW0603 - one process, one answer
    _out = getattr(sys.stdout, "buffer", None)
    sys.modules["_os402.streams"].allow_holder()
    sys.stdout = sys.stderr


def received(cookies: str) -> "tuple[dict[str, str], BinaryIO, Response]":
    """Return the variables of the request, its body, and where its answer goes. `cookies`: as the option says."""
    out: Any = _out or BytesIO()
    if "GATEWAY_INTERFACE" in environ:
        request = variables()
        body = BytesIO() if sys.stdin is None else sys.stdin.buffer
        pack = _packing(request) if cookies == "packed" else _lost
    else:
        from . import _command  # noqa: PLC0415 - needed only then

        request, out = _command.request(sys.argv[1:], out)
        body = _command.body(request)
        pack = _unchanged
    return request, body, Response(out, request.get("REQUEST_METHOD", "GET"), pack)


def failed(error: BaseException, response: "Response") -> "BaseException | int":
    """Answer 500, if it can be; return what is to be raised, or the exit code when nobody reads the answer."""
    if isinstance(error, BrokenPipeError):
        from contextlib import suppress  # noqa: PLC0415 - needed only when all is lost

        from ..excepthook import has_no_reader  # noqa: PLC0415 - as above; the package is _os402 there

        if _out is not None and has_no_reader(_out):  # type: ignore[arg-type]  # it has a descriptor
            with suppress(BrokenPipeError):  # it tries once more, and is closed all the same
                _out.close()
            return 1
    response.fail()
    return error


def _packing(request: "dict[str, str]") -> "Callable[[list[str]], list[str]]":
    """Unpack the cookies of the request; return what packs those of its answer."""
    if "_os402=" in request.get("HTTP_COOKIE", ""):
        from ._cookies import Jar  # noqa: PLC0415 - needed only then

        jar = Jar(request)
        request["HTTP_COOKIE"] = jar.header()
        if not request["HTTP_COOKIE"]:
            del request["HTTP_COOKIE"]
        return jar.pack

    def pack(values: "list[str]") -> "list[str]":
        if len(values) == 1:
            return values
        from ._cookies import Jar  # noqa: PLC0415 - needed only then

        return Jar(request).pack(values)

    return pack


def _lost(values: "list[str]") -> "list[str]":
    """Say which cookies os402 does not send."""
    if len(values) > 1:
        names = ", ".join([value.partition("=")[0].strip() for value in values[:-1]])
        warn(
            f"this answer sets {len(values)} cookies, and os402 sends the last alone: lost are {names}. "
            'Without `cookies = "plain"` they are packed into one'
        )
    return values


def _unchanged(values: "list[str]") -> "list[str]":
    return values


def variables(source: "Mapping[str, str]" = environ) -> dict[str, str]:
    """Return the variables of the request among those of the environment, as Latin-1."""
    found = {}
    for name, value in source.items():
        if (name.startswith("HTTP_") or name in VARIABLES) and name not in UNFIT:
            found[name] = value if value.isascii() else fsencode(value).decode("latin-1")
    return found


def unquote(path: str) -> str:
    """Return a percent-encoded path decoded, as Latin-1. What is no encoding stays (RFC 3986, 2.4)."""
    if "%" not in path:
        return path
    first, *rest = path.split("%")
    parts = [first]
    for part in rest:
        code = part[:2]
        if len(code) > 1 and _HEX.issuperset(code):
            parts.append(chr(int(code, 16)) + part[2:])
        else:
            parts.append("%" + part)
    return "".join(parts)


def scheme(request: "Mapping[str, str]") -> str:
    """Return "https" or "http", as the proxy before os402 says it."""
    named = request.get("HTTP_X_FORWARDED_PROTO", "").partition(",")[0].strip().lower()
    if named in ("http", "https"):
        return named
    return "https" if request.get("HTTPS", "off").lower() in ("on", "1") else "http"


def server(request: "Mapping[str, str]") -> tuple[str, str]:
    """Return the name and the port by which the client called. os402's own variables cut an IPv6 address short."""
    host = request.get("HTTP_HOST") or request.get("SERVER_NAME") or "localhost"
    name, colon, port = host.rpartition(":")
    if not colon or port.endswith("]"):  # none, or the colon of an IPv6 address
        name, port = host, "" if "HTTP_HOST" in request else request.get("SERVER_PORT", "")
    if not (port.isascii() and port.isdigit()):
        port = "443" if scheme(request) == "https" else "80"
    return name or "localhost", port


class Response:
    """The one answer of a call, written to `out` as CGI.

    `method` is that of the request. `cookies` gets the `Set-Cookie` values of an answer and returns those to send:
    os402 keeps the last of them alone.
    """

    def __init__(self, out: "BinaryIO", method: str, cookies: "Callable[[list[str]], list[str]]") -> None:
        self._out = out
        self._head = method == "HEAD"
        self._cookies = cookies
        self._pending: bytes | None = None
        self._left: int | None = None
        self._silent = False
        self.sent = False
        """Whether anything was written."""

    @property
    def exit(self) -> int:
        """The exit code: os402 looks at no other than that of a signal, a command line does."""
        return getattr(self._out, "exit", 0)

    @property
    def started(self) -> bool:
        """Whether there is a status."""
        return self.sent or self._pending is not None

    def start(self, status: str, headers: "Headers") -> None:
        """Take the status (`"200 OK"`) and the headers, checked; they are sent with the first byte of the body.

        Raises `ValueError` for what HTTP does not allow, or os402 cannot send.
        """
        _check_status(status)
        lines = {"status": ["Status", status]}
        cookies = []
        self._left = None
        for name, value in headers:
            _check_header(name, value)
            lower = name.lower()
            if lower == "set-cookie":
                cookies.append(value)
            elif lower == "content-length":
                self._left = _length(value)
                if self._head:  # os402 counts the bytes of a body itself, and there is none
                    lines[lower] = [name, value]
            elif lower in lines and lower not in _ONE_VALUE:  # os402 keeps the last; RFC 9110, 5.3: they can be joined
                lines[lower][1] += ", " + value
            else:
                lines[lower] = [name, value]
        pairs = [*lines.values(), *(("Set-Cookie", value) for value in (self._cookies(cookies) if cookies else ()))]
        self._pending = b"".join([_line(name, value) for name, value in pairs]) + b"\r\n"
        self._silent = self._head or status[:3] in _BODILESS

    def write(self, data: "bytes | bytearray | memoryview") -> None:
        """Send a part of the body, and what is still to be sent before it."""
        out = self._out
        if not self.sent:
            out.write(self._pending or b"")
            self.sent = True
        if not self._silent:
            if self._left is not None:
                if len(data) > self._left:
                    data = data[: self._left]
                self._left -= len(data)
            out.write(data)
        out.flush()

    def finish(self) -> None:
        """Send what is still to be sent."""
        if not self.sent:
            self.write(b"")
        if self._left and not self._silent:
            warn(f"the body is {self._left} bytes shorter than its Content-Length")

    def fail(self, message: str = "Internal Server Error") -> None:
        """Answer 500, if nothing was sent yet."""
        if self.sent:
            return
        self.start("500 Internal Server Error", [("Content-Type", "text/plain; charset=utf-8")])
        self.write(message.encode())


def _check_status(status: str) -> None:
    code = status[:3]
    if not (len(code) == len(_FINAL[0]) and code.isascii() and code.isdigit() and status[3:4] in ("", " ")):
        raise ValueError(f"the status must be three digits and a reason, as in '200 OK', not {status!r}")
    if not _CONTROLS.isdisjoint(status):
        raise ValueError(f"the status has a control character: {status!r}")
    if not _FINAL[0] <= code <= _FINAL[1]:
        raise ValueError(f"the status {status!r} is not that of an answer: os402 sends one, from 200 to 999")


def _check_header(name: str, value: str) -> None:
    if not name or not _TOKEN.issuperset(name):
        raise ValueError(f"{name!r} cannot be the name of a header")
    if name.lower() == "status":
        raise ValueError("a header named Status would set the status of a CGI answer (RFC 3875, 6.3.3)")
    if not _CONTROLS.isdisjoint(value):
        raise ValueError(f"the value of the header {name} has a control character: {value!r}")


def _length(value: str) -> int:
    if not (value.isascii() and value.isdigit()):
        raise ValueError(f"Content-Length must be a number of bytes, not {value!r}")
    return int(value)


def _line(name: str, value: str) -> bytes:
    line = f"{name}: {value}\r\n".encode("latin-1")
    if not line.isascii():  # os402 reads UTF-8, and puts U+FFFD for anything else
        try:
            line.decode()
        except UnicodeDecodeError:
            line = line.decode("latin-1").encode()
    return line
