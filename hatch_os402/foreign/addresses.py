"""Addresses of others, taken apart: of what cannot be one, `urlsplit` raises, and here nothing comes of it.

An index, a lock, a requirement or a record may hold any text where an address is expected.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

MAX_FILENAME = 255
"""Characters of a file's name. That of a wheel stands for the product of its tags (PEP 425): a longer one, of no file,
would stand for billions, and whoever reads it makes each of them."""


def split(url: str) -> SplitResult | None:
    """Return the parts of `url`; None when it cannot be an address: a bracket without its other one, a foreign host."""
    try:
        return urlsplit(url)
    except ValueError:
        return None


def shown_address(url: str) -> str:
    """Return `url` as a message may show it: without user, password, query and fragment.

    Of what cannot be taken apart, and may hold anything anywhere, it is what stands before the first colon.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port  # a password with a slash in it is taken for one
    except ValueError:
        return f"{url.partition(':')[0]}:…"
    if not parts.netloc:
        return url.partition("#")[0].partition("?")[0].rpartition("@")[2]
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def filename(url: str) -> str:
    """Return the name of the file at `url`, the last part of its path; empty where there is none."""
    parts = split(url)
    return "" if parts is None else unquote(parts.path).replace("\\", "/").rpartition("/")[2]


def local_path(url: str) -> Path:
    """Return the path that a `file:` address names; that of nothing, `.`, for what cannot be taken apart."""
    parts = split(url)
    from urllib.request import url2pathname  # noqa: PLC0415 - with it come http and ssl, which few builds need

    return Path() if parts is None else Path(url2pathname(parts.path))
