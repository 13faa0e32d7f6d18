from __future__ import annotations

import os

import pytest

from hatch_os402.artifacts import clean, names, nothing_left, staged
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
    with pytest.raises(KeyError), nothing_left(tmp_path / "dist"), staged(tmp_path / "dist", STEM):
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
