from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hatch_os402.cache import cache_errors, cache_folder, usable_cache
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
