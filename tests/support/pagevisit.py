"""Open a page from a file in a browser without a network, do something on it, and read what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.browser import browsing

if TYPE_CHECKING:
    from pathlib import Path

_FLAGS = (
    "--disable-background-networking",
    # Whatever would leave the machine, or reach another one, fails.
    "--proxy-server=127.0.0.1:9",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--window-size=1200,900",
)
_WATCH = (
    "<script>window.faults = []; addEventListener('error', (e) => faults.push(String(e.message)), true);"
    "addEventListener('securitypolicyviolation', (e) => faults.push(`blocked: ${e.blockedURI}`));</script>"
)
_ASK = """
const wait = (time) => new Promise((done) => setTimeout(done, time));
const value = await (async () => { %s })();
return { value, faults: window.faults, loaded: performance.getEntriesByType("resource").map((entry) => entry.name) };
"""


def visit(page: Path, script: str, folder: Path, *flags: str) -> Any:
    """Open the HTML file `page`, run `script` and return what it returns, as JSON has it.

    `script` is the body of an async function, with `wait(milliseconds)`. Errors of the page, and everything that it
    tries to load, are failures. `folder` is a new folder for the page as it is opened.
    """
    text = page.read_text(encoding="utf-8")
    assert text.count("<head>") == 1
    folder.mkdir()
    watched = folder / "page.html"
    watched.write_text(text.replace("<head>", f"<head>{_WATCH}"), "utf-8")
    with browsing(*_FLAGS, *flags) as browser:
        browser.open(watched.as_uri())
        found = browser.run(_ASK % script)
    assert (found["faults"], found["loaded"]) == ([], [])
    return found["value"]
