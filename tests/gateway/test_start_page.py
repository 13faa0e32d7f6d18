"""The start page, in a browser: it lists offers, its form sends, the answer shows."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

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
        # It is HTML, and shown as that: a heading and paragraphs, each of its own.
        browser.frame("output iframe.bad")
        assert browser.text("h1, h2") == "CGI Script Produced No Output"
        assert "ZeroDivisionError" in browser.text("body")
        assert "Output" in browser.text("body").splitlines()[0]
        browser.frame(None)
        assert browser.run("return document.querySelector('output iframe').getAttribute('sandbox')") == ""


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


ANSWERS = {
    "html": (
        "text/html; charset=utf-8",
        b"<!doctype html><style>h1{color:rgb(1,2,3)}</style><h1>hello</h1><script>parent.document.title='taken'</script>",
    ),
    "json": ("application/json", b'{"message": "<b>hello</b>", "items": [1, [2, {"deep": []}]], "none": null}'),
    "image": (
        "image/svg+xml",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='40' height='20'><script>document.title='taken'</script></svg>",
    ),
    "text": ("text/plain", b"a<b>\n  c"),
    "bytes": ("application/octet-stream", bytes(range(256))),
    "refused": ("application/json\r\nStatus: 400 Bad Request", b'{"error": "no such place"}'),
}


@pytest.fixture(scope="module")
def answering(tmp_path_factory, browser):
    """A gateway whose offers answer with everything that there is; and the page of each."""
    folder = tmp_path_factory.mktemp("answers")
    for name, (kind, body) in ANSWERS.items():
        head = f"Content-Type: {kind}\r\n\r\n".encode()
        write_offer(folder, f"import sys; sys.stdout.buffer.write({head + body!r})", name=name, input_schema=None)
    write_offer(
        folder, ECHO, name="tool-with-a-long-name-that-fits-nowhere", input_schema=FORM, description="A tool. " * 20
    )
    with serving(folder / "log", folder) as served:
        yield served


def send(browser, name):
    """Press the button of the offer `name`, and wait for its answer."""
    browser.run(
        f"window.card = [...document.querySelectorAll('article')].find(one => one.querySelector('h2').textContent === {json.dumps(name)});"
        "card.querySelector('button').click();"
        "while (card.querySelector('button').disabled || !card.querySelector('output').childElementCount) await new Promise(done => setTimeout(done, 20));"
    )


def test_answers_are_shown_as_what_they_are(answering, browser):
    browser.errors()
    browser.open(answering.url)
    for name in ANSWERS:
        send(browser, name)
    shown = browser.run(
        "return Object.fromEntries([...document.querySelectorAll('article')].map(one => [one.querySelector('h2').textContent,"
        "[...(one.querySelector('output')?.children || [])][1]]).filter(([, one]) => one)"
        ".map(([name, one]) => [name, [one.tagName, one.className, one.textContent]]))"
    )
    assert shown["json"][:2] == ["DIV", "json good"]
    assert '"message": "<b>hello</b>"' in shown["json"][2]
    assert "[2 items]" in shown["json"][2]
    assert shown["text"] == ["PRE", "good", "a<b>\n  c"]
    assert shown["refused"] == ["PRE", "bad", "no such place"]
    assert shown["bytes"] == ["P", "good", "Download 256 bytes of application/octet-stream"]
    assert shown["image"][:2] == ["IMG", "good"]
    assert shown["html"][:2] == ["IFRAME", "good"]
    folded = browser.run("return [...document.querySelectorAll('.json details')].map(one => one.open)")
    assert folded == [True, True, False, False]
    browser.run("await Promise.all([...document.images].map(one => one.decode()))")
    assert browser.run("return [...document.images].map(one => [one.naturalWidth, one.naturalHeight])") == [[40, 20]]
    assert browser.run("return document.querySelector('a[download]').href").startswith("blob:")
    browser.frame("iframe")
    assert browser.text("h1") == "hello"
    assert browser.run("return getComputedStyle(document.querySelector('h1')).color") == "rgb(1, 2, 3)"
    browser.frame(None)
    assert browser.run("return document.title") == "Offers on this machine"


def test_what_is_preset(answering, browser):
    browser.open(answering.url)
    found = browser.run(
        "return Object.fromEntries([...document.querySelectorAll('article')].map(one => [one.querySelector('h2').textContent,"
        "[one.querySelector('select').value, one.querySelector('[aria-label=body]').hidden, one.querySelector('h2 a').href]]))"
    )
    assert found["html"] == ["GET", True, f"{answering.url}/html.cgi"]
    tool = "tool-with-a-long-name-that-fits-nowhere"
    assert found[tool] == ["POST", False, f"{answering.url}/{tool}.cgi"]
    browser.run(
        "const one = document.querySelector('article select'); one.value = 'PUT'; one.dispatchEvent(new Event('change'));"
    )
    assert browser.run("return document.querySelector('[aria-label=body]').hidden") is False


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_leaves_its_card(answering, browser, width, scheme, tmp_path):
    browser.emulate(width, scheme, height=5000)
    browser.open(answering.url)
    for name in ANSWERS:
        send(browser, name)
    outside = browser.run(
        "const seen = [];"
        "for (const card of document.querySelectorAll('article')) { const edge = card.getBoundingClientRect();"
        "for (const one of card.querySelectorAll('*')) { const box = one.getBoundingClientRect();"
        "if (box.width && (box.left < edge.left || box.right > edge.right)) seen.push([one.tagName, one.className, box.right, edge.right]); } }"
        "return seen;"
    )
    assert outside == []
    assert browser.run("return document.documentElement.scrollWidth") <= width
    background = browser.run("return matchMedia('(prefers-color-scheme: dark)').matches")
    assert background is (scheme == "dark")
    if folder := os.environ.get("HATCH_OS402_SCREENSHOTS"):
        browser.screenshot(Path(folder, f"gateway-{width}-{scheme}.png"))
