"""A headless Chromium, driven by the WebDriver protocol (W3C) that `chromedriver` speaks."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REQUIRED = "HATCH_OS402_BROWSER"
"""A variable that makes a missing browser a failure: a test that nobody runs protects nothing."""

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # W3C WebDriver, 11
_SECONDS = 30


class Browser:
    """One window. Elements are found by CSS selectors, and waited for."""

    def __init__(self, client: httpx.Client, session: str) -> None:
        self._client, self._session = client, session

    def _command(self, method: str, path: str, **body: Any) -> Any:
        answer = self._client.request(
            method, f"/session/{self._session}{path}", json=body if method == "POST" else None
        )
        value = answer.json()["value"]
        assert answer.is_success, value
        return value

    def open(self, url: str) -> None:
        self._command("POST", "/url", url=url)

    def _find(self, selector: str) -> str:
        found = self._command("POST", "/element", using="css selector", value=selector)
        return found[_ELEMENT]

    def text(self, selector: str) -> str:
        return self._command("GET", f"/element/{self._find(selector)}/text")

    def click(self, selector: str) -> None:
        self._command("POST", f"/element/{self._find(selector)}/click")

    def write(self, selector: str, text: str) -> None:
        """Replace what is in a field."""
        self._command("POST", f"/element/{self._find(selector)}/clear")
        self._command("POST", f"/element/{self._find(selector)}/value", text=text)

    def run(self, script: str) -> Any:
        """Return what a script, the body of an async function, returns."""
        return self._command("POST", "/execute/sync", script=f"return (async () => {{ {script} }})();", args=[])

    def frame(self, selector: str | None) -> None:
        """Look into a frame; None: at the page again."""
        chosen = None if selector is None else {_ELEMENT: self._find(selector)}
        self._command("POST", "/frame", id=chosen)

    def emulate(self, width: int, scheme: str, height: int = 900) -> None:
        """Let pages be shown `width` CSS pixels wide, to a user who prefers the colour `scheme`: light or dark."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        feature = {"name": "prefers-color-scheme", "value": scheme}
        for command, parameters in (
            ("Emulation.setDeviceMetricsOverride", size),
            ("Emulation.setEmulatedMedia", {"features": [feature]}),
        ):
            self._command("POST", "/goog/cdp/execute", cmd=command, params=parameters)

    def screenshot(self, path: Path) -> None:
        """Write a picture of what the window shows, as PNG."""
        found = self._command("POST", "/goog/cdp/execute", cmd="Page.captureScreenshot", params={})
        path.write_bytes(base64.b64decode(found["data"]))

    def errors(self) -> list[str]:
        """Return what the console was told since it was last asked, but notes."""
        entries = self._command("POST", "/se/log", type="browser")
        return [entry["message"] for entry in entries if entry["level"] in {"SEVERE", "WARNING"}]


def missing() -> str:
    """Say what is missing for a browser, if anything is."""
    names = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"no {' and no '.join(names)} on PATH (Debian: apt-get install chromium chromium-driver)" if names else ""


def require() -> None:
    """Skip the test without a browser, and fail it where `REQUIRED` is set."""
    if why := missing():
        if os.environ.get(REQUIRED) == "required":
            pytest.fail(f"{REQUIRED}=required is set, and there is {why}")
        pytest.skip(why)


@contextlib.contextmanager
def browsing(*arguments: str) -> Iterator[Browser]:
    """Start a browser with these further `arguments`; skip the test without one, and fail where `REQUIRED` is set."""
    require()
    driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
    try:
        port = next(
            line.rsplit(" ", 1)[1].strip(" .\n") for line in driver.stdout if "started successfully on port" in line
        )
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", *arguments]}
        wanted = {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"},
            "timeouts": {"implicit": _SECONDS * 1000},
        }
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=2 * _SECONDS, trust_env=False) as client:
            answer = client.post("/session", json={"capabilities": {"alwaysMatch": wanted}}).json()["value"]
            assert "sessionId" in answer, answer
            try:
                yield Browser(client, answer["sessionId"])
            finally:
                client.delete(f"/session/{answer['sessionId']}")
    finally:
        driver.terminate()
        driver.wait()
        driver.stdout.close()
