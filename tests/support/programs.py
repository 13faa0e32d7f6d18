"""Small programs, each with a request and the answer that os402's protocol prescribes for it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from hatch_os402.offer.build import ZERO_ADDRESS
from hatch_os402.offer.payload import Exec, Executable, envelope_text
from hatch_os402.offer.reading import read_envelope
from hatch_os402.runtime import pins
from support.offercraft import GOLDEN_TEXT

if TYPE_CHECKING:
    from pathlib import Path

BIG = bytes(range(256)) * 80_000  # 20 MB
_TEXT = 'print("Content-Type: text/plain\\r\\n\\r", flush=True)\n'


@dataclass(frozen=True)
class Case:
    """A program, a request, and what must come of it."""

    code: str
    status: int = 200
    body: bytes | None = None
    """None: the page of an error, which is os402's own."""
    headers: dict[str, str] = field(default_factory=dict)
    """Some that must be in the answer."""
    method: str = "GET"
    path: str = ""
    sent: bytes = b""
    send_headers: tuple[tuple[str, str], ...] = ()
    reported: str = ""
    """Of the explanation, which says what to do."""
    killed: bool = False
    """Whether a limit ends the program: `run` then fails whatever was answered."""
    cut: bool = False
    """Whether the end of the body is lost: as much as one read of the server, 8192 bytes, and what came in with it."""
    seconds: int = 20

    def answered_with(self, body: bytes, name: str) -> bool:
        """Whether `body` is the right one for the program that is called by `name`."""
        right = (self.body or b"").replace(b"{name}", name.encode())
        return right.startswith(body) and len(right) - len(body) < 10_000 if self.cut else right == body


def text(code: str, body: str, **more: Any) -> Case:
    """A program that prints the headers, then runs `code`."""
    return Case(_TEXT + code, body=body.encode(), headers={"content-type": "text/plain"}, **more)


def tries(statement: str, *errors: str) -> Case:
    """A program that must fail at `statement`, with one of `errors`."""
    listed = ", ".join(errors)
    code = f"import os, socket, threading\ntry: {statement}\nexcept ({listed}): print('refused', end='')"
    return text(code, "refused")


def raw(output: bytes, *, status: int = 200, body: bytes | None = None, **more: Any) -> Case:
    return Case(f"import os; os.write(1, {output!r})", status, body, **more)


_ENVIRON = "import os; print(*(os.environ.get(name, '-') for name in ({})), sep='|', end='')"
_SPECIAL = "[os.write(1, b'x' * 65536) for _ in range(32)]"

CASES = {
    "a status": raw(b"Status: 404 Gone\r\nX-One: 1\r\n\r\nno", status=404, body=b"no", headers={"x-one": "1"}),
    "headers that end in LF": raw(b"Content-Type: a/b\n\nbody", body=b"body", headers={"content-type": "a/b"}),
    "headers that end in CRLF": raw(b"Content-Type: a/b\r\n\r\nbody", body=b"body", headers={"content-type": "a/b"}),
    "no header at all": raw(b"\n\nbody", body=b"body", headers={"content-type": "text/plain"}),
    "a binary body": raw(b"A: b\r\n\r\n" + bytes(range(256)), body=bytes(range(256))),
    "CRLF CRLF in the body": raw(b"A: b\r\n\r\none\r\n\r\ntwo", body=b"one\r\n\r\ntwo"),
    "CRLF CRLF in the body, after headers with LF": raw(b"A: b\n\none\r\n\r\ntwo", body=b"two", headers={"a": "b"}),
    "a repeated header": raw(b"Set-Cookie: one\r\nSet-Cookie: two\r\n\r\n", body=b"", headers={"set-cookie": "two"}),
    "a length that is too small": raw(
        b"Content-Length: 2\r\n\r\nfour",
        body=b"fo",
        headers={"content-length": "2"},
        reported="Content-Length is 2, and its body has 4 bytes: callers get the first 2.",
    ),
    "its own origin policy": raw(
        b"Access-Control-Allow-Origin: here\r\n\r\n", body=b"", headers={"access-control-allow-origin": "here"}
    ),
    "no output": Case("pass", 500, reported="The program wrote nothing to standard output: print the headers"),
    "no separator": Case(
        "print('hello')", 500, reported="The output (6 bytes) has no empty line that ends the headers"
    ),
    "an error": Case("1 / 0", 500, reported="its error output says why"),
    "2 MB of output": text(
        "import os\n" + _SPECIAL,
        "x" * (1 << 20),
        reported="more than its buffer of 1,048,576 bytes",
        killed=True,
        cut=True,
    ),
    "2 MB of error output": text(
        "import os\n[os.write(2, b'x' * 65536) for _ in range(32)]",
        "",
        reported="The error output was more",
        killed=True,
    ),
    "exit 3": text(
        "import sys; print('out', end=''); sys.exit(3)",
        "out",
        reported="The program failed after its headers (exit 3): callers see 200.",
    ),
    "its own error, and exit 3": Case("print('Status: 500\\r\\n\\r\\nown', end=''); raise SystemExit(3)", 500, b"own"),
    "killed by a signal": Case("import os; os.kill(os.getpid(), 11)", 500, reported="Signal 11 ended the program."),
    "deep recursion in C": Case(
        "import itertools\none = iter(())\nfor _ in range(200_000): one = itertools.chain(one)\nnext(one)",
        500,
        reported="Its stack has 1,024 KiB, and deep recursion in C",
    ),
    "killed after its answer": text(
        "import os, sys; print('out', end='', flush=True); os.kill(os.getpid(), 9)",
        "out",
        reported="Signal 9 ended the program. The program failed after its headers (exit 137): callers see 200.",
    ),
    "an endless loop": Case("while True: pass", 500, reported="raise `min-duration`", killed=True, seconds=1),
    "an endless wait": Case(
        "import time; time.sleep(99)", 500, reported="after 1 second, the whole", killed=True, seconds=1
    ),
    "a memory hog": Case("bytearray(1 << 30)", 500, reported="more than the 512 MiB of memory"),
    "a fork": text("import os\nif os.fork() == 0: print('child', end='', flush=True); os._exit(0)\nos.wait()", "child"),
    "a second fork": tries("[os.waitpid(os.fork() or os._exit(0), 0) for _ in range(2)]", "OSError"),
    "a thread": tries("threading.Thread(target=print).start()", "RuntimeError"),
    "a thread that is not caught": Case(
        "import threading; threading.Thread(target=print).start()", 500, reported="lets no program start a thread"
    ),
    "the network": tries("socket.create_connection(('127.0.0.1', 1), 1)", "PermissionError, OSError"),
    "reading /etc/passwd": tries("open('/etc/passwd')", "PermissionError"),
    "writing to /tmp": tries("open('/tmp/os402', 'w')", "PermissionError"),
    "an empty stdin": text("import sys; print(repr(sys.stdin.buffer.read()), end='')", "b''"),
    "20 MB of stdin": text(
        "import sys, hashlib; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest(), end='')",
        hashlib.sha256(BIG).hexdigest(),
        method="POST",
        sent=BIG,
    ),
    "escapes in path and query": text(
        _ENVIRON.format("'REQUEST_METHOD', 'PATH_INFO', 'QUERY_STRING', 'REQUEST_URI', 'CONTENT_LENGTH'"),
        "DELETE|/a%20b/%2F%C3%A9|x=%26&y=1+2|/{name}.cgi/a%20b/%2F%C3%A9|0",
        method="DELETE",
        path="/a%20b/%2F%C3%A9?x=%26&y=1+2",
    ),
    "no path": text(_ENVIRON.format("'PATH_INFO', 'QUERY_STRING', 'SCRIPT_NAME'"), "/||/{name}.cgi"),
    "repeated headers of the request": text(
        _ENVIRON.format(
            "'HTTP_X_SEEN', 'HTTP_COOKIE', 'CONTENT_TYPE', 'HTTP_CONTENT_TYPE', 'SERVER_NAME', 'SERVER_PORT'"
        ),
        "two|a=1|a/b|-|localhost|99",
        send_headers=(
            *(("X-Seen", "one"), ("x-seen", "two"), ("Cookie", "a=1"), ("Cookie", "b=2")),
            *(("Content-Type", "a/b"), ("Host", "localhost:99")),
        ),
    ),
    "nothing inherited": text(
        "import os; print(sorted(set(os.environ) - {name for name in os.environ if name.startswith(('HTTP_', 'LC_'))}), end='')",
        str(
            sorted(
                [
                    "COSMOPOLITAN_INIT_ZIPOS",
                    "CONTENT_LENGTH",
                    "GATEWAY_INTERFACE",
                    "PATH_INFO",
                    "QUERY_STRING",
                    "REQUEST_METHOD",
                    "REQUEST_URI",
                    "SCRIPT_NAME",
                    "SERVER_ARCH",
                    "SERVER_NAME",
                    "SERVER_PORT",
                    "SERVER_PROTOCOL",
                    "SERVER_SOFTWARE",
                ]
            )
        ),
        send_headers=(("Host", "localhost:1"),),
    ),
}


def name_of(case: str) -> str:
    """Return the name by which the offer of a case is called."""
    return "".join(character if character.isalnum() else "-" for character in case)


def offer_of(code: str, *, name: str, seconds: int = 20, **changes: Any):
    """Return an unsigned offer that runs Python code, without a frame."""
    golden = read_envelope(GOLDEN_TEXT).offer
    execution = Exec(
        {"x86_64": Executable(pins.ASSIMILATED_SHA256["x86_64"])},
        **{
            "args": ("python", "-I", "-c", code),
            "env": {"COSMOPOLITAN_INIT_ZIPOS": "/proc/self/exe"},
            "env_extendable": True,
            "stdin_appendable": True,
            **changes.pop("exec", {}),
        },
    )
    limits = replace(golden.limits, ram_kb=512 * 1024, buffer_capacity=1 << 20, retain=3600)
    return replace(
        golden,
        name=name,
        owner=ZERO_ADDRESS,
        price=tuple(replace(price, payment_address=ZERO_ADDRESS) for price in golden.price),
        exec=execution,
        limits=changes.pop("limits", limits),
        min_duration_seconds=seconds,
        **{"valid_until": 4_000_000_000, **changes},
    )


def write_offer(folder: Path, code: str, *, name: str, **changes: Any) -> Path:
    """Write the offer that runs `code`, and return its path."""
    path = folder / f"{name}.offer.json"
    path.write_bytes(envelope_text(offer_of(code, name=name, **changes)).encode())
    return path
