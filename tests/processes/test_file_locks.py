from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from hatch_os402.processes import locks
from hatch_os402.processes.locks import try_lock, wait_for_lock

HOLDS = """
import sys
from pathlib import Path
from hatch_os402.processes.locks import try_lock
print(try_lock(Path(sys.argv[1])) is not None, flush=True)
sys.stdin.read()
"""


@pytest.fixture(params=["flock", "library"])
def path(tmp_path, monkeypatch, request):
    """A file to lock, each way there is."""
    if request.param == "library":
        monkeypatch.setattr(locks, "fcntl", None)
    elif locks.fcntl is None:
        pytest.skip("the library is all there is here")
    (tmp_path / "lock").touch()
    return tmp_path / "lock"


def test_one_holds_it(path):
    unlock = try_lock(path)
    assert unlock is not None
    assert try_lock(path) is None
    unlock()
    unlock = try_lock(path)
    assert unlock is not None
    unlock()


def test_it_is_waited_for(path):
    unlock, order = try_lock(path), []

    def second():
        release = wait_for_lock(path)
        order.append("second")
        release()

    thread = threading.Thread(target=second, daemon=True)
    thread.start()
    order.append("first")
    unlock()
    thread.join(30)
    assert order == ["first", "second"]


@pytest.mark.skipif(locks.fcntl is None, reason="the library is all there is here")
def test_both_ways_know_of_each_other(tmp_path, monkeypatch):
    path = tmp_path / "lock"
    path.touch()
    flock = locks.fcntl
    unlock = try_lock(path)
    monkeypatch.setattr(locks, "fcntl", None)
    assert try_lock(path) is None
    unlock()
    unlock = try_lock(path)
    assert unlock is not None
    monkeypatch.setattr(locks, "fcntl", flock)
    assert try_lock(path) is None
    unlock()


def test_a_process_that_is_killed_holds_it_no_longer(tmp_path):
    path = tmp_path / "lock"
    path.touch()
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "True\n"
        assert try_lock(path) is None
        process.kill()
        process.wait()
    unlock = wait_for_lock(path)
    unlock()


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(OSError, match="absent"):
        try_lock(tmp_path / "absent")
