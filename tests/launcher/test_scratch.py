"""Temporary files in memory: to the program they must be what files in a real temporary folder are."""

from __future__ import annotations

import json
import os
import sqlite3

import pytest
from support import launching

from hatch_os402.launcher.inside.index import Index
from hatch_os402.launcher.inside.vfs.mount_table import MountTable

# Run one after the other, in /tmp in memory and in a real folder: `top` is a folder that `tempfile` made.
STEPS = r"""
open(top + "/a.txt", "w", encoding="utf-8").write("eins\nzwei ☃\n")
open(top + "/a.txt", encoding="utf-8").read()
open(top + "/a.txt", "rb").read()
open(top + "/a.txt", "x")
with_file(top + "/a.txt", "r+", lambda f: (f.readline(), f.seek(0), f.write("EINS"), f.flush(), f.seek(0), f.read()))
with_file(top + "/a.txt", "a+", lambda f: (f.tell() > 0, f.write("drei"), f.seek(0), f.read()))
with_file(top + "/a.txt", "w+b", lambda f: (f.write(b"0123456789"), f.seek(3), f.read(2), f.truncate(7), f.seek(0), f.read(), f.seek(12), f.write(b"x"), f.seek(0), f.read()))
with_file(top + "/raw", "wb", lambda f: (f.write(bytearray(b"abc")), f.write(memoryview(b"def")), f.tell(), f.fileno() > 2), 0)
[f(open(top + "/raw", mode)) for mode in ("rb", "r+b", "ab", "r", "a") for f in (lambda f: f.mode, lambda f: f.readable(), lambda f: f.writable(), lambda f: f.seekable(), lambda f: f.isatty(), lambda f: f.name)]
open(top + "/raw", "rb", 0).mode, open(top + "/raw", "ab", 0).mode, open(top + "/raw", "rb+", 0).mode, open(top + "/raw", "ab+", 0).mode
open(top + "/raw", "r").write("x")
open(top + "/raw", "a").read()
with_file(top + "/raw", "rb", lambda f: f.truncate(1))
open(top + "/none/x", "w")
open(top + "/a.txt/x", "w")
open(top + "/a.txt/", "rb")
open(top, "w")
open(top, "rb")
open(top + "/none")
os.mkdir(top + "/d")
os.mkdir(top + "/d")
os.mkdir(top + "/none/d")
os.mkdir(top + "/a.txt/d")
os.makedirs(top + "/d/e/f")
os.makedirs(top + "/d/e/f", exist_ok=True)
os.makedirs(top + "/a.txt/f")
pathlib.Path(top, "p", "q").mkdir(parents=True)
pathlib.Path(top, "p", "q", "file").write_text("text")
pathlib.Path(top, "p", "q", "file").write_bytes(b"bytes")
pathlib.Path(top, "touched").touch()
pathlib.Path(top, "touched").touch(exist_ok=False)
pathlib.Path(top, "p", "q", "file").rename(pathlib.Path(top, "p", "moved")).name
sorted(os.listdir(top))
sorted(os.listdir(os.fsencode(top)))
sorted((e.name, e.is_dir(), e.is_file()) for e in os.scandir(top))
sorted((p[len(top):], sorted(d), sorted(f)) for p, d, f in os.walk(top))
sorted(p.name for p in pathlib.Path(top).rglob("*"))
sorted(os.path.relpath(p, top) for p in glob.glob(top + "/**", recursive=True))
os.rename(top + "/a.txt", top + "/d")
os.rename(top + "/d", top + "/a.txt")
os.rename(top + "/d", top + "/p")
os.rename(top + "/d", top + "/d/e/inner")
os.rename(top + "/none", top + "/x")
os.rename(top + "/a.txt", top + "/none/x")
os.rename(top + "/a.txt", top + "/a.txt")
os.replace(top + "/a.txt", top + "/d/b.txt")
os.path.exists(top + "/a.txt"), os.path.getsize(top + "/d/b.txt")
os.mkdir(top + "/empty") or os.rename(top + "/d", top + "/empty")
sorted(os.listdir(top + "/empty"))
os.rmdir(top + "/empty")
os.rmdir(top + "/raw")
os.rmdir(top + "/none")
os.remove(top + "/empty")
os.remove(top + "/none")
os.unlink(top + "/raw")
os.removedirs(top + "/empty/e/f")
sorted(os.listdir(top + "/empty"))
os.truncate(top + "/empty/b.txt", 3) or open(top + "/empty/b.txt", "rb").read()
os.truncate(top + "/empty/b.txt", 5) or open(top + "/empty/b.txt", "rb").read()
os.truncate(top + "/empty/b.txt", -1)
os.utime(top + "/empty/b.txt", (1, 2)) or os.stat(top + "/empty/b.txt").st_mtime
os.utime(top + "/empty/b.txt", ns=(1, 2000000003)) or os.stat(top + "/empty/b.txt").st_mtime_ns
os.utime(top + "/empty/b.txt", ns=(5, 7)) or (os.stat(top + "/empty/b.txt").st_atime_ns, os.path.getatime(top + "/empty/b.txt"))
os.utime(top + "/empty", (3, 4)) or (os.stat(top + "/empty").st_atime, os.stat(top + "/empty").st_mtime)
(shutil.copystat(top + "/empty/b.txt", top + "/touched"), os.stat(top + "/touched").st_atime_ns)[1]
with_number(top + "/empty/b.txt", os.O_RDWR, lambda n: (os.chmod(n, 0o640), oct(os.fstat(n).st_mode), os.truncate(n, 4), os.fstat(n).st_size, os.chown(n, -1, -1), os.utime(n, (8, 9)), os.stat(top + "/empty/b.txt").st_atime, os.fstat(n).st_atime, os.fstat(n).st_mtime))
os.chmod(top + "/empty/b.txt", 0o600) or oct(os.stat(top + "/empty/b.txt").st_mode)
os.chmod(top + "/none", 0o600)
[oct(os.stat(top + name).st_mode) for name in ("/p", "/touched")]
[os.access(top + "/empty/b.txt", mode) for mode in (os.F_OK, os.R_OK, os.W_OK, os.X_OK)], os.access(top + "/none", os.F_OK)
os.readlink(top + "/touched")
os.path.samefile(top + "/p", top + "/p/../p"), os.path.samefile(top + "/p", top + "/empty")
os.path.realpath(top + "/p/./q/..") == top + "/p"
shutil.copy(top + "/empty/b.txt", top + "/copied") == top + "/copied"
shutil.copy2(top + "/empty/b.txt", top + "/p") == top + "/p/b.txt"
os.stat(top + "/p/b.txt").st_mtime
shutil.copyfile(top + "/copied", top + "/copied")
sorted(os.listdir(shutil.copytree(top + "/p", top + "/tree")))
shutil.move(top + "/tree", top + "/moved") == top + "/moved"
shutil.rmtree(top + "/moved") or os.path.exists(top + "/moved")
shutil.rmtree(top + "/none")
zipped(top + "/z.zip")
shutil.unpack_archive(top + "/z.zip", top + "/unpacked") or sorted(os.listdir(top + "/unpacked/in"))
shutil.make_archive(top + "/made", "tar", top + "/p") == top + "/made.tar"
sorted(tarfile.open(top + "/made.tar").getnames())
gzip.open(top + "/g.gz", "wt").write("packed") and gzip.open(top + "/g.gz", "rt").read()
shelved(top + "/shelf")
pickled(top + "/pickle")
with_number(top + "/n", os.O_CREAT | os.O_RDWR, lambda n: (os.write(n, b"0123"), os.lseek(n, 1, 0), os.read(n, 2), os.fstat(n).st_size, os.ftruncate(n, 2), os.pread(n, 9, 0), os.pwrite(n, b"zz", 1), os.isatty(n), os.fsync(n)))
with_number(top + "/n", os.O_CREAT | os.O_EXCL | os.O_RDWR, int)
with_number(top + "/n", os.O_WRONLY | os.O_APPEND, lambda n: (os.write(n, b"end"), os.lseek(n, 0, 1)))
with_number(top + "/n", os.O_WRONLY | os.O_TRUNC, lambda n: os.fstat(n).st_size)
with_number(top + "/n", os.O_RDWR, lambda n: (os.utime(top + "/n", (5, 5)), os.fstat(n).st_mtime, os.stat(top + "/n").st_mtime, os.write(n, b"x"), os.fstat(n).st_mtime > 5, os.stat(top + "/n").st_mtime > 5))
with_number(top + "/n", os.O_RDWR, lambda n: (os.fchmod(n, 0o600), oct(os.fstat(n).st_mode), oct(os.stat(top + "/n").st_mode), os.chmod(top + "/n", 0o640), oct(os.fstat(n).st_mode)))
with_number(top + "/n", os.O_RDWR, lambda n: (os.fstat(n).st_nlink, os.path.samestat(os.fstat(n), os.stat(top + "/n"))))
with_number(top + "/n", os.O_WRONLY, lambda n: os.read(n, 1))
with_number(top + "/n", os.O_RDONLY, lambda n: os.write(n, b"x"))
with_number(top + "/none", os.O_RDONLY, int)
with_number(top, os.O_RDONLY, lambda n: os.fsync(n))
with_number(top, os.O_RDWR, int)
named(tempfile.NamedTemporaryFile(dir=top))
named(tempfile.NamedTemporaryFile("w+", dir=top, suffix=".txt", delete=False))
anonymous(tempfile.TemporaryFile())
anonymous(tempfile.TemporaryFile(buffering=0))
anonymous(tempfile.SpooledTemporaryFile(max_size=10))
anonymous(tempfile.SpooledTemporaryFile(max_size=1))
made(tempfile.mkstemp(dir=top, text=True))
os.path.isdir(tempfile.mkdtemp(dir=top)), oct(os.stat(tempfile.mkdtemp(dir=top)).st_mode)
folder(tempfile.TemporaryDirectory(dir=top))
unlinked(top + "/u")
os.chdir(top) or sorted(os.listdir())[:3], os.path.exists("copied"), open("relative", "w").write("here"), os.path.abspath("relative") == os.path.join(top, "relative")
os.getcwd() == top, os.getcwdb() == os.fsencode(top), pathlib.Path.cwd() == pathlib.Path(top), pathlib.Path("relative").read_text()
os.chdir("copied")
os.chdir("none")
contextlib.chdir("p").__enter__(), os.listdir("..") == os.listdir(top)
""".strip().splitlines()

APP = r"""
import contextlib, glob, gzip, io, json, os, pathlib, pickle, shelve, shutil, sys, tarfile, tempfile, zipfile
def with_file(path, mode, call, *buffering):
    with open(path, mode, *buffering) as file: return call(file)
def with_number(path, flags, call):
    number = os.open(path, flags)
    try: return call(number)
    finally: os.close(number)
def named(file):
    with file:
        text = isinstance(file.file, io.TextIOBase)
        file.write("text" if text else b"text"); file.flush(); file.seek(0)
        there = os.path.exists(file.name), os.path.getsize(file.name), file.read()
    return there, os.path.exists(file.name)
def anonymous(file):
    with file:
        file.write(b"a" * 20); file.seek(5)
        return file.read(3), file.seek(0, 2), file.fileno() > 2
def made(pair):
    number, path = pair
    with os.fdopen(number, "w") as file: file.write("by number")
    return open(path).read()
def folder(made):
    with made as path:
        os.makedirs(path + "/deep/er"); open(path + "/deep/file", "w").close()
    return os.path.exists(path)
def unlinked(path):
    with open(path, "w+b") as file:
        os.unlink(path); file.write(b"still"); file.seek(0)
        return file.read(), os.path.exists(path)
def zipped(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z: z.writestr("in/x", "x" * 100); z.writestr("in/y", "y")
    with zipfile.ZipFile(path, "a") as z: z.writestr("in/z", "z")
    with zipfile.ZipFile(path) as z: return z.namelist(), z.testzip(), z.read("in/z")
def shelved(path):
    import dbm.dumb
    with dbm.dumb.open(path, "c") as db: db[b"k"] = b"v"
    with dbm.dumb.open(path, "r") as db: return db[b"k"]
def pickled(path):
    with open(path, "wb") as file: pickle.dump({"a": [1]}, file)
    with open(path, "rb") as file: return pickle.load(file)
def main():
    import warnings; warnings.simplefilter("ignore")
    if "no-memfd" in sys.argv: del os.memfd_create
    top, found = tempfile.mkdtemp(), []
    for step in json.loads(sys.stdin.read()):
        try: result = repr(eval(step, {**globals(), **locals()}))
        except Exception as error:
            result = type(error).__name__
            if isinstance(error, OSError):
                result += repr((error.errno, *(os.fsdecode(name) if isinstance(name, (str, bytes)) else None for name in (error.filename, error.filename2))))
        found.append(result.replace(top, "TOP"))
    print(json.dumps([tempfile.gettempdir(), found]))
"""
NEEDS_THE_KERNEL = "f.fileno() > 2"


@pytest.mark.parametrize("memfd", [True, False])
def test_as_in_a_real_folder(memfd, tmp_path, python312):
    data = launching.archive({"app.py": APP}, "app:main")
    more = () if memfd else ("no-memfd",)
    (folder, found), (elsewhere, expected) = (
        launching.run(
            data,
            tmp_path,
            *more,
            how=how,
            python=python312.path,
            body=json.dumps(STEPS).encode(),
            TMPDIR="/var/tmp" if how == "ours" else str(tmp_path),
        ).facts
        for how in ("ours", "pyz")
    )
    assert (folder, elsewhere) == ("/tmp", str(tmp_path))
    assert len(found) == len(expected) == len(STEPS)
    different = {step: pair for step, *pair in zip(STEPS, found, expected, strict=True) if pair[0] != pair[1]}
    if not memfd:  # there is no number for these, and they say so
        (without,) = [different.pop(step) for step in list(different) if NEEDS_THE_KERNEL in step]
        assert without[0].startswith("UnsupportedOperation"), without
    assert not different, different


OUTSIDE = """
[os.path.exists(path) for path in ("/etc/passwd", "/etc/mime.types", "/usr", "/home", "/tmp", "/proc/self/fd", "/dev/null", "/")]
[os.path.isdir(path) for path in ("/", "/os402", "/os402/app", "/tmp", "/proc", "/dev")]
open("/etc/passwd").read()
open("/etc/none/x", "w")
open(os.path.join(secret, "secret.txt")).read()
open("secret.txt").read()
os.open("/etc/passwd", os.O_RDONLY)
os.stat("/usr")
os.lstat(b"/usr")
os.listdir("/etc")
os.scandir("/etc")
os.mkdir("/etc/x")
os.remove("/etc/passwd")
os.rename("/etc/passwd", "/tmp/x")
os.access("/etc/passwd", os.F_OK)
os.readlink("/etc/mtab")
os.chdir("/etc")
os.listdir("/") == sorted(os.listdir("/")) and {"dev", "os402", "proc", "tmp"} <= set(os.listdir("/")) and "etc" not in os.listdir("/")
[name for name in os.listdir("/os402")], os.listdir("/proc")
os.getcwd(), os.listdir(), os.path.abspath("x")
os.path.isfile(os.__file__), open(os.__file__, "rb").read(1) != b"", os.path.exists(sys.executable)
os.listdir(os.path.dirname(os.__file__)) != []
os.stat(0).st_mode != 0, os.path.exists("/proc/self/fd/0"), open(os.devnull).read()
mimetypes.guess_type("a.html")
zoneinfo.available_timezones() == set()
shutil.which("sh")
os.rename("/tmp/made", "/os402/app/made")
os.rename("/os402/app/app.py", "/tmp/app.py")
shutil.move("/os402/app/data.txt", "/tmp/moved.txt")
shutil.copy("/os402/app/data.txt", "/tmp/copied.txt") and open("/tmp/copied.txt").read()
open("/tmp/../os402/app/data.txt").read(), open("../os402/app/data.txt").read()
os.symlink("/tmp/copied.txt", "/tmp/link")
os.link("/tmp/copied.txt", "/tmp/link")
os.statvfs("/tmp")
sqlite3.connect("/os402/app/data.db").execute("select x from t").fetchall()
sqlite3.connect("file:/os402/app/data.db?mode=ro", uri=True).execute("select x from t").fetchall()
sqlite3.connect("/os402/app/data.db").execute("delete from t")
sqlite3.connect("/os402/app/none.db")
sqlite3.connect("/var/none.db")
sqlite3.connect("/tmp/none/new.db")
sqlite3.connect(":memory:").execute("select 1").fetchall()
"""
OUTSIDE_APP = r"""
import json, mimetypes, os, shutil, sqlite3, sys, zoneinfo
def main():
    secret = sys.argv[1]
    open("/tmp/made", "w").close()
    found = {}
    for step in sys.stdin.read().strip().splitlines():
        try: result = eval(step, {**globals(), **locals()})
        except OSError as error: result = f"{type(error).__name__} {error.errno}"
        except sqlite3.Error as error: result = f"{type(error).__name__} {error}"
        found[step] = result
    print(json.dumps(found))
"""


def test_what_lies_outside_is_absent(tmp_path, python312):
    (tmp_path / "secret.txt").write_text("of the server")
    with sqlite3.connect(tmp_path / "data.db") as database:
        database.execute("create table t (x)")
        database.execute("insert into t values (402)")
    database.close()
    files = {"app.py": OUTSIDE_APP, "data.txt": "of the archive", "data.db": (tmp_path / "data.db").read_bytes()}
    data = launching.archive(files, "app:main")
    found = launching.run(data, tmp_path, str(tmp_path), python=python312.path, body=OUTSIDE.encode()).facts
    steps = OUTSIDE.strip().splitlines()
    absent = "FileNotFoundError 2"
    assert [found[step] for step in steps] == [
        [False, False, False, False, True, True, True, True],
        [True] * 6,
        *[absent] * 12,
        False,
        absent,
        absent,
        True,
        [["app"], ["self"]],
        ["/tmp", ["made"], "/tmp/x"],
        [True, True, True],
        True,
        [True, True, ""],
        ["text/html", None],
        True,
        None,
        "OSError 30",
        "OSError 30",
        "OSError 30",
        "of the archive",
        ["of the archive"] * 2,
        "PermissionError 1",
        "PermissionError 1",
        "OSError 38",
        [[402]],
        [[402]],
        "OperationalError attempt to write a readonly database",
        "OperationalError unable to open database file '/os402/app/none.db': there is no such file",
        "OperationalError unable to open database file '/var/none.db': there is no such file",
        "OperationalError unable to open database file",
        [[1]],
    ]


WRITES = """
import importlib, inspect, json, os, runpy, sys, tempfile
def main():
    folder = tempfile.mkdtemp()
    os.makedirs(folder + "/pkg/space")
    for name, text in (("gen.py", "x = 1\\ndef f(): return x\\n"), ("pkg/__init__.py", ""), ("pkg/mod.py", "y = 2\\n"),
                       ("pkg/space/deep.py", "z = 3\\n"), ("local.py", "here = True\\n")):
        with open(os.path.join(folder, name), "w") as file: file.write(text)
    sys.path.append(folder)
    import gen, pkg.mod, pkg.space.deep
    compiled = compile("made = 'bytecode'", "x", "exec")
    import marshal
    with open(folder + "/only.pyc", "wb") as file: file.write(importlib.util.MAGIC_NUMBER + bytes(12) + marshal.dumps(compiled))
    import only
    first = gen.x
    with open(folder + "/gen.py", "w") as file: file.write("x = 10\\n")
    importlib.reload(gen)
    os.chdir(folder); sys.path[-1] = "."
    import local
    try: import absent
    except ModuleNotFoundError as error: missing = error.name
    print(json.dumps([first, gen.x, pkg.mod.y, pkg.space.deep.z, only.made, gen.__file__ == folder + "/gen.py", local.here, missing,
                      inspect.getsource(pkg.mod), runpy.run_path(folder + "/pkg/mod.py")["y"]]))
"""


def test_modules_that_the_program_has_written(tmp_path):
    found = launching.run(launching.archive({"app.py": WRITES}, "app:main"), tmp_path).facts
    assert found == [1, 10, 2, 3, "bytecode", True, True, "absent", "y = 2\n", 2]


@pytest.mark.parametrize("executable", ["", None, "/"])
def test_a_runtime_that_does_not_know_where_it_lies(executable, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.executable", executable)
    monkeypatch.setattr("sys.path", ["", "/", str(tmp_path)])
    (tmp_path / "module.py").touch()
    table = MountTable(Index(launching.packed({"a": b""})), closed=True, status=os.stat, open_files={})
    assert table.find(str(tmp_path / "module.py")) is None
    mount, name, path = table.find("/etc/passwd")
    with pytest.raises(FileNotFoundError):
        mount.demand(name, path)
    assert "etc" not in table.mount("/").children("")
