"""The start page, in a browser: it lists offers, its form sends, the answer shows."""

from __future__ import annotations

import json
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


FORM = {
    "type": "object",
    "properties": {
        "place": {"$ref": "#/$defs/Place"},
        "days": {"type": "integer", "minimum": 1, "maximum": 14, "default": 3, "description": EVIL},
        "unit": {"enum": ["celsius", "fahrenheit"], "default": "celsius"},
        "start": {"type": "string", "format": "date"},
        "exact": {"type": "boolean", "default": False},
        "ticket": {"anyOf": [{"type": "string", "format": "uuid"}, {"type": "null"}], "default": None},
        "tags": {"type": "array", "items": {"type": "string"}, "default": None},
        EVIL: {"type": "number", "default": None},
    },
    "required": ["place", "start"],
    "additionalProperties": False,
    "$defs": {
        "Place": {
            "type": "object",
            "properties": {
                "latitude": {"type": "number"},
                "name": {"type": "string", "default": ""},
                "inner": {"anyOf": [{"$ref": "#/$defs/Place"}, {"type": "null"}], "default": None},
            },
            "required": ["latitude"],
        }
    },
}


def body_of(browser):
    return json.loads(browser.run("return document.querySelector('[aria-label=body]').value"))


def test_the_form_of_a_tool(tmp_path, browser):
    browser.errors()  # of other tests
    write_offer(tmp_path, ECHO, name="forecast", input_schema=FORM)
    with serving(tmp_path / "log", tmp_path) as served:
        browser.open(served.url)
        first = {"place": {"latitude": 0, "name": ""}, "days": 3, "unit": "celsius", "start": "", "exact": False}
        assert body_of(browser) == first
        kinds = browser.run(
            "return [...document.querySelectorAll('fieldset [name]')].map(one => [one.tagName, one.type, one.min])"
        )
        assert kinds == [
            *(["TEXTAREA", "textarea", None], ["INPUT", "date", ""]),  # what is required comes first
            *(["INPUT", "number", ""], ["INPUT", "number", "1"], ["SELECT", "select-one", None]),
            *(["TEXTAREA", "textarea", None], ["INPUT", "text", ""], ["SELECT", "select-one", None]),
        ]
        assert browser.text("input[name=days] + small") == EVIL
        browser.write("textarea[name=place]", '{"latitude": 1.5}')
        browser.write("input[name=days]", "5")
        browser.write("input[name=ticket]", "Zoë")
        browser.write("textarea[name=tags]", '["a"')
        browser.run(
            "for (const [name, value] of [['unit', '\"fahrenheit\"'], ['exact', 'true'], ['start', '2026-01-31']]) {"
            "const one = document.querySelector(`[name=${name}]`); one.value = value;"
            "one.dispatchEvent(new Event('input', { bubbles: true })); }"
        )
        sent = {
            "place": {"latitude": 1.5},
            "days": 5,
            "unit": "fahrenheit",
            "start": "2026-01-31",
            "exact": True,
            "ticket": "Zoë",
            "tags": '["a"',  # no JSON: the tool says what is wrong with it
        }
        assert body_of(browser) == sent
        browser.write("input[name=days]", "")  # and the default counts again
        browser.click("button")
        answered = browser.text("output pre.good")
        assert json.loads(answered.removeprefix("POST /  ")) == {name: sent[name] for name in sent if name != "days"}
        assert browser.run("return document.title") == "Offers on this machine"
        assert browser.errors() == []
