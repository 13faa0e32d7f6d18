from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from support.buildproject import REPOSITORY, build, interpreters, make_environment

if TYPE_CHECKING:
    from hatch_os402.runtime.interpreters import Interpreter

# Programs that are built and run under the sandbox, one of them with tests of its own.
collect_ignore_glob = ["packages/showcase/*"]


@pytest.fixture(scope="session")
def hosts(own_cache, python312: Interpreter) -> dict[str, str]:
    """Minor version → Python of a virtual environment with the plugin, for every CPython of this machine.

    The worker that needs them first makes them for all.
    """
    found = interpreters(python312.path)
    assert len(found) >= 2, f"these tests compare hosts, and only {found} was found: `hatch python install 3.11 3.13`"
    folder = own_cache.with_name("hosts")
    made = folder / "made"
    with FileLock(f"{folder}.lock"):
        if not made.exists():
            built = build(REPOSITORY, "-t", "wheel", dist=folder / "plugin")
            assert built.code == 0, built.err
            (wheel,) = (folder / "plugin").glob("*.whl")
            with ThreadPoolExecutor() as pool:
                list(pool.map(lambda item: make_environment(item[1], folder / item[0], wheel), found.items()))
            made.touch()
    return {minor: str(folder / minor / "bin" / "python") for minor in found}


@pytest.fixture
def find_links(tmp_path):
    """A folder for crafted wheels, which pip finds with `offline(shelf)`."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    return folder
