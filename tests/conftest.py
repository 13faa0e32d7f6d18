from __future__ import annotations

import functools
import os
import signal
import ssl
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from support.samplecraft import build_sample

from hatch_os402.runtime.interpreters import Interpreter, find_compiler

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.buildproject import Build

# How long an example takes is a matter of the machine and its load.
settings.register_profile("tests", deadline=None)
settings.register_profile("again", deadline=None, max_examples=25)
settings.load_profile("tests")

for name, handler in (("SIGHUP", signal.SIG_DFL), ("SIGINT", signal.default_int_handler)):
    # Under nohup, or behind `&` of a shell: what tests start would ignore it as well, and be right to.
    if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is signal.SIG_IGN:
        signal.signal(getattr(signal, name), handler)

# Every client of httpx reads the certificates of the host, for plain HTTP as well, and takes longer than its requests.
ssl.create_default_context = functools.cache(ssl.create_default_context)

REPOSITORY = Path(__file__).parent.parent


def pytest_configure(config) -> None:
    """Try less at random where another Python tries all of it."""
    settings.load_profile("again" if config.option.markexpr == "not once" else "tests")


@pytest.fixture(scope="session")
def python312() -> Interpreter:
    """The CPython 3.12 that compiles, and stands in for cosmo-python. Without one the tests fail rather than skip."""
    found = find_compiler(None, os.environ)
    assert found is not None, "these tests need a CPython 3.12: `hatch python install 3.12`"
    # Not that of a virtual environment: in the sandbox it could not look for its configuration.
    return replace(found, path=os.path.realpath(found.path))


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory, worker_id) -> Iterator[Path]:
    """Keep the cache of the user's builds out of the tests, and the tests out of it.

    What one worker has read of a release is known to all: the largest projects of the tests share most of theirs.
    """
    ours = tmp_path_factory.getbasetemp()
    cache = (ours if worker_id == "master" else ours.parent) / "os402-cache"
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("HATCH_OS402_CACHE_DIR", str(cache))
        yield cache


@pytest.fixture(scope="session")
def sample_build(tmp_path_factory, own_cache) -> Build:
    """What `samplecraft` builds. Nobody may change its files."""
    return build_sample(tmp_path_factory.mktemp("sample"), own_cache)


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch):
    """Keep the width and the colours that the user, or pytest-xdist, asks for out of what is compared."""
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
