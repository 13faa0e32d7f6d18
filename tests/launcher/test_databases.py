"""SQLite databases in the folder for temporary files: as on a disk, in memory."""

from __future__ import annotations

import sys

import pytest
from launcher.test_world import database, everywhere, program

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(sys.version_info < (3, 11), reason="sqlite3 cannot deserialize"),
]

PROGRAM = """
import shutil, sqlite3, tempfile
from contextlib import closing
from pathlib import Path

folder = tempfile.mkdtemp()
path = folder + "/guests.db"
found = []

def note(what):
    found.append(what)

def rows(where, table="guest", **more):
    with closing(sqlite3.connect(where, **more)) as connection:
        return connection.execute("SELECT * FROM " + table + " ORDER BY 1").fetchall()

first = sqlite3.connect(path)
note([os.path.exists(path), os.path.getsize(path), os.listdir(folder)])
first.executescript("CREATE TABLE guest (name TEXT, age INTEGER); CREATE INDEX names ON guest (name); PRAGMA user_version = 7;")
with first:
    first.executemany("INSERT INTO guest VALUES (?, ?)", [("Alice", 40), ("Bob", 2)])
note(rows(path))
try:
    with first:
        first.execute("INSERT INTO guest VALUES ('Eve', 0)")
        raise ZeroDivisionError
except ZeroDivisionError:
    note(rows(Path(path)))
second = sqlite3.connect(path, isolation_level=None)
second.execute("DELETE FROM guest WHERE name = ?", ("Bob",))
note(first.execute("SELECT count(*) FROM guest").fetchone())
first.close(), second.close()
note([rows(path), os.path.getsize(path) > 4096, open(path, "rb").read(16), os.stat(path).st_size % 4096])
number = os.open(path, os.O_RDONLY)
still = sqlite3.connect(path)
note([os.read(number, 6), os.close(number)])
with still:
    still.execute("INSERT INTO guest VALUES ('Dan', 4)")
still.close()
note(rows(path))
with closing(sqlite3.connect(path)) as after:
    note(after.execute("PRAGMA user_version").fetchone())
    with open(path, "rb") as read:
        note([os.pread(read.fileno(), 15, 0), os.fstat(read.fileno()).st_size == os.path.getsize(path)])
    with after:
        after.execute("INSERT INTO guest VALUES ('Carol', 3)")

shutil.copy(path, folder + "/copy.db")
with closing(sqlite3.connect(folder + "/copy.db")) as copy, copy:
    copy.execute("DELETE FROM guest")
note([rows(path), rows(folder + "/copy.db")])

top = os.path.dirname(__file__)
shutil.copy(top + "/data/other.db", folder + "/other.db")
with closing(sqlite3.connect(folder + "/other.db")) as other, other:
    other.execute("INSERT INTO t VALUES (8)")
note(rows(folder + "/other.db", "t"))
with closing(sqlite3.connect(":memory:")) as main:
    main.execute("ATTACH ? AS kept", (folder + "/other.db",))
    main.execute("INSERT INTO kept.t VALUES (9)")
    main.commit()
    main.execute("ATTACH DATABASE ? AS new", (folder + "/new.db",))
    main.execute("CREATE TABLE new.made AS SELECT * FROM kept.t")
    main.commit()
note([rows(folder + "/other.db", "t"), rows(folder + "/new.db", "made")])
with closing(sqlite3.connect(folder + "/backup.db")) as target, closing(sqlite3.connect(path)) as source:
    source.backup(target)
    note(list(target.iterdump()))
note([rows(folder + "/backup.db"), sorted(os.listdir(folder))])

os.rename(path, folder + "/moved.db")
note([rows(folder + "/moved.db"), os.path.exists(path)])
note(kind(lambda: sqlite3.connect("file:" + path + "?mode=rw", uri=True)))
note(kind(lambda: sqlite3.connect("file:" + path + "?mode=ro", uri=True)))
readonly = sqlite3.connect("file:" + folder + "/moved.db?mode=ro", uri=True)
note([readonly.execute("SELECT count(*) FROM guest").fetchone(), kind(lambda: readonly.execute("DELETE FROM guest"))])
readonly.close()
os.remove(folder + "/moved.db")
note(kind(lambda: rows(folder + "/moved.db")))
note(kind(lambda: sqlite3.connect(folder + "/none/x.db")))
note(kind(lambda: sqlite3.connect(folder)))
with open(folder + "/text.db", "w") as text:
    text.write("this is no database, and long enough to be taken for none, whatever SQLite reads of it first" * 20)
note(kind(lambda: rows(folder + "/text.db")))
with open(folder + "/other.db", "wb"):
    pass
note(kind(lambda: rows(folder + "/other.db", "t")))
os.chdir(folder)
with closing(sqlite3.connect("relative.db", 5.0, 0, "DEFERRED", True, sqlite3.Connection, 64)) as relative:
    relative.row_factory = sqlite3.Row
    relative.execute("CREATE TABLE t AS SELECT 5 AS five")
    note([dict(row) for row in relative.execute("SELECT * FROM t")])
    relative.execute("CREATE TEMP TABLE scratch AS WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 50000) SELECT i, hex(randomblob(100)) AS b FROM n")
    note(relative.execute("SELECT count(*) FROM (SELECT b FROM scratch ORDER BY b)").fetchone()[0])
    relative.commit()
    relative.execute("VACUUM")
note([os.path.exists("relative.db"), rows("relative.db", "t")])
say(found=[repr(one).replace(folder, "FOLDER") for one in found])
"""


def test_a_database_in_the_folder_for_temporary_files(tmp_path):
    everywhere(program(PROGRAM, {"data/other.db": database(tmp_path)}), tmp_path)
