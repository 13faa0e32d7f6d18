from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hatch_os402 import files
from hatch_os402.files import (
    copy_file,
    file_sha256,
    locked,
    measure_file,
    move_file,
    open_file,
    read_file,
    read_named,
    replacing,
    sweep,
    work_folder,
    write_file,
    write_new,
)

HOLDS = """
import sys, time
from pathlib import Path
from hatch_os402.files import work_folder
with work_folder(Path(sys.argv[1]), "work-") as folder:
    (folder / "deep").mkdir()
    (folder / "deep" / "file").write_text("")
    print(folder.name, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holding(tmp_path):
    """A process that has a work folder in `tmp_path`, and ends well when its stdin does."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout.readline().startswith("work-")
        yield process
        if process.poll() is None:
            process.kill()


def test_measuring(tmp_path):
    content = b"x" * 3_000_000
    path = tmp_path / "file"
    path.write_bytes(content)
    assert measure_file(path) == (len(content), hashlib.sha256(content).hexdigest())
    assert file_sha256(path) == hashlib.sha256(content).hexdigest()
    assert file_sha256(path, b"head") == hashlib.sha256(b"head" + content[4:]).hexdigest()


def test_a_file_is_whole_or_as_it_was(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(KeyError), replacing(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
        raise KeyError
    assert [item.name for item in tmp_path.iterdir()] == ["file"]
    assert path.read_bytes() == b"old"
    write_file(path, b"new")
    assert path.read_bytes() == b"new"
    with pytest.raises(OSError, match="file"):
        write_file(path / "below", b"")


@pytest.mark.parametrize("number", [None, errno.EXDEV])
def test_a_file_is_moved_from_another_file_system_as_well(tmp_path, monkeypatch, number):
    source, path = tmp_path / "source", tmp_path / "file"
    source.write_bytes(b"new")
    path.write_bytes(b"old")
    really = Path.replace

    def replace(self, target):
        if self == source and number:
            raise OSError(number, os.strerror(number))
        return really(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    move_file(source, path)
    assert [(item.name, item.read_bytes()) for item in tmp_path.iterdir()] == [("file", b"new")]
    with pytest.raises(FileNotFoundError):
        move_file(source, path)


def test_a_copy_is_whole_or_what_was_there(tmp_path):
    (tmp_path / "source").write_bytes(b"new")
    copy_file(tmp_path / "source", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == (tmp_path / "source").read_bytes() == b"new"
    with pytest.raises(FileNotFoundError):
        copy_file(tmp_path / "none", tmp_path / "file")
    assert sorted(item.name for item in tmp_path.iterdir()) == ["file", "source"]


@pytest.mark.skipif(os.name == "nt", reason="there are no such permissions")
def test_permissions_are_those_of_any_new_file(tmp_path):
    before = os.umask(0o027)
    try:
        write_file(tmp_path / "file", b"")
        (tmp_path / "other").write_bytes(b"")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_work_folder_is_removed_whatever_happens(tmp_path):
    with pytest.raises(KeyError), work_folder(tmp_path, "work-") as folder:
        assert folder.parent == tmp_path
        (folder / "deep").mkdir()
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_a_process_that_lives_is_let_alone(tmp_path, holding):
    sweep(tmp_path, "work-")
    with work_folder(tmp_path, "work-"):
        pass
    (left,) = tmp_path.iterdir()
    assert (left / "deep/file").exists()
    holding.stdin.close()
    holding.wait()
    assert list(tmp_path.iterdir()) == []


def test_that_of_a_killed_process_is_swept_by_the_next(tmp_path, holding):
    holding.kill()
    holding.wait()
    assert len(list(tmp_path.iterdir())) == 1
    with work_folder(tmp_path, "work-") as folder:
        assert list(tmp_path.iterdir()) == [folder]
    assert list(tmp_path.iterdir()) == []


def test_what_is_half_made_or_half_removed_is_swept(tmp_path):
    (tmp_path / "work-empty").mkdir()
    (tmp_path / "work-removed").mkdir()
    (tmp_path / "work-removed/lock").touch()
    (tmp_path / "work-recent").mkdir()
    (tmp_path / "work-recent/file").touch()
    (tmp_path / "work-old").mkdir()
    (tmp_path / "work-old/file").touch()
    os.utime(tmp_path / "work-old", (0, 0))
    (tmp_path / "other").mkdir()
    (tmp_path / "work-file").touch()
    (tmp_path / "work-link").symlink_to(tmp_path / "other")
    sweep(tmp_path, "work-")
    assert {path.name for path in tmp_path.iterdir()} == {"work-recent", "other", "work-file", "work-link"}


def test_a_prefix_is_no_pattern(tmp_path):
    (tmp_path / "xwork").mkdir()
    sweep(tmp_path, "[x]")
    assert (tmp_path / "xwork").exists()


def test_a_folder_that_is_swept_while_it_is_made_is_made_again(tmp_path, monkeypatch):
    make, made = files.tempfile.mkdtemp, []

    def swept(**arguments):
        made.append(make(**arguments))
        if len(made) == 1:
            Path(made[0]).rmdir()
        return made[-1]

    monkeypatch.setattr(files.tempfile, "mkdtemp", swept)
    with work_folder(tmp_path, "work-") as folder:
        assert str(folder) == made[1]


@pytest.fixture
def no_locks(monkeypatch):
    """A file system that knows no locks."""
    fcntl = pytest.importorskip("fcntl")

    def unsupported(_descriptor, _operation):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", unsupported)


@pytest.mark.usefixtures("no_locks")
def test_where_there_are_no_locks_what_is_worked_on_is_let_alone(tmp_path):
    with work_folder(tmp_path, "work-") as folder:
        (folder / "file").touch()
        sweep(tmp_path, "work-")
        assert [path.name for path in folder.iterdir()] == ["file"]
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "work-locked").mkdir()
    (tmp_path / "work-locked/lock").touch()  # nobody can say whether its process lives
    sweep(tmp_path, "work-")
    assert (tmp_path / "work-locked/lock").exists()


@pytest.mark.usefixtures("no_locks")
def test_where_there_are_no_locks_nothing_is_waited_for(tmp_path):
    waiting = []
    with locked(tmp_path / "lock", lambda: waiting.append(True)):
        pass
    assert not waiting


@pytest.mark.skipif(os.name == "nt", reason="there are no such permissions")
def test_nobody_else_can_hold_a_lock(tmp_path):
    with locked(tmp_path / "lock", lambda: None):
        assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600


def test_one_at_a_time(tmp_path):
    order, waiting = [], threading.Event()

    def second():
        with locked(tmp_path / "lock", waiting.set):
            order.append("second")

    with locked(tmp_path / "lock", lambda: None):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(30)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_a_lock_that_cannot_be_made(tmp_path):
    with pytest.raises(OSError, match="absent"), locked(tmp_path / "absent/lock", lambda: None):
        pass


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        read_file(tmp_path / "pipe")


def test_a_device_never_ends_and_is_not_read():
    for read in (open_file, read_file, read_named):
        with pytest.raises(OSError, match=r"not a regular file|neither a file nor a pipe"):
            read(Path("/dev/zero"))


def test_what_is_read_has_a_bound(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    for read in (read_file, read_named):
        assert read(tmp_path / "a", 5) == b"12345"
        with pytest.raises(OSError, match="more than 4 bytes"):
            read(tmp_path / "a", 4)
        with pytest.raises(IsADirectoryError):
            read(tmp_path)


def test_what_a_user_names_may_be_a_pipe():
    read, write = os.pipe()
    with open(read, "rb"), open(write, "wb") as file:  # noqa: PTH123 - descriptors
        file.write(b"secret")
        file.close()
        assert read_named(Path(f"/dev/fd/{read}")) == b"secret"


@pytest.mark.parametrize("links", [True, False])
def test_a_new_file_is_whole_private_and_never_another(tmp_path, monkeypatch, links):
    if not links:

        def refused(*_):
            raise PermissionError(1, "no hard links here")

        monkeypatch.setattr(os, "link", refused)
    path = tmp_path / "new"
    write_new(path, b"content", mode=0o600)
    assert path.read_bytes() == b"content"
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        write_new(path, b"other")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "dangling", b"other")
    assert path.read_bytes() == b"content"
    assert sorted(item.name for item in tmp_path.iterdir()) == ["dangling", "new"]
