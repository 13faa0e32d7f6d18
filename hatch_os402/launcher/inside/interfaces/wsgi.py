"""A WSGI application (PEP 3333) as a CGI program of os402."""

import sys

from ._cgi import HOP_BY_HOP, failed, prepare, received, scheme, server, unquote

__all__ = ["environ", "prepare", "respond", "run"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, BinaryIO, TextIO, TypeAlias

    from ._cgi import Response

    Excuse: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None]


def environ(request: "dict[str, str]", body: "BinaryIO", errors: "TextIO") -> "dict[str, Any]":
    """Return the environment that PEP 3333 wants for `request` (`_cgi.variables`)."""
    name, port = server(request)
    return {
        "REQUEST_METHOD": "GET",
        "QUERY_STRING": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "",  # os402 does not say it
        **request,
        "SCRIPT_NAME": unquote(request.get("SCRIPT_NAME", "")),
        "PATH_INFO": unquote(request.get("PATH_INFO", "")),
        "SERVER_NAME": name,
        "SERVER_PORT": port,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scheme(request),
        "wsgi.input": body,
        "wsgi.input_terminated": True,  # it ends with the body, as Werkzeug and gunicorn say it
        "wsgi.errors": errors,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": True,
    }


def respond(
    app: "Callable[..., Any]", request: "dict[str, str]", body: "BinaryIO", errors: "TextIO", response: "Response"
) -> None:
    """Call the application once and send its answer. Raises whatever it raises."""
    start = StartResponse(response)
    result = app(environ(request, body, errors), start)
    try:
        for data in result:
            start.write(data)
        if not response.started:
            raise AssertionError("the WSGI application has not called start_response")
        response.finish()
    finally:
        close = getattr(result, "close", None)
        if close is not None:
            close()


class StartResponse:
    """The `start_response` of one answer."""

    def __init__(self, response: "Response") -> None:
        self._response = response

    def __call__(
        self, status: str, headers: "list[tuple[str, str]]", exc_info: "Excuse | None" = None
    ) -> "Callable[[bytes], None]":
        """Take status and headers; with `exc_info`, in the place of earlier ones. Return `write`."""
        if exc_info:
            try:
                if self._response.sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # no cycle of a frame and its own traceback
        elif self._response.started:
            raise AssertionError("start_response was called before, and there is no exc_info")
        _check(status, headers)
        self._response.start(status, headers)
        return self.write

    def write(self, data: bytes) -> None:
        """Send a part of the body."""
        if not isinstance(data, bytes):
            raise TypeError(f"a WSGI application must give bytes, not {type(data).__name__}")
        if not self._response.started:
            raise AssertionError("a WSGI application must call start_response before it gives a body")
        if data:  # the headers wait for the first byte: an error may still change them
            self._response.write(data)


def _check(status: "Any", headers: "Any") -> None:
    """Raise what is wrong with the arguments of start_response."""
    if not isinstance(status, str):
        raise TypeError(f"the status must be a str, not {type(status).__name__}")
    if not isinstance(headers, list):
        raise TypeError(f"the headers must be a list, not {type(headers).__name__}")
    for header in headers:
        if not (isinstance(header, tuple) and [isinstance(part, str) for part in header] == [True, True]):
            raise TypeError(f"a header must be a tuple of two str, not {header!r}")
        if header[0].lower() in HOP_BY_HOP:
            raise ValueError(f"{header[0]} is about the connection, and not for a WSGI application to send")


def run(target: "Callable[..., Any]", *, cookies: str = "packed", factory: bool = False) -> int:
    """Answer the one request of this process; return the exit code. `factory`: the target makes the application."""
    request, body, response = received(cookies)
    try:
        respond(target() if factory else target, request, body, sys.stderr, response)
    except BaseException as error:
        outcome = failed(error, response)
        if isinstance(outcome, int):
            return outcome
        raise
    return response.exit
