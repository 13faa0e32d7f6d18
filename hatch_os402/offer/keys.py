"""The private key: where it comes from, and a wrapper that never shows it.

A key is 32 bytes, a number from 1 to the order of secp256k1 less one. Raw key material is held by functions that do not
raise and by objects whose `repr` hides it, so that neither a message nor a traceback, even one with local variables,
can show it.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import secrets
import stat
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from hatch_os402.errors import OfferError, PrivateKeyError
from hatch_os402.files import write_new
from hatch_os402.home import expand_user
from hatch_os402.installation.command import install_command
from hatch_os402.offer.canonical import parse_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from eth_keys.datatypes import PrivateKey

VARIABLE = "X402_KEY"
PASSWORD_VARIABLE = "X402_KEY_PASSWORD"  # noqa: S105 - a name

HOW = (
    f"Give a key as `@FILE` (64 hex digits, or an encrypted keystore), in the variable {VARIABLE} (hex or @FILE), or "
    "at the prompt. `hatch-os402 key new` makes one."
)

_HEX = re.compile(r"(?:0[xX])?([0-9a-fA-F]{64})")
_LIKE_A_KEY = re.compile(r"@?\s*(?:0[xX])?[0-9a-fA-F]{32,}")  # also one that was cut or doubled
_LARGEST_FILE = 1 << 16
HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0  # of secp256k1 (SEC 2, 2.4.1)


class Key:
    """A private key that can sign and be named by its address, and nothing else.

    `secret` is its 32 bytes. Raises `PrivateKeyError` if they are no key, or without the extra "publish".
    """

    __slots__ = ("_key", "address")

    address: str
    """Ethereum address: `0x` and 40 lowercase hex digits, the end of Keccak-256 of the public key."""

    def __init__(self, secret: bytes) -> None:
        require_extra()
        key = _private_key(secret)
        del secret
        if key is None:
            raise PrivateKeyError("this is not a private key: 32 bytes within the range of secp256k1.\n" + HOW)
        self._key = key
        self.address = key.public_key.to_address()

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign a 32-byte hash as it is (RFC 6979, low-S): r, s and v = 27 + parity, 65 bytes.

        The signature is checked before it is returned: a wrong deterministic one could give the key away.
        """
        signature = _signature(self._key, digest)
        if signature is None:
            raise PrivateKeyError(f"the signature of {self.address} came out wrong, and was thrown away.\nTry again.")
        return signature

    def __repr__(self) -> str:
        return f"<Key of {self.address}>"

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("a private key is neither copied nor pickled")


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
    variable = _Secret(environ.get(VARIABLE, "").strip())
    phrase = _Secret(environ.get(PASSWORD_VARIABLE, ""))
    del environ  # a traceback with local variables would show it
    given = _Secret((spec or "").strip())
    del spec
    warn = warn or _warn
    password = _Password(password_file, phrase, prompt, warn)
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
    typed = _Secret(_asked(prompt, "Private key (hex, not shown; or @FILE): ").value.strip())
    if typed.value.startswith("@") and not _LIKE_A_KEY.fullmatch(typed.value):
        return _from_file(typed.value[1:], password, warn)
    return _from_hex(typed, "what was typed")


def new_keystore(
    path: Path,
    environ: Mapping[str, str],
    prompt: Callable[[str], str] | None,
    *,
    password_file: str | os.PathLike[str] | None = None,
    warn: Callable[[str], None] | None = None,
) -> str:
    """Make a key, write it to the new file `path` as an encrypted keystore, and return its address.

    The password comes from where `load_key` has it from; on a terminal it is asked for twice. The file is its user's
    alone (mode 600). Raises `PrivateKeyError`; nothing is written then, and a file that is there stays as it is.
    """
    phrase = _Secret(environ.get(PASSWORD_VARIABLE, ""))
    del environ
    require_extra("eth_keyfile")
    if os.path.lexists(path):
        raise PrivateKeyError(f"{path} exists, and no key is ever written over a file.\nName another file.")
    if not path.parent.is_dir():  # before anybody types a password
        raise PrivateKeyError(
            f"the keystore {path} cannot be written: there is no folder {path.parent}. No key was made."
        )
    password = _Password(password_file, phrase, prompt, warn or _warn).new(path)
    made = _encrypted(password)
    opened = None if made is None else _decrypted(made, password)
    if made is None or opened is None:
        raise PrivateKeyError("the new keystore came out wrong, and was thrown away.\nTry again.")
    try:
        write_new(path, (json.dumps(made, indent=2) + "\n").encode(), mode=0o600)
    except OSError as error:
        reason = error.strerror or error
        raise PrivateKeyError(f"the keystore {path} cannot be written: {reason}. No key was made.") from error
    return opened.address


def terminal_prompt() -> Callable[[str], str] | None:
    """Return what asks on the terminal without echo, for `load_key`; None if there is no terminal."""
    return getpass.getpass if sys.stdin is not None and sys.stdin.isatty() else None


def require_extra(*more: str) -> None:
    """Raise `PrivateKeyError` if the libraries for keys and signatures, or `more` modules, are not installed."""
    try:
        for module in ("eth_keys", "eth_hash.backends.pycryptodome", *more):
            import_module(module)
    except ModuleNotFoundError as error:
        command = install_command("publish")
        raise PrivateKeyError(f'keys and signatures need the extra "publish". Install it with\n  {command}') from error


class _Secret:
    """A text that is not shown by `repr`."""

    __slots__ = ("value",)

    def __init__(self, value: str) -> None:
        self.value = value

    def __bool__(self) -> bool:
        return bool(self.value)

    def __repr__(self) -> str:
        return "<hidden>"


class _Password:
    """Where the password of a keystore comes from, once it is needed."""

    def __init__(
        self,
        file: str | os.PathLike[str] | None,
        variable: _Secret,
        prompt: Callable[[str], str] | None,
        warn: Callable[[str], None],
    ) -> None:
        self._file = None if file is None else Path(file)
        self._variable = variable
        self._prompt = prompt
        self._warn = warn

    def read(self, path: Path) -> _Secret:
        """Return the password of the keystore at `path`."""
        if stated := self._stated():
            return stated
        if self._prompt is None:
            raise PrivateKeyError(
                f"the keystore {path} has a password and nobody can be asked for it.\nName a file that holds it with "
                f"`--password-file`, or set {PASSWORD_VARIABLE}."
            )
        return _asked(self._prompt, f"Password of {path} (not shown): ")

    def new(self, path: Path) -> _Secret:
        """Return the password of the new keystore `path`, typed twice where it is asked for."""
        stated = self._stated()
        if stated is None and self._prompt is None:
            raise PrivateKeyError(
                "a new keystore needs a password and nobody can be asked for it.\nName a file that holds it with "
                f"`--password-file`, or set {PASSWORD_VARIABLE}."
            )
        if stated is None and self._prompt is not None:
            stated = _asked(self._prompt, f"New password of {path} (not shown): ")
            if stated.value != _asked(self._prompt, "The same again: ").value:
                raise PrivateKeyError("the two passwords differ, and no key was made.\nTry again.")
        if not stated:
            raise PrivateKeyError("the password of a new keystore must not be empty, and no key was made.")
        return stated

    def _stated(self) -> _Secret | None:
        if self._file is not None:
            text = _read(self._file, "password", self._warn)
            return _Secret((text.value.splitlines() or [""])[0])
        return self._variable or None


def _asked(prompt: Callable[[str], str], question: str) -> _Secret:
    try:
        return _Secret(prompt(question))
    except EOFError:
        raise PrivateKeyError(f"the question was not answered.\n{HOW}") from None


def _refuse_literal(given: _Secret) -> None:
    """Refuse what is not `@FILE`, without repeating it: it may be a key."""
    if _LIKE_A_KEY.fullmatch(given.value):
        raise PrivateKeyError(
            "a key itself was given where the name of its file belongs. It is not repeated here, but the process list "
            f"and the history of the shell may have kept it: do not use this key any more.\n{HOW}"
        )
    if not given.value.startswith("@") or not given.value[1:].strip():
        raise PrivateKeyError(f"a key is given as `@FILE`, and this is not a file's name after an `@`.\n{HOW}")


def _from_file(name: str, password: _Password, warn: Callable[[str], None]) -> Key:
    path = expand_user(name)
    text = _read(path, "key", warn)
    if not text.value.lstrip().startswith("{"):
        return _from_hex(_Secret(text.value.strip()), f"the file {path}")
    keystore = _keystore(text)
    if keystore is None:
        raise PrivateKeyError(
            f"the file {path} is JSON, but not a keystore of version 3 (Web3 Secret Storage, as geth writes it).\n{HOW}"
        )
    require_extra("eth_keyfile")
    key = _decrypted(keystore, password.read(path))
    if key is None:
        raise PrivateKeyError(f"the keystore {path} cannot be opened: the password is wrong, or the file is damaged")
    return key


def _from_hex(text: _Secret, where: str) -> Key:
    require_extra()
    key = _key_from_hex(text)
    if key is None:
        raise PrivateKeyError(f"{where} is not a private key: 64 hex digits within the range of secp256k1.\n{HOW}")
    return key


def _read(path: Path, what: str, warn: Callable[[str], None]) -> _Secret:
    """Return the text of a small file; call `warn` if others can read it."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = _decoded(file.read(_LARGEST_FILE))
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or "not a file's name"
        raise PrivateKeyError(f"the file of the {what}, {path}, cannot be read: {reason}") from None
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        warn(f"others on this machine can read the {what} in {path}; `chmod 600` makes it yours alone")
    return text


def _warn(message: str) -> None:
    sys.stderr.write(f"hatch-os402: warning: {message}\n")


# The functions below hold bare key material. They do not raise; None means that something was wrong with it.


def _decoded(content: bytes) -> _Secret:
    return _Secret(content.decode(errors="replace"))


def _key_from_hex(text: _Secret) -> Key | None:
    match = _HEX.fullmatch(text.value)
    return _key(bytes.fromhex(match[1])) if match else None


def _key(secret: bytes) -> Key | None:
    try:
        return Key(secret)
    except PrivateKeyError:
        return None


def _private_key(secret: bytes) -> PrivateKey | None:
    from eth_keys.datatypes import PrivateKey  # noqa: PLC0415 - the extra "publish"

    try:
        return PrivateKey(secret)
    except Exception:  # noqa: BLE001 - its messages show the key
        return None


def _keystore(text: _Secret) -> dict[str, Any] | None:
    try:
        content = parse_json(text.value)
    except OfferError:
        return None
    if not isinstance(content, dict) or content.get("version") != 3:  # noqa: PLR2004
        return None
    return content


def _decrypted(keystore: dict[str, Any], password: _Secret) -> Key | None:
    from eth_keyfile.keyfile import decode_keyfile_json  # noqa: PLC0415 - the extra "publish"

    try:
        return _key(decode_keyfile_json(keystore, password.value.encode()))
    except Exception:  # noqa: BLE001 - its messages may show what it decrypted
        return None


def _encrypted(password: _Secret) -> dict[str, Any] | None:
    """Return a keystore of a new key, with the key derivation that geth uses."""
    from eth_keyfile.keyfile import create_keyfile_json  # noqa: PLC0415 - the extra "publish"

    secret = b""
    while _key(secret) is None:  # one in 2^128 is out of range
        secret = secrets.token_bytes(32)
    try:
        made: dict[str, Any] = create_keyfile_json(secret, password.value.encode(), kdf="scrypt")
    except Exception:  # noqa: BLE001 - frames of the library hold the key
        return None
    return made


def _signature(key: PrivateKey, digest: bytes) -> bytes | None:
    try:
        signature = key.sign_msg_hash(digest)
        if signature.s > HALF_ORDER or signature.recover_public_key_from_msg_hash(digest) != key.public_key:
            return None
    except Exception:  # noqa: BLE001 - frames of the library hold the key
        return None
    raw: bytes = signature.to_bytes()  # r, s and the parity
    return raw[:-1] + bytes([27 + raw[-1]])
