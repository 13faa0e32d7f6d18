from __future__ import annotations

import hashlib
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_os402.archive import index
from hatch_os402.archive import pack as packing
from hatch_os402.archive.frame import write_frame
from hatch_os402.archive.pack import Member, pack
from hatch_os402.errors import ArtifactError

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\\:"), min_size=1, max_size=20)


def packed(files, *, deflate=False):
    file = io.BytesIO()
    members = [Member(name, lambda content=content: content, deflate) for name, content in files.items()]
    size, sha256 = pack(members, file)
    data = file.getvalue()
    assert (size, sha256) == (len(data), hashlib.sha256(data).hexdigest())
    return data


@given(st.dictionaries(NAMES, st.binary(max_size=300), max_size=20), st.booleans())
def test_zipfile_reads_what_was_packed(files, deflate):
    with zipfile.ZipFile(io.BytesIO(packed(files, deflate=deflate))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [*files, index.NAME]
        assert {name: archive.read(name) for name in files} == files


def test_nothing_but_names_and_contents_shows():
    with zipfile.ZipFile(io.BytesIO(packed({"a.py": b"1", "é.py": b""}))) as archive:
        for info in archive.infolist():
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
            assert info.create_system == 3
            assert info.external_attr >> 16 == 0o100644
            assert info.compress_type == zipfile.ZIP_STORED
            assert (info.extra, info.comment, info.internal_attr) == (b"", b"", 0)
        assert [info.flag_bits for info in archive.infolist()] == [0, 0x800, 0]
        assert archive.comment == b""


def test_bytes_are_pinned():
    data = packed({"__main__.py": b"print(1)\n", "größe/x.txt": b"\0" * 100})
    assert hashlib.sha256(data).hexdigest() == "6ce56f03deb867ebeac7bf26cd907d36b97751fa99c58de489ff468c4d706535"


def test_first_member_lies_where_the_bootstrap_looks():
    data = packed({"__main__.py": b"print(1)\n", "b": b""})
    assert data[30:41] == b"__main__.py"
    assert data[41 : 41 + int.from_bytes(data[22:26], "little")] == b"print(1)\n"


def test_reads_one_member_at_a_time():
    order = []

    class Sink(io.BytesIO):
        def write(self, data):
            order.append("write")
            return super().write(data)

    pack([Member(name, lambda name=name: order.append(name) or b"") for name in "ab"], Sink())
    assert order.index("b") > order.index("write")


def test_too_many_members_is_an_error_that_helps(monkeypatch):
    monkeypatch.setattr(packing, "_MAX_MEMBERS", 2)
    with pytest.raises(ArtifactError, match=r"outgrows the zip format at c: 3 files.*\n.*exclude"):
        packed({"a": b"", "b": b"", "c": b""})


class TestDeflate:
    def test_bytes_are_pinned(self):
        """The same on every host, whatever its zlib: words in every distance, drawn by a small generator."""
        state, words = 402, ["os402", "frame", "offer", "import", "return", "\n    ", "self.", "(", ")", "0.", "é"]
        drawn = []
        for _ in range(1 << 14):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            drawn.append(words[(state >> 16) % len(words)])
        data = packed({"words.txt": "".join(drawn).encode()}, deflate=True)
        assert hashlib.sha256(data).hexdigest() == "049fbed710ccb0047ec65fc937fd811ef85bff6e5930e66f5067df3268943779"

    def test_what_is_compressed_already_stays_stored(self):
        noise = hashlib.shake_256(b"noise").digest(5000)
        with zipfile.ZipFile(
            io.BytesIO(packed({"noise": noise, "empty": b"", "text": b"text " * 99}, deflate=True))
        ) as z:
            kinds = {info.filename: info.compress_type for info in z.infolist()}
        assert kinds == {"noise": 0, "empty": 0, "text": 8, index.NAME: 0}


@given(st.binary(max_size=5000))
def test_frame_is_the_size_in_decimal_and_the_zipapp(zipapp):
    file = io.BytesIO()
    size, sha256 = write_frame(io.BytesIO(zipapp), len(zipapp), file)
    header, _, rest = file.getvalue().partition(b"\n")
    assert (int(header), rest) == (len(zipapp), zipapp)
    assert header == str(len(zipapp)).encode()
    assert (size, sha256) == (len(file.getvalue()), hashlib.sha256(file.getvalue()).hexdigest())
