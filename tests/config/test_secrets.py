from __future__ import annotations

import pytest

from hatch_os402.config.offer_options import OfferOptions
from hatch_os402.config.secrets import references, resolved, warnings
from hatch_os402.errors import OptionValueError

SECRET = "sk-proj-aB3dE5fG7hI9jK1lM3nO5pQ7"  # noqa: S105 - nobody's


def test_values_come_from_the_environment():
    environ = {"USER_": "me", "PASS": "{env:USER_}"}
    assert resolved("postgres://{env:USER_}:{env:PASS}@db", environ) == "postgres://me:{env:USER_}@db"
    assert resolved("{root}/{env}", environ) == "{root}/{env}"
    assert references("{env:A}{env:B}") == ("A", "B")


@pytest.mark.parametrize("value", ["{env:", "{env:}", "{env:A-B}", "{env:A:default}", "{env:A}{env:1}"])
def test_what_looks_like_a_variable_and_is_none(value):
    with pytest.raises(ValueError, match="no name and `}` follow"):
        resolved(value, {"A": "1"})


@pytest.mark.parametrize("environ", [{}, {"API_KEY": ""}])
def test_a_variable_that_is_not_set(monkeypatch, tmp_path, environ):
    monkeypatch.delenv("API_KEY", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    options = OfferOptions({"env": {"KEY": "{env:API_KEY}"}, "env-private": True}, tmp_path)
    with pytest.raises(
        OptionValueError, match=r"os402\.offer\.env\.KEY` takes its value from the variable API_KEY, which"
    ):
        options.validate()
    assert options.written_env == {"KEY": "{env:API_KEY}"}


def test_a_value_of_the_environment_is_private(monkeypatch, tmp_path):
    monkeypatch.setenv("API_KEY", SECRET)
    table = {"env": {"KEY": "{env:API_KEY}", "MODE": "fast"}}
    with pytest.raises(OptionValueError, match="set `env-private = true`") as refused:
        OfferOptions(table, tmp_path).validate()
    assert SECRET not in str(refused.value)
    options = OfferOptions({**table, "env-private": True}, tmp_path)
    options.validate()
    assert options.env == {"KEY": SECRET, "MODE": "fast"}
    assert list(options.warnings()) == []


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("API_KEY", "abc-def", "its name is that of a secret"),
        ("openai_apikey", "abc-def", "its name is that of a secret"),
        ("DB_PASSWORD", "hunter2!", "its name is that of a secret"),
        ("GREETING", SECRET, "its value looks like a secret"),
        ("PEM", "-----BEGIN EC PRIVATE KEY-----\nMHc", "its value looks like a secret"),
        ("WALLET", "0x" + "4f" * 32, "its value looks like a secret"),
        ("DATABASE", "postgres://me:secret@db.example.org/x", "its value looks like a secret"),
        ("OTHER", "from this machine", "it is the value of the variable BUILDER of this machine"),
    ],
)
def test_what_looks_like_a_secret(name, value, reason):
    environ = {"BUILDER": "from this machine", "LANG": "C.UTF-8"}
    (text,) = warnings({name: value}, environ, private=False)
    assert text.startswith(
        f"`env.{name}` stands in the offer for everybody to read, and {reason}: env-private = true and "
    )
    assert f'env = {{ {name} = "{{env:{name}}}" }}' in text
    assert value not in text
    private = list(warnings({name: value}, environ, private=True))
    assert [
        text.startswith(f"`env.{name}` is private in the offer, and stands in pyproject.toml") for text in private
    ] == [True]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MODE", "production"),
        ("LANGUAGE", "C.UTF-8"),
        ("MAX_TOKENS", "4096"),
        ("TOKEN_LIMIT", "many"),
        ("AUTH", "none"),
        ("API_KEY", ""),
        ("STRIPE_PUBLISHABLE_KEY", "pk_live_abcdefghijklmnop"),
        ("AWS_ACCESS_KEY_ID_FILE", "/x"),
        ("MONKEY", "banana"),
        ("KEYBOARD", "qwertz"),
        ("API_KEY", "{env:API_KEY}"),
        ("HOMEPAGE", "https://example.org/a:b@c"),
        ("SHORT", "short"),
    ],
)
def test_what_does_not(name, value):
    environ = {"LANG": "C.UTF-8", "X": "short"}
    assert list(warnings({name: value}, environ, private=False)) == []


@pytest.mark.parametrize("name", ["X402_KEY", "X402_KEY_PASSWORD", "x402_key"])
def test_the_key_that_signs_is_no_value_of_an_offer(name):
    """A project would have it sent to the server of its choice, and to its program."""
    with pytest.raises(ValueError, match=f"the variable {name}, which is of the key that signs"):
        resolved(f"a{{env:{name}}}b", {name: "a secret"})
