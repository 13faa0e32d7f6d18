"""Databases of the archive for `sqlite3`, whose C code opens files itself. Imported when `sqlite3` is."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..vfs.mount_table import MountTable


def patch(sqlite3: "Any", table: "MountTable") -> None:
    """Make `sqlite3.connect` read databases of the archive, from memory and without writing to them."""
    real = sqlite3.connect

    def connect(database: "Any", *args: "Any", **kwargs: "Any") -> "Any":
        path = _path(database, uri=bool(kwargs.get("uri") or (args[6:7] and args[6])))
        found = table.find(path) if path is not None else None
        if found is None:
            return real(database, *args, **kwargs)
        mount, name, spelled = found
        if mount is not table.archive or not mount.is_file(name):
            why = "there is no such file"
            if not mount.readonly:
                why = 'SQLite, which is C, opens no files in memory; connect to ":memory:"'
            raise sqlite3.OperationalError(f"unable to open database file {os.fsdecode(spelled)!r}: {why}")
        connection = real(":memory:", *args, **kwargs)
        if not hasattr(connection, "deserialize"):
            raise sqlite3.NotSupportedError(
                f"{os.fsdecode(spelled)!r} is in the archive, in memory: reading it needs Python 3.11 and a SQLite "
                "that can deserialize"
            )
        connection.deserialize(_content(path))
        connection.execute("PRAGMA query_only = 1")
        return connection

    sqlite3.connect = sqlite3.dbapi2.connect = connect


def _content(path: "Any") -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123 - bytes are paths too
        return file.read()


def _path(database: "Any", *, uri: bool) -> "Any":
    """Return the path in the first argument of `sqlite3.connect`, `None` when there is none."""
    text = os.fsdecode(database) if isinstance(database, (str, bytes)) or hasattr(database, "__fspath__") else None
    if text is None or text in ("", ":memory:"):
        return None
    if not uri or not text.startswith("file:"):
        return text
    from urllib.parse import unquote, urlsplit  # noqa: PLC0415 - few use addresses

    parts = urlsplit(text)
    if "mode=memory" in parts.query or "vfs=" in parts.query or parts.path in ("", ":memory:"):
        return None
    return unquote(parts.path)
