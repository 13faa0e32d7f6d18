"""Requires-Python is decided on the target's version, whatever Python builds, and with whatever pip."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from support.buildproject import build, environment, offline, write_project
from support.wheelcraft import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.once

RELEASES = {
    # release → Requires-Python; the newest that CPython 3.12.3 may use is 4
    "1": ">=3.8",
    "2": ">=3.12",
    "3": ">=3.12.3",
    "4": ">=3.12,<3.13",
    "5": ">=3.12.4",
    "6": ">=3.13",
    "7": "<3.12",
}
EXPECTED = {"chosen": "4", "for-twelve": "1", "lower": "1"}


def project(find_links: Path, folder: Path) -> Path:
    for version, requires in RELEASES.items():
        make_wheel(find_links, "chosen", version, {"chosen.py": ""}, requires_python=requires)
    requires = ["lower; python_version == '3.12'"]
    make_wheel(find_links, "for-twelve", "1", {"for_twelve.py": ""}, requires_python="==3.12.*", requires=requires)
    make_wheel(find_links, "lower", "1", {"lower.py": ""})
    return write_project(folder, dependencies=["chosen", "for-twelve"], project='requires-python = ">=3.12,<3.13"\n')


def test_every_host_takes_what_the_target_can_use(hosts, find_links, tmp_path):
    root = project(find_links, tmp_path / "sample")
    found = {
        minor: build(root, python=python, env=environment(**offline(find_links)), dist=tmp_path / minor)
        for minor, python in hosts.items()
    }
    first = next(iter(found.values()))
    for minor, built in found.items():
        assert built.succeeded().vendored == EXPECTED, minor
        assert built.artifacts == first.artifacts, minor


@pytest.mark.network
@pytest.mark.parametrize("version", ["23.1", "24.0"])  # the oldest that is promised, and one in between
def test_an_old_pip_resolves_the_same(version, hosts, find_links, tmp_path):
    """It runs on a Python before 3.12, which has no say."""
    python = min(hosts.items(), key=lambda item: tuple(map(int, item[0].split("."))))[1]
    old = tmp_path / "old"
    install = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(old), f"pip=={version}"]
    subprocess.run(install, check=True, capture_output=True)
    root = project(find_links, tmp_path / "sample")
    built = build(root, python=python, env=environment(**offline(find_links), PYTHONPATH=str(old))).succeeded()
    assert built.vendored == EXPECTED
