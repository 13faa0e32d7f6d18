"""Which lock a build takes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from hatch_os402.build.locking import find_lock
from hatch_os402.errors import LockError


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("/dev/zero", "the lock /dev/zero cannot be read: not a regular file"),
        (".", "cannot be read: Is a directory"),
        ("none.toml", "there is no .*none.toml, and `lock` names it"),
    ],
)
def test_a_lock_that_is_no_file_is_said_to_be_that(tmp_path, place, reason):
    build = SimpleNamespace(
        options=SimpleNamespace(lock=tmp_path / place), locked=False, project=SimpleNamespace(root=tmp_path, name="x")
    )
    assert build.options.lock == Path(place) or place[0] != "/"
    with pytest.raises(LockError, match=reason):
        find_lock(None, (), build)
