"""Modules that are changed once they are imported, and by what: they go past what vfs/patches.py replaces.

start.py names the same modules, so that this one is imported with the first of them only.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .vfs.patches import VirtualFiles


def _shutil(shutil: "Any", files: "VirtualFiles") -> None:
    if files.closed:  # files in memory have no descriptors to copy by, nor have their folders
        for name in ("_USE_CP_SENDFILE", "_USE_CP_COPY_FILE_RANGE", "_use_fd_functions"):
            if hasattr(shutil, name):
                setattr(shutil, name, False)
        shutil.rmtree.avoids_symlink_attacks = False


def _sqlite3(sqlite3: "Any", files: "VirtualFiles") -> None:
    from .stdlib.sqlite import patch  # noqa: PLC0415 - few programs need it

    patch(sqlite3, files.table)


def _ssl(ssl: "Any", files: "VirtualFiles") -> None:
    from .stdlib.tls import patch  # noqa: PLC0415 - few programs need it

    patch(ssl, files.table)


PATCHES: "dict[str, Callable[[Any, VirtualFiles], None]]" = {
    "shutil": _shutil,
    "sqlite3": _sqlite3,
    "ssl": _ssl,
}
"""Each is given the module and the virtual files."""
