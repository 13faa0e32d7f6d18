"""Whole archives with a web application: started as each launcher does, on a command line, and with the caller's key."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from support import launching
from support.diskless import run_diskless
from support.once import once_but

from hatch_os402 import launcher
from hatch_os402.calls import cgi

KEY = "0xCAFE402CAFE402"
WSGI_APP = """
print("imported")

def app(environ, start_response):
    print("called")
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["SCRIPT_NAME"].encode(), b" ", environ["PATH_INFO"].encode(), b" ", body]

def create_app():
    return app

def failing(environ, start_response):
    raise LookupError("for the log")

def missing(environ, start_response):
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"nothing"]

def cookies(environ, start_response):
    start_response("200 OK", [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    return [environ.get("HTTP_COOKIE", "none").encode()]

def endless(environ, start_response):
    start_response("200 OK", [])
    while True:
        yield bytes(100_000)
"""
ASGI_APP = """
import sys
print("imported")

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    print("called")
    body = (await receive())["body"]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    root, path = scope["root_path"], scope["path"]
    await send({"type": "http.response.body", "body": f"{root} {path[len(root):]} ".encode() + body})

def create_app():
    return app

async def failing(scope, receive, send):
    if scope["type"] == "http":
        raise LookupError("for the log")

async def missing(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 404, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"nothing"})

async def cookies(scope, receive, send):
    if scope["type"] == "http":
        headers = [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": dict(scope["headers"]).get(b"cookie", b"none")})

async def endless(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200})
        while True:
            await send({"type": "http.response.body", "body": bytes(100_000), "more_body": True})
"""
APPS = {"wsgi": WSGI_APP, "asgi": ASGI_APP}
REQUEST = {
    "GATEWAY_INTERFACE": "CGI/1.1",
    "REQUEST_METHOD": "POST",
    "SCRIPT_NAME": "/shop.cgi",
    "PATH_INFO": "/x",
    "QUERY_STRING": "",
}


def shop(interface: str, name: str = "app", **settings) -> bytes:
    settings = {"interface": interface, **settings}
    return launching.archive({"shop.py": APPS[interface]}, f"shop:{name}", **settings)


@pytest.mark.parametrize("interface", APPS)
@pytest.mark.parametrize("how", launching.WITH_BODY)
def test_every_launcher(interface, how, tmp_path):
    found = launching.run(shop(interface), tmp_path, how=how, body=b"body", **REQUEST)
    answer = cgi.parse(found.out)
    assert (found.code, answer.status, answer.body) == (0, 200, b"/shop.cgi /x body")
    assert found.err == "imported\ncalled\n"  # what is printed is no part of the answer


@pytest.mark.parametrize("interface", APPS)
def test_a_factory(interface, tmp_path):
    found = launching.run(shop(interface, "create_app", factory=True), tmp_path, body=b"body", **REQUEST)
    assert cgi.parse(found.out).body == b"/shop.cgi /x body"


@pytest.mark.parametrize("interface", APPS)
def test_an_error_is_500_with_its_traceback_on_stderr(interface, tmp_path):
    found = launching.run(shop(interface, "failing"), tmp_path, **REQUEST)
    answer = cgi.parse(found.out)
    assert (found.code, answer.status, answer.body) == (1, 500, b"Internal Server Error")
    first, *_, last = found.err.removeprefix("imported\n").splitlines()
    assert (first, last) == ("Traceback (most recent call last):", "LookupError: for the log")
    assert 'raise LookupError("for the log")' in found.err
    assert "_os402" not in found.err
    assert "asyncio" not in found.err


@pytest.mark.parametrize("interface", APPS)
def test_nobody_reads(interface, tmp_path):
    data = launching.frame(shop(interface, "endless"))
    process = subprocess.Popen(
        [sys.executable, *launcher.ARGS[1:]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=launching.environment(**REQUEST),
    )
    with process:
        process.stdin.write(data)
        process.stdin.flush()
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read().decode() == "imported\n"
    assert process.returncode == 1


@pytest.mark.parametrize("interface", APPS)
def test_cookies(interface, tmp_path):
    packed = cgi.parse(launching.run(shop(interface, "cookies"), tmp_path, **REQUEST).out)
    cookie = dict(packed.headers)["set-cookie"].decode().partition(";")[0]
    assert packed.body == b"none"
    again = launching.run(shop(interface, "cookies"), tmp_path, **REQUEST, HTTP_COOKIE=cookie)
    assert cgi.parse(again.out).body == b"a=1; b=2"
    plain = launching.run(shop(interface, "cookies", cookies="plain"), tmp_path, **REQUEST, HTTP_COOKIE=cookie)
    assert cgi.parse(plain.out).body == cookie.encode()
    assert dict(cgi.parse(plain.out).headers)["set-cookie"] == b"b=2"
    assert "lost are a." in plain.err


# On a command line


def command(interface: str, folder, *arguments: str, name: str = "app", body: bytes = b"") -> launching.Result:
    data = shop(interface, name)
    (folder / "shop.pyz").write_bytes(data)
    process = subprocess.run(
        [sys.executable, "shop.pyz", *arguments],
        input=body,
        capture_output=True,
        cwd=folder,
        env=launching.environment(),
        check=False,
    )
    return launching.Result(process.returncode, process.stdout, process.stderr.decode())


@pytest.mark.parametrize("interface", APPS)
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["/x?a=b"], b" /x "),
        (["GET", "/%C3%A9"], " /é ".encode()),
        (["post", "/x"], b" /x body"),
        (["-H", "X-Own: v", "PUT", "/x"], b" /x body"),
        (["DELETE", "/x"], b" /x body"),
    ],
)
def test_one_request(interface, arguments, expected, tmp_path):
    found = command(interface, tmp_path, *arguments, body=b"body")
    out = found.out if interface == "asgi" else found.out.decode().encode("latin-1", "replace")
    assert (found.code, out.decode("utf-8", "replace"), found.err) == (0, expected.decode(), "imported\ncalled\n")


@pytest.mark.parametrize("interface", APPS)
def test_include(interface, tmp_path):
    found = command(interface, tmp_path, "-i", "/", name="cookies")
    head, _, body = found.out.partition(b"\r\n\r\n")
    assert head.lower().endswith(b"set-cookie: a=1\r\nset-cookie: b=2")
    assert head.startswith(b"Status: 200")
    assert body == b"none"


@pytest.mark.parametrize("interface", once_but(list(APPS), "wsgi"))
def test_its_exit_status(interface, tmp_path):
    assert command(interface, tmp_path, "/", name="missing")[:2] == (1, b"nothing")
    assert command(interface, tmp_path, "/", name="failing")[:2] == (1, b"Internal Server Error")
    for wrong in ([], ["x"], ["GET"], ["GET", "POST", "/"], ["-H", "/"], ["-H"], ["-x", "/"]):
        found = command(interface, tmp_path, *wrong)
        assert found[:2] == (2, b"")
        assert "usage: shop.pyz [-i]" in found.err
    assert b"usage" in command(interface, tmp_path, "--help").out


# The caller's key

LOOK = """
import os, sys
{more}
NAMES = {{"HTTP_X_402_KEY", "HTTP_X_PAYMENT"}}
found = [name for name in NAMES if name in os.environ or os.getenv(name)]
found += [name for name in NAMES if os.name == "posix" and name.encode() in os.environb]
own = sys.modules[os.name].environ
found += [name for name in NAMES if name in own or name.encode() in own]
try:
    import ctypes
    getenv = ctypes.CDLL(None).getenv
    getenv.restype = ctypes.c_char_p
    found += [name for name in NAMES if getenv(name.encode())]
except (ImportError, TypeError):
    pass
found = repr(sorted(found)).encode()
"""
LOOKING = {
    "script": "def app(): sys.stdout.buffer.write(b'\\r\\n\\r\\n' + found)",
    "wsgi": "def app(environ, start_response):\n"
    "    start_response('200 OK', [])\n    return [found, repr(environ).encode()]",
    "asgi": "async def app(scope, receive, send):\n"
    "    if scope['type'] == 'http':\n"
    "        await send({'type': 'http.response.start', 'status': 200})\n"
    "        await send({'type': 'http.response.body', 'body': found + repr(scope).encode()})",
}
SECRETS = {"HTTP_X_402_KEY": KEY, "HTTP_X_PAYMENT": KEY}


@pytest.mark.parametrize("interface", LOOKING)
@pytest.mark.parametrize("how", once_but(launching.LAUNCHERS, "ours", "pyz"))
def test_no_code_of_the_program_sees_the_callers_key(interface, how, tmp_path):
    source = LOOK.format(more="") + LOOKING[interface]
    for entry in ("app:app", "app") if interface == "script" else ("app:app",):
        if entry == "app":
            source += "\nif __name__ == '__main__': app()"
        data = launching.archive({"app.py": source}, entry, interface=interface)
        found = launching.run(data, tmp_path, how=how, **REQUEST, **SECRETS)
        assert found.err == ""
        assert cgi.parse(found.out).body.startswith(b"[]")
        assert KEY.encode() not in found.out


@pytest.mark.parametrize("interface", LOOKING)
def test_caller_key_leaves_it(interface, tmp_path):
    data = launching.archive(
        {"app.py": LOOK.format(more="") + LOOKING[interface]}, "app:app", interface=interface, caller_key=True
    )
    found = launching.run(data, tmp_path, **REQUEST, **SECRETS)
    assert cgi.parse(found.out).body.startswith(b"['HTTP_X_402_KEY'")
    if interface != "script":  # it is a header like any other
        assert KEY.encode() in found.out


def test_children_do_not_see_it(tmp_path):
    source = "import os\ndef app(): os.execvp('env', ['env'])"
    found = launching.run(launching.archive({"app.py": source}, "app:app"), tmp_path, **REQUEST, **SECRETS)
    assert "SCRIPT_NAME=/shop.cgi" in found.out.decode().splitlines()
    assert KEY.encode() not in found.out


# Without threads


@pytest.mark.skipif(sys.platform != "linux", reason="os402's sandbox is Linux's")
def test_threads_of_an_event_loop_run_in_place(python312):
    source = (
        "import asyncio, contextvars\n"
        "variable = contextvars.ContextVar('variable')\n"
        "def work(number):\n"
        "    return f'{number} {variable.get()}'.encode()\n"
        "async def app(scope, receive, send):\n"
        "    if scope['type'] != 'http': return\n"
        "    variable.set('seen')\n"
        "    parts = await asyncio.gather(*(asyncio.to_thread(work, number) for number in range(3)))\n"
        "    await send({'type': 'http.response.start', 'status': 200})\n"
        "    await send({'type': 'http.response.body', 'body': b','.join(parts)})\n"
    )
    data = launching.archive({"app.py": source}, "app:app", interface="asgi", compiled_by=python312.path)
    done = run_diskless(python312.path, launcher.ARGS[1:], launching.frame(data), {**REQUEST, **SECRETS})
    assert (done.returncode, done.stderr) == (0, b"")
    assert cgi.parse(done.stdout).body == b"0 seen,1 seen,2 seen"


# What is packed


def test_only_what_is_used_is_packed():
    def interfaces(name):
        return {path.rpartition("/")[2] for path in launcher.inside_files(name) if "/interfaces/" in path}

    assert interfaces("script") == set()
    assert interfaces("wsgi") - interfaces("asgi") == {"wsgi.py"}
    assert interfaces("asgi") - interfaces("wsgi") == {"asgi.py"}


@pytest.mark.parametrize("interface", APPS)
def test_little_is_imported(interface, tmp_path):
    """Nothing that the application does not need: each module is paid for in every call."""
    source = APPS[interface].replace('print("called")', "import sys; print(*sorted(sys.modules), file=sys.stderr)")
    data = launching.archive({"shop.py": source}, "shop:app", interface=interface, compiled_by=sys.executable)
    found = launching.run(data, tmp_path, **REQUEST)
    modules = set(found.err.split())
    assert {name for name in modules if name.startswith("_os402.interfaces.")} == {
        "_os402.interfaces._cgi",
        f"_os402.interfaces.{interface}",
    }
    needless = {"email", "http", "json", "urllib"} | ({"typing"} if interface == "wsgi" else set())
    assert not needless & modules
    assert ("asyncio" in modules) == (interface == "asgi")


@pytest.mark.skipif(os.name != "posix", reason="descriptors of POSIX")
def test_stdout_is_the_answers_alone(tmp_path):
    source = WSGI_APP + "\nimport atexit, sys\natexit.register(print, 'at exit')\nprint('x', file=sys.__stderr__)\n"
    found = launching.run(launching.archive({"shop.py": source}, "shop:app", interface="wsgi"), tmp_path, **REQUEST)
    assert cgi.parse(found.out).body == b"/shop.cgi /x "
    assert found.err == "imported\nx\ncalled\nat exit\n"


# What frameworks make ETags and Last-Modified of


def test_a_file_is_the_same_in_every_call(tmp_path):
    source = (
        "import json, os\n"
        "def main():\n"
        "    path = __file__\n"
        "    with open(path, 'rb') as file:\n"
        "        other = os.open(path, os.O_RDONLY)\n"
        "        found = [os.stat(path), os.fstat(other)]\n"
        "        if hasattr(os, 'memfd_create'): found.append(os.fstat(file.fileno()))\n"
        "        json_ = [[one.st_mtime_ns, one.st_size] for one in found], found[0].st_ino\n"
        "    print(json.dumps(json_))\n"
    )
    data = launching.archive({"app.py": source}, "app:main")
    first, again = (launching.run(data, tmp_path).facts for _ in range(2))
    assert first == again
    times, _ = first
    assert times == [[315532800 * 10**9, len(source)]] * len(times)
