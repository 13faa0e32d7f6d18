"""The same project gives the same four files, byte for byte, whoever builds it, wherever and whenever."""

from __future__ import annotations

import io
import os
import subprocess
import time
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest
from support.buildproject import Build, build, copy_fixture, environment, members, write_project

pytestmark = pytest.mark.once

_APART = 2.1
"""Seconds between the starts of two builds: more than the two seconds that a zip's time is counted in."""


class Machine(NamedTuple):
    """One way in which machines differ."""

    umask: int
    mode: int
    zone: str
    locale: str
    hash_seed: str
    order: str
    epoch: str | None


MACHINES = (
    Machine(0o022, 0o644, "UTC", "C", "0", "1", None),
    Machine(0o077, 0o600, "Asia/Kathmandu", "C.UTF-8", "402", "2", "315532800"),
    Machine(0o002, 0o664, "America/St_Johns", "de_DE.UTF-8", "4294967295", "3", "1900000000"),
    Machine(0o027, 0o755, "Pacific/Kiritimati", "POSIX", "random", "4", None),
)


class Builder:
    """Builds the greeter again and again, each time as on another machine, and more than two seconds later."""

    def __init__(self, folder: Path, compiler: str) -> None:
        self._folder = folder
        self._compiler = compiler
        self.starts: list[float] = []

    def __call__(self, python: str, *, bytecode: bool, cache: str) -> Build:
        number = len(self.starts)
        machine = MACHINES[number % len(MACHINES)]
        root = copy_fixture("greeter", self._folder / f"nr {number}" / ("deeper/" * number) / "greeter")
        pyproject = root / "pyproject.toml"
        table = "[tool.hatch.build.targets.os402]\n"
        reported = pyproject.read_text(encoding="utf-8").replace(table, f"{table}bytecode = {str(bytecode).lower()}\n")
        pyproject.write_text(reported, encoding="utf-8")
        for path in root.rglob("*"):
            if path.is_file():
                path.chmod(machine.mode)
                os.utime(path, (10**9 + number, 10**9 + number))
        env = environment(
            pip=True,
            TZ=machine.zone,
            LC_ALL=machine.locale,
            PYTHONHASHSEED=machine.hash_seed,
            DISTURB_ORDER=machine.order,
            HATCH_OS402_CACHE_DIR=str(self._folder / cache),
            PATH=os.pathsep.join([str(Path(self._compiler).parent), os.environ["PATH"]]),
        )
        if machine.epoch is not None:
            env["SOURCE_DATE_EPOCH"] = machine.epoch
        if self.starts:
            time.sleep(max(0.0, self.starts[-1] + _APART - time.monotonic()))
        self.starts.append(time.monotonic())
        return build(root, python=python, env=env, umask=machine.umask).succeeded()


def assert_same(first: Build, second: Build, what: str) -> None:
    """Compare from the inside out, so that a difference is readable: names, members, then bytes."""
    assert sorted(first.artifacts) == sorted(second.artifacts), what
    ours, theirs = members(first[".pyz"]), members(second[".pyz"])
    assert list(ours) == list(theirs), what
    assert [path for path in ours if ours[path] != theirs[path]] == [], what
    assert first.record == second.record, what
    assert first[".offer.json"].decode() == second[".offer.json"].decode(), what
    assert [name for name in first.artifacts if first.artifacts[name] != second.artifacts[name]] == [], what


@pytest.mark.network
@pytest.mark.parametrize("bytecode", [False, True])
def test_every_host_gives_the_same_bytes(hosts, tmp_path, python312, bytecode):
    builder = Builder(tmp_path, python312.path)
    builds = {}
    for number, (minor, python) in enumerate(hosts.items()):
        # The first two start with nothing, the others with what those left.
        cache = f"cache {number}" if number < 2 else "cache 0"
        builds[minor] = builder(python, bytecode=bytecode, cache=cache)
    (minor, first), *others = builds.items()
    assert bytecode == any(path.endswith(".pyc") for path in first.members)
    assert all(later - earlier > 2 for earlier, later in zip(builder.starts, builder.starts[1:], strict=False))
    for other, second in others:
        assert_same(first, second, f"{minor} and {other}")


@pytest.mark.network
def test_what_is_deflated_does_not_depend_on_what_the_host_can_parse(hosts, tmp_path, python312):
    """The imports of a module are followed even where only the target's Python reads it."""
    text = "TEXT = '{}'\n".format("bytecode " * 500)
    files = {
        "sample/__init__.py": "from sample import generic\n\ndef main():\n    print('it runs')\n",
        "sample/generic.py": f"import sample.started\ntype Pair[T] = tuple[T, T]\n{text}",  # PEP 695, Python 3.12
        "sample/started.py": text,
        "sample/late.py": text,
        "sample/broken.py": "import sample.late\nprint 'Python 2'\n",
    }
    options = "bytecode = true\nentry-point = 'sample:main'\n"
    built = {}
    for minor, python in hosts.items():
        env = environment(
            HATCH_OS402_CACHE_DIR=str(tmp_path / f"cache {minor}"),
            PATH=os.pathsep.join([str(Path(python312.path).parent), os.environ["PATH"]]),
        )
        root = write_project(tmp_path / minor, files=files, options=options)
        built[minor] = build(root, python=python, env=env).succeeded()
    assert "3.12" in built
    assert len({found[".pyz"] for found in built.values()}) == 1
    with zipfile.ZipFile(io.BytesIO(built["3.12"][".pyz"])) as archive:
        kinds = {info.filename: info.compress_type for info in archive.infolist()}
    bytecode = {name: kind for name, kind in kinds.items() if name.startswith("sample/") and name.endswith(".pyc")}
    assert bytecode == {
        "sample/__init__.pyc": 0, "sample/generic.pyc": 0, "sample/started.pyc": 0, "sample/late.pyc": 8,
    }  # fmt: skip


@pytest.mark.network
def test_the_disturbance_disturbs(hosts, tmp_path):
    """Without this the shuffled order above would prove nothing."""
    for number in range(40):
        (tmp_path / f"{number:02}").touch()
    script = "import os; print([*os.listdir()], [entry.name for entry in os.scandir()], [*os.walk('.')][0][2])"
    for python in hosts.values():
        seen = [
            subprocess.check_output([python, "-I", "-c", script], cwd=tmp_path, env=environment(DISTURB_ORDER=seed))
            for seed in "123"
        ]
        assert len(set(seen)) == 3


@pytest.mark.parametrize("epoch", [None, "1700000000"])
def test_a_hash_that_cannot_be_reproduced_is_said_to_be_so(tmp_path, epoch):
    """Outside a repository, only the clock says when the offer's time begins."""
    root = write_project(tmp_path, offer="price = 0\ntestnet = true\n")
    variables = {"SOURCE_DATE_EPOCH": epoch} if epoch else {}
    built = build(root, env=environment(PIP_NO_INDEX="1", GIT_CEILING_DIRECTORIES=str(tmp_path), **variables))
    warned = "counted from the clock: this hash cannot be reproduced" in built.succeeded().err
    assert warned == (epoch is None)
    assert built.record["valid_until"]["from"] == ("SOURCE_DATE_EPOCH" if epoch else "clock")
