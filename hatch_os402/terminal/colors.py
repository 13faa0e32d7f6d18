"""Colours by meaning, where the stream and the user allow them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

AUTO, ALWAYS, NEVER = CHOICES = ("auto", "always", "never")

_CODES = {
    "error": "1;31",
    "warning": "1;33",
    "hint": "36",
    "good": "32",
    "bad": "31",
    "heading": "1",
    "faint": "2",
    "cool": "36",
    "caution": "33",
}
"""What a text means → the parameters of SGR (ECMA-48), of the sixteen colours that the user's theme defines."""


def has_color(stream: TextIO, environ: Mapping[str, str], choice: str = AUTO) -> bool:
    """Return whether text on `stream` is coloured: by `choice`, NO_COLOR, FORCE_COLOR, or because it is a terminal.

    NO_COLOR and FORCE_COLOR count when they are not empty (no-color.org, force-color.org); TERM=dumb has no colours.
    """
    if choice != AUTO:
        return choice == ALWAYS
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and environ.get("TERM") != "dumb"


def variables(choice: str) -> dict[str, str]:
    """Return the environment variables that make another program follow `choice`; none for `auto`."""
    if choice == AUTO:
        return {}
    return {"NO_COLOR": "", "FORCE_COLOR": "1"} if choice == ALWAYS else {"NO_COLOR": "1", "FORCE_COLOR": ""}


def styled(text: str, meaning: str, *, color: bool) -> str:
    """Return `text` with the colour of its `meaning`, or as it is without `color` or meaning."""
    return f"\x1b[{_CODES[meaning]}m{text}\x1b[0m" if color and meaning and text else text
