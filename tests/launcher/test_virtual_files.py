"""Files of the archive, opened by path: they must be to the program what the same files in a real folder are."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support import launching

from hatch_os402 import launcher
from hatch_os402.launcher.inside.index import Index
from hatch_os402.launcher.inside.vfs.files import VirtualFile
from hatch_os402.launcher.inside.vfs.inodes import File, OpenFile, View
from hatch_os402.launcher.inside.vfs.mount_table import MountTable


def zipped(files):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        for name, content in files.items():
            target.writestr(name, content)
    return stream.getvalue()


FILES = {
    "top/__init__.py": "",
    "top/text.txt": "Zeile ☃\r\nzwei\ndrei".encode(),
    "top/latin.py": "# coding: latin-1\nx = 'é'\n".encode("latin-1"),
    "top/empty": b"",
    "top/big.bin": bytes(range(256)) * 200,
    "top/sub/deep/x.json": '{"a": [1, 2]}',
    "top/sub/deep/y.ini": "[s]\nkey = value\n",
    "top/sub/ü.txt": "ü",
    "top/mime.types": "text/x-own own\n",
    "top/inner.zip": zipped({"a.txt": b"in the zip"}),
}
PYTHONS = {os.path.realpath(path): str(path) for path in Path.home().glob(".pyenv/versions/3.1[0-3].*/bin/python")}
PYTHONS = sorted((PYTHONS | {os.path.realpath(sys.executable): sys.executable}).values())

# In each, `top` is the folder. The same expression is evaluated for the archive and for a real folder.
OPERATIONS = """
open(top + "/text.txt", encoding="utf-8").read()
open(top + "/text.txt", encoding="utf-8", newline="").readlines()
open(file=top + "/text.txt", mode="rt", encoding="utf-8", buffering=1).line_buffering
open(top + "/text.txt", "rb").read(9)
open(top + "/text.txt", "rb", 0).readline()
open(top + "/text.txt", "br", 3).peek(2)[:2]
open(os.fsencode(top) + b"/text.txt", "rb").name
open(pathlib.Path(top, "text.txt"), encoding="utf-8").name
io.open(top + "/big.bin", "rb").seek(-3, 2)
moves(open(top + "/big.bin", "rb"))
moves(open(top + "/big.bin", "rb", 0))
[f(open(top + "/text.txt")) for f in (lambda f: f.mode, lambda f: f.buffer.mode, lambda f: f.readable(), lambda f: f.writable(), lambda f: f.isatty(), lambda f: f.seekable())]
[isinstance(open(top + "/empty", "rb"), kind) for kind in (io.BufferedReader, io.BufferedIOBase, io.TextIOBase)]
isinstance(open(top + "/empty", "rb", 0), io.RawIOBase)
open(top + "/empty").read()
open(top + "/text.txt", "rb").write(b"x")
open(top + "/text.txt", "rb", 0).write(b"x")
open(top + "/text.txt", "rb", 0).truncate()
closed(open(top + "/text.txt", "rb"))
io.open_code(top + "/latin.py").read()
open(top)
open(top, "rb")
open(top, "w")
open(top + "/none")
open(top + "/none/none")
open(top + "/text.txt/none")
open(top + "/text.txt/")
open(top + "/text.txt", "rr")
open(top + "/text.txt", "rbt")
open(top + "/text.txt", "")
open(top + "/text.txt", "rw")
open(top + "/text.txt", "x")
open(top + "/text.txt", "rb", encoding="utf-8")
open(top + "/text.txt", "r", 0)
open(top + "/text.txt", encoding="no such")
open(top + "/text.txt", newline="x")
open(top + "/text.txt", closefd=False)
open(top + "/text.txt", "rb", -2)
open(top + "\\0")
os.stat(top + "\\0")
os.path.exists(top + "\\0")
[stat.S_IFMT(os.stat(top + name).st_mode) for name in ("", "/", "/text.txt", "/sub")]
[os.stat(top + name).st_size for name in ("/text.txt", "/empty", "/big.bin")]
os.stat(pathlib.Path(top, "text.txt")).st_size
os.stat(os.fsencode(top)).st_mode == os.lstat(top).st_mode
os.stat(top + "/none")
os.lstat(top + "/text.txt/none")
os.stat(os.fsencode(top) + b"/none")
os.stat(path=top + "/text.txt", follow_symlinks=False).st_size
[type(getattr(os.stat(top + "/text.txt"), name)).__name__ for name in ("st_mtime", "st_mtime_ns", "st_blocks", "st_ino")]
os.path.samefile(top + "/text.txt", top + "/sub/../text.txt")
os.path.samefile(top + "/text.txt", top + "/empty")
[os.access(top + "/text.txt", mode) for mode in (os.F_OK, os.R_OK)]
[os.access(top + name, os.F_OK) for name in ("/none", "/text.txt/none", "/sub/")]
sorted(os.listdir(top))
sorted(os.listdir(os.fsencode(top)))
sorted(os.listdir(path=pathlib.Path(top)))
os.listdir(top + "/none")
os.listdir(top + "/text.txt")
sorted((e.name, e.path, os.fspath(e), e.is_file(), e.is_dir(), e.is_symlink(), e.stat().st_size if e.is_file() else 0) for e in os.scandir(top))
sorted((e.name, e.path) for e in os.scandir(os.fsencode(top) + b"/sub"))
sorted(repr(e) for e in os.scandir(pathlib.Path(top)))
all(e.inode() == os.stat(e.path).st_ino for e in os.scandir(top))
scanned(top)
os.scandir(top + "/none")
os.scandir(top + "/text.txt")
os.readlink(top + "/text.txt")
os.readlink(top + "/none")
sorted((p, sorted(d), sorted(f)) for p, d, f in os.walk(top))
sorted((p, sorted(d), sorted(f)) for p, d, f in os.walk(top, topdown=False))
[f(top + "/sub") for f in (os.path.exists, os.path.lexists, os.path.isdir, os.path.isfile, os.path.islink, os.path.ismount, os.path.realpath)]
[f(top + "/sub/deep/x.json") for f in (os.path.exists, os.path.isdir, os.path.isfile, os.path.getsize, os.path.realpath)]
[os.path.exists(top + name) for name in ("/none", "/sub//deep/./x.json", "/sub/deep/../deep", "/none/..", "/text.txt/..")]
pathlib.Path(top, "text.txt").read_text(encoding="utf-8")
pathlib.Path(top, "big.bin").read_bytes()[-2:]
sorted(map(str, pathlib.Path(top).iterdir()))
sorted(map(str, pathlib.Path(top).glob("*.t*t")))
sorted(map(str, pathlib.Path(top).glob("**/*.json")))
sorted(map(str, pathlib.Path(top).rglob("*")))
[(p.exists(), p.is_file(), p.is_dir(), p.is_symlink()) for p in (pathlib.Path(top, "sub"), pathlib.Path(top, "empty"), pathlib.Path(top, "none"))]
str(pathlib.Path(top, "sub", "..", "text.txt").resolve(strict=True))
pathlib.Path(top, "none").resolve(strict=True)
pathlib.Path(top, "text.txt").samefile(top + "/text.txt")
pathlib.Path(top, "none").read_text()
pathlib.Path(top).read_bytes()
pathlib.Path(top, "sub").mkdir(exist_ok=True)
os.makedirs(top + "/sub/deep", exist_ok=True)
os.mkdir(top + "/sub")
os.remove(top + "/none")
os.rename(top + "/none", top + "/other")
os.rmdir(top + "/text.txt/none")
sorted(glob.glob(top + "/*.t*t"))
sorted(glob.glob(top + "/**", recursive=True))
sorted(glob.glob("**/*.ini", root_dir=top, recursive=True))
shutil.copyfileobj(open(top + "/big.bin", "rb"), out := io.BytesIO()) or len(out.getvalue())
read(shutil.copyfile(top + "/text.txt", there + "/copied"))
read(shutil.copy(top + "/text.txt", there))
read(shutil.copy2(top + "/text.txt", there + "/copied2"))
sorted(os.listdir(shutil.copytree(top, there + "/tree" + str(len(top)))))
tokenize.open(top + "/latin.py").read()
linecache.getlines(top + "/latin.py")
linecache.checkcache(top + "/latin.py")
mimetypes.MimeTypes([top + "/mime.types"]).guess_type("a.own")
zipfile.ZipFile(top + "/inner.zip").read("a.txt")
zipfile.is_zipfile(top + "/inner.zip")
zipfile.is_zipfile(top + "/text.txt")
json.load(open(top + "/sub/deep/x.json"))
config(top + "/sub/deep/y.ini")
codecs.open(top + "/sub/ü.txt", encoding="utf-8").read()
list(fileinput.input(top + "/text.txt", encoding="utf-8"))
runpy.run_path(top + "/latin.py")["x"]
importlib.util.spec_from_file_location("latin", top + "/latin.py").loader.get_source("latin")
open(io.StringIO())
open(-5)
os.stat(None)
""".strip().splitlines()

APP = r"""
import sys, os, io, json
def main():
    import codecs, configparser, fileinput, glob, importlib.util, linecache, mimetypes, pathlib, runpy, shutil, stat, tokenize, zipfile
    import warnings; warnings.simplefilter("ignore")
    def moves(f):
        target = bytearray(4)
        return [f.tell(), f.read(3), f.seek(10), f.read(2), f.seek(5, 1), f.readinto(target), bytes(target), f.seek(0, 2),
                f.read(), f.seek(9**9), f.read(1), f.seek(51198), f.read(9), f.tell()]
    def closed(f):
        f.close(); f.close()
        return f.closed, f.read()
    def scanned(path):
        with os.scandir(path) as entries:
            next(entries)
        return list(entries)
    def config(path):
        parser = configparser.ConfigParser()
        return parser.read([path, path + ".none"]), parser["s"]["key"]
    def read(path):
        with open(path, "rb") as f: return f.read()
    operations, top, there = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3]
    os.makedirs(there)
    found = []
    for operation in operations:
        try:
            result = repr(eval(operation, {**globals(), **locals()}))
        except Exception as error:
            result = type(error).__name__
            if isinstance(error, OSError):
                result += repr((error.errno, os.fsdecode(error.filename) if error.filename else None))
        found.append(result.replace(top, "TOP"))
    json.dump(found, sys.stdout)
"""


@pytest.fixture
def real(tmp_path):
    for name, content in FILES.items():
        path = tmp_path / "os402" / "app" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(launching.as_bytes(content))
    return tmp_path


@pytest.fixture
def facts(tmp_path):
    def run(body, files=None, *, how="ours", python=None, **options):
        main = "import json, os, sys\ndef say(**facts): json.dump(facts, sys.stdout)\ndef main():\n"
        main += "".join(f"    {line}\n" for line in body.strip().splitlines())
        data = launching.archive({**(FILES if files is None else files), "app.py": main}, "app:main", **options)
        return launching.run(data, tmp_path, how=how, **({"python": python} if python else {})).facts

    return run


@pytest.mark.parametrize(
    ("how", "python"),
    [
        *((how, sys.executable) for how in launching.LAUNCHERS),
        *(("pyz", path) for path in PYTHONS if path != sys.executable),
    ],
)
def test_as_in_a_real_folder(how, python, real):
    data = launching.archive({**FILES, "app.py": APP}, "app:main")
    # Started from a file a program sees the machine's own folders, else only one for temporary files.
    there = str(real / "there") if how == "pyz" else "/tmp/there"
    top, oracle = "/os402/app/top", str(real / "os402" / "app" / "top")
    found = launching.run(data, real, json.dumps(OPERATIONS), top, there, how=how, python=python).facts
    expected = launching.run(
        data, real, json.dumps(OPERATIONS), oracle, str(real / "oracle"), how="pyz", python=python
    ).facts
    assert len(found) == len(expected) == len(OPERATIONS)
    different = {op: pair for op, *pair in zip(OPERATIONS, found, expected, strict=True) if pair[0] != pair[1]}
    assert not different, different


PARTS = st.sampled_from(
    ["top", "sub", "deep", "text.txt", "x.json", "none", ".", "..", "", "ü.txt", "os402", "app", "Top", "..."]
)


@pytest.fixture(scope="module")
def oracle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("oracle")
    for name, content in FILES.items():
        path = folder / "os402" / "app" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(launching.as_bytes(content))
    data = launching.packed({name: launching.as_bytes(content) for name, content in FILES.items()})
    return folder, MountTable(Index(data), closed=False, status=os.stat, open_files={})


@settings(deadline=None, max_examples=400)
@given(parts=st.lists(PARTS, max_size=8), as_bytes=st.booleans())
def test_any_spelling_of_a_path_leads_where_it_does_on_disk(oracle, parts, as_bytes):
    folder, table = oracle
    path = "/".join((launcher.ROOT, *parts))
    # Above the root is the root, above the folder of the oracle is something else.
    steps = [part for part in ("os402", "app", *parts) if part not in (".", "")]
    assume(all(steps[:end].count("..") * 2 <= end for end in range(len(steps) + 1)))
    try:
        found = table.find(os.fsencode(path) if as_bytes else path)
        assume(found is not None)
        mount, name, spelled = found
        mount.demand(name, spelled)
    except OSError as error:
        with pytest.raises(type(error)):
            os.stat(f"{folder}{path}")  # noqa: PTH116 - pathlib would tidy the path
        return
    there = folder / mount.path[1:] / name
    assert os.path.samefile(f"{folder}{path}", there)  # noqa: PTH121 - as above
    if there.is_dir():
        assert sorted(mount.children(name)) == sorted(path.name for path in there.iterdir())


@settings(deadline=None)
@given(content=st.binary(max_size=60), steps=st.lists(st.tuples(st.sampled_from("rsce"), st.integers(-70, 70))))
def test_an_open_file_reads_as_bytesio_does(content, steps):
    opened = OpenFile(File(content=View(memoryview(content))), os.O_RDONLY, "x")
    file, expected = VirtualFile(opened), io.BytesIO(content)
    for step, number in steps:
        if step == "r":
            assert file.read(number if number >= 0 else -1) == expected.read(number)
        else:
            whence = "sce".index(step)
            at = (0, expected.tell(), len(content))[whence] + number
            if at < 0:
                with pytest.raises(OSError, match=os.strerror(errno.EINVAL)):
                    file.seek(number, whence)
            else:
                assert file.seek(number, whence) == expected.seek(at) == file.tell()


WRITING = [
    'open(top + "/text.txt", "w")',
    'open(top + "/text.txt", "r+b")',
    'open(top + "/new", "w")',
    'open(top + "/new", "xb")',
    'open(top + "/new", "a")',
    'os.open(top + "/new", os.O_CREAT | os.O_WRONLY)',
    'os.open(top + "/text.txt", os.O_RDWR)',
    'os.remove(top + "/text.txt")',
    'os.unlink(os.fsencode(top) + b"/text.txt")',
    'os.rename(top + "/text.txt", top + "/other")',
    'os.rename("app.pyz", top + "/other")',
    'os.replace(top + "/text.txt", "elsewhere")',
    'os.rmdir(top + "/sub")',
    'os.mkdir(top + "/new")',
    'os.makedirs(top + "/new/er")',
    'os.chmod(top + "/text.txt", 0o644)',
    'os.utime(top + "/text.txt")',
    'os.truncate(top + "/text.txt", 0)',
    'os.link("app.pyz", top + "/new")',
    'os.symlink(src="app.pyz", dst=top + "/new")',
    'pathlib.Path(top, "text.txt").write_text("x")',
    'pathlib.Path(top, "new").touch()',
    'pathlib.Path(top, "text.txt").unlink()',
    'shutil.copyfile("app.pyz", top + "/new")',
]


def test_nothing_can_be_written(facts):
    code = f"""
import errno, pathlib, shutil
top, found = "/os402/app/top", {{}}
for operation in {WRITING!r}:
    try: found[operation] = repr(eval(operation, globals(), {{"top": top, "pathlib": pathlib, "shutil": shutil}}))
    except OSError as error: found[operation] = [errno.errorcode[error.errno], os.fsdecode(error.filename)[:15]]
say(**found)
"""
    assert facts(code, how="pyz") == {operation: ["EROFS", "/os402/app/top/"] for operation in WRITING}


@pytest.mark.parametrize("memfd", [True, False])
def test_descriptors(memfd, facts):
    """The kernel's, where it keeps files in memory, and else numbers that `os` knows."""
    code = f"""
import mmap
if not {memfd}: del os.memfd_create
path = "/os402/app/top/text.txt"
why = None
try: assert open(path).fileno() > 2
except OSError as error: why = [type(error).__name__, str(error)]
number = os.open(path, os.O_RDONLY)
copy = os.dup(number)
facts = [os.read(number, 5).decode(), os.fstat(number).st_size, os.lseek(number, 0, 0), os.pread(number, 3, 2).decode()]
with os.fdopen(number, encoding="utf-8") as file: facts += [file.read(), file.fileno() == number]
os.fsync(copy); os.close(copy)
def kind(call):
    try: return repr(call())
    except OSError as error: return error.errno
facts += [kind(lambda: os.read(number, 1)), kind(lambda: os.open("/os402/app/top/none", 0)), kind(lambda: os.open(path, os.O_RDWR))]
folder = os.open("/os402/app/top", os.O_RDONLY); os.fsync(folder); os.close(folder)
number = os.open("/os402/app/top/big.bin", os.O_RDONLY)
facts += [kind(lambda: mmap.mmap(number, 0, access=mmap.ACCESS_READ)[255])]
say(why=why, facts=facts)
"""
    assert facts(code) == {
        "why": None
        if memfd
        else [
            "UnsupportedOperation",
            "'/os402/app/top/text.txt' is a file in memory, and cannot get a file descriptor: this runtime has no memfd_create",
        ],
        "facts": [
            *["Zeile", 20, 0, "ile", "Zeile ☃\nzwei\ndrei", True],
            *[errno.EBADF, errno.ENOENT, errno.EROFS],
            "255" if memfd else errno.EBADF,
        ],
    }


def test_permissions_and_times(facts):
    code = """
say(modes=[oct(os.stat("/os402/app" + path).st_mode) for path in ("", "/top/text.txt", "/top/sub")],
    access=[[os.access("/os402/app" + path, mode) for mode in (os.R_OK, os.W_OK, os.X_OK)] for path in ("", "/top/text.txt")],
    times=[os.path.getmtime("/os402/app/top"), os.stat("/os402/app/app.py").st_mtime_ns])
"""
    assert facts(code) == {
        "modes": ["0o40555", "0o100444", "0o40555"],
        "access": [[True, False, True], [True, False, False]],
        "times": [315532800, 315532800 * 10**9],
    }


def test_paths_elsewhere_and_descriptors_reach_the_real_functions(facts, tmp_path):
    code = f"""
import shutil, tempfile
with tempfile.TemporaryDirectory(dir={str(tmp_path)!r}) as folder:
    handle = os.open(folder, os.O_RDONLY)
    with open("inner", "x", opener=lambda path, flags: os.open(path, flags, dir_fd=handle)) as file: file.write("text")
    listed, status = os.listdir(handle), os.stat("inner", dir_fd=handle).st_size
    with open(os.open("inner", os.O_RDONLY, dir_fd=handle)) as file: text = file.read()
    with os.scandir(handle) as entries: kinds = [type(entry) is os.DirEntry for entry in entries]
    os.close(handle)
say(listed=listed, status=status, text=text, kinds=kinds, gone=not os.path.exists(folder), here=os.listdir() == os.listdir("."),
    safe=shutil.rmtree.avoids_symlink_attacks,
    sets=[os.stat in os.supports_dir_fd, os.stat in os.supports_follow_symlinks, os.scandir in os.supports_fd],
    outside=[os.path.exists(path) for path in ("/os402x", "/os402/apple", "/os402/app/../../none")])
"""
    assert facts(code, how="pyz") == {
        "listed": ["inner"],
        "status": 4,
        "text": "text",
        "kinds": [True],
        "gone": True,
        "here": True,
        "safe": True,
        "sets": [True, True, True],
        "outside": [False, False, False],
    }


CERTIFICATE = """# Issuer: Főtanúsítvány
-----BEGIN CERTIFICATE-----
MIIBgzCCASmgAwIBAgIUCafw/shUfhv8vqg74yjyzG1IWW8wCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLZXhhbXBsZS5vcmcwIBcNMjYxMTIzMjIyMDQ2WhgPMjEyNjEw
MzAyMjIwNDZaMBYxFDASBgNVBAMMC2V4YW1wbGUub3JnMFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAE9QWUCL20TUegSFNEOr39SdA64Q3TkLS6Wnn+7znyXHmyLxTq
0g9GNKUZ8czCsZjNdtXJKHzQSDpA4PEE5BSdbKNTMFEwHQYDVR0OBBYEFP1xvnxI
FJNkiFvtsL0fO3p7FW0kMB8GA1UdIwQYMBaAFP1xvnxIFJNkiFvtsL0fO3p7FW0k
MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAO4FocpFWE7rzKXy
hZCJhbSuJ9DRMuhAZoVVvicm2L7mAiBfFpFKZiqvLaUcts6gvrx7b3d65LwZDIlJ
2EFbR79x2Q==
-----END CERTIFICATE-----
"""


@pytest.mark.parametrize("python", PYTHONS)
def test_certificates_as_certifi_and_requests_use_them(python, facts):
    code = """
import importlib.resources, tempfile
def refuse(*_, **__): raise AssertionError("a temporary file")
tempfile.mkstemp = refuse
context = importlib.resources.as_file(importlib.resources.files("certs").joinpath("cacert.pem"))
where = context.__enter__()
with importlib.resources.path("certs", "cacert.pem") as older: pass
import ssl
def kind(call):
    try: return repr(call())
    except OSError as error: return [type(error).__name__, error.filename]
made = ssl.create_default_context(cafile=str(where))
other = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
other.load_verify_locations(os.fsencode(where))
say(where=str(where), type=type(where).__module__, older=str(older), found=[len(made.get_ca_certs()), len(other.get_ca_certs())],
    errors=[kind(lambda: other.load_verify_locations(path)) for path in ("/os402/app/none", "/nowhere")],
    folder=kind(lambda: other.load_verify_locations(capath="/os402/app/certs")))
"""
    where = "/os402/app/certs/cacert.pem"
    found = facts(code, {"certs/__init__.py": "", "certs/cacert.pem": CERTIFICATE}, how="pyz", python=python)
    assert found.pop("type").startswith("pathlib")
    assert found == {
        "where": where,
        "older": where,
        "found": [1, 1],
        "errors": [["FileNotFoundError", "/os402/app/none"], ["FileNotFoundError", None]],
        "folder": ["OSError", "/os402/app/certs"],
    }


# Made for this test, and of no other use.
PAIR = (
    """-----BEGIN CERTIFICATE-----
MIIBhDCCASmgAwIBAgIUP6+I1bAeMkjxxQqBKE0BSGpwOT8wCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLZXhhbXBsZS5vcmcwIBcNMjYxMTI1MjIwMzQ2WhgPMjEyNjEx
MDEyMjAzNDZaMBYxFDASBgNVBAMMC2V4YW1wbGUub3JnMFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAEu5p2QjwfyLOyoEl1VaXyE+ohvhgwyy9WOYYzYAmzqEvrXnCi
7gSmHFqeSdyGxVwSiAXc10SIZZtw8BwGr5zOGKNTMFEwHQYDVR0OBBYEFIB4voyY
kReLfS0Gfo+eai8NRhqaMB8GA1UdIwQYMBaAFIB4voyYkReLfS0Gfo+eai8NRhqa
MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAIZoo0yEJcyTp2bu
Gn6aGELaeFzPqrVhAWQwhI3yVaYhAiEA0qyGM0r98+q5jmZ3gulHXzl4b7a3Sri8
sHQiQHJxSnM=
-----END CERTIFICATE-----
""",
    """-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgpWq5gu+eOGohH7eg
IzH/YiifHM3CC6VMcioJSYbv37ahRANCAAS7mnZCPB/Is7KgSXVVpfIT6iG+GDDL
L1Y5hjNgCbOoS+tecKLuBKYcWp5J3IbFXBKIBdzXRIhlm3DwHAavnM4Y
-----END PRIVATE KEY-----
""",
)


@pytest.mark.parametrize("memfd", [True, False])
def test_keys_are_lent_to_openssl(memfd, facts):
    code = f"""
import ssl, tempfile
if not {memfd}: del os.memfd_create
def kind(call):
    try: return repr(call())
    except OSError as error: return [type(error).__name__, error.filename, "memfd_create" in str(error)]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
    file.write(open("/os402/app/certs/key.pem").read()); file.flush()
    say(found=[kind(lambda: context.load_cert_chain(path, key)) for path, key in (
            ("/os402/app/certs/cert.pem", file.name), ("/os402/app/certs/cert.pem", "/nowhere"), ("/none", "/os402/app/certs/key.pem"))],
        capath=kind(lambda: context.load_verify_locations(capath="/etc/ssl/certs")),
        left=len(os.listdir("/proc/self/fd")) < 10 or None)
"""
    files = {"certs/cert.pem": PAIR[0], "certs/key.pem": PAIR[1]}
    missing = ["FileNotFoundError", "/none", False]
    if memfd:
        found = ["None", ["FileNotFoundError", "/nowhere", False], missing]
    else:
        found = [["OSError", "/os402/app/certs/cert.pem", True]] * 2 + [missing]
    assert facts(code, files) == {"found": found, "capath": "None", "left": True}
