"""Databases of the archive for `sqlite3`, whose C code opens files itself. Imported when `sqlite3` is."""

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..vfs.mount_table import MountTable

_ATTACH = re.compile(r"\s*ATTACH\s+(?:DATABASE\s+)?(.+?)\s+AS\s+(\S+?)\s*;?\s*", re.IGNORECASE | re.DOTALL)
_NAME = re.compile(r"\w+|\"\w+\"|\[\w+\]|`\w+`")


def patch(sqlite3: "Any", table: "MountTable") -> None:
    """Make `sqlite3` read databases of the archive, from memory and without writing to them."""
    real = sqlite3.connect

    connection_class = _classes(sqlite3, table)

    def connect(database: "Any", *args: "Any", **kwargs: "Any") -> "Any":
        uri = bool(kwargs.get("uri") or (args[6:7] and args[6]))
        if len(args) < 5:  # noqa: PLR2004 - the place of `factory`
            kwargs.setdefault("factory", connection_class)
        content = _archived(sqlite3, table, database, uri=uri)
        if content is None:
            return real(database, *args, **kwargs)
        connection = real(":memory:", *args, **kwargs)
        if not hasattr(connection, "deserialize"):
            raise sqlite3.NotSupportedError(
                f"{database!r} is in the archive, in memory: reading it needs Python 3.11 and a SQLite that can "
                "deserialize"
            )
        connection.deserialize(content)
        connection.execute("PRAGMA query_only = 1")
        return connection

    sqlite3.connect = sqlite3.dbapi2.connect = connect


def _classes(sqlite3: "Any", table: "MountTable") -> "Any":
    """Return a connection whose cursors know what to do when a database of the archive is attached."""

    class Cursor(sqlite3.Cursor):  # type: ignore[misc]  # a class that nothing here knows
        def execute(self, sql: str, parameters: "Any" = (), /) -> "Any":
            attached = _ATTACH.fullmatch(sql) if isinstance(sql, str) else None
            if attached is None or not hasattr(self.connection, "deserialize"):
                return super().execute(sql, parameters)
            # What the statement says, a parameter or an expression, is for SQLite to tell.
            name = attached[2] if not _NAME.fullmatch(attached[2]) else "'" + attached[2].strip('"[]`') + "'"
            path, schema = self.connection.execute(f"SELECT {attached[1]}, {name}", parameters).fetchone()
            content = _archived(sqlite3, table, path, uri=True)
            if content is None:
                return super().execute(sql, parameters)
            super().execute("ATTACH ':memory:' AS ?", (schema,))
            self.connection.deserialize(content, name=schema)
            return self

    class Connection(sqlite3.Connection):  # type: ignore[misc]  # as above
        def cursor(self, factory: "Any" = Cursor) -> "Any":
            return super().cursor(factory)

        def execute(self, sql: str, parameters: "Any" = (), /) -> "Any":
            return self.cursor().execute(sql, parameters)

    for kind in (Cursor, Connection):
        kind.__module__, kind.__qualname__ = "sqlite3", kind.__name__

    return Connection


def _archived(sqlite3: "Any", table: "MountTable", database: "Any", *, uri: bool) -> "bytes | None":
    """Return the content of a database of the archive, `None` for a real file and for none.

    Raises `OperationalError` for one in memory that is not in the archive.
    """
    path = _path(database, uri=uri)
    found = None if path is None else table.find(path)
    if found is None:
        return None
    mount, name, spelled = found
    if mount is not table.archive or not mount.is_file(name):
        why = "there is no such file"
        if not mount.readonly:
            why = 'SQLite, which is C, opens no files in memory; connect to ":memory:"'
        raise sqlite3.OperationalError(f"unable to open database file {os.fsdecode(spelled)!r}: {why}")
    with open(path, "rb") as file:  # noqa: PTH123 - bytes are paths too
        content: bytes = file.read()
    return content


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
