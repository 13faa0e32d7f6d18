from __future__ import annotations

import io
import json
import sys
import zipfile
from dataclasses import replace

import pytest
from support.artifactcraft import KEY, MEMBERS, STEM, write_artifacts
from support.offercraft import GOLDEN, GOLDEN_TEXT

from hatch_os402.archive.frame import write_frame
from hatch_os402.artifacts.choosing import choose
from hatch_os402.artifacts.record import record_text
from hatch_os402.errors import ArtifactError, PrivateKeyError
from hatch_os402.offer.keys import Key
from hatch_os402.offer.payload import envelope_text
from hatch_os402.offer.reading import read_envelope
from hatch_os402.offer.signing import complete, sign, signed_envelope_text
from hatch_os402.verification import artifacts as module

ALL = (
    *("archive", "frame", "offer", "signed offer", "program", "same offer", "signature", "validity", "record"),
    *("distributions", "launcher", "bytecode", "rest of the record"),
)
WHOLE = {**dict.fromkeys(ALL, True), "bytecode": None, "rest of the record": None}
"""The artifacts here have no bytecode, and the rest can never be derived."""


@pytest.fixture
def files(tmp_path):
    return write_artifacts(tmp_path)


def verify_artifacts(path):
    return module.verify_artifacts(choose(path).one(checked=False))


def artifact_offer(path):
    return choose(path).one(checked=False).require_offer().read


def verdicts(path):
    return {link.name: link.holds for link in verify_artifacts(path)}


def broken(path):
    return {link.name: link.detail for link in verify_artifacts(path) if link.holds is False}


def edit(path, old, new):
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))


class TestWhole:
    @pytest.mark.parametrize("suffix", ["", ".pyz", ".stdin", ".offer.json", ".offer.signed.json", ".build.json"])
    def test_every_link_holds_from_wherever_one_starts(self, files, tmp_path, suffix):
        assert verdicts(tmp_path / (STEM + suffix)) == WHOLE

    def test_a_deflated_archive(self, tmp_path):
        assert verdicts(write_artifacts(tmp_path, deflate=True)[".pyz"]) == WHOLE

    @pytest.mark.parametrize("same", [True, False])
    def test_a_program_inside_the_offer(self, files, same):
        frame = files[".stdin"].read_bytes() + (b"" if same else b"!")
        unsigned = read_envelope(files[".offer.json"].read_bytes()).offer
        public = replace(unsigned, exec=replace(unsigned.exec, stdin=frame, stdin_sha256=None, stdin_private=False))
        files[".offer.json"].write_text(envelope_text(public), encoding="utf-8")
        files[".offer.signed.json"].unlink()
        assert verdicts(files[".pyz"])["program"] is same


class TestParts:
    @pytest.mark.parametrize(
        ("missing", "open_links"),
        [
            (".pyz", {"archive", "frame", "distributions", "launcher"}),
            (".stdin", {"frame", "program"}),
            (".offer.json", {"offer", "same offer"}),
            (".offer.signed.json", {"signed offer", "same offer", "signature"}),
        ],
    )
    def test_what_is_not_there_is_not_checked(self, files, tmp_path, missing, open_links):
        files[missing].unlink()
        assert verdicts(tmp_path / STEM) == {
            name: None if name in open_links else holds for name, holds in WHOLE.items()
        }

    def test_a_set_without_a_record_is_an_interrupted_build(self, files, tmp_path):
        files[".build.json"].unlink()
        assert broken(tmp_path / STEM).keys() == {"record"}
        assert "interrupted build" in broken(tmp_path / STEM)["record"]

    def test_but_what_was_named_must_be_there(self, files, tmp_path):
        files[".pyz"].unlink()
        with pytest.raises(ArtifactError, match=r"greeter-0\.1\.0\.pyz"):
            verify_artifacts(files[".pyz"])
        with pytest.raises(ArtifactError, match="other"):
            verify_artifacts(tmp_path / "other")

    def test_an_offer_that_os402_printed(self, tmp_path):
        (tmp_path / "offer.json").write_text(GOLDEN_TEXT)
        links = verdicts(tmp_path / "offer.json")
        assert {name for name, holds in links.items() if holds} == {"offer", "signature", "validity"}
        assert False not in links.values()

    def test_unsigned_artifacts_need_no_extra(self, files, monkeypatch):
        monkeypatch.setitem(sys.modules, "eth_keys", None)
        with pytest.raises(PrivateKeyError, match='need the extra "publish"'):
            verify_artifacts(files[".pyz"])
        files[".offer.signed.json"].unlink()
        assert False not in verdicts(files[".pyz"]).values()

    def test_the_offer_of_artifacts_is_the_signed_one(self, files):
        assert artifact_offer(files[".pyz"]).k256 is not None
        files[".offer.signed.json"].unlink()
        assert artifact_offer(files[".pyz"]).k256 is None
        files[".offer.json"].unlink()
        with pytest.raises(ArtifactError, match=r"offer\.json"):
            artifact_offer(files[".pyz"])


ENDLESS = {
    "name": "a", "version": "1.0", "wheel": f"a-1.0-{'-'.join(['.'.join(['x'] * 5000)] * 3)}.whl", "sha256": "0" * 64,
    "required_by": [], "treatment": "pure", "left_out": [],
}  # fmt: skip
"""Of a wheel whose name stands for 125 billion tags."""


class TestBrokenArchive:
    """Whatever is done to the archive, the link that names it breaks, and the record does not match either."""

    def damage(self, files, content):
        files[".pyz"].write_bytes(content)
        found = broken(files[".pyz"])
        assert found.keys() == {"archive", "frame", "record"}
        return found["archive"]

    def test_a_changed_file(self, files):
        content = files[".pyz"].read_bytes()
        assert "damaged" in self.damage(files, content.replace(b"xxx", b"xyx", 1))

    def test_something_behind_it(self, files):
        assert self.damage(files, files[".pyz"].read_bytes() + b"\0")

    def test_half_of_it(self, files):
        assert self.damage(files, files[".pyz"].read_bytes()[:200])

    def test_something_before_it(self, files):
        assert "__main__.py" in self.damage(files, b"#!/usr/bin/python\n" + files[".pyz"].read_bytes())

    def test_something_between(self, files):
        content = files[".pyz"].read_bytes()
        first = content.index(b"PK\1\2")
        assert self.damage(files, content[:first] + b"hidden" + content[first:])

    def test_written_by_something_else(self, files):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, content in MEMBERS.items():
                archive.writestr(zipfile.ZipInfo(name), content)
        assert "other bytes" in self.damage(files, buffer.getvalue())

    def test_a_name_twice(self, files):
        content = files[".pyz"].read_bytes()
        name = "grüße.txt".encode()
        assert "twice" in self.damage(files, content.replace(name, b"__main__.py"))

    def test_nothing_in_it(self, files):
        assert "__main__.py" in self.damage(files, b"")


class TestBrokenLinks:
    def test_a_frame_of_another_archive(self, files):
        edit(files[".stdin"], b"hello", b"hallo")
        assert broken(files[".pyz"]).keys() == {"frame", "program", "record"}

    @pytest.mark.parametrize("header", [b"", b"0", b"+", b" ", b"1"])
    def test_a_length_that_is_not_the_archives(self, files, header):
        archive = files[".pyz"].read_bytes()
        stated = header + str(len(archive)).encode() + b"\n" if header else b""
        files[".stdin"].write_bytes(stated + archive)
        assert "begins with" in broken(files[".pyz"])["frame"]

    def test_an_offer_that_was_changed(self, files):
        edit(files[".offer.json"], b'"ram_kb": 262144', b'"ram_kb": 262145')
        found = broken(files[".pyz"])
        assert found.keys() == {"offer", "record"}
        assert broken(files[".offer.signed.json"]).keys() == {"offer", "same offer", "record"}
        assert "declares" in found["offer"]

    def test_an_offer_with_a_key_that_os402_drops(self, files):
        edit(files[".offer.json"], b'"payload": {', b'"payload": {"note": 1,')
        links = {link.name: link for link in verify_artifacts(files[".pyz"])}
        assert links["offer"].holds
        assert "payload.note" in links["offer"].detail

    def test_an_offer_that_cannot_be_read(self, files):
        edit(files[".offer.json"], b'"ram_kb": 262144', b'"ram_kb": -1')
        found = broken(files[".pyz"])
        assert "`payload.limits.ram_kb`" in found["offer"]

    def test_a_signed_offer_that_was_changed(self, files):
        edit(files[".offer.signed.json"], b'"cpu_units": 1000', b'"cpu_units": 1001')
        found = broken(files[".pyz"])
        assert found.keys() == {"signed offer", "same offer", "signature"}
        assert KEY.address in found["signature"]

    def test_another_signature(self, files):
        signed = read_envelope(files[".offer.signed.json"].read_bytes())
        edit(files[".offer.signed.json"], signed.k256.encode(), GOLDEN["k256"].encode())
        assert broken(files[".pyz"]).keys() == {"signature"}

    def test_no_signature(self, files):
        signed = read_envelope(files[".offer.signed.json"].read_bytes())
        edit(files[".offer.signed.json"], f'"k256": "{signed.k256}",'.encode(), b"")
        assert broken(files[".pyz"]) == {"signature": "it is missing"}

    def test_an_offer_signed_for_another_build_counts_when_it_was_named(self, files, tmp_path):
        other = tmp_path / "other"
        other.mkdir()
        files[".offer.signed.json"].write_bytes(write_artifacts(other, pool="free")[".offer.signed.json"].read_bytes())
        assert broken(files[".offer.signed.json"]).keys() == {"same offer"}
        links = {link.name: link for link in verify_artifacts(files[".pyz"])}
        assert "earlier build and is not used" in links["signed offer"].detail
        assert {name for name, link in links.items() if link.holds is None} >= {
            "signed offer",
            "same offer",
            "signature",
        }
        assert broken(files[".pyz"]) == {}

    def test_an_offer_of_another_program(self, files):
        archive = io.BytesIO(b"other")
        with files[".stdin"].open("wb") as frame:
            write_frame(archive, 5, frame)
        assert {"frame", "program"} <= broken(files[".pyz"]).keys()

    def test_an_owner_other_than_the_unsigned_offers(self, files):
        two = Key((2).to_bytes(32, "big"))
        unsigned = read_envelope(files[".offer.json"].read_bytes()).offer
        one = complete(unsigned, KEY.address)
        files[".offer.json"].write_text(signed_envelope_text(sign(one, KEY)))
        files[".offer.signed.json"].write_text(signed_envelope_text(sign(complete(unsigned, two.address), two)))
        assert two.address in broken(files[".offer.signed.json"])["same offer"]

    @pytest.mark.parametrize(
        ("way", "value", "said"),
        [
            (("artifacts", f"{STEM}.pyz", "size"), 1, f"{STEM}.pyz"),
            (("artifacts", f"{STEM}.stdin", "sha256"), "0" * 64, f"{STEM}.stdin"),
            (("artifacts", f"{STEM}.offer.json"), None, f"{STEM}.offer.json"),
            (("offer", "sha256"), "0" * 64, "0" * 64),
            (("valid_until", "seconds"), 1, "end"),
            (("target", "executables"), {}, "executables"),
            (("target", "executables"), 1, "cannot be understood"),
            (("artifacts",), [], "`artifacts`"),
            (("artifacts",), {}, "it describes"),
            (("target",), {}, "cannot be understood"),
            (("new",), 1, "it has the keys"),
            (("generator", "name"), "other", "'other'"),
            (("project", "version"), "0.2.0", "0.1.0 in the archive"),
            (("project", "name"), "other", "other is in the record alone"),
            (("distributions",), [{}], "has the keys"),
            (("distributions",), [ENDLESS], "... is no wheel of a 1.0"),
            (("valid_until", "from"), "nowhere", "'nowhere'"),
            (("target", "architectures"), ["aarch64"], "executables for other"),
            (("target", "architectures"), ["sparc"], "its architectures are"),
            (("bytecode",), {"compiled": True}, "its bytecode has the keys"),
            (("bytecode",), {"compiled": False, "docstrings": False}, "its bytecode has the keys"),
            (("format",), True, "`format`"),
        ],
    )
    def test_a_record_that_says_something_else(self, files, way, value, said):
        stated = json.loads(files[".build.json"].read_bytes())
        here = stated
        for name in way[:-1]:
            here = here[name]
        here[way[-1]] = value
        files[".build.json"].write_bytes(record_text(stated))
        found = broken(files[".pyz"])
        assert found.keys() == {"record"}
        assert said in found["record"]

    @pytest.mark.parametrize("content", [b"", b"[]", b"5", b"\xff", b"[" * 100_000, b"{}"])
    def test_a_record_that_is_none(self, files, content):
        files[".build.json"].write_bytes(content)
        assert broken(files[".pyz"]).keys() == {"record"}

    def test_a_record_of_a_later_version(self, files):
        edit(files[".build.json"], b'"format": 1', b'"format": 2')
        assert "checksum" in broken(files[".pyz"])["record"]
        files[".build.json"].write_bytes(record_text(json.loads(files[".build.json"].read_bytes())))
        assert verdicts(files[".pyz"])["record"] is None

    def test_an_expired_offer_is_said_and_breaks_nothing(self, tmp_path):
        files = write_artifacts(tmp_path)
        text = files[".offer.signed.json"].read_text(encoding="utf-8")
        expired = read_envelope(text.replace("4000000000", "1000000000")).offer
        (tmp_path / "old").mkdir()
        (tmp_path / "old" / "offer.json").write_text(signed_envelope_text(sign(expired, KEY)), encoding="utf-8")
        (link,) = [x for x in verify_artifacts(tmp_path / "old" / "offer.json") if x.name == "validity"]
        assert link.holds is None
        assert "expired" in link.detail
