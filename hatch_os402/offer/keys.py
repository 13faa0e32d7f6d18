"""The private key: a wrapper that signs, and never shows it.

A key is 32 bytes, a number from 1 to the order of secp256k1 less one. Raw key material is held by functions that do not
raise and by objects whose `repr` hides it, so that neither a message nor a traceback, even one with local variables,
can show it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

from hatch_os402.environment import KEY, KEY_PASSWORD
from hatch_os402.errors import PrivateKeyError

if TYPE_CHECKING:
    from eth_keys.datatypes import PrivateKey

VARIABLE, PASSWORD_VARIABLE = KEY, KEY_PASSWORD

HOW = (
    f"Give a key as `@FILE` (64 hex digits, or an encrypted keystore), in the variable {VARIABLE} (hex or @FILE), or "
    "at the prompt. `hatch-os402 key new` makes one."
)

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


def require_extra(*more: str) -> None:
    """Raise `PrivateKeyError` if the libraries for keys and signatures, or `more` modules, are not installed."""
    try:
        for module in ("eth_keys", "eth_hash.backends.pycryptodome", *more):
            import_module(module)
    except ModuleNotFoundError as error:
        from hatch_os402.installation.command import install_command  # noqa: PLC0415 - for this error alone

        command = install_command("publish")
        raise PrivateKeyError(f'keys and signatures need the extra "publish". Install it with\n  {command}') from error


# The functions below hold bare key material. They do not raise; None means that something was wrong with it.


def key_of(secret: bytes) -> Key | None:
    """Return the key of 32 bytes; None if they are none."""
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


def _signature(key: PrivateKey, digest: bytes) -> bytes | None:
    try:
        signature = key.sign_msg_hash(digest)
        if signature.s > HALF_ORDER or signature.recover_public_key_from_msg_hash(digest) != key.public_key:
            return None
    except Exception:  # noqa: BLE001 - frames of the library hold the key
        return None
    raw: bytes = signature.to_bytes()  # r, s and the parity
    return raw[:-1] + bytes([27 + raw[-1]])
