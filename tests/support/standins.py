"""What stands in for cosmo-python, and for the server that has it."""

from __future__ import annotations

import hashlib
import sys
import threading
from contextlib import contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType

MACHINES = {"x86_64": 62, "aarch64": 183}


def elf_header(arch="x86_64", filling=b"'%\\\0\n\x7f\xffA7"):
    """64 bytes with the marks of an ELF header, and with bytes that a shell would take for something else."""
    return b"\x7fELF\2\1\1\x09" + bytes(8) + b"\2\0" + MACHINES[arch].to_bytes(2, "little") + (filling * 44)[:44]


def octal(data):
    return "".join(f"\\{byte:03o}" for byte in data)


def ape(*archs, body=b"\0'the rest\xff" * 5000):
    """A file that is a shell script with APE's magic and, run with `--assimilate`, makes itself an ELF."""
    script = "MZqFpD='\n\0\1 no quote here\n'\no=$(command -v \"$0\")\nm=$(uname -m)\n"
    for arch in archs:
        script += f'if [ "$m" = {arch} ]; then\nexec 7<> "$o" || exit 121\n'
        script += f"printf '{octal(elf_header(arch))}' >&7\nexec 7<&-\nexit 1\nfi\n"
    return script.encode("latin-1") + b"exit 127\n" + body


def assimilated(data, arch="x86_64"):
    return elf_header(arch) + data[64:]


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Listener:
    """A `Reporter` that remembers."""

    verbose = False

    def __init__(self):
        self.messages = []

    def info(self, message):
        self.messages.append(message)

    warning = debug = hint = info
    variables = MappingProxyType({})

    def progress(self, what, *, in_bytes=False):
        return nullcontext()


class Server:
    """Serves `content` at every path. `script` holds how the next requests fare: a function, given the handler."""

    def __init__(self, content):
        self.content = content
        self.validator = "ETag"
        self.etag = '"one"'
        self.ranges = True
        self.script = []
        self.requests = []
        self.url = ""

    def answer(self, handler, *, cut=None):
        """Send the content, or the range that is asked for; with `cut` only so many bytes of it."""
        asked, start = handler.headers.get("Range"), 0
        status = 200
        if self.ranges and asked and handler.headers.get("If-Range") == self.etag:
            start, status = int(asked.removeprefix("bytes=").removesuffix("-")), 206
            if start >= len(self.content):
                return self.status(handler, 416, {"Content-Range": f"bytes */{len(self.content)}"})
        handler.send_response(status)
        if self.etag:
            handler.send_header(self.validator, self.etag)
        if status == 206:
            handler.send_header("Content-Range", f"bytes {start}-{len(self.content) - 1}/{len(self.content)}")
        handler.send_header("Content-Length", str(len(self.content) - start))
        handler.end_headers()
        handler.wfile.write(self.content[start:] if cut is None else self.content[start : start + cut])
        return None

    def status(self, handler, status, headers=(), body=b""):
        handler.send_response(status)
        for name, value in dict(headers).items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def cut(self, size):
        return lambda handler: self.answer(handler, cut=size)

    def answers(self, status, headers=(), body=b""):
        return lambda handler: self.status(handler, status, headers, body)


@contextmanager
def serving(content):
    server = Server(content)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            server.requests.append(dict(self.headers))
            step = server.script.pop(0) if server.script else server.answer
            step(self)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server.url = f"http://127.0.0.1:{http.server_address[1]}/python"
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()


def pretender(path, body):
    """Write an executable that is given what a Python would be, and runs `body` with `names`, the modules asked for."""
    script = path.with_suffix(".py")
    script.write_text(f"import json, sys\nnames = sys.argv[sys.argv.index('-c') + 2:]\n{body}\n", encoding="utf-8")
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I "{script}" "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return Path(path)
