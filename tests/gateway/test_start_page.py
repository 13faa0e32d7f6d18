"""The start page, in a browser: it lists offers, its form sends, the answer shows."""

from __future__ import annotations

import sys

import pytest
from support.browser import browsing
from support.gatewaycraft import serving
from support.programs import write_offer

pytestmark = [pytest.mark.skipif(sys.platform != "linux", reason="os402's sandbox is Linux's"), pytest.mark.once]

ECHO = (
    "import os, sys\nprint('Content-Type: text/plain; charset=utf-8\\r\\n\\r')\n"
    "print(os.environ['REQUEST_METHOD'], os.environ['PATH_INFO'], os.environ['QUERY_STRING'], sys.stdin.read(), end='')"
)
EVIL = "</script><script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'taken'\">"
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}, "often": {"type": "integer", "default": 2}}}


@pytest.fixture(scope="module")
def browser():
    with browsing() as browser:
        yield browser


def test_start_page(tmp_path, browser):
    write_offer(tmp_path, ECHO, name="echo", description=EVIL, input_schema=SCHEMA)
    with serving(tmp_path / "log", tmp_path) as served:
        browser.open(served.url)
        assert browser.text("article h2") == "echo"
        # What an offer says is text, and never part of the page.
        assert browser.text("article p") == EVIL
        assert browser.run("return document.querySelector('textarea').value") == '{\n  "name": "",\n  "often": 2\n}'
        browser.write("textarea", '{"name": "Zoë"}')
        browser.write("input", "/a%20b?x=1")
        browser.click("button")
        assert browser.text("output pre.good") == 'POST /a%20b x=1 {"name": "Zoë"}'
        assert browser.text("output p").startswith("200 OK, ")
        assert "curl -X POST" in browser.text("output code")
        task = browser.run("return document.querySelector('output a').href")
        assert served.call(task.removeprefix(served.url)).json()["status"] == "completed"
        assert browser.run("return document.title") == "Offers on this machine"
        # Nothing was asked of another machine, and the policy of the page forbade nothing that it needs.
        fetched = browser.run("return performance.getEntriesByType('resource').map(one => one.name)")
        assert fetched == [f"{served.url}/echo.cgi/a%20b?x=1"]
        assert browser.errors() == []


def test_a_failure_shows(tmp_path, browser):
    write_offer(tmp_path, "1 / 0", name="broken")
    with serving(tmp_path / "log", tmp_path) as served:
        browser.open(served.url)
        browser.click("button")
        shown = browser.text("output pre.bad")
        assert shown.startswith("CGI Script Produced No Output")
        assert "ZeroDivisionError" in shown
