"""Durations, sizes and points in time as people write them in pyproject.toml.

Each function takes a TOML value and returns an integer; it raises `TypeError` for a wrong type and `ValueError` for a
wrong value, with a text that continues "Field `…` ". The spellings are those of `os402 offer`.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from typing import Any

from hatch_os402.config.toml_fields import is_integer

_DURATION = re.compile(r"([0-9]{1,20})([smhd])")
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*([kmg]?b?)", re.IGNORECASE)
_RFC3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_BYTES = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def duration(value: Any) -> int:
    """Return seconds from an integer (seconds) or a number and a unit: `"3600s"`, `"30m"`, `"12h"`, `"90d"`."""
    if is_integer(value):
        return int(value)
    if not isinstance(value, str):
        raise TypeError("must be an integer (seconds) or a string like `90d`")
    if not (match := _DURATION.fullmatch(value)):
        raise ValueError(f"must be a whole number with one of the units s, m, h, d (like `90d`), not `{value}`")
    return int(match[1]) * _SECONDS[match[2]]


def size(value: Any) -> int:
    """Return bytes from an integer (bytes) or a number with an optional suffix: `"256mb"`, `"1.5g"`, `"64 KB"`.

    Suffixes are powers of 1024; a fraction of a byte is cut off.
    """
    if is_integer(value):
        return int(value)
    if not isinstance(value, str):
        raise TypeError("must be an integer (bytes) or a string like `256mb`")
    if not (match := _SIZE.fullmatch(value.strip())):
        raise ValueError(f"must be a number with one of the suffixes b, kb, mb, gb (like `256mb`), not `{value}`")
    number, unit = float(match[1]), match[2].lower().rstrip("b")
    if number > float(2**64):  # nothing larger can be meant, and infinity has no integer
        raise ValueError(f"must be a size below 2^64 bytes, not `{value}`")
    return int(number * _BYTES[unit])


def moment(value: Any) -> int:
    """Return unix seconds from an integer, an RFC 3339 string, a TOML date (0:00 UTC) or a TOML offset date-time.

    A local date-time is refused: it means another moment on every machine.
    """
    if is_integer(value):
        return int(value)
    if isinstance(value, str):
        value = _rfc3339(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(
                f"must say its offset from UTC (like `{value.isoformat()}Z`): "
                "a local date-time is another moment on every machine"
            )
        return (value - _EPOCH) // timedelta(seconds=1)
    if isinstance(value, date):
        return (datetime(value.year, value.month, value.day, tzinfo=timezone.utc) - _EPOCH) // timedelta(seconds=1)
    raise TypeError("must be a date-time with an offset, a date, an RFC 3339 string or an integer (unix seconds)")


def _rfc3339(text: str) -> datetime:
    match = _RFC3339.fullmatch(text)
    try:
        if match:
            return datetime.fromisoformat(f"{match[1]}T{match[2]}{match[3].upper().replace('Z', '+00:00')}")
    except ValueError as error:
        raise ValueError(f"must be a date-time that exists: {error}") from error
    raise ValueError(f"must be a date-time as in RFC 3339 (like `2027-01-31T12:00:00Z`), not `{text}`")
