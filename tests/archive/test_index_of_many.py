from __future__ import annotations

import marshal

from hatch_os402.archive.index import END, IndexEntry, build_index


def folder(index, start, size):
    return marshal.loads(index[start : start + size])  # noqa: S302 - what was written here


def test_a_path_of_more_folders_than_python_has_frames():
    path = "/".join(["d"] * 5000)
    index = build_index([IndexEntry(f"{path}/f.py", 7, 8, 9), IndexEntry("top.py", 1, 2, 3)])
    mark, size, start, _ = END.unpack(index[-END.size :])
    assert mark == b"402\1"
    files, folders = folder(index, start, size - start)
    assert files == {"top.py": (1, 2, 3)}
    for _ in range(5000):
        at, size, _ = folders["d"]
        files, folders = folder(index, at, size)
    assert files == {"f.py": (7, 8, 9)}
    assert not folders
