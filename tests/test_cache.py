from __future__ import annotations

import functools
import json
import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.commandline import call
from support.documented import check_described

from hatch_os402 import cache as cache_module
from hatch_os402.cache import (
    PARTS,
    cache_errors,
    cache_folder,
    measure_cache,
    prune_cache,
    prune_sometimes,
    usable_cache,
    used,
)
from hatch_os402.errors import ArtifactError

posix = pytest.mark.skipif(os.name != "posix", reason="the conventions are those of the system")


@posix
@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"HATCH_OS402_CACHE_DIR": "/a/b"}, "/a/b"),
        ({"HATCH_OS402_CACHE_DIR": "/a/b", "XDG_CACHE_HOME": "/c"}, "/a/b"),
    ],
)
def test_chosen(environ, expected):
    assert cache_folder(environ) == Path(expected)


@pytest.mark.skipif(sys.platform != "linux", reason="XDG's folders are those of Linux")
@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"HOME": "/home/me", "XDG_CACHE_HOME": "/c"}, "/c/hatch-os402"),
        ({"HOME": "/home/me"}, "/home/me/.cache/hatch-os402"),
        ({"HOME": "/home/me", "XDG_CACHE_HOME": ""}, "/home/me/.cache/hatch-os402"),
    ],
)
def test_the_systems_convention(monkeypatch, variables, expected):
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cache_folder({}) == Path(expected)


HOMELESS = """
import json, os, pwd, sys

def nobody(_uid):
    raise KeyError

pwd.getpwuid = nobody  # as for a uid without an entry, which containers like to give
from hatch_os402.cache import cache_folder
from hatch_os402.errors import ArtifactError

try:
    print(json.dumps(str(cache_folder(os.environ))))
except ArtifactError as error:
    sys.exit(error.message)
"""


def homeless(folder, **variables):
    """Ask for the cache folder as a user without a home, whose temporary files are in `folder`."""
    environ = {name: value for name, value in os.environ.items() if name not in {"HOME", "XDG_CACHE_HOME"}}
    environ = {**environ, "TMPDIR": str(folder), **variables}
    environ.pop("HATCH_OS402_CACHE_DIR", None)
    return subprocess.run(
        [sys.executable, "-c", HOMELESS], env=environ, cwd=folder, capture_output=True, text=True, check=False
    )


@posix
class TestWithoutAHome:
    def test_it_is_a_private_folder_of_temporary_files(self, tmp_path):
        for _ in range(2):
            done = homeless(tmp_path)
            assert done.returncode == 0, done.stderr
            folder = Path(json.loads(done.stdout))
            assert folder == tmp_path / f"hatch-os402-{os.getuid()}"
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert [path.name for path in tmp_path.iterdir()] == [folder.name]

    @pytest.mark.parametrize("how", ["a link", "a file", "writable by others"])
    def test_what_others_could_have_made_is_refused(self, tmp_path, how):
        folder = tmp_path / f"hatch-os402-{os.getuid()}"
        if how == "a link":
            (tmp_path / "theirs").mkdir()
            folder.symlink_to(tmp_path / "theirs")
        elif how == "a file":
            folder.write_text("")
        else:
            folder.mkdir()
            folder.chmod(0o777)
        done = homeless(tmp_path)
        assert done.returncode == 1
        assert "HATCH_OS402_CACHE_DIR" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_usable_one_is_made(tmp_path):
    wanted = tmp_path / "deep" / "cache"
    assert usable_cache({"HATCH_OS402_CACHE_DIR": str(wanted)}, tmp_path / "instead") == wanted
    assert list(wanted.iterdir()) == []


def test_one_that_cannot_be_made_is_replaced(tmp_path):
    (tmp_path / "file").write_text("")
    instead = tmp_path / "instead"
    assert usable_cache({"HATCH_OS402_CACHE_DIR": str(tmp_path / "file" / "cache")}, instead) == instead
    assert instead.is_dir()


def test_what_fails_later_names_the_cache_and_what_to_do(tmp_path):
    with (
        pytest.raises(ArtifactError, match=r"cache cannot be used at .*gone.*\n.*HATCH_OS402_CACHE_DIR"),
        cache_errors(tmp_path),
    ):
        (tmp_path / "gone" / "x").write_text("")


def filled(folder, now):
    """Write ten wheels of 100 bytes, each used a minute before the next, the newest now; return them, oldest first."""
    wheels = []
    for number in range(10):
        path = folder / "wheels" / f"{number:02}" / "digest" / f"{number}.whl"
        path.parent.mkdir(parents=True)
        path.write_bytes(bytes(100))
        last = now - 60 * (9 - number)
        os.utime(path, (last, last))
        wheels.append(path)
    (folder / "runtime").mkdir()
    (folder / "runtime" / "python").write_bytes(bytes(5000))
    (folder / "locks").mkdir()
    (folder / "locks" / "lock").touch()
    return wheels


def test_what_was_not_used_for_longest_is_pruned_first(tmp_path):
    wheels = filled(tmp_path, time.time())
    used(wheels[0])
    assert prune_cache(tmp_path, 300, grace=0) == (7, 700)
    assert [path.name for path in wheels if path.exists()] == ["0.whl", "8.whl", "9.whl"]
    assert not (tmp_path / "wheels" / "01").exists()
    assert (tmp_path / "runtime" / "python").exists()
    assert (tmp_path / "locks" / "lock").exists()
    assert prune_cache(tmp_path, 300, grace=0) == (0, 0)


def test_what_a_build_may_be_reading_stays(tmp_path):
    wheels = filled(tmp_path, time.time())
    assert prune_cache(tmp_path, 0, grace=270) == (5, 500)
    assert all(path.exists() for path in wheels[5:])
    assert prune_cache(tmp_path, 0) == (0, 0)


def test_the_cache_is_bounded_without_being_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(cache_module, "LIMIT", 200)
    monkeypatch.setattr(cache_module, "prune_cache", functools.partial(prune_cache, limit=200, grace=0))
    wheels = filled(tmp_path, time.time())
    prune_sometimes(tmp_path)
    assert [path.exists() for path in wheels] == [False] * 8 + [True] * 2
    filled(tmp_path / "again", time.time())
    shutil.copytree(tmp_path / "again" / "wheels", tmp_path / "wheels", dirs_exist_ok=True)
    prune_sometimes(tmp_path)  # once a day
    assert all(path.exists() for path in wheels)
    day_ago = time.time() - 86_401
    os.utime(tmp_path / "pruned", (day_ago, day_ago))
    prune_sometimes(tmp_path)
    assert sum(path.exists() for path in wheels) == 2


def test_what_is_in_the_cache(tmp_path):
    filled(tmp_path, time.time())
    found = {part.name: (part.files, part.size) for part in measure_cache(tmp_path)}
    assert found == {**dict.fromkeys(PARTS, (0, 0)), "wheels": (10, 1000), "runtime": (1, 5000)}


def test_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HATCH_OS402_CACHE_DIR", str(tmp_path))
    filled(tmp_path, time.time() - 7200)
    code, out, _ = call(capsys, "cache", "info", "--json")
    assert (code, json.loads(out)["parts"]["wheels"]) == (0, {"files": 10, "size": 1000})
    check_described("cache info", json.loads(out))
    assert "10 files  wheels, each under its SHA256" in call(capsys, "cache", "info")[1]
    assert call(capsys, "cache", "prune", "--size", "0.5kB")[1] == "removed 5 files, 500 B\n"
    path = tmp_path / "wheels" / "used"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"0" * 10_000)
    said = call(capsys, "cache", "prune", "--size", "0.5kB")[1]
    assert said.startswith("removed 5 files, 500 B\n10.")
    assert said.endswith(" kB are left, which were used in the last hour; --all removes them as well\n")
    assert call(capsys, "cache", "prune", "--size", "much")[0] == 2
    assert call(capsys, "cache", "prune", "--size", "9" * 400)[0] == 2
    filled(tmp_path / "again", time.time())
    shutil.copytree(tmp_path / "again" / "wheels", tmp_path / "wheels", dirs_exist_ok=True)
    assert call(capsys, "cache", "prune", "--all")[1].startswith("removed ")
    assert list((tmp_path / "wheels").iterdir()) == []
    assert (tmp_path / "runtime" / "python").exists()
