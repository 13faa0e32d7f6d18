"""A project with a web application, from its table in pyproject.toml to an answer."""

from __future__ import annotations

import subprocess
import sys

import httpx
import pytest
from support.buildproject import build, write_project
from support.gatewaycraft import serving

pytestmark = pytest.mark.once

WEB = """
import sys

def wsgi(environ, start_response):
    if environ["PATH_INFO"] == "/login":
        start_response("303 See Other", [("Location", environ["SCRIPT_NAME"] + "/"), ("Set-Cookie", "a=1; Path=/"),
                                         ("Set-Cookie", "b=2; Path=/; HttpOnly")])
        return []
    if environ["PATH_INFO"] == "/error":
        raise LookupError("on purpose")
    start_response("200 OK", [("Content-Type", "text/plain")])
    print("seen", file=sys.stderr)
    return [environ["REQUEST_METHOD"].encode(), b" ", environ.get("HTTP_COOKIE", "").encode(), environ["wsgi.input"].read()]

async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    path, headers = scope["path"][len(scope["root_path"]):], dict(scope["headers"])
    if path == "/login":
        set_cookies = [(b"set-cookie", b"a=1; Path=/"), (b"set-cookie", b"b=2; Path=/; HttpOnly")]
        location = [(b"location", scope["root_path"].encode() + b"/")]
        await send({"type": "http.response.start", "status": 303, "headers": location + set_cookies})
        await send({"type": "http.response.body"})
        return
    if path == "/error":
        raise LookupError("on purpose")
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    print("seen", file=sys.stderr)
    body = scope["method"].encode() + b" " + headers.get(b"cookie", b"") + (await receive())["body"]
    await send({"type": "http.response.body", "body": body})

def create():
    return asgi
"""
FILES = {"sample/__init__.py": "", "sample/web.py": WEB}
ENTRIES = {"wsgi": "sample.web:wsgi", "asgi": "sample.web:asgi", "factory": "sample.web:create()"}


SECRET = "f00d402" * 9 + "f"


def project(folder, entry, interface=None, more=""):
    lines = [f'entry-point = "{entry}"', "bytecode = false", more]
    if interface:
        lines.append(f'interface = "{interface}"')
    return write_project(folder, files=FILES, options="\n".join(lines) + "\n")


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_the_line_to_add_is_named(interface, tmp_path):
    stated = build(project(tmp_path, ENTRIES[interface])).refused()
    assert f"the entry point 'sample.web:{interface}' is " in stated
    assert stated.rstrip().endswith(f'Set in [tool.hatch.build.targets.os402]:\n  interface = "{interface}"')
    assert not (tmp_path / "dist").exists()


def test_the_other_interface_is_refused(tmp_path):
    stated = build(project(tmp_path, ENTRIES["wsgi"], "asgi")).refused()
    assert 'interface` is "asgi"' in stated
    assert 'interface = "wsgi"' in stated


def test_a_function_that_is_not_there_is_told(tmp_path):
    built = build(project(tmp_path, "sample.web:nosuch()", "wsgi")).succeeded()
    assert "sample/web.py does not define 'nosuch' at its top level" in built.err


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.skipif(sys.platform != "linux", reason="os402's sandbox is Linux's")
def test_run(name, tmp_path):
    root = project(tmp_path, ENTRIES[name], "wsgi" if name == "wsgi" else "asgi")

    def run(*arguments):
        command = [sys.executable, "-m", "hatch_os402.cli", "run", str(root), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    code, out, err = run("/x", "-d", "body", "--sandbox")
    assert (code, out.splitlines()[-1]) == (0, "POST body"), err
    assert err.splitlines()[-1] == "seen"
    code, out, err = run("/login", "-i")
    assert code == 0  # a redirection is an answer
    assert "HTTP/1.1 303 See Other" in out
    assert out.count("set-cookie: _os402=") == 1
    code, out, err = run("/error")
    assert (code, out) == (1, "Internal Server Error")
    assert "LookupError: on purpose" in err


@pytest.mark.skipif(sys.platform != "linux", reason="os402's sandbox is Linux's")
def test_serve_with_a_cookie_jar(tmp_path):
    """os402 keeps one `Set-Cookie` of an answer, and so does `serve`: a client sees one login all the same."""
    folders = [project(tmp_path / name, ENTRIES[name], name) for name in ("wsgi", "asgi")]
    for name, folder in zip(("wsgi", "asgi"), folders, strict=True):
        text = (folder / "pyproject.toml").read_text()
        (folder / "pyproject.toml").write_text(
            text.replace(
                "[tool.hatch.build.targets.os402.offer]\n", f'[tool.hatch.build.targets.os402.offer]\nname = "{name}"\n'
            )
        )
    secret = {"X-402-Key": f"0x{SECRET}", "X-Payment": SECRET}
    with (
        serving(tmp_path / "log", *folders) as served,
        httpx.Client(timeout=60, follow_redirects=True, headers=secret) as client,
    ):
        for name in ("wsgi", "asgi"):
            answer = client.get(f"{served.url}/{name}.cgi/login")
            assert (answer.status_code, answer.url.path) == (200, f"/{name}.cgi/")
            assert answer.text == "GET a=1; b=2"
        assert [cookie.path for cookie in client.cookies.jar] == ["/wsgi.cgi", "/asgi.cgi"]
        failed = client.get(f"{served.url}/wsgi.cgi/error")
        assert (failed.status_code, failed.text) == (500, "Internal Server Error")
        assert served.logged("LookupError: on purpose")
        head = client.head(f"{served.url}/asgi.cgi/")
        assert (head.status_code, head.content) == (200, b"")
        for answer in (failed, head):
            task = answer.headers["x-os402-task"].split()[0].removeprefix("id=")
            for path in ("", "/stdout", "/stderr"):
                reported = client.get(f"{served.url}/tasks/{task}{path}")
                assert reported.status_code == 200
                assert SECRET not in reported.text
    assert SECRET not in (tmp_path / "log").read_text()
