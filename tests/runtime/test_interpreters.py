from __future__ import annotations

import os
import sys

import pytest

from hatch_os402.runtime import interpreters
from hatch_os402.runtime.interpreters import ask, find_compiler

NOWHERE = {"PATH": "", "HOME": "/nonexistent", "USERPROFILE": "/nonexistent", "LOCALAPPDATA": "/nonexistent"}


@pytest.fixture(autouse=True)
def not_the_running_one(monkeypatch):
    monkeypatch.setattr(interpreters.sys, "executable", "")


def launcher(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    "text",
    [
        "echo 'pyenv: python3.12: command not found' >&2; exit 127",
        "exit 0",
        "echo nonsense",
        'echo \'["cpython", 3, 13, "final", "f30d0d0a", "3.13.0", "x"]\'',
        'echo \'["pypy", 3, 12, "final", "cb0d0d0a", "3.12.0", "x"]\'',
        'echo \'["cpython", 3, 12, "candidate", "cb0d0d0a", "3.12.0", "x"]\'',
    ],
    ids=["failing shim", "silent", "chatty", "3.13", "pypy", "candidate"],
)
def test_what_does_not_answer_as_a_312_is_passed_over(tmp_path, text):
    assert ask(launcher(tmp_path / "python3.12", text)) is None


def test_a_name_that_is_not_there(tmp_path):
    assert ask(tmp_path / "gone") is None


def test_a_hanging_one_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(interpreters, "_TIMEOUT", 0.2)
    assert ask(launcher(tmp_path / "python3.12", "exec sleep 60")) is None


@pytest.mark.parametrize(
    "place",
    [
        ".pyenv/versions/3.12.4/bin/python3.12",
        ".local/share/hatch/pythons/3.12/python/bin/python3.12",
        ".local/share/uv/python/cpython-3.12.4-linux-x86_64-gnu/bin/python3.12",
        ".asdf/installs/python/3.12.4/bin/python3.12",
        ".local/share/mise/installs/python/3.12.4/bin/python3.12",
        "bin/python3.12",
        "bin/python3",
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="the folders are those of Linux")
def test_found_behind_a_broken_shim(tmp_path, python312, place):
    launcher(tmp_path / "shims/python3.12", "exit 127")
    expected = launcher(tmp_path / place, f'exec "{python312.path}" "$@"')
    environ = {"PATH": os.pathsep.join([str(tmp_path / "shims"), str(tmp_path / "bin")]), "HOME": str(tmp_path)}
    found = find_compiler(None, environ)
    assert found is not None
    assert (found.path, found.version, found.build) == (str(expected), python312.version, python312.build)


def test_the_runtime_of_the_project_comes_before_path(tmp_path, python312):
    runtime = launcher(tmp_path / "cosmo-python", f'exec "{python312.path}" "$@"')
    launcher(tmp_path / "bin/python3.12", f'exec "{python312.path}" "$@"')
    found = find_compiler(runtime, NOWHERE | {"PATH": str(tmp_path / "bin")})
    assert found is not None
    assert found.path == str(runtime)


def test_none_anywhere():
    assert find_compiler(None, NOWHERE) is None


@pytest.mark.skipif(sys.platform != "linux", reason="the folders are those of Linux")
def test_a_shim_is_asked_last(tmp_path, python312):
    launcher(tmp_path / "shims/python3.12", f'echo asked >> {tmp_path}/asked; exec "{python312.path}" "$@"')
    known = launcher(tmp_path / ".pyenv/versions/3.12.4/bin/python3.12", f'exec "{python312.path}" "$@"')
    found = find_compiler(None, {"PATH": str(tmp_path / "shims"), "HOME": str(tmp_path)})
    assert found is not None
    assert found.path == str(known)
    assert not (tmp_path / "asked").exists()


def test_what_is_asked_finds_an_empty_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("X402_KEY", "11" * 32)
    assert ask(launcher(tmp_path / "python3.12", f'env > "{tmp_path}/asked"; exit 1')) is None
    asked = (tmp_path / "asked").read_text()
    # What sh itself sets.
    assert {line.partition("=")[0] for line in asked.splitlines()} <= {"PWD", "OLDPWD", "SHLVL", "_"}
