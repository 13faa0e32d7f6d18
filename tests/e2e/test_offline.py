"""Builds from a lock where there is no network: in a network namespace without interfaces."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.buildproject import build, environment, write_project
from support.commandline import call
from support.datedindex import Upload, serving_uploads
from support.nonetwork import WITHOUT_NETWORK
from support.wheelcraft import make_wheel

from hatch_os402.cache import prune_cache
from hatch_os402.files import file_sha256
from hatch_os402.sandbox import namespaces

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(sys.platform != "linux" or not namespaces.possible(), reason="needs a user namespace"),
]

INDEX = {"PIP_INDEX_URL": "https://192.0.2.1/simple/", "PIP_RETRIES": "0", "PIP_DEFAULT_TIMEOUT": "5"}
"""An index that nobody can reach (RFC 5737), so that whoever asks it fails."""


@pytest.fixture(scope="module")
def locked(tmp_path_factory):
    """A locked project, a folder with its wheels, and the cache of one build."""
    folder = tmp_path_factory.mktemp("offline")
    (folder / "shelf").mkdir()
    wheels = [
        make_wheel(folder / "shelf", "a", "1.0", {"a.py": "x = 1"}, requires=["b"]),
        make_wheel(folder / "shelf", "b", "1.0", {"b.py": "x = 1"}),
    ]
    project = write_project(folder / "project", dependencies=["a"])
    with serving_uploads([Upload(path) for path in wheels]) as index:
        env = environment(**index.settings, HATCH_OS402_CACHE_DIR=str(folder / "cache"))
        command = [
            sys.executable,
            "-m",
            "hatch_os402.cli",
            "lock",
            "--project",
            project,
            "--fetch",
            folder / "wheelhouse",
        ]
        subprocess.run(command, env=env, check=True)
        made = build(project, env=env, dist=folder / "dist").succeeded()
    return folder, made


def test_there_is_no_network():
    code = (
        "import socket; print([name for _, name in socket.if_nameindex()]); socket.create_connection(('127.0.0.1', 1))"
    )
    made = subprocess.run([*WITHOUT_NETWORK, sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert made.stdout == "['lo']\n", made.stderr
    assert "Network is unreachable" in made.stderr
    assert len(socket.if_nameindex()) > 1


def test_lock_and_cache_are_enough(locked, tmp_path):
    folder, before = locked
    env = environment(**INDEX, HATCH_OS402_CACHE_DIR=str(folder / "cache"))
    made = build(folder / "project", env=env, dist=tmp_path / "dist", wrapper=WITHOUT_NETWORK).succeeded()
    assert made.ours == before.ours
    assert "nothing was resolved" in made.err


@pytest.mark.parametrize("how", ["{}", "file://{}", "/nowhere {}"])
def test_lock_and_find_links_are_enough(locked, tmp_path, how):
    folder, before = locked
    env = environment(
        **INDEX, PIP_FIND_LINKS=how.format(folder / "wheelhouse"), HATCH_OS402_CACHE_DIR=str(tmp_path / "c")
    )
    made = build(folder / "project", env=env, dist=tmp_path / "dist", wrapper=WITHOUT_NETWORK).succeeded()
    assert made.ours == before.ours


def test_another_file_in_find_links_is_passed_over(locked, tmp_path):
    """It is never taken, and what is locked is not to be had."""
    folder, _ = locked
    (tmp_path / "wheels").mkdir()
    make_wheel(tmp_path / "wheels", "a", "1.0", {"a.py": "x = 'another'"}, requires=["b"])
    shutil.copy(folder / "wheelhouse" / "b-1.0-py3-none-any.whl", tmp_path / "wheels")
    env = environment(
        PIP_NO_INDEX="1", PIP_FIND_LINKS=str(tmp_path / "wheels"), HATCH_OS402_CACHE_DIR=str(tmp_path / "c")
    )
    refused = build(folder / "project", env=env, dist=tmp_path / "dist", wrapper=WITHOUT_NETWORK).refused()
    assert "is not the one that was promised" in refused


def test_without_a_cache_it_is_said_what_could_not_be_reached(locked, tmp_path):
    folder, _ = locked
    env = environment(**INDEX, HATCH_OS402_CACHE_DIR=str(tmp_path / "c"))
    refused = build(folder / "project", env=env, dist=tmp_path / "dist", wrapper=WITHOUT_NETWORK).refused()
    assert "the package index could not be reached while fetching the wheels" in refused


def test_the_lock_is_checked_without_a_network(locked, capsys, monkeypatch):
    folder, _ = locked
    for name, value in INDEX.items():
        monkeypatch.setenv(name, value)
    command = [
        *WITHOUT_NETWORK,
        sys.executable,
        "-m",
        "hatch_os402.cli",
        "lock",
        "--project",
        folder / "project",
        "--check",
    ]
    assert subprocess.run(command, check=False).returncode == 0
    assert call(capsys, "lock", "--project", folder / "project", "--check")[0] == 0


def test_parallel_builds_share_one_cache(locked, tmp_path):
    """From empty, while it is pruned: each build has what it needs, and all have the same."""
    folder, before = locked
    cache = tmp_path / "cache"
    env = environment(PIP_NO_INDEX="1", PIP_FIND_LINKS=str(folder / "wheelhouse"), HATCH_OS402_CACHE_DIR=str(cache))
    with ThreadPoolExecutor(4) as pool:
        builds = [pool.submit(build, folder / "project", env=env, dist=tmp_path / str(number)) for number in range(4)]
        while not all(one.done() for one in builds):
            prune_cache(cache, 0)
            time.sleep(0.05)
        assert all(one.result().succeeded().ours == before.ours for one in builds)
    held = {path.name: path.parent.name for path in cache.glob("wheels/*/*/*")}
    assert held.keys() == {"a-1.0-py3-none-any.whl", "b-1.0-py3-none-any.whl"}
    assert all(file_sha256(cache / "wheels" / digest[:2] / digest / name) == digest for name, digest in held.items())
