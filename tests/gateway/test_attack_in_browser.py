"""A page of another origin attacks a gateway that serves a careless program, in a real browser."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.server
import json
import platform
import sys
import threading
from dataclasses import replace

import pytest
from support.browser import browsing
from support.gatewaycraft import serving, soon
from support.offering import KEY, STRANGER
from support.programs import offer_of, write_offer

from hatch_os402.offer.signing import complete, sign, signed_envelope_text

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="os402's sandbox is Linux's"),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the offer's architecture is x86_64"),
    pytest.mark.once,
]

CARELESS = (
    "import sys, urllib.parse as u\nprint('Content-Type: text/html; charset=utf-8\\r\\n\\r')\n"
    "print('<!doctype html><p id=app>app</p>', *u.parse_qs(sys.stdin.read()).get('text', []))"
)
"""A program as many are: what a form sends comes back as HTML."""

STEPS = """
const note = {};
const bytes = text => Uint8Array.from(atob(text), one => one.charCodeAt(0));
const form = () => {
  const form = new FormData();
  form.append("config", new Blob([bytes(config)], {type: "application/json"}), "offer.json");
  form.append("exe_x86_64", new Blob([bytes(script)]), "executable");
  return form;
};
const attempt = async (name, run) => {
  try { note[name] = await run(); } catch (error) { note[name] = "blocked"; }
};
const status = async (path, options) => (await fetch(gateway + path, options)).status;
const attack = async () => {
  await attempt("call", () => status("/careless.cgi", {method: "POST", body: "text=x"}));
  await attempt("offers", () => status("/offers"));
  await attempt("preflight", () => status("/" + sha256, {method: "OPTIONS"}));
  await attempt("put", () => status("/" + sha256, {method: "PUT", body: form()}));
  await attempt("run", () => status("/evil.cgi"));
  return JSON.stringify(note);
};
"""


@contextlib.contextmanager
def site(pages):
    """Serve `pages`, made once the address is known, from a port of their own."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            content = pages.get(self.path, "").encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def browser():
    with browsing("--host-resolver-rules=MAP evil.example 127.0.0.1") as browser:
        yield browser


@pytest.mark.parametrize("options", [(), ("--owner", KEY.address)], ids=["uploads off", "uploads of another owner"])
def test_a_page_of_another_origin_cannot_run_code(options, tmp_path, browser):
    """Neither by itself, nor through a served program whose page does what it is sent; calls alone are for anybody."""
    taken = tmp_path / "taken"
    script = f"#!/bin/sh\nenv > {taken}\n".encode()
    write_offer(tmp_path, CARELESS, name="careless")
    offer = offer_of("not asked", name="evil")
    item = replace(offer.exec.executables["x86_64"], sha256=hashlib.sha256(script).hexdigest())
    offer = replace(offer, exec=replace(offer.exec, executables={"x86_64": item}))
    signed = sign(complete(offer, STRANGER.address), STRANGER)
    constants = {
        "config": base64.b64encode(signed_envelope_text(signed).encode()).decode(),
        "script": base64.b64encode(script).decode(),
        "sha256": signed.sha256,
    }
    pages = {}
    with serving(tmp_path / "log", tmp_path / "careless.offer.json", *options) as served, site(pages) as address:
        code = "".join(f"const {name} = {json.dumps(value)};" for name, value in constants.items()) + STEPS
        done = "attack().then(found => { document.body.insertAdjacentHTML('beforeend', '<output></output>');"
        done += "document.querySelector('output').textContent = found; });"
        direct = f"const gateway = {json.dumps(served.url)};{code}{done}"
        inside = f"<script>const gateway = '';{code}{done}</script>"
        pages["/direct"] = f"<!doctype html><body><script>{direct}</script>"
        field = inside.replace("&", "&amp;").replace('"', "&quot;")
        pages["/form"] = (
            f'<!doctype html><form method=post action="{served.url}/careless.cgi">'
            f'<input type=hidden name=text value="{field}"></form><script>document.forms[0].submit()</script>'
        )
        pages["/frame"] = f'<!doctype html><iframe src="{served.url}/"></iframe><p id=here>here</p>'

        browser.open(f"{address}/direct")
        found = json.loads(browser.text("output"))
        # A call is for any page, as on os402. The browser asks before a PUT, and is not told that it may.
        assert found == dict.fromkeys(("offers", "preflight", "put", "run"), "blocked") | {"call": 200}

        browser.open(f"{address}/form")
        assert browser.text("#app") == "app"
        assert browser.run("return location.origin") == served.url
        found = json.loads(browser.text("output"))
        assert (found["put"], found["run"]) == (403, 404)

        browser.open(f"{address}/frame")
        assert browser.text("#here") == "here"
        assert soon(lambda: any("frame" in one.lower() or "403" in one for one in browser.errors()))

        # DNS rebinding: a name of the attacker's that leads here makes one origin of both.
        port = served.url.rpartition(":")[2]
        for path in ("/offers", "/careless.cgi"):
            browser.open(f"http://evil.example:{port}{path}")
            assert "This gateway answers as localhost" in browser.text("body")

        assert set(served.call("/offers").json()["offers"]) == {served.call("/careless").json()["sha256"]}
    assert not taken.exists()
