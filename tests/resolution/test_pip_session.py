"""pip is started once: it waits between resolving and fetching, and what it fetches is compared here."""

from __future__ import annotations

import importlib
import os
import subprocess
from pathlib import Path

import pytest
from support.localindex import metadata_of, serving
from support.wheelcraft import make_wheel

from hatch_os402.errors import MarkerError, Os402Error
from hatch_os402.processes import dialogue
from hatch_os402.resolution.fetch import fetch
from hatch_os402.resolution.pip_process import Host
from hatch_os402.resolution.pip_session import PipSession
from hatch_os402.resolution.resolve import ResolveOptions, resolve
from hatch_os402.resolution.shim import _pip_shim
from hatch_os402.wheels.reading import read_wheel

pytestmark = pytest.mark.once


@pytest.fixture
def index(tmp_path, monkeypatch):
    folder = tmp_path / "index"
    folder.mkdir()
    make_wheel(folder, "a", "1.0", {"a.py": ""}, requires=["b"])
    make_wheel(folder, "b", "1.0", {"b.py": ""})
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with serving(folder, metadata=True) as served:
        monkeypatch.setenv("PIP_INDEX_URL", served.url)
        yield served


def resolved(tmp_path, session):
    project = read_wheel(make_wheel(tmp_path, "app", "1.0", {"app.py": ""}, requires=["a"]))
    options = ResolveOptions(("x86_64",), session=session)
    return resolve(project, extras=frozenset(), groups=(), workdir=tmp_path, resolve_options=options)


def fetched(found, tmp_path, session):
    return fetch(found.pins, cache=tmp_path / "cache", workdir=tmp_path, machine="x86_64", session=session)


def test_metadata_is_enough_until_the_result_was_checked(index, tmp_path, monkeypatch):
    started = []
    popen = subprocess.Popen
    monkeypatch.setattr(dialogue.subprocess, "Popen", lambda *a, **k: started.append(a) or popen(*a, **k))
    with PipSession() as session:
        found = resolved(tmp_path, session)
        assert not [path for path in index.requests if path.endswith(".whl")]
        assert len([path for path in index.requests if path.endswith(".metadata")]) == 2
        wheels = fetched(found, tmp_path, session)
    assert [wheel.name for wheel in wheels] == ["a", "b"]
    assert len([path for path in index.requests if path.endswith(".whl")]) == 2
    assert len(started) == 1


def test_what_pip_read_is_stated_wherever_one_stands(index, tmp_path, monkeypatch):
    """A relative folder of wheels is below pip's current folder, which is the project's."""
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    for folder in (project / "shelf", elsewhere):
        folder.mkdir(parents=True)
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("PIP_FIND_LINKS", "shelf")
    monkeypatch.setenv("XDG_CONFIG_HOME", "settings")
    wheel = read_wheel(make_wheel(tmp_path, "app", "1.0", {"app.py": ""}, requires=["a"]))
    options = ResolveOptions(("x86_64",), host=Host(project))
    found = resolve(wheel, extras=frozenset(), groups=(), workdir=tmp_path, resolve_options=options)
    assert found.sources.folders == {str(project / "shelf")}
    assert found.sources.settings
    assert all(map(os.path.isabs, found.sources.settings))


@pytest.mark.parametrize(
    ("requirement", "why"),
    [('b; os_name ~= "x"', "Undefined"), ('b>=1; "x" in extras', "there is no 'extras' outside of a lock")],
)
def test_a_marker_of_a_dependency_that_nothing_decides_is_named(index, tmp_path, requirement, why):
    make_wheel(index.folder, "a", "1.1", {"a.py": ""}, requires=[requirement])
    with pytest.raises(MarkerError) as caught, PipSession() as session:
        resolved(tmp_path, session)
    assert f"the marker of {requirement!r} cannot be decided: {why}" in caught.value.message


def test_metadata_that_is_not_the_wheels_ends_it(index, tmp_path):
    index.described = lambda path: metadata_of(path).replace(b"Requires-Dist: b\n", b"")
    with PipSession() as session:
        found = resolved(tmp_path, session)
        assert [pin.name for pin in found.pins] == ["a"]
        with pytest.raises(Os402Error, match=r"(?i)metadata"):
            fetched(found, tmp_path, session)


def test_a_file_that_is_not_the_promised_one_ends_it(index, tmp_path):
    index.digest = lambda _: "0" * 64
    with PipSession() as session:
        found = resolved(tmp_path, session)
        with pytest.raises(Os402Error, match=r"is not the one that was promised"):
            fetched(found, tmp_path, session)
    assert not (tmp_path / "cache").exists()


def test_pip_that_is_not_asked_to_fetch_ends_with_the_session(index, tmp_path):
    with PipSession() as session:
        resolved(tmp_path, session)
        process = session._waiting.dialogue._process
        assert process.poll() is None
    assert process.returncode is not None


NOW = "Thu, 01 Jan 2026 00:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"cache-control": "max-age=600", "date": NOW}, 600),
        ({"cache-control": "public, MAX-AGE=600", "date": NOW, "age": " 100 "}, 500),
        ({"cache-control": "max-age=600, no-cache", "date": NOW}, None),
        ({"cache-control": "max-age=600"}, None),
        ({"cache-control": f"max-age={'9' * 5000}", "date": NOW}, None),
        ({"cache-control": "max-age=1234567890", "date": NOW}, None),
        ({"cache-control": "max-age=\u0663", "date": NOW}, None),
        ({"cache-control": "max-age=600", "date": NOW, "age": "9" * 5000}, None),
        ({"cache-control": "max-age=600", "date": NOW, "age": "-5"}, None),
        ({"cache-control": "max-age=600", "date": "Thu, 01 Jan 99999 00:00:00 GMT"}, None),
        ({}, None),
    ],
    ids=lambda value: str(value)[:60],
)
def test_how_long_a_page_may_be_kept(monkeypatch, headers, seconds):
    """What no header says (RFC 9111, 1.2.2 and 5.1) is not guessed; pip must not end in a traceback for it."""
    monkeypatch.syspath_prepend(Path(_pip_shim.__file__).parent)
    expected = 0 if seconds is None else 1_767_225_600 + seconds
    assert importlib.import_module("_pip_stop")._fresh_until(headers) == expected
