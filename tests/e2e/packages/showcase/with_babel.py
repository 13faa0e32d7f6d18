"""Dates, times in zones, money, plurals and lists in the words of several locales; a catalogue of translations."""

import io
from datetime import UTC, date, datetime
from importlib.resources import files

from babel import Locale
from babel.dates import format_date, format_datetime, get_timezone_name
from babel.lists import format_list
from babel.localedata import locale_identifiers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal
from babel.support import Translations

DAY = date(2024, 2, 29)
MOMENT = datetime(2024, 7, 1, 12, 0, tzinfo=UTC)


def facts():
    with files("showcase").joinpath("locale/de/LC_MESSAGES/messages.po").open("rb") as file:
        catalogue = read_po(file, locale="de")
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    german = Translations(compiled)
    return {
        "days": {name: format_date(DAY, "full", locale=name) for name in ("en", "de", "fr", "ja", "ar", "he")},
        "moment": format_datetime(MOMENT, "yyyy-MM-dd HH:mm zzz", tzinfo="America/New_York", locale="en_US"),
        "zone": get_timezone_name("Europe/Paris", locale="fr", width="long"),
        "money": format_currency(1234.5, "EUR", locale="de_DE"),
        "number": format_decimal(1234567.891, locale="en_IN"),
        "list": format_list(["a", "b", "c"], locale="es"),
        "language": Locale.parse("pt_BR").get_display_name("en"),
        "more than 1000 locales": len(locale_identifiers()) > 1000,
        "plural": [german.ungettext("%d fish", "%d fishes", number) for number in (1, 2)],
        "translation": german.ugettext("Good morning"),
    }
