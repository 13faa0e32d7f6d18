"""A web application as a command-line program: one request, given as arguments. Imported when no server calls."""

import io
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

USAGE = """\
usage: {program} [-i] [-H 'NAME: VALUE']... [METHOD] /PATH[?QUERY]

One request to this web application: its body comes from standard input (not for GET, HEAD and OPTIONS), that of the
answer goes to standard output. METHOD is GET unless it is given. -i: with status and headers before the body.
-H: a header of the request. The exit status is 0 for an answer below 400, 1 for any other, 2 for wrong usage.
"""
_BODILESS = ("GET", "HEAD", "OPTIONS")


class Output(io.RawIOBase):
    """Takes an answer as CGI and passes its body on; with `include`, its head as well.

    `exit` is 0 for a status below 400, else 1.
    """

    def __init__(self, out: "io.BufferedIOBase", *, include: bool) -> None:
        super().__init__()
        self.exit = 1
        self._out, self._include = out, include
        self._head: bytes | None = b""

    def write(self, data: "bytes") -> int:  # type: ignore[override]  # that of an answer is bytes
        """Take a part of the answer."""
        if self._head is None:
            self._out.write(data)
            return len(data)
        self._head += data
        head, end, body = self._head.partition(b"\r\n\r\n")
        if end:
            self.exit = int(head[8:11] >= b"400")  # "Status: 200", as _cgi.Response begins
            self._head = None
            self._out.write((head + end if self._include else b"") + body)
        return len(data)

    def flush(self) -> None:
        """Let what was passed on be seen."""
        self._out.flush()


def request(arguments: "Sequence[str]", out: "io.BufferedIOBase") -> "tuple[dict[str, str], Output]":
    """Return the variables of the request that the arguments mean, and what passes its answer on to `out`.

    Ends the program when they mean none.
    """
    variables = {"HTTP_HOST": "localhost", "HTTP_ACCEPT": "*/*", "HTTP_USER_AGENT": "os402-command-line"}
    include, rest, pending = False, [], iter(arguments)
    for argument in pending:
        if argument == "-i":
            include = True
        elif argument == "-H":
            name, colon, value = next(pending, "").partition(":")
            if not colon:
                raise _usage()
            variable = name.strip().upper().replace("-", "_")
            variables[variable if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + variable] = (
                value.strip()
            )
        elif argument in ("-h", "--help"):
            out.write(USAGE.format(program=_program()).encode())
            raise SystemExit(0)
        else:
            rest.append(argument)
    *methods, address = rest or [""]
    if len(methods) > 1 or not address.startswith("/") or not all(method.isalpha() for method in methods):
        raise _usage()
    method = methods[0].upper() if methods else "GET"
    path, _, query = address.partition("?")
    variables |= {
        "REQUEST_METHOD": method,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SCRIPT_NAME": "",
        "PATH_INFO": path.encode().decode("latin-1"),
        "REQUEST_URI": path.encode().decode("latin-1"),
        "QUERY_STRING": query.encode().decode("latin-1"),
    }
    return variables, Output(out, include=include)


def body(variables: "dict[str, str]") -> "io.BytesIO":
    """Return the body on standard input, and note its length and a type in the variables."""
    if variables["REQUEST_METHOD"] in _BODILESS or sys.stdin is None:
        return io.BytesIO()
    content = sys.stdin.buffer.read()
    variables["CONTENT_LENGTH"] = str(len(content))
    variables.setdefault("CONTENT_TYPE", "application/x-www-form-urlencoded")
    return io.BytesIO(content)


def _program() -> str:
    from ..entry import program  # noqa: PLC0415 - for usage lines alone

    return program()


def _usage() -> SystemExit:
    sys.stderr.write(USAGE.format(program=_program()))
    return SystemExit(2)
