"""Requires-Python is decided on the target's version, whatever Python builds."""

from __future__ import annotations

from buildproject import build, environment, offline, write_project
from wheelcraft import make_wheel

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


def test_every_host_takes_what_the_target_can_use(hosts, shelf, tmp_path):
    for version, requires in RELEASES.items():
        make_wheel(shelf, "chosen", version, {"chosen.py": ""}, requires_python=requires)
    make_wheel(shelf, "for-twelve", "1", {"for_twelve.py": ""}, requires_python="==3.12.*")
    root = write_project(
        tmp_path / "sample", dependencies=["chosen", "for-twelve"], project='requires-python = ">=3.12,<3.13"\n'
    )
    found = {
        minor: build(root, python=python, env=environment(**offline(shelf)), dist=tmp_path / minor)
        for minor, python in hosts.items()
    }
    first = next(iter(found.values()))
    for minor, built in found.items():
        assert built.succeeded().vendored == {"chosen": "4", "for-twelve": "1"}, minor
        assert built.artifacts == first.artifacts, minor
