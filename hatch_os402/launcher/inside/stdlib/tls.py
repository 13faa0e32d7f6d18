"""Certificates in memory for `ssl`, whose C code opens them by path itself. Imported when `ssl` is."""

import errno
import os

from ..vfs.mount import error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..vfs.mount_table import MountTable


def patch(ssl: "Any", table: "MountTable") -> None:
    """Make `ssl.SSLContext` read certificates and keys from files in memory."""
    real_locations = ssl.SSLContext.load_verify_locations
    real_params = ssl.SSLContext.load_dh_params
    real_chain = ssl.SSLContext.load_cert_chain

    def load_verify_locations(self: "Any", cafile: "Any" = None, capath: "Any" = None, cadata: "Any" = None) -> None:
        if _is_folder(table, capath):
            why = "OpenSSL cannot read a folder in memory: give a file, as cafile"
            raise error(errno.EOPNOTSUPP, os.fspath(capath), why)
        if cafile is not None and table.find(cafile):
            # Between the certificates any text may stand, but data has to be ASCII.
            with open(cafile, encoding="ascii", errors="ignore") as file:  # noqa: PTH123 - bytes are paths too
                real_locations(self, cadata=file.read())
            cafile = None
            if capath is cadata is None:
                return
        real_locations(self, cafile, capath, cadata)

    def load_dh_params(self: "Any", path: "Any", /) -> None:
        with _Lent(table) as lent:
            real_params(self, lent.path(path))

    def load_cert_chain(self: "Any", certfile: "Any", keyfile: "Any" = None, password: "Any" = None) -> None:
        with _Lent(table) as lent:
            real_chain(self, lent.path(certfile), None if keyfile is None else lent.path(keyfile), password)

    ssl.SSLContext.load_verify_locations = load_verify_locations
    ssl.SSLContext.load_cert_chain = load_cert_chain
    ssl.SSLContext.load_dh_params = load_dh_params


def _is_folder(table: "MountTable", path: "Any") -> bool:
    """Whether it is a folder in memory. One that does not exist is none to OpenSSL."""
    found = table.find(path)
    return found is not None and found[0].is_folder(found[1])


class _Lent:
    """Paths by which C code can open files in memory, as long as they are lent."""

    def __init__(self, table: "MountTable") -> None:
        self._table = table
        self._numbers: list[int] = []

    def __enter__(self) -> "_Lent":  # noqa: PYI034 - Self is not in the standard library of 3.10
        return self

    def __exit__(self, *_: object) -> None:
        for number in self._numbers:
            os.close(number)

    def path(self, path: "Any") -> "Any":
        """Return a path for a file in memory, and any other as it is. Raises `OSError` where there is no way."""
        if not self._table.find(path):
            return path
        number = os.open(path, os.O_RDONLY)
        self._numbers.append(number)
        if number in self._table.open_files:
            why = "OpenSSL opens it in C, and this runtime cannot lend it a file in memory (there is no memfd_create)"
            raise error(errno.EOPNOTSUPP, os.fspath(path), why)
        return f"/proc/self/fd/{number}"
