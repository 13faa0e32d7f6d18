from __future__ import annotations

import os
from pathlib import Path

import pytest

from hatch_os402.cache import cache_folder, told, usable_cache
from hatch_os402.errors import ArtifactError


@pytest.mark.skipif(os.name != "posix", reason="the conventions are those of the system")
@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"HATCH_OS402_CACHE_DIR": "/a/b"}, "/a/b"),
        ({"HATCH_OS402_CACHE_DIR": "/a/b", "XDG_CACHE_HOME": "/c"}, "/a/b"),
    ],
)
def test_chosen(environ, expected):
    assert cache_folder(environ) == Path(expected)


def test_a_usable_one_is_made(tmp_path):
    wanted = tmp_path / "deep" / "cache"
    assert usable_cache({"HATCH_OS402_CACHE_DIR": str(wanted)}, tmp_path / "instead") == wanted
    assert list(wanted.iterdir()) == []


def test_one_that_cannot_be_made_is_replaced(tmp_path):
    (tmp_path / "file").write_text("")
    instead = tmp_path / "instead"
    assert usable_cache({"HATCH_OS402_CACHE_DIR": str(tmp_path / "file" / "cache")}, instead) == instead
    assert instead.is_dir()


def test_what_fails_later_names_the_cache_and_the_way_out(tmp_path):
    with (
        pytest.raises(ArtifactError, match=r"cache cannot be used at .*gone.*\n.*HATCH_OS402_CACHE_DIR"),
        told(tmp_path),
    ):
        (tmp_path / "gone" / "x").write_text("")
