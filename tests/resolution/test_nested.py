from __future__ import annotations

import bz2
import gzip
import io
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.wheelcraft import ELF, make_wheel

from hatch_os402.compatibility.vet import vet
from hatch_os402.resolution import nested
from hatch_os402.resolution.nested import look_into
from hatch_os402.wheels.reading import read_wheel

EXE = b"MZ" + bytes(58) + b"\x80\0\0\0" + bytes(64) + b"PE\0\0\x64\x86"


def zipped(**members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_DOT_", "."), content)
    return stream.getvalue()


def tarred(content):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        info = tarfile.TarInfo("x.so")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def verdict(tmp_path, **files):
    contents = {f"demo/{name.replace('_DOT_', '.')}": content for name, content in files.items()}
    return vet(read_wheel(make_wheel(tmp_path, "demo", "1.0", contents)))


@pytest.mark.parametrize(
    ("name", "content", "reported"),
    [
        (
            "more_DOT_zip",
            zipped(x_DOT_txt="", _x_DOT_so=ELF),
            "demo/more.zip holds _x.so (ELF x86_64 extension module)",
        ),
        ("inner_DOT_whl", zipped(hidden=ELF, again=ELF), "holds hidden (ELF x86_64 executable) and 1 more file of"),
        ("data", zipped(hidden=ELF), "demo/data holds hidden"),
        ("x_DOT_so_DOT_gz", gzip.compress(ELF * 1000), "holds demo/x.so (ELF x86_64 extension module)"),
        ("x_DOT_gz", gzip.compress(ELF), "holds demo/x (ELF x86_64 executable)"),
    ],
    ids=["zip", "wheel", "without suffix", "so.gz", "gz"],
)
def test_native_code_in_an_archive_is_a_warning(tmp_path, name, content, reported):
    found = verdict(tmp_path, **{name: content})
    assert found.verdict == "pure"
    (warning,) = found.warnings
    assert reported in warning
    assert warning.endswith("cannot be loaded on os402.")


@pytest.mark.parametrize(
    ("content", "reported"),
    [
        (zipped(t64_DOT_exe=EXE), "holds 1 Windows file"),
        (bz2.compress(ELF), "was not looked into for compiled code: it is packed with bzip2"),
        (tarred(ELF), "it is a tar archive"),
        (gzip.compress(tarred(ELF)), "it is a packed tar archive"),
        (zipped(x=b"x")[:-10], "it is a zip file that cannot be read"),
        (b"\x1f\x8bx" + bytes(20), "it is no gzip file"),
    ],
    ids=["Windows", "bzip2", "tar", "tar.gz", "damaged zip", "damaged gzip"],
)
def test_what_is_skipped_is_for_those_who_ask(tmp_path, content, reported):
    found = verdict(tmp_path, data_DOT_bin=content)
    assert not found.warnings
    assert reported in " ".join(found.unseen)


def test_a_static_library_is_a_warning(tmp_path):
    head = b"!<arch>\n/               0           0     0     0       14        `\n"
    (warning,) = verdict(tmp_path, libx_DOT_a=head).warnings
    assert "demo/libx.a is a static library" in warning


def test_a_package_of_debian_is_none():
    assert look_into(b"!<arch>\ndebian-binary   1300000000  0     0     100644  4         `\n2.0\n", None) is None


def test_a_large_one_is_not_looked_into(tmp_path, monkeypatch):
    monkeypatch.setattr("hatch_os402.wheels.reading.LARGEST", 10)
    assert "zip file of more than" in " ".join(verdict(tmp_path, data_DOT_zip=zipped(x=ELF)).unseen)


def test_one_of_many_members_is_looked_into_in_part(monkeypatch):
    monkeypatch.setattr(nested, "MOST_MEMBERS", 1)
    content = zipped(a=b"1", b=b"2")
    found = look_into(content[:512], content)
    assert (found.members, found.skipped) == ((("a", b"1"),), "it has 2 members")


def test_archives_of_python_alone_are_nothing_to_speak_of(tmp_path):
    found = verdict(tmp_path, data_DOT_zip=zipped(x_DOT_py=b"import os"), x_DOT_json_DOT_gz=gzip.compress(b"{}"))
    assert (found.warnings, found.unseen) == ((), ())


@given(st.binary(max_size=600), st.sampled_from([b"", b"PK\3\4", b"\x1f\x8b\x08", b"BZh"]))
def test_no_bytes_are_too_strange(content, magic):
    content = magic + content
    look_into(content[:512], content)
