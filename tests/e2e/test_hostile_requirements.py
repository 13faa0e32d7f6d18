"""What a dependency or a project writes reaches pip as a requirement and as nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.buildproject import build, environment, write_project
from support.localindex import serving
from support.once import once_but
from support.wheelcraft import make_wheel

from hatch_os402.errors import Os402Error, ResolutionError
from hatch_os402.resolution import pip_job, pip_process
from hatch_os402.resolution.fetch import fetch
from hatch_os402.resolution.resolve import ResolveOptions, resolve
from hatch_os402.resolution.target import Target
from hatch_os402.wheels.reading import read_wheel

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "0xdeadbeef-the-builders-own"  # noqa: S105 - of nobody
PROGRAMS = ("git", "hg", "svn", "bzr", "brz")
OTHER_PIPS = [folder for folder in os.environ.get("OS402_TEST_PIPS", "").split(os.pathsep) if folder]
"""Folders, each with a package pip of another release, for who wants to try them."""


@pytest.fixture(params=["", *OTHER_PIPS], ids=lambda folder: os.path.basename(folder) or "installed")  # noqa: PTH119
def pip(request, monkeypatch):
    if request.param:
        monkeypatch.setattr(pip_job, "_folder_of_pip", lambda: request.param)


@pytest.fixture
def world(pip, tmp_path, monkeypatch):
    """Yield an index that records what it was asked for; secrets are in the environment and traps are on PATH."""
    for name in ("X402_KEY", "AWS_SECRET_ACCESS_KEY", "PIP_TIMEOUT", "HOME_OF_SECRETS"):
        monkeypatch.setenv(name, SECRET if name != "PIP_TIMEOUT" else "15")
    traps = tmp_path / "traps"
    traps.mkdir()
    for program in PROGRAMS:
        trap = traps / program
        trap.write_text(f"#!/bin/sh\necho {program} >> {traps}/started\nexit 1\n")
        trap.chmod(0o755)
    monkeypatch.setenv("PATH", f"{traps}{os.pathsep}{os.environ['PATH']}")
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with serving(folder) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        yield index
    assert not (traps / "started").exists(), (traps / "started").read_text()
    assert not [path for path in index.requests if SECRET in path]


def built(world, tmp_path: Path, requires):
    """Resolve and fetch the project's `requires`, as a build and `check` do."""
    project = read_wheel(make_wheel(tmp_path, "app", "1.0", {"app.py": ""}, requires=requires))
    workdir = tmp_path / "work"
    workdir.mkdir()
    found = resolve(
        project, extras=frozenset(), groups=(), workdir=workdir, resolve_options=ResolveOptions(("x86_64",))
    )
    return found, fetch(found.pins, cache=tmp_path / "cache", workdir=workdir, machine="x86_64")


@pytest.mark.parametrize("whose", ["a dependency's", pytest.param("the project's", marks=pytest.mark.once)])
def test_no_variable_is_expanded(world, tmp_path, whose):
    text = "${X402_KEY}/${AWS_SECRET_ACCESS_KEY}/$HOME_OF_SECRETS/${PIP_TIMEOUT}"
    make_wheel(world.folder, "evil", "1.0", {"evil.py": ""})
    evil = f"evil @ {world.url.replace('/simple/', '/anywhere/')}{text}/evil-1.0-py3-none-any.whl"
    if whose == "a dependency's":
        make_wheel(world.folder, "honest", "1.0", {"honest.py": ""}, requires=[evil])
    _, wheels = built(world, tmp_path, ["honest"] if whose == "a dependency's" else [evil])
    assert "evil" in {wheel.name for wheel in wheels}
    asked = [path for path in world.requests if "/anywhere/" in path]
    assert asked
    assert all("X402_KEY" in path and "HOME_OF_SECRETS" in path and "PIP_TIMEOUT" in path for path in asked), asked


@pytest.mark.once
@pytest.mark.parametrize("way", ["build", "check"])
def test_the_index_sees_nothing_of_the_builder(world, tmp_path, way):
    """The whole way, from a project's folder, as a user goes it."""
    make_wheel(world.folder, "evil", "1.0", {"evil.py": ""})
    address = f"{world.url.replace('/simple/', '/anywhere/')}${{X402_KEY}}/${{HOME}}/evil-1.0-py3-none-any.whl"
    make_wheel(world.folder, "honest", "1.0", {"honest.py": ""}, requires=[f"evil @ {address}"])
    root = write_project(tmp_path / "project", dependencies=["honest"])
    env = environment(pip=True)
    if way == "build":
        assert "evil" in build(root, env=env).succeeded().vendored
    else:
        command = [sys.executable, "-m", "hatch_os402.cli", "check", "--project", str(root)]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "evil" in done.stdout
    (asked,) = {path for path in world.requests if "/anywhere/" in path}
    assert "X402_KEY" in asked


@pytest.mark.parametrize("extras", [pytest.param("", marks=pytest.mark.once), "[one,two]"])
def test_a_file_of_this_machine_is_for_the_project_to_name(world, tmp_path, extras):
    local = make_wheel(tmp_path, "local", "1.0", {"local.py": ""})
    make_wheel(world.folder, "honest", "1.0", {"honest.py": ""}, requires=[f"local{extras} @ {local.as_uri()}"])
    (tmp_path / "one").mkdir()
    with pytest.raises(ResolutionError, match="only the project's own requirements may name"):
        built(world, tmp_path / "one", ["honest"])
    (tmp_path / "two").mkdir()
    _, wheels = built(world, tmp_path / "two", [f"local{extras} @ {local.as_uri()}"])
    assert [wheel.name for wheel in wheels] == ["local"]


ADDRESSES = {
    "git over https": "git+https://127.0.0.1:{port}/x.git",
    "git over ssh": "git+ssh://git@127.0.0.1/x.git",
    "git of a file": "git+file://localhost{folder}",
    "hg with an option": "hg+http://127.0.0.1:{port}/@--config=alias.update=!touch${{IFS}}{folder}/owned",
    "svn": "svn+http://127.0.0.1:{port}/svn/x",
    "bzr": "bzr+http://127.0.0.1:{port}/bzr/x",
    "git that claims to be a wheel": "git+http://127.0.0.1:{port}/evil-1.0-py3-none-any.whl",
    "in capitals": "GIT+HTTPS://127.0.0.1:{port}/x.git",
    "a wheel here, in capitals": "FILE://{folder}/evil-1.0-py3-none-any.whl",
    "unknown to pip": "fossil+http://127.0.0.1:{port}/x",
    "ftp": "ftp://127.0.0.1:{port}/evil-1.0-py3-none-any.whl",
    "a folder": "file://{folder}/sourceful",
    "an sdist here": "file://{folder}/evil-1.0.tar.gz",
    "an sdist there": "http://127.0.0.1:{port}/files/evil-1.0.tar.gz",
    "no archive at all": "http://127.0.0.1:{port}/files/evil",
    "a file of another machine": "file://example.invalid/share/evil-1.0-py3-none-any.whl",
}


# The check compares texts: each Python tries what starts a program, what runs code, and what is fetched; one tries all.
EVERYWHERE = {"hg with an option", "a folder", "an sdist there"}


@pytest.mark.parametrize("whose", ["a dependency's", pytest.param("the project's", marks=pytest.mark.once)])
@pytest.mark.parametrize(
    "address",
    [
        pytest.param(address, id=name, marks=() if name in EVERYWHERE else pytest.mark.once)
        for name, address in ADDRESSES.items()
    ],
)
def test_an_address_that_is_no_wheels_is_refused_before_it_is_asked(world, tmp_path, address, whose):
    sourceful = tmp_path / "sourceful"
    sourceful.mkdir()
    (sourceful / "setup.py").write_text(f"open({str(tmp_path / 'owned')!r}, 'w')\n")
    url = address.format(port=world.server_port, folder=tmp_path)
    evil = f"evil @ {url}"
    if whose == "a dependency's":
        make_wheel(world.folder, "honest", "1.0", {"honest.py": ""}, requires=[evil])
    with pytest.raises(ResolutionError) as caught:
        built(world, tmp_path, ["honest"] if whose == "a dependency's" else [evil])
    assert caught.value.message.startswith("evil @ ")
    assert ("required by honest" if whose == "a dependency's" else "required by app") in caught.value.message
    assert not [path for path in world.requests if "honest" not in path]
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("system", once_but(["git", "hg"], "hg"))
def test_a_link_of_an_index_starts_no_program(world, tmp_path, monkeypatch, system):
    page = tmp_path / "page.html"
    page.write_text(f'<a href="{system}+http://127.0.0.1:1/evil-1.0-py3-none-any.whl">evil-1.0-py3-none-any.whl</a>')
    monkeypatch.setenv("PIP_FIND_LINKS", str(page))
    with pytest.raises(ResolutionError, match="evil"):
        built(world, tmp_path, ["evil"])


# Each Python tries a space of ASCII, a separator of ASCII and one outside it, and a space that ends no line; one tries all.
INJECTIONS = ("\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u00a0", "\u2028", "\u2029")


@pytest.mark.parametrize("character", once_but(INJECTIONS, "\x0c", "\x1c", "\u2028", "\u00a0"), ids=ascii)
@pytest.mark.parametrize("whose", once_but(["a dependency's", "the project's"], "a dependency's"))
def test_what_ends_a_line_somewhere_is_refused(world, tmp_path, character, whose):
    """A requirement that pip's parser takes and another's does not, or that would be two lines of a file."""
    url = f"{world.url}{character}--index-url=http://127.0.0.1:1/{character}x-1.0-py3-none-any.whl"
    if whose == "a dependency's":
        make_wheel(world.folder, "honest", "1.0", {"honest.py": ""}, requires=[f"evil @ {url}"])
    with pytest.raises(Os402Error) as caught:
        built(world, tmp_path, ["honest"] if whose == "a dependency's" else [f"evil @ {url}"])
    # Before CPython 3.11 pip reads METADATA in another way, and finds the line itself invalid.
    assert "evil" in caught.value.message or "honest 1.0 has invalid metadata" in caught.value.message
    assert not [path for path in world.requests if "honest" not in path]


NONE = (
    "-r/etc/passwd",
    "x # y",
    "evil @ http://[::1/x.whl",
    "--pre",
    "./folder",
    "x\\",
    "evil @ http://127.0.0.1:1/a#--hash=sha256:0",
)


@pytest.mark.parametrize("text", once_but(NONE, "-r/etc/passwd"))
def test_options_comments_and_paths_are_no_requirements(world, tmp_path, text):
    """Of the project: a group or a requirement can hold any text that hatchling lets through."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(Os402Error):
        pip_process.run_pip(
            ["download", "--dest", str(tmp_path / "d")],
            Target("x86_64"),
            tmp_path,
            requirements=[(text, ())],
            doing="trying",
        )
    assert not world.requests
