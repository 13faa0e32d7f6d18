"""Databases in the folder for temporary files: SQLite keeps each in memory. Imported when the first is opened.

Every connection of the process that opens `file:/NAME?vfs=memdb` has the same database (SQLite 3.36, "memdb"), as long
as there is one: a connection of our own stays. The file shows to Python what the database holds at that moment; when
Python writes to the file, connections that are open keep the old database, as if the file had been replaced.
"""

import os

from ..vfs.inodes import Content, File, Memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..vfs.mount import Path
    from ..vfs.tmpfs import TmpFS


class Database(Content):
    """The content of a file that is a database."""

    live = True
    _count = 0

    def __init__(self, connect: "Callable[..., Any]", file: File) -> None:
        """Take over what is in `file`. `connect` is SQLite's own. Raises `sqlite3.DatabaseError` for what is none."""
        Database._count += 1
        self.address = f"file:/os402-{Database._count}?vfs=memdb"
        self._file = file
        self._keeper = connect(self.address, uri=True, check_same_thread=False, isolation_level=None)
        content = file.content.read(0, file.content.size())
        if content:
            held = connect(":memory:", isolation_level=None)
            held.deserialize(content)
            held.backup(self._keeper)
            held.close()
        self._last = content
        file.content = self

    def size(self) -> int:
        """Return how much there is."""
        return len(self._bytes())

    def read(self, at: int, size: int) -> bytes:
        """Return what is there, less at the end."""
        return self._bytes()[at : at + size]

    def write(self, at: int, data: memoryview) -> None:
        """Put data there, into a file that is this database no more."""
        self._left().write(at, data)

    def truncate(self, size: int) -> None:
        """Cut the file, which is this database no more."""
        self._left().truncate(size)

    def _bytes(self) -> bytes:
        """Return what was committed last."""
        from sqlite3 import Error  # noqa: PLC0415 - it is there when this is

        try:  # noqa: SIM105 - contextlib would be imported for it
            self._last = self._keeper.serialize() if self._keeper.execute("PRAGMA page_count").fetchone()[0] else b""
        except Error:  # somebody is writing
            pass
        return self._last

    def _left(self) -> Content:
        self._file.content = Memory(self._bytes())
        return self._file.content


def address_of(sqlite3: "Any", connect: "Callable[..., Any]", place: "tuple[TmpFS, str, Path]", query: str) -> str:
    """Return the address at which SQLite has the database in the file at `place`, which is made if it is not there.

    `place` is the mount, the name in it, and the path as the program spelled it; `query` is that of the program's
    address. Raises `sqlite3.Error` as SQLite does for what cannot be opened.
    """
    mount, name, path = place
    made = 0 if "mode=ro" in query or "mode=rw" in query.replace("mode=rwc", "") else os.O_CREAT
    try:
        opened = mount.open(name, path, os.O_RDWR | made)
    except OSError:
        raise sqlite3.OperationalError("unable to open database file") from None
    file = opened.file  # type: ignore[union-attr]  # a folder cannot be opened so
    held = file.content
    if not isinstance(held, Database):
        held = Database(connect, file)
    return held.address
