"""Databases of the archive, and of the folder for temporary files, for `sqlite3`, whose C code opens files itself.

Imported when `sqlite3` is.
"""

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..vfs.mount_table import MountTable

_ATTACH = re.compile(r"\s*ATTACH\s+(?:DATABASE\s+)?(.+?)\s+AS\s+(\S+?)\s*;?\s*", re.IGNORECASE | re.DOTALL)
_NAME = re.compile(r"\w+|\"\w+\"|\[\w+\]|`\w+`")
_URI = 6
"""The place of `uri` among the arguments of `connect` after the first."""

_SHARED = 3, 36
"""The release of SQLite in which connections can share a database in memory by its name."""


def patch(sqlite3: "Any", table: "MountTable") -> None:
    """Make `sqlite3` read databases of the archive, and keep those of the folder for temporary files in memory."""
    real = sqlite3.connect
    databases = _Databases(sqlite3, table)
    connection_class = _classes(sqlite3, databases)

    def connect(database: "Any", *args: "Any", **kwargs: "Any") -> "Any":
        uri = bool(args[_URI]) if args[_URI:] else bool(kwargs.pop("uri", False))
        args = args[:_URI]
        if len(args) < 5:  # noqa: PLR2004 - the place of `factory`
            kwargs.setdefault("factory", connection_class)
        # What is attached later may have an address. A database's own name is one only where the program says so.
        addresses = uri or not _text(database).startswith("file:")
        found = databases.find(database, uri=uri)
        readonly = isinstance(found, bytes)
        if isinstance(found, str):
            connection = real(found, *args, uri=True, **kwargs)
            readonly = uri and ("mode=ro" in _text(database) or "immutable=1" in _text(database))
        else:
            connection = real(database if found is None else ":memory:", *args, uri=addresses, **kwargs)
        if isinstance(found, bytes):
            connection.deserialize(found)
        if readonly:
            connection.execute("PRAGMA query_only = 1")
        return connection

    sqlite3.connect = sqlite3.dbapi2.connect = connect


def _classes(sqlite3: "Any", databases: "_Databases") -> "Any":
    """Return a connection whose cursors know what to do when a database that is in memory is attached."""

    class Cursor(sqlite3.Cursor):  # type: ignore[misc]  # a class that nothing here knows
        def execute(self, sql: str, parameters: "Any" = (), /) -> "Any":
            attached = _ATTACH.fullmatch(sql) if isinstance(sql, str) else None
            if attached is None or not hasattr(self.connection, "deserialize"):
                return super().execute(sql, parameters)
            # What the statement says, a parameter or an expression, is for SQLite to tell.
            name = attached[2] if not _NAME.fullmatch(attached[2]) else "'" + attached[2].strip('"[]`') + "'"
            path, schema = self.connection.execute(f"SELECT {attached[1]}, {name}", parameters).fetchone()
            found = databases.find(path, uri=True)
            if found is None:
                return super().execute(sql, parameters)
            super().execute("ATTACH ? AS ?", (found if isinstance(found, str) else ":memory:", schema))
            if not isinstance(found, str):
                self.connection.deserialize(found, name=schema)
            return self

    class Connection(sqlite3.Connection):  # type: ignore[misc]  # as above
        def cursor(self, factory: "Any" = Cursor) -> "Any":
            return super().cursor(factory)

        def execute(self, sql: str, parameters: "Any" = (), /) -> "Any":
            return self.cursor().execute(sql, parameters)

    for kind in (Cursor, Connection):
        kind.__module__, kind.__qualname__ = "sqlite3", kind.__name__

    return Connection


class _Databases:
    """Those that Python has in memory, where SQLite finds no files."""

    def __init__(self, sqlite3: "Any", table: "MountTable") -> None:
        self._sqlite3 = sqlite3
        self._table = table
        self._connect = sqlite3.connect  # SQLite's own

    def find(self, database: "Any", *, uri: bool) -> "bytes | str | None":
        """Return the content of a database of the archive, or the address of one in the folder for temporary files.

        `None` for what SQLite opens itself. Raises `sqlite3.Error` for what is not there, or cannot be.
        """
        path, query = _path(database, uri=uri)
        found = None if path is None else self._table.find(path)
        if found is None:
            return None
        mount, name, spelled = found
        sqlite3 = self._sqlite3
        known = mount is not self._table.archive or mount.is_file(name)
        if known and not (hasattr(sqlite3.Connection, "deserialize") and sqlite3.sqlite_version_info >= _SHARED):
            raise sqlite3.NotSupportedError(
                f"{database!r} is in memory: it needs Python 3.11, and SQLite 3.36 that can deserialize"
            )
        if not mount.readonly:
            from .databases import address_of  # noqa: PLC0415 - few programs need it

            return address_of(sqlite3, self._connect, (mount, name, spelled), query)  # type: ignore[arg-type]  # what can be written is one
        if mount is not self._table.archive or not known:
            raise sqlite3.OperationalError(
                f"unable to open database file {os.fsdecode(spelled)!r}: there is no such file"
            )
        with open(path, "rb") as file:  # noqa: PTH123 - bytes are paths too
            content: bytes = file.read()
        return content


def _text(database: "Any") -> str:
    """Return a path as a text; empty for what is none."""
    return os.fsdecode(database) if isinstance(database, (str, bytes)) or hasattr(database, "__fspath__") else ""


def _path(database: "Any", *, uri: bool) -> "tuple[Any, str]":
    """Return the path in the first argument of `sqlite3.connect`, `None` when there is none, and its query."""
    text = _text(database)
    if text in ("", ":memory:"):
        return None, ""
    if not uri or not text.startswith("file:"):
        return text, ""
    from urllib.parse import unquote, urlsplit  # noqa: PLC0415 - few use addresses

    parts = urlsplit(text)
    if "mode=memory" in parts.query or "vfs=" in parts.query or parts.path in ("", ":memory:"):
        return None, ""
    return unquote(parts.path), parts.query
