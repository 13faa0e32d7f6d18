from __future__ import annotations

import hashlib
import shutil
import sys

import pytest
from support.elfcraft import static_elf

from hatch_os402.errors import SandboxError
from hatch_os402.runtime import discovery
from hatch_os402.runtime.configured import ConfiguredRuntime
from hatch_os402.runtime.discovery import discover

COSMO = static_elf(b"cosmo")
SHA256 = hashlib.sha256(COSMO).hexdigest()


@pytest.fixture
def find(tmp_path, monkeypatch, python312):
    """Discover what runs `SHA256`, the pinned one; every file of `runs` answers as a CPython 3.12.3 does."""
    runs, asked = set(), []
    monkeypatch.setattr(discovery.pins, "ASSIMILATED_SHA256", {"x86_64": SHA256})

    def ask(path):
        asked.append(str(path))
        return python312.__class__(str(path), "3.12.3", "") if str(path) in runs else None

    monkeypatch.setattr(discovery, "ask", ask)
    monkeypatch.setattr(discovery, "find_compiler", lambda *_: python312)

    def find(wanted=SHA256, **options):
        return discover(wanted, cache=tmp_path / "cache", environ={}, **options)

    find.runs, find.asked = runs, asked
    return find


def executable(path, content=COSMO):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o755)
    return path


def test_a_cpython_3_12_stands_in(find, python312):
    found = find()
    assert (found.path, found.warning, found.exact) == (python312.path, "", False)
    assert found.words == f"CPython {python312.version}, in place of cosmo-python"
    assert find(None).path == python312.path


def test_what_is_fetched_comes_before_a_stand_in_and_what_is_configured_before_that(find, tmp_path):
    fetched = executable(tmp_path / "cache/runtime" / SHA256 / "python")
    find.runs.add(str(fetched))
    assert (find().path, find().exact) == (str(fetched), True)
    own = executable(tmp_path / "own")
    find.runs.add(str(own))
    mine = ConfiguredRuntime("x86_64", SHA256, path=own)
    other = ConfiguredRuntime("x86_64", "00" * 32, path=executable(tmp_path / "other", b"else"))
    assert find(configured=(other, mine)).path == str(own)
    # A damaged file is none.
    fetched.write_bytes(b"else")
    assert not find().exact


def test_what_does_not_run_here_is_said(find, tmp_path, python312):
    fetched = executable(tmp_path / "cache/runtime" / SHA256 / "python")
    found = find()
    assert found.path == python312.path
    assert found.warning == f"{fetched} is what the offer runs, and does not run on this machine."


def test_what_is_not_pinned_is_never_asked(find, tmp_path, python312):
    """It is run in the sandbox alone, and only if it is what os402 can run: nobody vouches for it."""
    for content, exact in ((static_elf(b"another"), True), (b"#!/bin/sh\nexit 0\n", False)):
        sha256 = hashlib.sha256(content).hexdigest()
        path = executable(tmp_path / sha256, content)
        found = find(sha256, configured=(ConfiguredRuntime("x86_64", sha256, path=path),))
        assert (found.exact, found.named) == (exact, not exact)
        assert found.path == (str(path) if exact else python312.path)
        assert ("is not a static ELF executable" in found.warning) == (not exact)
    assert find.asked == []


def test_the_word_of_the_user_counts_first(find, tmp_path, python312):
    fetched = executable(tmp_path / "cache/runtime" / SHA256 / "python")
    find.runs.add(str(fetched))
    named = executable(tmp_path / "named", b"else")
    found = find(named=named)
    assert (found.path, found.exact) == (str(named), False)
    assert "neither what the offer runs nor a CPython 3.12" in found.warning
    find.runs.add(str(named))
    assert find(named=named).warning == ""
    assert find(named=executable(tmp_path / "same")).exact
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(SandboxError, match="is not an executable file of this machine"):
            find(named=path)


def test_nothing_stands_in_for_what_is_no_python(find, tmp_path):
    with pytest.raises(SandboxError, match="something else than Python"):
        find(python=False)
    executable(tmp_path / "cache/runtime" / SHA256 / "python")  # it answers nothing as a Python would
    assert find(python=False).exact


def test_without_any_3_12_the_running_python_is_taken_with_a_warning(find, monkeypatch):
    monkeypatch.setattr(discovery, "find_compiler", lambda *_: None)
    found = find()
    assert found.path == sys.executable
    assert "There is no CPython 3.12 on this machine" in found.warning
    assert "bytecode" in found.warning


def test_a_real_interpreter_is_asked(tmp_path, python312):
    """`ask` as it is: a link to a real 3.12, by its hash."""
    link = tmp_path / "python"
    shutil.copy(python312.path, link)
    sha256 = hashlib.sha256(link.read_bytes()).hexdigest()
    found = discover(sha256, named=link, cache=tmp_path, environ={})
    assert found.exact
