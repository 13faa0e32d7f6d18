"""`zoneinfo` finds every zone of tzdata, and none of the server's."""

import sys
from datetime import UTC, datetime
from importlib.resources import files
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones


def facts():
    known = set(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())
    moment = datetime(2024, 7, 1, 12, tzinfo=UTC)
    clocks = {}
    for name in ("America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Europe/Berlin"):
        clocks[name] = moment.astimezone(ZoneInfo(name)).strftime("%H:%M %Z")
    try:
        ZoneInfo("Europe/Atlantis")
    except ZoneInfoNotFoundError as error:
        unknown = error.args
    return {
        "clocks": clocks,
        "available": sorted(known ^ available_timezones()),
        "unreadable": [name for name in known if ZoneInfo(name).key != name],
        "unknown": unknown,
        "from": sys.modules["tzdata"].__file__,
    }
