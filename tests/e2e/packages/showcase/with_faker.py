"""Lists its packages of providers and languages: names in two of them, from a seed."""

from faker import Faker
from faker.config import AVAILABLE_LOCALES, PROVIDERS


def facts():
    Faker.seed(1)
    made = Faker(["de_DE", "ja_JP"])
    return [
        len({made.name() for _ in range(9)}) > 5,
        "de_DE" in AVAILABLE_LOCALES,
        "faker.providers.address" in PROVIDERS,
    ]
