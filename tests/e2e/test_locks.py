"""Locks of real tools for one project, and the lock of hatch-os402 read by real tools: pip, uv, pdm, pip-compile."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from support.buildproject import build, environment, write_project
from support.commandline import call

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.once, pytest.mark.network]

DEPENDENCIES = ["jinja2>=3.1", "click", "tzdata; sys_platform == 'win32'"]
IDENTITY = 'name = "sample"\nversion = "0.1.0"\nrequires-python = ">=3.10"\n'
PYTHON = ["--python-version", "3.12", "--python-platform", "linux"]
LOCKS = {
    "pylock.uv.toml": [["uv", "export", "-q", "--format", "pylock.toml", "-o", "pylock.uv.toml"]],
    "requirements-export.txt": [["uv", "export", "-q", "-o", "requirements-export.txt"]],
    "requirements-uv.txt": [
        ["uv", "pip", "compile", "-q", "--generate-hashes", *PYTHON, "-o", "requirements-uv.txt", "pyproject.toml"]
    ],
    "pylock.pip.toml": [["pip", "lock", "-q", "-o", "pylock.pip.toml", "."]],
    "requirements.txt": [["pip-compile", "-q", "--generate-hashes", "-o", "requirements.txt", "pyproject.toml"]],
    "pylock.pdm.toml": [["pdm", "lock", "-q"], ["pdm", "export", "-q", "-f", "pylock", "-o", "pylock.pdm.toml"]],
}
"""Name of the lock → the commands that write it."""


@pytest.fixture(scope="module")
def tools(tmp_path_factory, python312) -> Path:
    """The folder of the programs of a CPython 3.12 with the newest of each tool."""
    folder = tmp_path_factory.mktemp("tools")
    env = environment(pip=True)
    subprocess.run(["uv", "venv", "-q", "-p", str(python312.path), folder / "venv"], env=env, check=True)
    wanted = ["pip>=26.1", "pip-tools", "pdm[locked]", "hatchling"]
    python = folder / "venv" / "bin" / "python"
    subprocess.run(["uv", "pip", "install", "-q", "--python", python, *wanted], env=env, check=True)
    return python.parent


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    return write_project(tmp_path_factory.mktemp("locks") / "project", dependencies=DEPENDENCIES, identity=IDENTITY)


def run(tools: Path, folder: Path, *command: str) -> str:
    env = environment(pip=True, PATH=f"{tools}{os.pathsep}{os.environ['PATH']}", PDM_CHECK_UPDATE="0")
    made = subprocess.run(command, cwd=folder, env=env, check=False, capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
    return made.stdout + made.stderr


@pytest.fixture(scope="module")
def own(project, tmp_path_factory):
    """What is built from the project's own lock, which is there from now on."""
    made = tmp_path_factory.mktemp("own")
    env = environment(pip=True, HATCH_OS402_CACHE_DIR=str(made / "cache"))
    subprocess.run(["hatch-os402", "lock", "--project", project, "--fetch", project / "wheels"], env=env, check=True)
    return build(project, env=environment(PIP_NO_INDEX="1"), dist=made / "dist").succeeded()


@pytest.mark.parametrize("name", LOCKS)
def test_every_lock_gives_the_same_archive(tools, project, own, tmp_path, name):
    folder = write_project(
        tmp_path / "project",
        dependencies=DEPENDENCIES,
        identity=IDENTITY,
        options=f'bytecode = false\nlock = "{name}"\n',
    )
    for command in LOCKS[name]:
        run(tools, folder, *command)
    made = build(folder, env=environment(pip=True)).succeeded()
    assert f"{name} has 3 distributions" in made.err
    assert made.record["distributions"] == own.record["distributions"]
    assert made[".pyz"] == own[".pyz"]


def test_pip_and_uv_install_from_it(tools, project, own, tmp_path):
    """From the wheelhouse without an index, and by its addresses."""
    assert own.vendored.keys() == {"click", "jinja2", "markupsafe"}
    lock = str(project / "pylock.os402.toml")
    run(tools, tmp_path, "pip", "install", "-q", "--no-index", "-r", lock, "--target", str(tmp_path / "by-pip"))
    run(
        tools,
        tmp_path,
        "uv",
        "pip",
        "install",
        "--offline",
        "-r",
        lock,
        "--python-version",
        "3.12",
        "--target",
        "by-uv",
    )
    for folder in ("by-pip", "by-uv"):
        assert {path.name for path in (tmp_path / folder).glob("*.dist-info")} == {
            f"{name}-{version}.dist-info" for name, version in own.vendored.items()
        }


def test_addresses_are_enough_for_pip_and_uv(tools, project, own, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = write_project(tmp_path / "project", dependencies=DEPENDENCIES, identity=IDENTITY)
    code, _, err = call(capsys, "lock", "--project", folder, "--urls")
    assert code == 0, err
    lock = str(folder / "pylock.os402.toml")
    assert "Would install" in run(tools, tmp_path, "pip", "install", "--dry-run", "--ignore-installed", "-r", lock)
    run(tools, tmp_path, "uv", "pip", "install", "-r", lock, "--python-version", "3.12", "--target", "by-uv")
    assert (tmp_path / "by-uv" / "jinja2" / "__init__.py").is_file()


def test_what_is_for_another_python_is_refused_by_pip(tools, project, own, tmp_path):
    made = subprocess.run(
        ["uv", "pip", "install", "-r", project / "pylock.os402.toml", "--python-version", "3.13", "--target", "x"],
        cwd=tmp_path,
        env=environment(pip=True),
        check=False,
        capture_output=True,
        text=True,
    )
    assert made.returncode != 0
    assert "not supported by the lock" in made.stderr
