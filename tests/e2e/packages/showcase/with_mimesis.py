"""Lists its packages of languages and reads their files: persons and addresses in several, from a seed."""

from mimesis import Address, Locale, Person


def facts():
    made = [[Person(locale, seed=1).full_name(), Address(locale, seed=1).city()] for locale in (Locale.DE, Locale.JA)]
    return [made, len(list(Locale)) > 30]
