"""Certificates of the archive for `ssl`, whose C code opens them by path itself. Imported when `ssl` is."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from .files import located
from .tree import error

if TYPE_CHECKING:
    from typing import Any


def teach(ssl: Any) -> None:
    """Make `ssl.SSLContext` read certificates from the archive."""
    real = ssl.SSLContext.load_verify_locations

    def load_verify_locations(self: Any, cafile: Any = None, capath: Any = None, cadata: Any = None) -> None:
        if capath is not None and located(capath)[0] is not None:
            why = "OpenSSL cannot read a folder of the archive, which is in memory: give a file, as cafile"
            raise error(errno.EOPNOTSUPP, os.fspath(capath), why)
        if cafile is not None and located(cafile)[0] is not None:
            # Between the certificates any text may stand, but data has to be ASCII.
            with open(cafile, encoding="ascii", errors="ignore") as file:  # noqa: PTH123 - bytes are paths too
                real(self, cadata=file.read())
            cafile = None
            if capath is cadata is None:
                return
        real(self, cafile, capath, cadata)

    ssl.SSLContext.load_verify_locations = load_verify_locations
