from __future__ import annotations

import os
from pathlib import Path

import pytest

from hatch_os402.artifacts.names import names
from hatch_os402.artifacts.writing import clean, remove_if_created, staged
from hatch_os402.errors import ArtifactError

STEM = "app-1.0"


def write(directory, text):
    with staged(directory, STEM) as files:
        for name in names(STEM):
            (files.folder / name).write_text(text)


def contents(directory):
    return {path.name: path.read_text() for path in directory.iterdir()}


def test_all_four_and_nothing_else(tmp_path):
    write(tmp_path / "dist", "new")
    assert contents(tmp_path / "dist") == dict.fromkeys(names(STEM), "new")


def test_a_failure_leaves_the_previous_ones(tmp_path):
    write(tmp_path, "old")
    with pytest.raises(KeyError), staged(tmp_path, STEM) as files:
        (files.folder / f"{STEM}.pyz").write_text("new")
        raise KeyError
    assert contents(tmp_path) == dict.fromkeys(names(STEM), "old")


def test_a_failure_leaves_no_folder_that_was_not_there(tmp_path):
    with pytest.raises(KeyError), remove_if_created(tmp_path / "dist"), staged(tmp_path / "dist", STEM):
        raise KeyError
    assert not (tmp_path / "dist").exists()


@pytest.mark.parametrize("missing", names(STEM))
def test_a_move_that_fails_is_taken_back(tmp_path, missing):
    write(tmp_path, "old")
    with pytest.raises(ArtifactError, match="previous artifacts are as they were"), staged(tmp_path, STEM) as files:
        for name in names(STEM):
            if name != missing:
                (files.folder / name).write_text("new")
    assert contents(tmp_path) == dict.fromkeys(names(STEM), "old")


@pytest.mark.parametrize("missing", names(STEM))
def test_a_move_that_fails_in_an_empty_folder_leaves_it_empty(tmp_path, missing):
    with pytest.raises(ArtifactError), staged(tmp_path, STEM) as files:
        for name in names(STEM):
            if name != missing:
                (files.folder / name).write_text("new")
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("calls", range(1, 5))
@pytest.mark.parametrize("previous", ["old", None])
def test_an_interruption_between_two_moves_is_taken_back(tmp_path, monkeypatch, calls, previous):
    if previous:
        write(tmp_path, previous)
    replace, done = Path.replace, []

    def interrupted(self, target):
        done.append(target)
        if len(done) == calls:
            raise KeyboardInterrupt
        return replace(self, target)

    with pytest.raises(KeyboardInterrupt), staged(tmp_path, STEM) as files:
        for name in names(STEM):
            (files.folder / name).write_text("new")
        monkeypatch.setattr(Path, "replace", interrupted)
    assert contents(tmp_path) == (dict.fromkeys(names(STEM), previous) if previous else {})


@pytest.mark.parametrize("links", [True, False])
def test_nothing_but_the_record_is_ever_missing(tmp_path, monkeypatch, links):
    write(tmp_path, "old")
    replace, seen = Path.replace, []

    def watched(self, target):
        seen.append([name for name in names(STEM) if not (tmp_path / name).exists()])
        return replace(self, target)

    def no_links(*_arguments):
        raise OSError(1, "no links here")

    monkeypatch.setattr(Path, "replace", watched)
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    write(tmp_path, "new")
    assert seen == [[f"{STEM}.build.json"]] * 4
    assert contents(tmp_path) == dict.fromkeys(names(STEM), "new")


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "dist").write_text("")
    with (
        pytest.raises(ArtifactError, match=r"cannot be written to .*dist: File exists"),
        staged(tmp_path / "dist", STEM),
    ):
        pass
    assert (tmp_path / "dist").read_text() == ""


def test_a_disk_that_is_full(tmp_path):
    write(tmp_path, "old")
    with pytest.raises(ArtifactError, match="No space left on device"), staged(tmp_path, STEM):
        raise OSError(28, os.strerror(28), "x.pyz")
    assert contents(tmp_path) == dict.fromkeys(names(STEM), "old")


def test_clean_removes_ours_alone(tmp_path):
    others = ["app-1.0-py3-none-any.whl", "app-1.0.tar.gz", "app-1.0.1.pyz", "app-1.0.json", "notes.stdin"]
    for name in [*names(STEM), f"{STEM}.offer.signed.json", *others]:
        (tmp_path / name).write_text("")
    clean(tmp_path, STEM)
    assert sorted(contents(tmp_path)) == sorted(others)
