from __future__ import annotations

import os

import pytest
from support.buildproject import contents, write

from hatch_os402.errors import ScaffoldError
from hatch_os402.scaffold import writing
from hatch_os402.scaffold.writing import write_all

FILES = {"a": "1", "b/c/d": "2", "b/e": "3"}


def test_all_files(tmp_path):
    write_all(tmp_path / "new" / "project", FILES)
    assert contents(tmp_path / "new" / "project") == {name: text.encode() for name, text in FILES.items()}


def test_nothing_is_replaced_unless_it_may_be(tmp_path):
    write(tmp_path, {"b/e": "mine"})
    with pytest.raises(ScaffoldError, match="File exists"):
        write_all(tmp_path, FILES)
    assert contents(tmp_path) == {"b/e": b"mine"}
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["b", "e"]
    write_all(tmp_path, FILES, replace=["b/e"])
    assert contents(tmp_path) == {name: text.encode() for name, text in FILES.items()}


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_all_or_nothing(tmp_path, monkeypatch, failing):
    write(tmp_path, {"a": "mine"})
    real, calls = os.fsync, []

    def full(descriptor):
        calls.append(1)
        if len(calls) == failing:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(writing, "write_file", lambda path, content: path.write_bytes(content))
    monkeypatch.setattr(os, "fsync", full)
    if failing == 3:
        monkeypatch.setattr(writing, "write_new", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write_all(tmp_path, FILES, replace=["a"])
    else:
        with pytest.raises(ScaffoldError, match="No space left"):
            write_all(tmp_path, FILES, replace=["a"])
    assert contents(tmp_path) == {"a": b"mine"}
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def interrupted(*_arguments):
    raise KeyboardInterrupt
