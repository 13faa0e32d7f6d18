"""Names of offers, and which of them an address can have.

A name becomes a part of the path under which the offer is called. The server does not decode a path, and looks at its
endings before it looks for an offer (`webapp/router.rs`).
"""

from __future__ import annotations

from urllib.parse import quote

_RESERVED = {"attest", "health", "offers", "swagger-ui", "tasks"}
_DOTS = {".", ".."}
_IN_A_PATH = "!$&'()*+,;=:@"
"""What may stand in a path as it is, beside letters, digits and `-._~` (RFC 3986, 3.3)."""


def in_address(name: str) -> str:
    """Return `name` as it stands in an address: unchanged, wherever an address can have it."""
    return quote(name, safe=_IN_A_PATH)


def name_fault(name: str) -> str | None:
    """Say what keeps `name` from being an offer's, or None if nothing does."""
    if "/" in name:
        return "must not contain `/`: it becomes a part of the offer's address"
    if name in _DOTS:
        return f"must not be `{name}`: clients take that out of an address (RFC 3986, 5.2.4)"
    return None


def name_note(name: str | None) -> str:
    """Say why the offer cannot be called by its name, so that the hash is the address to give; empty if it can."""
    if name is None:
        return ""
    if not name or in_address(name) != name:
        return f"the name {name!r} cannot be written in an address of os402: call the offer by its hash"
    if name in _RESERVED | _DOTS or ".cgi" in name or name.endswith(".exe"):
        return f"the name {name!r} is read as something else in an address of os402: call the offer by its hash"
    return ""
