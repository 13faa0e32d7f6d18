from __future__ import annotations

import hashlib
import random
import stat
import struct
import tracemalloc
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.wheelcraft import make_wheel, record_row, write_zip

from hatch_os402.archive.entries import Entry, EntryReader
from hatch_os402.errors import Os402Error, WheelError
from hatch_os402.wheels import members as zipmembers
from hatch_os402.wheels import reading as wheels
from hatch_os402.wheels import record
from hatch_os402.wheels.members import CHUNK, MAX_MEMBER_SIZE
from hatch_os402.wheels.reading import read_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from hatch_os402.wheels.reading import Wheel, WheelFile

INFO = "demo-1.0.dist-info"


def entry(wheel: Wheel, file: WheelFile) -> Entry:
    """The entry that a build stages for `file`."""
    return Entry(file.path, file.size, file.sha256, wheel.name, source=wheel.path, member=file.member)


def members_of(path: Path) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        return [(info.filename, archive.read(info)) for info in archive.infolist()]


def rewritten(path: Path, change: dict[str, bytes | None]) -> Path:
    """Replace members by content (`None`: remove), leaving RECORD as it is."""
    contents = dict(members_of(path)) | change
    return write_zip(path, [(name, content) for name, content in contents.items() if content is not None])


def with_member(tmp_path: Path, info: zipfile.ZipInfo, content: bytes = b"x") -> Path:
    """Return a wheel that is good but for one member, which RECORD lists."""
    path = make_wheel(tmp_path, "demo", "1.0", {"demo.py": ""})
    contents = dict(members_of(path))
    contents[f"{INFO}/RECORD"] += record_row(info.filename, content).encode()
    return write_zip(path, [*contents.items(), (info, content)])


def test_a_good_wheel_is_read(tmp_path):
    path = make_wheel(
        tmp_path,
        "Demo.Pkg",
        "1.0",
        {"demo/__init__.py": "print('hi')\n", "demo/data.bin": b"\0" * 600, "demo/empty": ""},
        requires=["jinja2>=3", "idna; extra == 'x'"],
        requires_python=">=3.9",
        extras=["X_y"],
    )
    wheel = read_wheel(path, expected_sha256=hashlib.sha256(path.read_bytes()).hexdigest().upper())
    assert (wheel.name, str(wheel.version), wheel.dist_info) == ("demo-pkg", "1.0", "demo_pkg-1.0.dist-info")
    assert wheel.purelib
    assert wheel.pure_tags
    assert [str(requirement) for requirement in wheel.metadata.requires_dist] == ["jinja2>=3", 'idna; extra == "x"']
    assert wheel.metadata.requires_python == ">=3.9"
    assert wheel.metadata.provides_extra == {"x-y"}
    files = {file.path: file for file in wheel.files}
    assert list(files) == sorted(files)
    assert files["demo/__init__.py"].sha256 == hashlib.sha256(b"print('hi')\n").hexdigest()
    assert (files["demo/data.bin"].size, len(files["demo/data.bin"].head)) == (600, 512)
    assert (files["demo/empty"].size, files["demo/empty"].head) == (0, b"")
    with EntryReader() as reader:
        assert reader.read(entry(wheel, files["demo/__init__.py"])) == b"print('hi')\n"
        assert reader.read(entry(wheel, files["demo/empty"])) == b""


def test_data_folders_are_placed(tmp_path):
    data = "demo-1.0.data"
    path = make_wheel(
        tmp_path,
        "demo",
        "1.0",
        {
            f"{data}/purelib/a.py": "",
            f"{data}/platlib/b/c.py": "",
            f"{data}/scripts/run": "#!python\n",
            f"{data}/data/etc/x": "",
        },
        tag="cp312-cp312-manylinux_2_17_x86_64",
        purelib=False,
    )
    wheel = read_wheel(path)
    placed = {file.member: (file.scheme, file.path) for file in wheel.files}
    assert placed[f"{data}/purelib/a.py"] == ("root", "a.py")
    assert placed[f"{data}/platlib/b/c.py"] == ("root", "b/c.py")
    assert placed[f"{data}/scripts/run"] == ("scripts", "run")
    assert placed[f"{data}/data/etc/x"] == ("data", "etc/x")
    assert not wheel.pure_tags
    assert not wheel.purelib


def test_names_need_not_be_ascii(tmp_path):
    path = make_wheel(tmp_path, "demo", "1.0", {"demo/größe, 大.txt": "ü", "demo/😀.py": ""})
    assert [file.path for file in read_wheel(path).files if file.path.startswith("demo/")] == [
        "demo/größe, 大.txt",
        "demo/😀.py",
    ]


def test_five_thousand_files(tmp_path):
    path = make_wheel(tmp_path, "demo", "1.0", {f"demo/m{number}.py": f"x = {number}\n" for number in range(5000)})
    assert len(read_wheel(path).files) == 5003


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_memory_is_bounded_by_a_chunk(tmp_path, method):
    info = zipfile.ZipInfo("demo/big.bin")
    info.compress_type = method
    path = with_member(tmp_path, info, bytes(50 << 20))
    tracemalloc.start()
    try:
        wheel = read_wheel(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert max(file.size for file in wheel.files) == 50 << 20
    assert peak < 10 * CHUNK


@pytest.mark.parametrize("algorithm", sorted(record.ALGORITHMS))
def test_strong_hashes_are_accepted(tmp_path, algorithm):
    path = make_wheel(tmp_path, "demo", "1.0", {"demo.py": "a"})
    lines = "".join(record_row(name, content, algorithm) for name, content in members_of(path) if "RECORD" not in name)
    assert read_wheel(rewritten(path, {f"{INFO}/RECORD": lines.encode()}))
    with pytest.raises(WheelError, match=r"demo\.py': RECORD gives another hash"):
        read_wheel(rewritten(path, {"demo.py": b"b"}))


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "crc"])
def test_weak_hashes_are_refused(tmp_path, algorithm):
    path = make_wheel(tmp_path, "demo", "1.0", {"demo.py": ""})
    weak = dict(members_of(path))[f"{INFO}/RECORD"].replace(b"demo.py,sha256=", f"demo.py,{algorithm}=".encode())
    with pytest.raises(WheelError, match=rf"'demo.py': RECORD hashes it with '{algorithm}'"):
        read_wheel(rewritten(path, {f"{INFO}/RECORD": weak}))


def test_a_wrong_hash_of_the_file_is_refused(tmp_path):
    path = make_wheel(tmp_path, "demo", "1.0", {"demo.py": ""})
    with pytest.raises(
        WheelError, match=r"demo-1.0-py3-none-any.whl: its SHA256 is [0-9a-f]{64}, and 0{64} was promised"
    ):
        read_wheel(path, expected_sha256="0" * 64)


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        ({"demo.py": b"changed"}, "'demo.py': RECORD gives another hash"),
        ({"demo.py": b"longer than it was"}, "'demo.py': RECORD says that it has 7 bytes, and it has 18"),
        ({"demo.py": None}, "'demo.py': RECORD lists it, and it is missing"),
        ({"more.py": b""}, "'more.py': RECORD does not list it"),
        ({f"{INFO}/METADATA": None}, f"'{INFO}/METADATA': is missing"),
        ({f"{INFO}/WHEEL": None}, f"'{INFO}/WHEEL': is missing"),
        ({f"{INFO}/RECORD": None}, f"'{INFO}/RECORD': is missing"),
        ({f"{INFO}/RECORD": b"\xff\xfe"}, "RECORD is not a table"),
        ({f"{INFO}/RECORD": b"demo.py\n"}, "RECORD is not a table"),
        ({f"{INFO}/RECORD": b'"demo.py\n'}, "RECORD is not a table"),
        ({f"{INFO}/RECORD": b"demo.py,,\ndemo.py,,\n"}, "'demo.py': RECORD lists it twice"),
        ({"other-1.0.dist-info/METADATA": b""}, "has 2 '.dist-info' folders"),
        ({"demo-1.0.data/elsewhere/x": b""}, "'.data' folder"),
        ({"other-1.0.data/purelib/x": b""}, "'.data' folder"),
    ],
)
def test_dishonest_records_and_folders_are_refused(tmp_path, change, reported):
    path = rewritten(make_wheel(tmp_path, "demo", "1.0", {"demo.py": "content"[:7]}), change)
    with pytest.raises(WheelError) as caught:
        read_wheel(path)
    assert reported in caught.value.message
    assert caught.value.message.startswith(path.name)


def test_record_must_hash_every_file(tmp_path):
    path = make_wheel(tmp_path, "demo", "1.0", {"demo.py": ""})
    rows = dict(members_of(path))[f"{INFO}/RECORD"].decode().splitlines(keepends=True)
    rows[-2] = "demo.py,,\n"
    with pytest.raises(WheelError, match=r"'demo\.py': RECORD gives no hash for it"):
        read_wheel(rewritten(path, {f"{INFO}/RECORD": "".join(rows).encode()}))


def test_signatures_need_no_row(tmp_path):
    path = rewritten(make_wheel(tmp_path, "demo", "1.0", {}), {f"{INFO}/RECORD.jws": b"{}", f"{INFO}/RECORD.p7s": b""})
    assert len(read_wheel(path).files) == 5


@pytest.mark.parametrize(
    ("files", "reported"),
    [
        ({f"{INFO}/METADATA": "Name: other\nVersion: 1.0\n"}, "is of other 1.0, not of demo 1.0"),
        ({f"{INFO}/METADATA": "Name: demo\nVersion: 1.1\n"}, "is of demo 1.1, not of demo 1.0"),
        ({f"{INFO}/METADATA": "Name: demo\nVersion: nonsense\n"}, "Invalid version"),
        ({f"{INFO}/METADATA": ""}, "'METADATA'"),
        ({f"{INFO}/METADATA": "Name: demo\nVersion: 1.0\nRequires-Dist: !!\n"}, "'METADATA'"),
        ({f"{INFO}/WHEEL": "Wheel-Version: 2.0\n"}, "Wheel-Version is '2.0'"),
        ({f"{INFO}/WHEEL": "Wheel-Version: 10\n"}, "Wheel-Version is '10'"),
        ({f"{INFO}/WHEEL": ""}, "Wheel-Version is ''"),
    ],
)
def test_metadata_must_fit_the_file_name(tmp_path, files, reported):
    with pytest.raises(WheelError) as caught:
        read_wheel(make_wheel(tmp_path, "demo", "1.0", files))
    assert reported in caught.value.message


def test_a_misnamed_dist_info_is_refused(tmp_path):
    path = make_wheel(tmp_path, "demo", "1.0", {}).rename(tmp_path / "demo-1.1-py3-none-any.whl")
    with pytest.raises(WheelError, match="not named as the wheel"):
        read_wheel(path)


@pytest.mark.parametrize("name", ["demo.zip", "demo-1.0.whl", "demo-x!-py3-none-any.whl"])
def test_names_that_no_wheel_has_are_refused(tmp_path, name):
    path = make_wheel(tmp_path, "demo", "1.0", {}).rename(tmp_path / name)
    with pytest.raises(WheelError, match="not the name of a wheel"):
        read_wheel(path)


@pytest.mark.parametrize(
    ("name", "reported"),
    [
        ("../evil.py", "is outside the wheel"),
        ("demo/../../evil.py", "is outside the wheel"),
        ("demo-1.0.data/purelib/../../evil.py", "is outside the wheel"),
        ("/etc/passwd", "absolute"),
        ("C:/evil.py", "absolute"),
        ("c:evil.py", "absolute"),
        ("demo\\evil.py", "backslash"),
        ("demo/e\x07vil.py", "control characters"),
        ("demo//evil.py", "empty or '.' parts"),
        ("./evil.py", "empty or '.' parts"),
        ("../evil/", "is outside the wheel"),
    ],
)
def test_paths_that_lead_elsewhere_are_refused(tmp_path, name, reported):
    info = zipfile.ZipInfo("x")
    info.filename = name
    with pytest.raises(WheelError) as caught:
        read_wheel(with_member(tmp_path, info))
    assert reported in caught.value.message
    assert repr(name) in caught.value.message


def test_a_nul_in_a_name_is_refused(tmp_path):
    path = with_member(tmp_path, zipfile.ZipInfo("evilX.py"))
    path.write_bytes(path.read_bytes().replace(b"evilX.py", b"evil\0.py"))
    with pytest.raises(WheelError, match="control characters"):
        read_wheel(path)


@pytest.mark.parametrize(
    ("mode", "reported"), [(stat.S_IFLNK, "symbolic link"), (stat.S_IFIFO, "special"), (stat.S_IFCHR, "special")]
)
def test_what_is_no_plain_file_is_refused(tmp_path, mode, reported):
    info = zipfile.ZipInfo("demo/link")
    info.external_attr = (mode | 0o777) << 16
    with pytest.raises(WheelError, match=reported):
        read_wheel(with_member(tmp_path, info))


@pytest.mark.parametrize(
    ("files", "reported"),
    [
        (["demo/A.py", "demo/a.py"], "case or Unicode"),
        (["demo/straße", "demo/STRASSE"], "case or Unicode"),
        (["demo/\u00e9.py", "demo/e\u0301.py"], "case or Unicode"),
        (["demo/x", "demo/x/y.py"], "'demo/x': is a file, and the folder of"),
        (["demo/X", "demo/x/y/z.py"], "'demo/X': is a file, and the folder of"),
        (["a", "demo-1.0.data/purelib/a"], "case or Unicode"),
        (["demo-1.0.data/purelib/a.py", "demo-1.0.data/platlib/A.py"], "case or Unicode"),
    ],
)
def test_collisions_are_refused(tmp_path, files, reported):
    with pytest.raises(WheelError, match=reported):
        read_wheel(make_wheel(tmp_path, "demo", "1.0", dict.fromkeys(files, "")))


def test_duplicate_members_are_refused(tmp_path):
    path = make_wheel(tmp_path, "demo", "1.0", {"demo.py": ""})
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("demo.py", "")
    with pytest.raises(WheelError, match=r"'demo\.py': is in the zip file twice"):
        read_wheel(path)


def test_folders_are_ignored(tmp_path):
    path = make_wheel(tmp_path, "demo", "1.0", {"demo/a.py": ""})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("demo/", "")
    assert "demo/" not in {file.path for file in read_wheel(path).files}


def patched(path: Path, member: str, offset: int, value: bytes) -> Path:
    """Overwrite bytes of the entry of `member` in the central directory (APPNOTE 4.3.12)."""
    content = bytearray(path.read_bytes())
    start = content.rindex(member.encode()) - 46
    assert content[start : start + 4] == b"PK\x01\x02"
    content[start + offset : start + offset + len(value)] = value
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("offset", "value", "reported"),
    [
        (8, b"\x01\x00", "encrypted"),
        (10, b"\x0c\x00", "compression method 12"),
        (10, b"\x0e\x00", "compression method 14"),
        (24, (MAX_MEMBER_SIZE + 1).to_bytes(4, "little"), "the limit is"),
        (24, (2 << 20).to_bytes(4, "little"), "claims that 100 bytes expand to"),
    ],
)
def test_members_that_cannot_be_trusted_are_not_read(tmp_path, offset, value, reported):
    path = make_wheel(tmp_path, "demo", "1.0", {"demo/some_data.bin": b"x" * 100})
    with zipfile.ZipFile(path, "a"):
        pass
    with pytest.raises(WheelError, match=reported):
        read_wheel(patched(path, "demo/some_data.bin", offset, value))


@pytest.mark.parametrize(
    ("module", "limit", "value", "reported"),
    [
        (zipmembers, "MAX_WHEEL_SIZE", 3000, "would expand to"),
        (wheels, "MOST_OF_METADATA", 1000, r"METADATA': has \d+ bytes; the limit is 1000"),
    ],
)
def test_wheels_that_would_fill_memory_are_refused(tmp_path, monkeypatch, module, limit, value, reported):
    path = make_wheel(tmp_path, "demo", "1.0", {"demo.txt": "x" * 2000}, metadata_extra="Summary: " + "x" * 1000 + "\n")
    assert read_wheel(path)
    monkeypatch.setattr(module, limit, value)
    with pytest.raises(WheelError, match=reported):
        read_wheel(path)


def test_a_zip_bomb_is_refused_before_it_is_read(tmp_path, monkeypatch):
    """Each member by itself is below every limit; all together would fill the memory of whoever expands them."""
    files = {f"demo/{number}.bin": b"" for number in range(4)}
    members = []
    for name in files:
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_DEFLATED
        members.append((info, bytes(17 << 20)))
    path = make_wheel(tmp_path, "demo", "1.0", {})
    write_zip(path, [*members_of(path), *members])
    monkeypatch.setattr(wheels, "read_chunks", lambda *_: pytest.fail("read"))
    with pytest.raises(WheelError, match=r"looks like a zip bomb: expands \d{3,4} times \(limit 200\)"):
        read_wheel(path)


def test_much_that_compresses_as_usual_is_no_bomb(tmp_path, monkeypatch):
    monkeypatch.setattr(zipmembers, "MIN_BOMB_SIZE", 1 << 10)
    info = zipfile.ZipInfo("demo/a.bin")
    info.compress_type = zipfile.ZIP_DEFLATED
    content = b"".join(hashlib.sha512(b"%d" % number).digest() * 20 for number in range(1000))
    assert read_wheel(with_member(tmp_path, info, content)).name == "demo"


def directory_of(size: int, *, zip64: bool) -> bytes:
    """Return the end of a zip file that claims a central directory of `size` bytes."""
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 0xFFFFFFFF if zip64 else size, 0, 0)
    if not zip64:
        return end
    return (
        struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, size, 0)
        + struct.pack("<4sLQL", b"PK\6\7", 0, 0, 1)
        + end
    )


@pytest.mark.parametrize("zip64", [False, True])
@pytest.mark.parametrize("comment", [b"", b"x" * 65535])
def test_a_directory_that_would_fill_memory_is_refused(tmp_path, zip64, comment):
    path = tmp_path / "demo-1.0-py3-none-any.whl"
    end = directory_of(1 << 25, zip64=zip64)
    path.write_bytes(bytes(1 << 10) + end[:-2] + len(comment).to_bytes(2, "little") + comment)
    with pytest.raises(WheelError, match="its directory has 33554432 bytes; the limit is 16777216"):
        read_wheel(path)


@given(
    content=st.binary(max_size=300), claim=st.integers(0, 2**32 - 1), zip64=st.booleans(), tail=st.binary(max_size=40)
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_strange_directory_gives_a_wheel_error(tmp_path, content, claim, zip64, tail):
    path = tmp_path / "demo-1.0-py3-none-any.whl"
    path.write_bytes(content + directory_of(claim, zip64=zip64) + tail)
    with pytest.raises(WheelError):
        read_wheel(path)


@pytest.mark.parametrize("keep", [0, 1, 100, -1, -30])
def test_truncated_wheels_are_refused(tmp_path, keep):
    path = make_wheel(tmp_path, "demo", "1.0", {"demo.py": "x" * 1000})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(WheelError, match="is damaged"):
        read_wheel(path)


def test_a_changed_byte_of_content_is_refused(tmp_path):
    path = make_wheel(tmp_path, "demo", "1.0", {"demo.py": "some content"})
    path.write_bytes(path.read_bytes().replace(b"some content", b"same content"))
    with pytest.raises(WheelError, match=r"'demo.py': is damaged: Bad CRC-32"):
        read_wheel(path)


def test_a_missing_wheel_is_a_wheel_error(tmp_path):
    with pytest.raises(WheelError, match="cannot be read"):
        read_wheel(tmp_path / "demo-1.0-py3-none-any.whl")


@pytest.mark.parametrize("changed", [{"demo.py": "two"}, {"demo.py": "three"}, {"other.py": "one"}])
def test_a_wheel_that_changes_after_it_was_checked_is_refused(tmp_path, changed):
    path = make_wheel(tmp_path, "demo", "1.0", {"demo.py": "one"})
    wheel = read_wheel(path)
    file = next(file for file in wheel.files if file.path == "demo.py")
    make_wheel(tmp_path, "demo", "1.0", changed)
    with EntryReader() as reader, pytest.raises(Os402Error, match=r"'demo\.py' of demo .* has changed"):
        reader.read(entry(wheel, file))


def outcome(path: Path) -> str:
    try:
        return "read" if read_wheel(path).name == "demo" else "misread"
    except WheelError as error:
        return "refused" if error.message.startswith(path.name) else error.message


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), flips=st.integers(0, 8), cut=st.integers(0, 60), method=st.sampled_from([0, 8]))
def test_bad_bytes_give_a_wheel_or_a_wheel_error(tmp_path, seed, flips, cut, method):
    info = zipfile.ZipInfo("demo/deflated.bin")
    info.compress_type = method
    path = with_member(tmp_path, info, bytes(range(256)) * 4)
    content = bytearray(path.read_bytes())
    chance = random.Random(seed)
    for _ in range(flips):
        content[chance.randrange(len(content))] = chance.randrange(256)
    path.write_bytes(content[: len(content) - cut])
    assert outcome(path) in {"read", "refused"}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(metadata=st.binary(max_size=200), wheel=st.binary(max_size=60), record_=st.binary(max_size=80) | st.none())
def test_strange_metadata_gives_a_wheel_or_a_wheel_error(tmp_path, metadata, wheel, record_):
    path = make_wheel(
        tmp_path,
        "demo",
        "1.0",
        {
            f"{INFO}/METADATA": b"Name: demo\nVersion: 1.0\n" + metadata,
            f"{INFO}/WHEEL": b"Wheel-Version: 1.0\n" + wheel,
        },
    )
    if record_ is not None:
        rewritten(path, {f"{INFO}/RECORD": record_})
    assert outcome(path) in {"read", "refused"}


def test_messages_end_with_what_to_do(tmp_path):
    path = tmp_path / "demo-1.0-py3-none-any.whl"
    path.write_bytes(b"")
    with pytest.raises(WheelError, match="Fetch it again, or pin another release"):
        read_wheel(path)


def test_a_record_is_written_sorted_and_lists_itself():
    digest = hashlib.sha256(b"").hexdigest()
    written = record.write("d/RECORD", [("é.py", digest, 0), ("z.py", digest, 0), ("a, b.py", digest, 0)])
    empty = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0"
    assert written.decode() == f'"a, b.py",{empty}\nd/RECORD,,\nz.py,{empty}\né.py,{empty}\n'
    assert record.parse(written).keys() == {"a, b.py", "d/RECORD", "z.py", "é.py"}
