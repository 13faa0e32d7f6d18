from __future__ import annotations

import json

import pytest
from support.artifactcraft import STEM, write_artifacts
from support.commandline import call

from hatch_os402.artifacts.choosing import choose
from hatch_os402.artifacts.sets import all_in, locate
from hatch_os402.errors import ArtifactError, OfferError
from hatch_os402.offer.reading import read_offer

UNSIGNED, SIGNED = ".offer.json", ".offer.signed.json"


@pytest.fixture
def files(tmp_path):
    return write_artifacts(tmp_path)


@pytest.fixture
def built_again(files, tmp_path):
    """The artifacts of a second build with another price; the signed offer is that of the first."""
    old = read_offer(files[UNSIGNED])
    (tmp_path / "second").mkdir()
    new = write_artifacts(tmp_path / "second", pool="another")
    for suffix in (".pyz", ".stdin", UNSIGNED, ".build.json"):
        new[suffix].replace(files[suffix])
    assert read_offer(files[UNSIGNED]).sha256 != old.sha256
    return files


def chosen(path):
    return choose(path).one().require_offer()


class TestTheOffer:
    """The file that was named; else the signed one if it is of this build; else the unsigned one, with a note."""

    @pytest.mark.parametrize("suffix", ["", ".", ".pyz", ".stdin", ".build.json", SIGNED])
    def test_the_signed_one_of_this_build(self, files, tmp_path, suffix):
        offer = chosen(tmp_path / (STEM + suffix))
        assert (offer.path, offer.note) == (files[SIGNED], "")
        assert offer.read.k256

    def test_the_file_that_was_named(self, files):
        offer = chosen(files[UNSIGNED])
        assert (offer.path, offer.note, offer.read.k256) == (files[UNSIGNED], "", None)

    @pytest.mark.parametrize("suffix", ["", ".pyz", ".stdin", ".build.json", UNSIGNED])
    def test_the_unsigned_one_where_the_signed_is_of_an_earlier_build(self, built_again, tmp_path, suffix):
        offer = chosen(tmp_path / (STEM + suffix))
        assert (offer.path, offer.read.k256) == (built_again[UNSIGNED], None)
        assert offer.note == f"{STEM}{SIGNED} is of an earlier build and is not used: sign again."

    def test_the_signed_one_of_an_earlier_build_when_it_was_named(self, built_again):
        assert chosen(built_again[SIGNED]).path == built_again[SIGNED]

    def test_a_signed_one_that_cannot_be_read(self, files):
        files[SIGNED].write_text("{")
        offer = chosen(files[".pyz"])
        assert offer.path == files[UNSIGNED]
        assert "is not used" in offer.note

    def test_a_signed_one_alone(self, files):
        for suffix, path in files.items():
            if suffix != SIGNED:
                path.unlink()
        assert chosen(files[SIGNED].with_name(STEM)).path == files[SIGNED]

    def test_none_at_all(self, files):
        for suffix in (SIGNED, UNSIGNED):
            files[suffix].unlink()
        assert choose(files[".pyz"]).one().offer is None
        with pytest.raises(ArtifactError, match="there is no offer beside"):
            chosen(files[".pyz"])

    def test_one_that_something_else_wrote(self, files, tmp_path):
        foreign = tmp_path / "mine.json"
        foreign.write_bytes(files[UNSIGNED].read_bytes())
        assert chosen(foreign).path == foreign
        foreign.write_text("{")
        with pytest.raises(OfferError, match=r"mine\.json"):
            chosen(foreign)

    def test_every_command_has_the_same(self, built_again, tmp_path, capsys, monkeypatch):
        """Build, sign, change the price, build again: nobody shows the old price or that its owner signed it."""
        monkeypatch.chdir(tmp_path)
        new = read_offer(built_again[UNSIGNED]).sha256
        note = "is of an earlier build and is not used"
        for suffix in ("", ".pyz", UNSIGNED):
            code, out, _ = call(capsys, "inspect", tmp_path / (STEM + suffix), "--json")
            reported = json.loads(out)
            assert (code, reported["offer"]["sha256"], reported["offer"]["signature"]) == (0, new, "unsigned")
            assert note in "".join(reported["notes"])
        code, _, err = call(capsys, "publish", STEM, "-u", "http://127.0.0.1:1", "--dry-run")
        assert code == 0, err
        assert note in err
        assert new in err
        code, out, _ = call(capsys, "verify", STEM)
        assert code == 0
        assert note in out
        code, out, _ = call(capsys, "verify", f"{STEM}{SIGNED}")
        assert code == 1
        assert "the signed offer is another one than the unsigned" in out


class TestOneBuild:
    def test_whole(self, files):
        assert locate(files[".pyz"]).interruption() == ""

    @pytest.mark.parametrize("suffix", [".pyz", ".stdin", UNSIGNED])
    def test_a_file_of_another_build(self, files, suffix):
        files[suffix].write_bytes(files[suffix].read_bytes() + b"\n")
        with pytest.raises(ArtifactError, match=rf"{STEM} is an interrupted build.*{STEM}{suffix} is not what"):
            choose(files[".pyz"]).one()

    @pytest.mark.parametrize("lost", [(), (".pyz",), (UNSIGNED,), (".pyz", UNSIGNED), (".stdin",)])
    def test_no_record(self, files, tmp_path, lost):
        """An interrupted build leaves at least a frame, or two files."""
        for suffix in (*lost, ".build.json"):
            files[suffix].unlink()
        with pytest.raises(
            ArtifactError, match=r"interrupted build.*greeter-0\.1\.0\.build\.json, which is written last"
        ):
            choose(tmp_path / STEM).one()

    @pytest.mark.parametrize("alone", [".pyz", UNSIGNED])
    def test_a_zipapp_or_an_offer_alone_may_be_a_copy(self, files, alone):
        for suffix, path in files.items():
            if suffix != alone:
                path.unlink()
        assert choose(files[alone]).one().named == alone

    def test_a_file_that_was_not_copied_is_not_missed(self, files):
        files[".stdin"].unlink()
        choose(files[".pyz"]).one()

    def test_a_build_that_is_just_replacing_it_is_waited_for(self, files, monkeypatch):
        content, pauses = files[".build.json"].read_bytes(), []
        files[".build.json"].unlink()

        def sleep(_seconds):
            pauses.append(1)
            if len(pauses) == 3:
                files[".build.json"].write_bytes(content)

        monkeypatch.setattr("hatch_os402.artifacts.sets.time.sleep", sleep)
        assert choose(files[".pyz"]).one()
        assert len(pauses) == 3

    @pytest.mark.parametrize(
        ("content", "reported"),
        [
            (b"", "damaged"),
            (b"[]", "damaged"),
            (b"\xff", "damaged"),
            (b"[" * 100_000, "damaged"),
            (b"{}", "has no 'format'"),
            (b'{"format": 2}', "has format 2"),
            (b'{"format": 1}', "has no `project`"),
        ],
    )
    def test_a_record_that_is_none(self, files, content, reported):
        files[".build.json"].write_bytes(content)
        with pytest.raises(ArtifactError, match=reported):
            choose(files[".pyz"]).one()


def test_all_sets_of_a_folder(files, tmp_path):
    for name in ("other-1.0.pyz", "third-1.0.offer.signed.json", "notes.txt", "x.json"):
        (tmp_path / name).write_text("")
    (tmp_path / "folder.pyz").mkdir()
    assert [found.name for found in all_in(tmp_path)] == [STEM, "other-1.0", "third-1.0"]
    assert all_in(tmp_path / "absent") == ()
