"""A typed function as an MCP tool: its arguments are a JSON object, its result is JSON.

For one request (`GATEWAY_INTERFACE` is set) the body has the arguments. 200: the result. 400: the arguments are not
what the signature says; the JSON names the path, what was expected and what was there. 500: the function raised; the
JSON has the exception's type and message, and stderr its traceback. From a command line the arguments come as JSON.
"""

import gc
import os
import sys

from .mcp_types.mismatch import Mismatch, parse
from .mcp_types.results import dumps
from .mcp_types.signatures import arguments_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from .mcp_types.containers import Record

_answer: "Any" = None

_OK, _BAD_REQUEST, _NOT_FOUND, _ERROR = "200 OK", "400 Bad Request", "404 Not Found", "500 Internal Server Error"
_FAILED, _USAGE = 1, 2


def prepare() -> None:
    """Keep stdout for the answer: what the project's modules and functions print goes to stderr."""
    global _answer
    _answer, sys.stdout = sys.stdout, sys.stderr


def run(target: "Any", *, tools: "Sequence[tuple[str, str]]" = (), **_settings: "Any") -> int:
    """Serve one call of `target`, or of the function of `tools` that `sys.argv[1]` names; return the exit code."""
    arguments = sys.argv[1:]
    one_call = "GATEWAY_INTERFACE" in os.environ
    if tools:
        wanted = arguments.pop(0) if arguments else ""
        entry_point = dict(tools).get(wanted)
        if entry_point is None:
            names = ", ".join(name for name, _ in tools)
            if not one_call:
                return _complain(f"usage: {_program()} TOOL [ARGUMENTS as JSON]; the tools are {names}")
            error = {"path": "", "expected": f"a tool: {names}", "got": wanted}
            return _send(_NOT_FOUND, dumps({"error": error}))
        target = _load(entry_point)
    return _serve(target) if one_call else _command(target, arguments)


def _load(entry_point: str) -> "Callable[..., Any]":
    """Import a function, and leave what that made out of garbage collection, as the launcher does."""
    name, _, attributes = entry_point.partition(":")
    enabled = gc.isenabled()
    gc.disable()
    try:
        __import__(name)
    finally:
        gc.freeze()
        if enabled:
            gc.enable()
    target: "Any" = sys.modules[name]
    for attribute in attributes.split("."):
        target = getattr(target, attribute)
    return target  # type: ignore[no-any-return]


def _serve(function: "Callable[..., Any]") -> int:
    try:
        result = dumps(call(function, read_arguments(arguments_of(function), sys.stdin.buffer.read())))
    except Mismatch as error:
        told = {"path": error.place(), "expected": error.expected, "got": error.got}
        return _send(_BAD_REQUEST, dumps({"error": told}))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the project's own, whatever it is
        _show(error)
        return _send(_ERROR, dumps({"error": {"type": type(error).__name__, "message": str(error)}}))
    return _send(_OK, result)


def _command(function: "Callable[..., Any]", given: "list[str]") -> int:
    """Call the function from a command line: the result goes to stdout, with a newline."""
    kind = arguments_of(function)
    if len(given) > 1 or given[:1] in (["-h"], ["--help"]):
        names = ", ".join(field.name if field.required else f"[{field.name}]" for field in kind.fields)
        return _complain(
            f"usage: {_program()} [ARGUMENTS as JSON, else on standard input]: {names or 'there are none'}"
        )
    if given:
        body = given[0].encode("utf-8", "surrogateescape")
    else:
        body = b"" if sys.stdin is None or sys.stdin.isatty() else sys.stdin.buffer.read()
    try:
        answer = dumps(call(function, read_arguments(kind, body)))
    except Mismatch as error:
        place = error.place()
        return _complain(f"{_program()}: {place and place + ': '}expected {error.expected}, got {error.got}")
    except Exception as error:  # noqa: BLE001 - as above
        _show(error)
        return _FAILED
    _write(answer + b"\n")
    return 0


def read_arguments(kind: "Record", body: bytes) -> "dict[str, Any]":
    """Return what the JSON text `body` gives to the parameters; no text is no argument. Raises `Mismatch`."""
    try:
        value = parse(body) if body.strip() else {}
    except ValueError as error:
        mismatch = Mismatch("a JSON object", None)
        mismatch.got = f"what is no JSON: {error}"
        raise mismatch from error
    try:
        return kind.convert(value, False)  # type: ignore[no-any-return]  # noqa: FBT003 - a dict
    except Mismatch:
        return kind.convert(value, True)  # type: ignore[no-any-return]  # noqa: FBT003 - JSON texts count as well


def call(function: "Callable[..., Any]", arguments: "dict[str, Any]") -> "Any":
    """Return the result of the function, or of the coroutine that it returns."""
    result = function(**arguments)
    if hasattr(result, "__await__"):
        from asyncio import run as wait  # noqa: PLC0415 - slow to import

        result = wait(_awaited(result))
    return result


async def _awaited(result: "Any") -> "Any":
    return await result


def _send(status: str, body: bytes) -> int:
    _write(f"Status: {status}\r\nContent-Type: application/json\r\n\r\n".encode() + body)
    return 0


def _write(content: bytes) -> None:
    _answer.flush()
    _answer.buffer.write(content)
    _answer.flush()


def _show(error: BaseException) -> None:
    from ..excepthook import show  # noqa: PLC0415 - needed only when all is lost

    show(type(error), error, error.__traceback__, globals())


def _program() -> str:
    from ..entry import program  # noqa: PLC0415 - for who is at a command line

    return program()


def _complain(message: str) -> int:
    print(message, file=sys.stderr)  # noqa: T201 - what a command line does
    return _USAGE
