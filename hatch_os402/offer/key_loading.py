"""Where the private key comes from: a file or a keystore, a variable, or the prompt."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hatch_os402.errors import PrivateKeyError
from hatch_os402.home import expand_user
from hatch_os402.offer.keys import HOW, PASSWORD_VARIABLE, VARIABLE, Key, key_of, require_extra
from hatch_os402.offer.keystore import decrypted, keystore_in
from hatch_os402.offer.secret_input import Password, Secret, asked, read_secret, warn_on_stderr

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

_HEX = re.compile(r"(?:0[xX])?([0-9a-fA-F]{64})")
_LIKE_A_KEY = re.compile(r"@?\s*(?:0[xX])?[0-9a-fA-F]{32,}")  # also one that was cut or doubled


def load_key(
    spec: str | None,
    environ: Mapping[str, str],
    prompt: Callable[[str], str] | None,
    *,
    password_file: str | os.PathLike[str] | None = None,
    warn: Callable[[str], None] | None = None,
) -> Key:
    """Return the key that the user means: `spec` (`@FILE`), else `X402_KEY` of `environ`, else what `prompt` returns.

    `prompt` asks a question without echo and may be None where nobody can answer. A file holds the key in hex or is a
    keystore (Web3 Secret Storage, version 3) whose password is the first line of `password_file`, else
    `X402_KEY_PASSWORD` of `environ`, else asked for.
    `warn` is called, by default to write on stderr, when others can read the file.

    Raises `PrivateKeyError`; also when `spec` is a key itself, which the process list would show to everybody.
    """
    variable = Secret(environ.get(VARIABLE, "").strip())
    phrase = Secret(environ.get(PASSWORD_VARIABLE, ""))
    del environ  # a traceback with local variables would show it
    given = Secret((spec or "").strip())
    del spec
    warn = warn or warn_on_stderr
    password = Password(password_file, phrase, prompt, warn)
    if given:
        _refuse_literal(given)
        return _from_file(given.value[1:], password, warn)
    if variable.value.startswith("@"):
        _refuse_literal(variable)
        return _from_file(variable.value[1:], password, warn)
    if variable:
        return _from_hex(variable, f"the variable {VARIABLE}")
    if prompt is None:
        raise PrivateKeyError("a private key is needed and nobody can be asked for it.\n" + HOW)
    typed = Secret(asked(prompt, "Private key (hex, not shown; or @FILE): ").value.strip())
    if typed.value.startswith("@") and not _LIKE_A_KEY.fullmatch(typed.value):
        return _from_file(typed.value[1:], password, warn)
    return _from_hex(typed, "what was typed")


def _refuse_literal(given: Secret) -> None:
    """Refuse what is not `@FILE`, without repeating it: it may be a key."""
    if _LIKE_A_KEY.fullmatch(given.value):
        raise PrivateKeyError(
            "a key itself was given where the name of its file belongs. It is not repeated here, but the process list "
            f"and the history of the shell may have kept it: do not use this key any more.\n{HOW}"
        )
    if not given.value.startswith("@") or not given.value[1:].strip():
        raise PrivateKeyError(f"a key is given as `@FILE`, and this is not a file's name after an `@`.\n{HOW}")


def _from_file(name: str, password: Password, warn: Callable[[str], None]) -> Key:
    path = expand_user(name)
    text = read_secret(path, "key", warn)
    if not text.value.lstrip().startswith("{"):
        return _from_hex(Secret(text.value.strip()), f"the file {path}")
    keystore = keystore_in(text)
    if keystore is None:
        raise PrivateKeyError(
            f"the file {path} is JSON, but not a keystore of version 3 (Web3 Secret Storage, as geth writes it).\n{HOW}"
        )
    require_extra("eth_keyfile")
    key = decrypted(keystore, password.read(path))
    if key is None:
        raise PrivateKeyError(f"the keystore {path} cannot be opened: the password is wrong, or the file is damaged")
    return key


def _from_hex(text: Secret, where: str) -> Key:
    require_extra()
    key = _key_from_hex(text)
    if key is None:
        raise PrivateKeyError(f"{where} is not a private key: 64 hex digits within the range of secp256k1.\n{HOW}")
    return key


def _key_from_hex(text: Secret) -> Key | None:
    """Return the key; None if it is none: what holds bare key material does not raise (`offer.keys`)."""
    match = _HEX.fullmatch(text.value)
    return key_of(bytes.fromhex(match[1])) if match else None
