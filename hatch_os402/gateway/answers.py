"""Answers of the gateway itself, rather than of a program."""

from __future__ import annotations

from html import escape
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, JSONResponse, Response

if TYPE_CHECKING:
    from collections.abc import Mapping

_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class RefusalError(Exception):
    """A request that is answered with an error, `{"error": message}`.

    `close`: the connection ends with it; else what is still to come of a body is read and dropped, for a client that is
    sending reads no answer. `retry`: it may work in a moment.
    """

    def __init__(self, status: int, message: str, *, close: bool = False, retry: bool = False) -> None:
        super().__init__(message)
        self.status, self.message = status, message
        self._headers = {**({"Connection": "close"} if close else {}), **({"Retry-After": "1"} if retry else {})}

    def response(self) -> Response:
        """Return the answer: the status, and `{"error": message}` as JSON."""
        return JSONResponse({"error": self.message}, self.status, headers=self._headers)


def as_own(response: Response) -> Response:
    """Return an answer of the gateway itself with what keeps it from pages of others: never framed, never sniffed."""
    headers = {
        "Content-Security-Policy": _POLICY,
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    for name, value in headers.items():
        response.headers.setdefault(name, value)
    return response


def preflight() -> Response:
    """Return the answer to a browser's question before a call from another origin (`webapp/handlers/cgi.rs`)."""
    return Response(
        status_code=HTTPStatus.NO_CONTENT,
        headers={
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, PATCH, OPTIONS",
            "Access-Control-Allow-Headers": ("Content-Type, Authorization, X-Payment, X-402-Key, X-402-Max, X-402-Pay"),
            "Access-Control-Max-Age": "86400",
        },
    )


def no_response(title: str, message: str, why: str, errors: bytes, headers: Mapping[str, str]) -> Response:
    """Return the page for output that is no response: os402's words, then how to mend it, then the program's errors.

    os402 sends the first of these alone.
    """
    parts = [f"<p>{escape(message)}</p>"]
    if why:
        parts.append(f"<h2>What to do</h2><p>{escape(why)}</p>")
    if errors:
        shown = escape(errors[-20_000:].decode(errors="replace"))
        parts.append(f"<h2>The program's error output</h2><pre>{shown}</pre>")
    headers = {"Access-Control-Allow-Origin": "*", **headers}
    page = f"<!doctype html><meta charset=utf-8><title>500 {escape(title)}</title><h1>{escape(title)}</h1>"
    return as_own(HTMLResponse(page + "\n".join(parts) + "\n", HTTPStatus.INTERNAL_SERVER_ERROR, headers=dict(headers)))


def prefers_html(accept: str) -> bool:
    """Whether a client accepts a page rather than JSON, as os402 finds out (`webapp/pages.rs`)."""
    html, json = accept.find("text/html"), accept.find("application/json")
    return html >= 0 and (json < 0 or html < json)
