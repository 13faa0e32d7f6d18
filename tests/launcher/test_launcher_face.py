"""What a build takes from the launcher, and the reader of the archive's directory."""

from __future__ import annotations

import ast
import hashlib
import io
import sys
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hatch_os402 import launcher
from hatch_os402.archive.index import NAME as INDEX
from hatch_os402.archive.index import IndexEntry, build_index
from hatch_os402.archive.pack import Member, pack
from hatch_os402.launcher.inside.index import Index, inside


def _plain() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        target.writestr("a", b"of another tool")
    return stream.getvalue()


PLAIN = _plain()


def test_the_bootstrap_fits_anywhere():
    assert launcher.ARGS == ("python", "-I", "-S", "-X", "utf8", "-c", launcher.BOOTSTRAP)
    assert len(launcher.BOOTSTRAP) < 700
    assert launcher.BOOTSTRAP.isascii()
    assert launcher.BOOTSTRAP.isprintable()
    assert "'" not in launcher.BOOTSTRAP


def test_the_inside_is_sorted_and_has_unix_newlines():
    files = launcher.inside_files()
    assert list(files) == sorted(files)
    assert {"_os402/__init__.py", "_os402/start.py", "_os402/importer.py"} <= set(files)
    assert not [path for path, source in files.items() if b"\r" in source]
    assert b"\r" not in launcher.main_source("a:b")


@pytest.mark.parametrize("source", [launcher.main_source("a:b"), *launcher.inside_files().values()])
def test_the_inside_imports_the_standard_library_only(source):
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module]
        assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def imported_by(module: str, source: bytes) -> set[str]:
    """Return the modules of the launcher that one imports anywhere, but for annotations."""
    names = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        for inner in ast.walk(node):
            if isinstance(inner, ast.ImportFrom) and inner.level:
                name = ".".join([*module.split(".")[: -inner.level], inner.module or ""]).strip(".")
                names |= {name, *(f"{name}.{alias.name}" for alias in inner.names)}
    return names


def test_the_inside_has_no_circle():
    files = {path[7:-3].replace("/", "."): source for path, source in launcher.inside_files().items()}
    imports = {module: imported_by(module, source) for module, source in files.items()}
    imports = {module: names & files.keys() for module, names in imports.items()}
    assert "vfs.mount_table" in imports["vfs.patches"]
    while ends := {module for module, names in imports.items() if not names & imports.keys()}:
        imports = {module: names for module, names in imports.items() if module not in ends}
    assert imports == {}


def test_all_that_takes_a_descriptor_is_there():
    from hatch_os402.launcher.inside.vfs import descriptors, patches

    numbered = {name for name in vars(descriptors.Descriptors) if name[0] != "_"}
    assert numbered - set(patches.NUMBERED) == {"utime"}  # which has a path as well, and asks by either
    assert set(patches.NUMBERED) <= numbered


def test_start_knows_what_is_patched():
    from hatch_os402.launcher.inside import start, stdlib_patches

    assert sorted(start.PATCHED) == sorted(stdlib_patches.PATCHES)
    assert sorted(start.PATCHED_WHEN_CLOSED) == sorted(stdlib_patches.PATCHES_WHEN_CLOSED)


def test_start_knows_the_line_that_calls_it():
    from hatch_os402.launcher.inside import start

    assert launcher.main_source("a:b").decode().splitlines()[start._LINE - 1].strip().startswith('names["start"](')


@pytest.mark.parametrize("entry_point", ["a:b", "paket.größe:x", "a:b'\"\\\n"])
def test_the_entry_point_is_a_constant_in_ascii(entry_point):
    source = launcher.main_source(entry_point).decode("ascii")
    assigned = [node.value for node in ast.parse(source).body if isinstance(node, ast.Assign)]
    assert ast.literal_eval(assigned[0]) == {"entry_point": entry_point}


def test_the_fallback_is_a_text():
    source = launcher.main_source("a:b", lazy_imports=("x", "y")).decode("ascii")
    settings, fallback = (node.value for node in ast.parse(source).body if isinstance(node, ast.Assign))
    assert ast.literal_eval(settings) == {"entry_point": "a:b", "lazy_imports": ("x", "y")}
    assert "def find_archive" in ast.literal_eval(fallback)
    compile(ast.literal_eval(fallback), "fallback", "exec")


@pytest.mark.parametrize("entry_point", ["a:b", "paket.größe:x", "a:b'\"\\\n", 'FALLBACK = ""', ""])
def test_the_settings_are_read_back(entry_point):
    given = launcher.Settings(entry_point, lazy_imports=("x", "SETTINGS = 1"), interface="wsgi")
    assert launcher.settings_of(launcher.main_source(**vars(given))) == given
    assert launcher.settings_of(launcher.main_source(entry_point)) == launcher.Settings(entry_point)


def test_settings_that_there_are_not():
    with pytest.raises(TypeError, match="lazy"):
        launcher.main_source("a:b", lazy=())


ANOTHER = (
    b"",
    b"print(1)\n",
    b"SETTINGS = ",
    b"SETTINGS = {1: 2}",
    b"SETTINGS = 'a:b', True, ()",
    b"SETTINGS = " + b"(" * 9999,
    b"SETTINGS = {'entry_point': 'a', 'other': 1}",
    b"SETTINGS = {}",
    b"SETTINGS = \xff",
    b"SETTINGS = {'a': exit()}",
)


@pytest.mark.parametrize("source", ANOTHER)
def test_another_main_has_no_settings(source):
    assert launcher.settings_of(source) is None


def test_an_interface_is_packed_when_it_is_used():
    assert not [path for path in launcher.inside_files() if path.startswith("_os402/interfaces/")]
    with pytest.raises(ValueError, match="'nosuch'"):
        launcher.inside_files("nosuch")
    with pytest.raises(ValueError, match="'__init__'"):
        launcher.inside_files("__init__")


def test_all_agree_on_the_root():
    assert f'"{launcher.ROOT}/_os402/start.py"' in launcher.main_source("a:b").decode()
    assert f'f"{launcher.ROOT}/{{file}}"'.encode() in launcher.inside_files()["_os402/start.py"]
    assert inside(launcher.ROOT) == ""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/os402/app", ""),
        ("/os402/app/", ""),
        ("/os402/app/a/b.py", "a/b.py"),
        ("/os402/app/a//./b/../c", "a/c"),
        ("/os402/app/.hidden", ".hidden"),
        ("/os402/app/../app/a", "a"),
        ("/os402/app/../../a", None),
        ("/os402/apple", None),
        ("/etc", None),
        ("os402/app/a/", None),
        ("", None),
    ],
)
def test_virtual_paths(path, expected):
    assert inside(path) == expected


NAMES = st.text(st.characters(exclude_characters="/\\\0", exclude_categories=("Cs",)), min_size=1, max_size=8)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


def packed(members: dict[str, bytes], *, deflate: bool = False) -> bytes:
    stream = io.BytesIO()
    pack([Member(path, lambda content=content: content, deflate) for path, content in members.items()], stream)
    return stream.getvalue()


@settings(deadline=None)
@given(
    members=st.dictionaries(PATHS, st.binary(max_size=40), min_size=1, max_size=8),
    deflate=st.booleans(),
    before=st.binary(max_size=30).filter(lambda before: b"PK" not in before),
)
def test_the_index_says_what_the_directory_says(members, deflate, before):
    data = before + packed(members, deflate=deflate)
    index = Index(data)
    with zipfile.ZipFile(io.BytesIO(data)) as oracle:
        *names, last = oracle.namelist()
        assert last == INDEX
        assert {name: bytes(index.view(name)) for name in names} == {name: oracle.read(name) for name in names}
        assert [index.size(name) for name in names] == [oracle.getinfo(name).file_size for name in names]
    tree: dict[str, set[str]] = {"": set()}
    for name in names:
        parts = name.split("/")
        for depth, part in enumerate(parts):
            tree.setdefault("/".join(parts[:depth]), set()).add(part)
    assert {folder: index.children(folder) for folder in tree} == {
        folder: sorted(children) for folder, children in tree.items()
    }
    assert all(index.is_file(name) for name in names)
    assert all(index.is_folder(folder) for folder in tree)
    for path in (*names, "none", *(name + "/none" for name in names), *(name + "/" for name in names)):
        assert index.is_folder(path) == (path in tree)
        assert index.is_file(path) == (path in names)
        if path not in names:
            with pytest.raises(KeyError):
                index.view(path)


def test_the_index_is_pinned():
    """What an archive holds must not depend on the Python that built it."""
    places = [
        IndexEntry("b/é.py", 1 << 31, 5, 0xFFFFFFFF),
        IndexEntry("a.txt", 70, 9, 3, 4),
        IndexEntry("b/c/d", 0, 0, 0),
    ]
    assert build_index(places) == build_index(reversed(places))
    assert hashlib.sha256(build_index(places)).hexdigest() == (
        "9a554c545f5fdc71b5dace8e0e134efa505cd42c19007933907edb58277ce4d4"
    )


def test_only_the_folders_that_are_asked_for_are_read():
    data = packed({f"{folder}/{name}": b"x" for folder in "abc" for name in "12"})
    index = Index(data)
    damaged = data.replace(b"1(", b"1)")
    assert bytes(index.view("a/1")) == b"x"
    assert set(index._folders) == {"", "a"}
    assert damaged != data
    with pytest.raises(SystemExit):
        Index(damaged).view("a/1")


def test_deflated_content_that_cannot_be_unpacked(capsys):
    data = packed({"a": b"x" * 100}, deflate=True)
    at = data.index(b"a") + 1
    with pytest.raises(SystemExit) as ended:
        Index(data[:at] + b"\xff" * 5 + data[at + 5 :]).view("a")
    assert ended.value.code == 70
    assert capsys.readouterr().err == "os402: damaged archive: a cannot be unpacked\n"


@pytest.mark.parametrize("data", [b"", b"PK\5\6", b"no archive at all, but long enough for its end record", PLAIN])
def test_what_is_no_archive(data, capsys):
    with pytest.raises(SystemExit) as ended:
        Index(data)
    assert ended.value.code == 70
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("os402: damaged archive: its ")
