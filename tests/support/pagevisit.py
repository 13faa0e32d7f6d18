"""Open a page in headless Chromium, do something on it, and read what came of it. No driver, and no network."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    # Whatever would leave the machine, or reach another one, fails.
    "--proxy-server=127.0.0.1:9",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--window-size=1200,900",
    "--virtual-time-budget=10000",
    "--dump-dom",
)
REQUIRED = os.environ.get("HATCH_OS402_BROWSER") == "required"


def find_chromium() -> str:
    """Return the browser's path. Without one the test is skipped, or fails where one is required."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        why = "no Chromium on PATH (apt-get install chromium)"
        if REQUIRED:
            pytest.fail(f"{why}, and HATCH_OS402_BROWSER=required is set")
        pytest.skip(why)
    return found


def visit(page: Path, script: str, folder: Path, *flags: str) -> Any:
    """Open the HTML file `page`, run `script` and return what it returns, as JSON has it.

    `script` is the body of an async function, with `wait(milliseconds)`. Errors of the page, and everything that it
    tries to load, are failures. `folder` is a new folder for the browser's profile.
    """
    before = (
        "<script>window.faults = []; addEventListener('error', (e) => faults.push(String(e.message)), true);"
        "addEventListener('securitypolicyviolation', (e) => faults.push(`blocked: ${e.blockedURI}`));</script>"
    )
    after = (
        '<script>addEventListener("load", async () => { let said;'
        "const wait = (time) => new Promise((done) => setTimeout(done, time));"
        f"try {{ said = {{ value: await (async () => {{ {script} }})() }}; }} catch (e) {{ said = {{ error: String(e) }}; }}"
        "said.faults = window.faults; said.loaded = performance.getEntriesByType('resource').map((e) => e.name);"
        'const out = document.createElement("pre"); out.id = "said"; out.textContent = JSON.stringify(said);'
        "document.body.append(out); });</script>"
    )
    text = page.read_text(encoding="utf-8")
    assert text.count("<head>") == 1
    assert text.count("</body>") == 1
    instrumented = folder / "page.html"
    folder.mkdir()
    instrumented.write_text(text.replace("<head>", f"<head>{before}").replace("</body>", f"{after}</body>"), "utf-8")
    command = [find_chromium(), *_FLAGS, *flags, f"--user-data-dir={folder / 'profile'}", instrumented.as_uri()]
    done = subprocess.run(command, capture_output=True, check=False, timeout=120)
    match = re.search(r'<pre id="said">(.*?)</pre>', done.stdout.decode(), re.DOTALL)
    assert match, done.stderr.decode()[-2000:]
    said = json.loads(html.unescape(match[1]))
    assert (said.get("error"), said["faults"], said["loaded"]) == (None, [], [])
    return said["value"]
