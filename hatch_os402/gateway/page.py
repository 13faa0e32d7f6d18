"""The start page: one file that needs no network, with the offers in it as JSON."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse

from hatch_os402.offer.floats import format_float

if TYPE_CHECKING:
    from hatch_os402.gateway.core import Gateway
    from hatch_os402.sandbox.program import Program

_SLOT = "/*OFFERS*/"


def page(gateway: Gateway) -> HTMLResponse:
    """Return the page that lists the offers, with a form to try each."""
    text = _template()
    offers = json.dumps([_described(program) for program in gateway.programs.values()])
    # Within a script element only `<` could end it; JSON has another way to write it.
    content = text.replace(_SLOT, offers.replace("<", "\\u003c"))
    # The page holds others' texts as text alone. Styles are for answers in a frame, which has this policy as well:
    # no style can load anything.
    script = _allowed(_between(text, "<script>", "</script>"))
    policy = (
        f"default-src 'none'; script-src {script}; style-src 'unsafe-inline'; "
        "connect-src 'self'; img-src data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return HTMLResponse(content, headers={"Content-Security-Policy": policy, "Cache-Control": "no-store"})


def _described(program: Program) -> dict[str, Any]:
    offer = program.offer
    return {
        "key": offer.name if offer.name and _fits_an_address(offer.name) else program.sha256,
        "name": offer.name or program.sha256[:12],
        "sha256": program.sha256,
        "description": offer.description or "",
        "price": format_float(program.price),
        "seconds": offer.min_duration_seconds,
        "ram": offer.limits.ram_kb // 1024,
        "schema": offer.input_schema,
    }


def _fits_an_address(name: str) -> bool:
    """Whether the name can be called as it is: os402 decodes no address."""
    return name.isascii() and name.replace("-", "").replace("_", "").replace(".", "").isalnum() and ".cgi" not in name


@cache
def _template() -> str:
    return files("hatch_os402.gateway").joinpath("page.html").read_text(encoding="utf-8")


def _between(text: str, start: str, end: str) -> str:
    return text.partition(start)[2].partition(end)[0]


def _allowed(content: str) -> str:
    """Return how a Content-Security-Policy names an inline element of this content."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
