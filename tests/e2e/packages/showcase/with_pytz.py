"""All time zones from its own files; a clock that goes back; the zones of a country."""

from datetime import datetime

import pytz


def facts():
    paris = pytz.timezone("Europe/Paris")
    utc = datetime(2024, 10, 27, 0, 30, tzinfo=pytz.utc)
    unreadable = [name for name in pytz.all_timezones if pytz.timezone(name).zone != name]
    try:
        pytz.timezone("Europe/Atlantis")
    except pytz.UnknownTimeZoneError as error:
        unknown = error.args
    return {
        "twice": [utc.astimezone(paris).isoformat(), utc.replace(hour=1).astimezone(paris).isoformat()],
        "summer": paris.localize(datetime(2024, 7, 1, 12)).strftime("%H:%M %Z%z"),
        "more than 500 zones": len(pytz.all_timezones) > 500,
        "unreadable": unreadable,
        "country": pytz.country_timezones["nz"],
        "unknown": unknown,
    }
