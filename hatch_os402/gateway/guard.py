"""Who may ask what: pages of other sites reach the gateway as well, through the user's browser.

Calls of programs are for any page, as on os402, whose answers say `Access-Control-Allow-Origin: *`. Everything else is
for this machine's own clients and for the gateway's own pages. A request's `Host`, `Origin` and `Sec-Fetch-Site` cannot
be set by a page (Fetch, 2.2.2 "forbidden request-header").
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hatch_os402.gateway.answers import RefusalError

if TYPE_CHECKING:
    from starlette.datastructures import Headers

_LOOPBACK = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)
_OWN_SITES = frozenset({"same-origin", "none"})
"""`same-site` is none of them: another port of this machine is another origin of the same site."""


def check_host(headers: Headers) -> None:
    """Raise `RefusalError` unless the request is for a name of loopback.

    A page of another name that leads here (DNS rebinding) would be of the gateway's origin to the browser.
    """
    host = ",".join(headers.getlist("host"))
    if not _LOOPBACK.fullmatch(host):
        raise RefusalError(403, f"This gateway answers as localhost, 127.0.0.1 and [::1] alone, not as {host[:80]!r}")


def check_origin(headers: Headers) -> None:
    """Raise `RefusalError` for a request that a page of another origin made.

    `check_host` comes first: the own origin is that of `Host`.
    """
    own = "http://" + headers.get("host", "").lower()
    if any(origin.lower() != own for origin in headers.getlist("origin")):
        raise RefusalError(403, "Pages of other origins can call programs here, and nothing else")
    if any(site.strip().lower() not in _OWN_SITES for site in headers.getlist("sec-fetch-site")):
        raise RefusalError(
            403, "Pages of other sites can call programs here, and nothing else: enter the address in a new tab"
        )


def check_worker(headers: Headers, path_info: str) -> None:
    """Raise `RefusalError` for a script of a service worker that would stand between the browser and the gateway.

    A worker's scope is the folder of its script (Service Workers, 3.1.3 "scope"), which is the whole gateway for
    `/name.cgi`, and stays in the browser when the gateway has ended. Below `/name.cgi/` it is the program's own.
    """
    if headers.get("service-worker") is not None and not path_info.startswith("/"):
        raise RefusalError(403, "A service worker of a program must be a script below its own address, /NAME.cgi/")
