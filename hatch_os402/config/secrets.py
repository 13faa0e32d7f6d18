"""Secrets in the offer's environment: values that come from the environment of the build, and a look at the others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hatch_os402.environment import KEY, KEY_PASSWORD, chosen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_REFERENCE = re.compile(r"\{env:([A-Za-z_][A-Za-z0-9_]*)\}")
_BEGIN = "{env:"

_NAME = re.compile(
    r"(?:^|_)(?:API_?KEYS?|AUTH|CREDENTIALS?|DSN|KEYS?|PASS|PASSPHRASE|PASSW(?:OR)?D|PRIVATE|PWD|SECRETS?|TOKENS?)(?:_|$)",
    re.IGNORECASE,
)
_PUBLIC_NAME = re.compile(
    r"PUBLI(?:C|SHABLE)|KEY_?ID|(?:MAX|MIN|LIMIT|COUNT|URL|NAME|FILE|PATH|HEADER|TYPE)$", re.IGNORECASE
)
_PLAIN_VALUE = re.compile(r"\d{0,9}|true|false|yes|no|on|off|none|null", re.IGNORECASE)
_VALUE = re.compile(
    r"""
    -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----                            # PEM
    | (?:0x)?[0-9a-f]{64}                                           # a key of secp256k1
    | (?:sk|rk)[-_](?:live|test|proj|ant)?[-_]?[A-Za-z0-9_-]{16,}   # Stripe, OpenAI, Anthropic
    | gh[opsur]_[A-Za-z0-9]{20,} | github_pat_\w{20,} | glpat-[\w-]{16,}
    | xox[abeoprs]-[\w-]{10,} | hf_[A-Za-z0-9]{20,} | npm_[A-Za-z0-9]{20,} | pypi-[\w-]{20,}
    | (?:AKIA|ASIA)[A-Z0-9]{16} | AIza[\w-]{30,}                    # AWS, Google
    | eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+                                  # a signed JWT
    | [a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@\S+                    # an address with a password
    """,
    re.VERBOSE,
)
_LEAST = 8
"""Characters from which two equal values are no coincidence."""


def references(value: str) -> tuple[str, ...]:
    """Return the variables that `value` takes from the environment, each written `{env:NAME}`.

    Raises `ValueError` for what looks like one and is none, and for the key that signs, which would go to the server
    and to the program; with a text that continues "Field `…` ".
    """
    if _BEGIN in _REFERENCE.sub("", value):
        raise ValueError("has a `{env:` that no name and `}` follow: a variable is written `{env:NAME}`")
    found = tuple(_REFERENCE.findall(value))
    for name in found:
        if name.upper() in {KEY, KEY_PASSWORD}:  # names have no case on Windows
            raise ValueError(
                f"takes its value from the variable {name}, which is of the key that signs: no program gets it"
            )
    return found


def resolved(value: str, environ: Mapping[str, str]) -> str:
    """Return `value` with the variables of `environ` in it. Raises `ValueError`, see `references`.

    A variable without a value is missing as well: that is what a CI makes of a secret that it does not have.
    """
    for name in references(value):
        if not environ.get(name):
            raise ValueError(
                f"takes its value from the variable {name}, which is not set: set it for the build, for `run` and "
                "`serve`, and to publish"
            )
    return _REFERENCE.sub(lambda match: environ[match[1]], value)


def warnings(written: Mapping[str, str], environ: Mapping[str, str], *, private: bool) -> Iterator[str]:
    """Yield a warning for each variable of an offer that looks like a secret and is not kept like one.

    `written` is the environment as pyproject.toml has it, `environ` that of the build. No value is repeated.
    """
    for name, value in written.items():
        if references(value) or not (reason := _reason(name, value, environ)):
            continue
        where = "is private in the offer, and stands in pyproject.toml" if private else "stands in the offer"
        also = "" if private else "env-private = true and "
        yield (
            f"`env.{name}` {where} for everybody to read, and {reason}: {also}"
            f'env = {{ {name} = "{{env:{name}}}" }} takes it from the environment of the build and keeps it out of both'
        )


def _reason(name: str, value: str, environ: Mapping[str, str]) -> str:
    """Say why a variable looks like a secret; empty when it does not."""
    if _PLAIN_VALUE.fullmatch(value):
        return ""
    if _VALUE.search(value):
        return "its value looks like a secret"
    if _NAME.search(name) and not _PUBLIC_NAME.search(name):
        return "its name is that of a secret"
    ordinary = chosen(environ)
    same = (other for other, own in environ.items() if own == value and other not in ordinary)
    if len(value) >= _LEAST and (other := next(same, "")):
        return f"it is the value of the variable {other} of this machine"
    return ""
