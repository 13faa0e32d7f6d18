from __future__ import annotations

import hashlib
import io
import json
import shutil
import zipfile
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.artifactcraft import KEY, unsigned_offer, write_record
from support.samplecraft import NASTY

from hatch_os402.artifacts.choosing import choose
from hatch_os402.artifacts.names import SIGNED_SUFFIX
from hatch_os402.artifacts.record import record_text
from hatch_os402.errors import ArtifactError, OfferError
from hatch_os402.inspection import report
from hatch_os402.inspection.contents import LAUNCHER, read_contents
from hatch_os402.inspection.reading import unframe
from hatch_os402.offer.payload import envelope_text
from hatch_os402.offer.prices import price_of, usd
from hatch_os402.offer.signing import complete, sign, signed_envelope_text

STEM = "sample-0.1.0"


def inspect(path):
    return report.inspect(choose(path).one())


NASTY_PATH = "sample/" + "/".join(NASTY)


@pytest.fixture
def files(sample_build, tmp_path):
    """The artifacts of the sample, in a folder of their own, by suffix."""
    shutil.copytree(sample_build.dist, tmp_path / "dist")
    suffixes = (".pyz", ".stdin", ".offer.json", ".build.json", SIGNED_SUFFIX)
    return {suffix: tmp_path / "dist" / (STEM + suffix) for suffix in suffixes}


def named(inspection):
    return {part.name: part for part in inspection.parts}


class TestWhatIsInside:
    def test_distributions(self, files):
        parts = named(inspect(files[".pyz"]))
        assert parts.keys() == {"sample", "used", "idle", "helping", "eager", "stripped", LAUNCHER}
        assert {name: part.version for name, part in parts.items() if part.version} == {
            "sample": "0.1.0",
            "used": "1.0",
            "idle": "2.0",
            "helping": "0.3",
            "eager": "3.0",
            "stripped": "4.0",
        }
        assert {name: part.verdict for name, part in parts.items()} == {
            "sample": "project",
            "used": "pure",
            "idle": "pure",
            "helping": "pure",
            "eager": "pure",
            "stripped": "stripped",
            LAUNCHER: None,
        }
        assert parts["stripped"].left_out == ("stripped/_fast.cpython-312-x86_64-linux-gnu.so",)
        assert (parts["used"].required_by, parts["helping"].required_by) == (("sample", "stripped"), ("idle",))

    def test_sizes_are_those_of_the_archive(self, files):
        inspection = inspect(files[".stdin"])
        with zipfile.ZipFile(files[".pyz"]) as archive:
            sizes = {info.filename: info.compress_size for info in archive.infolist()}
        assert {member.path: member.packed for member in inspection.members} == sizes
        assert [member.packed for member in inspection.members] == sorted(sizes.values(), reverse=True)
        with zipfile.ZipFile(files[".pyz"]) as archive:
            whole = {info.filename: info.file_size for info in archive.infolist()}
        idle = named(inspection)["idle"]
        assert idle.sources == whole["idle/__init__.py"] + whole["idle/heavy.py"]
        assert idle.bytecode == whole["idle/__init__.pyc"] + whole["idle/heavy.pyc"]
        assert idle.data == sum(size for path, size in whole.items() if path.startswith("idle-2.0.dist-info/"))
        assert sum(part.packed for part in inspection.parts) == sum(sizes.values())
        assert named(inspection)[LAUNCHER].packed == sum(
            size for path, size in sizes.items() if path == "__main__.py" or path.startswith("_os402/")
        )

    def test_bytecode(self, files, python312):
        bytecode = inspect(files[".pyz"]).bytecode
        assert bytecode.pythons == (python312.version,)
        assert bytecode.sources_only.keys() == {"sample/bad.py"}
        assert "Missing parentheses" in bytecode.sources_only["sample/bad.py"]
        assert bytecode.without_source == 0
        with zipfile.ZipFile(files[".pyz"]) as archive:
            assert bytecode.modules == sum(name.endswith(".pyc") for name in archive.namelist())

    @pytest.mark.parametrize("suffix", [".pyz", ".stdin", ".offer.json", ".build.json", ""])
    def test_any_of_the_files_will_do(self, files, suffix):
        assert inspect(files[".pyz"].with_name(STEM + suffix)).to_json() == inspect(files[".pyz"]).to_json()

    def test_digests(self, files):
        told = {file.name: (file.size, file.sha256) for file in inspect(files[".pyz"]).files}
        assert told == {
            path.name: (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
            for path in files.values()
            if path.is_file()
        }


class TestWithoutTheRecord:
    def test_the_archive_alone(self, files):
        kept = ".pyz"
        whole = named(inspect(files[".pyz"]))
        for suffix, path in files.items():
            if suffix != kept:
                path.unlink(missing_ok=True)
        inspection = inspect(files[kept])
        parts = named(inspection)
        assert {name: part.packed for name, part in parts.items()} == {n: part.packed for n, part in whole.items()}
        assert {part.verdict for part in parts.values()} == {None}
        assert (parts["used"].required_by, parts["helping"].required_by) == (("sample", "stripped"), ("idle",))
        assert (inspection.project, inspection.terms, inspection.recorded) == (None, None, False)
        assert inspection.bytecode.pythons == ("3.12",)

    def test_a_record_of_another_archive_is_that_of_an_interrupted_build(self, files):
        record = json.loads(files[".build.json"].read_text())
        record["artifacts"][files[".pyz"].name]["sha256"] = "0" * 64
        files[".build.json"].write_bytes(record_text(record))
        with pytest.raises(ArtifactError, match=r"interrupted build.*sample-0\.1\.0\.pyz is not what"):
            inspect(files[".pyz"])


class TestTerms:
    def test_an_unsigned_offer(self, files):
        terms = inspect(files[".pyz"]).terms
        assert (terms.signature, terms.owner, terms.expired) == ("unsigned", None, False)
        assert terms.per_call == Decimal("0.0005")
        assert terms.to_json()["price_per_call"] == 0.0005
        assert terms.limits["ram_kb"] == 524288

    def test_signed(self, files):
        offer = complete(unsigned_offer(hashlib.sha256(files[".stdin"].read_bytes()).hexdigest()), KEY.address)
        files[SIGNED_SUFFIX].write_text(signed_envelope_text(sign(offer, KEY)))
        inspection = inspect(files[SIGNED_SUFFIX])
        assert (inspection.terms.signature, inspection.terms.owner) == ("valid", KEY.address)
        assert inspection.notes == ()

    def test_signed_by_somebody_else(self, files):
        offer = complete(unsigned_offer(hashlib.sha256(files[".stdin"].read_bytes()).hexdigest()), KEY.address)
        envelope = json.loads(signed_envelope_text(sign(offer, KEY)))
        envelope["payload"]["retain"] = envelope["payload"]["limits"]["retain"] = 12345
        files[SIGNED_SUFFIX].write_text(json.dumps(envelope))
        terms = inspect(files[SIGNED_SUFFIX]).terms
        assert terms.signature == "invalid"
        assert terms.signature_note

    def test_an_offer_of_another_frame(self, files):
        files[".offer.json"].write_text(envelope_text(unsigned_offer("0" * 64)))
        write_record(files[".pyz"].parent, STEM)
        assert "another frame" in "".join(inspect(files[".pyz"]).notes)

    def test_money(self):
        assert usd(price_of(0.1, 3)) == "0.3 USD"
        assert usd(price_of(1e-7, 5)) == "0.0000005 USD"
        assert usd(price_of(20.0, 5)) == "100 USD"
        assert usd(price_of(0.0, 5)) == "free"


DAMAGES = {
    "cut": (".stdin", lambda data: data[:-100], ArtifactError, "is cut off"),
    "no frame": (".stdin", lambda data: b"PK" + data, ArtifactError, "is no frame"),
    "no directory": (".pyz", lambda data: data[:-100], ArtifactError, "is damaged"),
    "a flipped bit": (".pyz", lambda data: data[:200] + bytes([data[200] ^ 1]) + data[201:], ArtifactError, "damaged"),
    "no zip": (".pyz", lambda _: b"", ArtifactError, "is damaged"),
    "no JSON": (".build.json", lambda _: b"{", ArtifactError, "the record"),
    "another format": (".build.json", lambda _: b'{"format": 99}', ArtifactError, "has format 99"),
    "a list": (".build.json", lambda _: b"[]", ArtifactError, "the record"),
    "half a record": (".build.json", lambda _: b'{"format": 1, "project": {}}', ArtifactError, "no `artifacts`"),
    "no offer": (".offer.json", lambda _: b"{}", OfferError, "is not an offer"),
}


class TestDamage:
    @pytest.mark.parametrize(("suffix", "damage", "kind", "told"), DAMAGES.values(), ids=DAMAGES)
    def test_is_told_plainly(self, files, suffix, damage, kind, told):
        if suffix == ".pyz":
            files[".stdin"].unlink()
        files[suffix].write_bytes(damage(files[suffix].read_bytes()))
        if suffix != ".build.json":
            with pytest.raises(ArtifactError, match="interrupted build"):
                inspect(files[suffix])
            write_record(files[suffix].parent, STEM)
        with pytest.raises(kind, match=told) as error:
            inspect(files[suffix])
        assert STEM in error.value.message

    def test_frame_and_archive_differ(self, files):
        with zipfile.ZipFile(files[".pyz"], "w") as archive:
            archive.writestr("__main__.py", "")
        write_record(files[".pyz"].parent, STEM)
        inspection = inspect(files[".pyz"])
        assert [member.path for member in inspection.members] == ["__main__.py"]
        assert "hold different archives" in "".join(inspection.notes)

    def test_a_member_without_a_name(self, files):
        with zipfile.ZipFile(files[".pyz"], "w") as archive:
            archive.writestr("__main__.py", "")
            archive.writestr(zipfile.ZipInfo("x"), "")
            archive.infolist()[1].filename = ""
        with pytest.raises(ArtifactError, match="its path has empty or"):
            read_contents(files[".pyz"].read_bytes(), "it")

    def test_nothing_there(self, tmp_path):
        with pytest.raises(ArtifactError, match=r"there is no artifact .*x\.pyz"):
            inspect(tmp_path / "x.pyz")

    def test_no_artifact(self, tmp_path):
        (tmp_path / "x.txt").write_text("")
        with pytest.raises(ArtifactError, match="is no artifact of a build"):
            inspect(tmp_path / "x.txt")

    def test_an_offer_alone(self, files):
        files[".pyz"].unlink()
        files[".stdin"].unlink()
        with pytest.raises(ArtifactError, match="the archive itself is not there"):
            inspect(files[".offer.json"])

    @settings(max_examples=60, deadline=None)
    @given(st.binary(max_size=300))
    def test_any_bytes(self, data):
        for read in (read_contents, lambda data, name: unframe(name, data)):
            with suppress(ArtifactError):
                read(data, "it")

    @settings(max_examples=150, deadline=None)
    @given(st.data())
    def test_any_damage_to_an_archive(self, data):
        archive = bytearray(_archive())
        for _ in range(data.draw(st.integers(1, 3))):
            archive[data.draw(st.integers(0, len(archive) - 1))] = data.draw(st.integers(0, 255))
        with suppress(ArtifactError):
            read_contents(bytes(archive), "it")


def _archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("__main__.py", "")
        archive.writestr("x-1.dist-info/METADATA", "Name: x\nVersion: 1\nRequires-Dist: y; extra == 'z'\n")
        archive.writestr("x-1.dist-info/RECORD", "x.py,,\n")
        archive.writestr("x.py", "pass\n" * 50, zipfile.ZIP_DEFLATED)
        archive.writestr("x.pyc", b"\xcb\r\r\n" + bytes(12))
    return stream.getvalue()


def test_packed_and_unpacked_sizes_differ_in_a_deflated_archive():
    contents = read_contents(_archive(), "it")
    (member,) = [member for member in contents.members if member.path == "x.py"]
    assert member.size == 250
    assert member.packed < 50
    assert [(item.name, item.version, item.requires) for item in contents.distributions] == [("x", "1", frozenset())]
    # RECORD does not list the bytecode, and it is x's all the same.
    assert {member.owner for member in contents.members} == {"x", LAUNCHER}
    assert contents.compilers == ("3.12",)
