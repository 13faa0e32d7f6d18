"""A WSGI application (PEP 3333) as a CGI program of os402."""

import sys

from ._cgi import HOP_BY_HOP, Response, scheme, server, unquote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, BinaryIO, TextIO, TypeAlias

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
    app: "Callable[..., Any]", request: "dict[str, str]", body: "BinaryIO", errors: "TextIO", response: Response
) -> None:
    """Call the application once and send its answer. Whatever it raises is raised, and answered with 500 if it can be."""

    def start_response(
        status: str, headers: "list[tuple[str, str]]", exc_info: "Excuse | None" = None
    ) -> "Callable[[bytes], None]":
        if exc_info:
            try:
                if response.sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # no cycle of a frame and its own traceback
        elif response.started:
            raise AssertionError("start_response was called before, and there is no exc_info")
        _check(status, headers)
        response.start(status, headers)
        return write

    def write(data: bytes) -> None:
        if not isinstance(data, bytes):
            raise TypeError(f"a WSGI application must give bytes, not {type(data).__name__}")
        if not response.started:
            raise AssertionError("a WSGI application must call start_response before it gives a body")
        if data:  # the headers wait for the first byte: an error may still change them
            response.write(data)

    try:
        result = app(environ(request, body, errors), start_response)
        try:
            for data in result:
                write(data)
            if not response.started:
                raise AssertionError("the WSGI application has not called start_response")
            response.finish()
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()
    except BaseException as error:
        if not isinstance(error, BrokenPipeError):
            response.fail()
        raise


def _check(status: "Any", headers: "Any") -> None:
    """Raise what is wrong with the arguments of start_response."""
    if not isinstance(status, str):
        raise TypeError(f"the status must be a str, not {type(status).__name__}")
    if not isinstance(headers, list):
        raise TypeError(f"the headers must be a list, not {type(headers).__name__}")
    for header in headers:
        if not (isinstance(header, tuple) and len(header) == 2 and all(isinstance(part, str) for part in header)):
            raise TypeError(f"a header must be a tuple of two str, not {header!r}")
        if header[0].lower() in HOP_BY_HOP:
            raise ValueError(f"{header[0]} is about the connection, and not for a WSGI application to send")


def main(app: "Callable[..., Any]", request: "dict[str, str]", response: Response) -> None:
    """Answer the one request of this process."""
    respond(app, request, sys.stdin.buffer, sys.stderr, response)
