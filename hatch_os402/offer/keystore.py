"""Encrypted keystores (Web3 Secret Storage, version 3): a new one, and the key in one."""

from __future__ import annotations

import json
import os
import secrets
from typing import TYPE_CHECKING, Any

from hatch_os402.errors import OfferError, PrivateKeyError
from hatch_os402.files import write_new
from hatch_os402.offer.canonical import parse_json
from hatch_os402.offer.keys import PASSWORD_VARIABLE, Key, key_of, require_extra
from hatch_os402.offer.secret_input import Password, Secret, warn_on_stderr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


def new_keystore(
    path: Path,
    environ: Mapping[str, str],
    prompt: Callable[[str], str] | None,
    *,
    password_file: str | os.PathLike[str] | None = None,
) -> str:
    """Make a key, write it to the new file `path` as an encrypted keystore, and return its address.

    The password comes from where `key_loading.load_key` has it from; on a terminal it is asked for twice. The file is
    its user's alone (mode 600). Raises `PrivateKeyError`; nothing is written then, and a file that is there stays as it
    is.
    """
    phrase = Secret(environ.get(PASSWORD_VARIABLE, ""))
    del environ
    require_extra("eth_keyfile")
    if os.path.lexists(path):
        raise PrivateKeyError(f"{path} exists, and no key is ever written over a file.\nName another file.")
    if not path.parent.is_dir():  # before anybody types a password
        raise PrivateKeyError(
            f"the keystore {path} cannot be written: there is no folder {path.parent}. No key was made."
        )
    password = Password(password_file, phrase, prompt, warn_on_stderr).new(path)
    made = _encrypted(password)
    opened = None if made is None else decrypted(made, password)
    if made is None or opened is None:
        raise PrivateKeyError("the new keystore came out wrong, and was thrown away.\nTry again.")
    try:
        write_new(path, (json.dumps(made, indent=2) + "\n").encode(), mode=0o600)
    except OSError as error:
        reason = error.strerror or error
        raise PrivateKeyError(f"the keystore {path} cannot be written: {reason}. No key was made.") from error
    return opened.address


# The functions below hold bare key material. They do not raise; None means that something was wrong with it.


def keystore_in(text: Secret) -> dict[str, Any] | None:
    """Return the keystore of version 3 that `text` is; None if it is none."""
    try:
        content = parse_json(text.value)
    except OfferError:
        return None
    if not isinstance(content, dict) or content.get("version") != 3:  # noqa: PLR2004
        return None
    return content


def decrypted(keystore: dict[str, Any], password: Secret) -> Key | None:
    """Return the key in a keystore; None if the password is wrong, or the keystore damaged."""
    from eth_keyfile.keyfile import decode_keyfile_json  # noqa: PLC0415 - the extra "publish"

    try:
        return key_of(decode_keyfile_json(keystore, password.value.encode()))
    except Exception:  # noqa: BLE001 - its messages may show what it decrypted
        return None


def _encrypted(password: Secret) -> dict[str, Any] | None:
    """Return a keystore of a new key, with the key derivation that geth uses."""
    from eth_keyfile.keyfile import create_keyfile_json  # noqa: PLC0415 - the extra "publish"

    secret = b""
    while key_of(secret) is None:  # one in 2^128 is out of range
        secret = secrets.token_bytes(32)
    try:
        made: dict[str, Any] = create_keyfile_json(secret, password.value.encode(), kdf="scrypt")
    except Exception:  # noqa: BLE001 - frames of the library hold the key
        return None
    return made
