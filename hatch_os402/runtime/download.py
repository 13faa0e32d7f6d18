"""Download a file that may be large over a line that may be cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx  # an extra: whoever imports this module is about to use the network

from hatch_os402.errors import Os402Error
from hatch_os402.foreign.addresses import shown_address

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hatch_os402.reporting import Reporter

LIMIT = 500_000_000
"""Bytes. A cosmo-python has some 40 MB, and os402 takes 200 MB by default; more than this is a mistake."""

PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds before each further attempt."""

_OK, _PARTIAL, _UNSATISFIABLE, _SERVER_ERROR = 200, 206, 416, 500


class _AgainError(Exception):
    """What may go better the next time, and why."""


def download(
    url: str,
    part: Path,
    *,
    client: httpx.Client,
    progress: Callable[[int, int | None], None],
    reporter: Reporter,
    sleep: Callable[[float], None],
) -> bool:
    """Write what `url` sends to the file `part`, going on where an earlier download of it stopped.

    That needs a server that knows ranges and names a validator (RFC 9110, 13.1.5 and 14.2), which is kept beside
    `part`; else it starts anew. Connection errors and 5xx are tried again, with a pause through `sleep` (seconds).
    `progress` is given the bytes that are there and their total, if it is known. Returns whether the file was put
    together from several answers. Raises `Os402Error` and `OSError`; what has arrived stays for the next time.
    """
    for pause in (*PAUSES, None):
        try:
            return _attempt(url, part, client, progress)
        except (httpx.TransportError, _AgainError) as error:
            if pause is None:
                raise Os402Error(
                    f"{shown_address(url)} could not be fetched: {str(error) or type(error).__name__} "
                    f"({len(PAUSES) + 1} attempts).\nTry again later; what has arrived, if anything, is kept."
                ) from error
            reporter.info(f"{str(error) or type(error).__name__}; trying again in {pause:g} s")
            sleep(pause)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Os402Error(
                f"{shown_address(url)} could not be fetched: {type(error).__name__}.\nCorrect the URL."
            ) from error
    raise AssertionError


def forget(part: Path) -> None:
    """Remove `part` and what is known of it."""
    part.unlink(missing_ok=True)
    _validator(part).unlink(missing_ok=True)


def _validator(part: Path) -> Path:
    return part.with_name(f"{part.name}.validator")


def _attempt(url: str, part: Path, client: httpx.Client, progress: Callable[[int, int | None], None]) -> bool:
    here = part.stat().st_size if part.is_file() else 0
    validator = _validator(part).read_text("ascii", "ignore") if here and _validator(part).is_file() else ""
    headers = {"Accept-Encoding": "identity"}  # a range is one of the encoded bytes
    if validator:
        headers |= {"Range": f"bytes={here}-", "If-Range": validator}
    with client.stream("GET", url, headers=headers, follow_redirects=True) as response:
        content_range = response.headers.get("Content-Range", "")
        if response.status_code == _UNSATISFIABLE and here and content_range == f"bytes */{here}":
            return True  # all of it is here
        if not (response.status_code == _PARTIAL and here and content_range.startswith(f"bytes {here}-")):
            _refuse(url, response, part)
            forget(part)
            here = 0
        resumed = here > 0
        length = response.headers.get("Content-Length", "")
        total = here + int(length) if length.isdecimal() else None
        with part.open("ab") as file:
            if not resumed:  # only now: older bytes must never be taken for those of this validator
                _validator(part).write_text(_strong_validator(response), "ascii")
            progress(here, total)
            for chunk in response.iter_raw():
                here += len(chunk)
                if max(here, total or 0) > LIMIT:
                    file.truncate(0)
                    raise Os402Error(
                        f"{shown_address(url)} sends more than {LIMIT:,} bytes: no runtime.\nCorrect the URL."
                    )
                file.write(chunk)
                progress(here, total)
    return resumed


def _refuse(url: str, response: httpx.Response, part: Path) -> None:
    """Raise unless `response` is the whole file."""
    status = response.status_code
    if status == _OK:
        return
    answered = f"the server answered {status} {response.reason_phrase}".rstrip()
    if status in {_PARTIAL, _UNSATISFIABLE}:  # to a range that it should know
        forget(part)
        raise _AgainError(answered)
    if status >= _SERVER_ERROR:
        raise _AgainError(answered)
    raise Os402Error(f"{shown_address(url)} could not be fetched: {answered}.\nCorrect the URL.")


def _strong_validator(response: httpx.Response) -> str:
    """Return what `If-Range` may name: an entity tag that is not weak, else a date, else nothing."""
    tag = response.headers.get("ETag", "")
    value = tag if tag.startswith('"') else response.headers.get("Last-Modified", "")
    return value if value.isascii() else ""
