"""What a build takes from the launcher, and the reader of the archive's directory."""

from __future__ import annotations

import ast
import io
import sys
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hatch_os402 import launcher
from hatch_os402.launcher.inside.index import Index, inside


def test_the_bootstrap_fits_anywhere():
    assert launcher.ARGS == ("python", "-I", "-X", "utf8", "-c", launcher.BOOTSTRAP)
    assert len(launcher.BOOTSTRAP) < 600
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


@pytest.mark.parametrize("entry_point", ["a:b", "paket.größe:x", "a:b'\"\\\n"])
def test_the_entry_point_is_a_constant_in_ascii(entry_point):
    source = launcher.main_source(entry_point).decode("ascii")
    assigned = [node.value for node in ast.parse(source).body if isinstance(node, ast.Assign)]
    assert ast.literal_eval(assigned[0]) == entry_point


def test_all_agree_on_the_root():
    assert f'"{launcher.ROOT}/"'.encode() in launcher.main_source("a:b")
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


@settings(deadline=None)
@given(
    members=st.dictionaries(PATHS, st.tuples(st.binary(max_size=40), st.booleans(), st.binary(max_size=9)), max_size=8),
    folders=st.lists(PATHS.map(lambda path: path + "/"), max_size=3),
    comment=st.binary(max_size=30).filter(lambda comment: b"PK" not in comment),
    before=st.binary(max_size=30),
)
def test_the_directory_is_read_as_zipfile_reads_it(members, folders, comment, before):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        for path, (content, packed, extra) in members.items():
            info = zipfile.ZipInfo(path)
            info.comment = extra
            target.writestr(info, content, zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED)
        for folder in folders:
            if folder not in target.NameToInfo:
                target.writestr(folder, b"")
        target.comment = comment
    data = before + stream.getvalue()
    index = Index(data)
    with zipfile.ZipFile(io.BytesIO(data)) as oracle:
        names = [name for name in oracle.namelist() if not name.endswith("/")]
        assert list(index.files) == names
        assert {name: bytes(index.view(name)) for name in names} == {name: oracle.read(name) for name in names}
        tree: dict[str, set[str]] = {"": set(), **{folder.rstrip("/"): set() for folder in folders}}
        for name in oracle.namelist():
            parts = name.rstrip("/").split("/")
            for depth, part in enumerate(parts):
                tree.setdefault("/".join(parts[:depth]), set()).add(part)
        assert {folder: index.children(folder) for folder in index.folders} == {
            folder: sorted(children) for folder, children in tree.items()
        }


def test_names_in_the_old_code_page():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        target.writestr("caf_.txt", b"x")
    data = stream.getvalue().replace(b"caf_.txt", b"caf\x82.txt")
    assert list(Index(data).files) == ["café.txt"]


def test_a_comment_that_looks_like_the_end():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        target.writestr("a", b"x")
        target.comment = b"PK\5\6 is how it starts, and then come 18 more bytes"
    assert list(Index(stream.getvalue()).files) == ["a"]


def test_an_offset_that_zipfile_writes_behind_a_shebang_line():
    stream = io.BytesIO(b"#!/usr/bin/env python3\n")
    stream.seek(0, io.SEEK_END)
    with zipfile.ZipFile(stream, "a") as target:
        target.writestr("a", b"content")
    assert bytes(Index(stream.getvalue()).view("a")) == b"content"


@pytest.mark.parametrize("data", [b"", b"PK\5\6", b"no archive at all, but long enough for its end record"])
def test_what_is_no_archive(data):
    with pytest.raises(ValueError, match="damaged archive"):
        Index(data)


def test_a_compression_nobody_announced():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_BZIP2) as target:
        target.writestr("a", b"x")
    with pytest.raises(ValueError, match="a is compressed by method 12"):
        Index(stream.getvalue()).view("a")
