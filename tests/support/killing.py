"""Kill real builds, before each move and at random moments, and look at what is left.

    PYTHONPATH=tests python -m support.killing [ROUNDS]

kills 200 builds, or ROUNDS, by turns with SIGKILL and SIGTERM, over an earlier build and over nothing, and prints what
became of them. `test_interruption.py` runs a few of these rounds.
"""

from __future__ import annotations

import collections
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))

from hatch_os402.artifacts.choosing import choose
from hatch_os402.errors import ArtifactError
from support.buildproject import build, contents, environment, offline, write, write_project
from support.wheelcraft import make_wheel

STEM = "sample-0.1.0"
OLD, NEW = ({"sample/__main__.py": f"print('{name}')\n"} for name in ("old", "new"))

_HOOKED = """
import os, pathlib, runpy, sys
from hatch_os402.artifacts import writing

move, number, swap = int(sys.argv[1]), int(sys.argv[2]), writing._swap
replace = pathlib.Path.replace
moves = []

def replacing(self, target):
    if str(target).endswith(writing.names("sample-0.1.0")) and "os402-" not in pathlib.Path(target).parent.name:
        moves.append(target)
        if len(moves) == move:
            os.kill(os.getpid(), number)
    return replace(self, target)

def swapping(*arguments):
    pathlib.Path.replace = replacing
    swap(*arguments)
    if move > 4:
        os.kill(os.getpid(), number)

writing._swap = swapping
sys.argv[:] = ["hatchling", "build", "-t", "os402"]
runpy.run_module("hatchling", run_name="__main__", alter_sys=True)
"""
"""Sends the process the signal `number` before its `move`-th move of an artifact; 5: after the last."""


@dataclass
class Place:
    """A project, its artifacts of an earlier build if there are any, and a folder for temporary files of its own."""

    root: Path
    temporary: Path
    env: dict[str, str]
    old: dict[str, bytes]
    new: dict[str, bytes]

    @property
    def dist(self) -> Path:
        return self.root / "dist"

    def reset(self, *, previous: bool) -> None:
        """Put the artifacts of the earlier build, or nothing, into `dist`, and the new sources in place."""
        shutil.rmtree(self.dist, ignore_errors=True)
        if previous:
            write(self.dist, self.old)
        write(self.root, NEW)

    def build(self) -> None:
        built = build(self.root, env=self.env)
        assert built.code == 0, built.err

    def outcome(self) -> str:
        """Say what is in `dist`: "old", "new", "none", or "refused"; anything else is an `AssertionError`."""
        there = {name: content for name, content in contents(self.dist).items() if "/" not in name}
        for name, whole in (("old", self.old), ("new", self.new), ("none", {})):
            if there == whole:
                return name
        for path in (self.dist, self.dist / STEM, *(self.dist / name for name in there)):
            reported = refusal(path)
            assert STEM in reported, (path, reported, sorted(there))
            assert "interrupted build" in reported, (path, reported)
        return "refused"

    def left(self) -> list[str]:
        """Return what lies about that is no artifact: in `dist`, in the temporary folder, and processes."""
        files = [str(path) for path in (*self.dist.glob(".*"), *self.temporary.iterdir())]
        return files + [name for name in running(self.temporary) if name]


def refusal(path: Path) -> str:
    """Return why the artifacts that `path` means are not taken; empty if they are."""
    try:
        choose(path).one()
    except ArtifactError as error:
        return error.message
    return ""


def running(temporary: Path) -> list[str]:
    """Return the command lines of processes that have the folder `temporary` in theirs."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if os.fsencode(temporary) in command:
            found.append(command.decode(errors="replace"))
    return found


def prepare(folder: Path) -> Place:
    """Make a project with a dependency, and build it twice, from two versions of its source."""
    (folder / "shelf").mkdir()
    make_wheel(folder / "shelf", "used", "1.0", {"used.py": "VALUE = 1\n"})
    (folder / "tmp").mkdir()
    env = environment(**offline(folder / "shelf"), TMPDIR=str(folder / "tmp"))
    root = write_project(folder / "project", files={"sample/__init__.py": "", **OLD}, dependencies=["used"])
    place = Place(root, folder / "tmp", env, {}, {})
    place.build()
    place.old = contents(place.dist)
    place.reset(previous=False)
    place.build()
    place.new = contents(place.dist)
    assert len(place.old) == len(place.new) == 4
    assert place.old != place.new
    return place


def before_a_move(place: Place, move: int, number: int) -> subprocess.CompletedProcess[bytes]:
    """Build, and send the process the signal `number` before its `move`-th move of an artifact (5: after the last)."""
    command = [sys.executable, "-c", _HOOKED, str(move), str(int(number))]
    return subprocess.run(command, cwd=place.root, env=place.env, capture_output=True, check=False, timeout=300)


def after(place: Place, seconds: float, number: int) -> tuple[int, bytes]:
    """Build, and send the process the signal `number` after so many seconds; return its status and what it said."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "os402"]
    with subprocess.Popen(
        command, cwd=place.root, env=place.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        time.sleep(seconds)
        process.send_signal(number)
        _, err = process.communicate(timeout=300)
    return process.returncode, err


def vanish(place: Place) -> None:
    """Wait until nothing runs any more that the killed build had started; that takes moments."""
    end = time.monotonic() + 60
    while left := running(place.temporary):
        assert time.monotonic() < end, left
        time.sleep(0.02)


def main(rounds: int) -> None:
    """Kill `rounds` builds at random moments, and print the counts."""
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    counts: collections.Counter[str] = collections.Counter()
    with tempfile.TemporaryDirectory(prefix="killing-") as folder:
        place = prepare(Path(folder))
        begun = time.monotonic()
        place.build()
        whole = time.monotonic() - begun
        print(f"seed {seed}; a build takes {whole:.2f} s")
        for turn in range(rounds):
            number = (signal.SIGKILL, signal.SIGTERM)[turn % 2]
            place.reset(previous=bool(turn // 2 % 2))
            status, err = after(place, chance.uniform(0, 1.1 * whole), number)
            outcome = place.outcome()
            early = "before it could care" if status == -number and number == signal.SIGTERM else "ended"
            counts[f"{number.name} {'over a build' if turn // 2 % 2 else 'over nothing'}: {outcome} ({early})"] += 1
            assert number == signal.SIGKILL or outcome != "refused", err
            vanish(place)
            place.build()
            assert place.outcome() == "new"
            assert place.left() == [], place.left()
    for what, count in sorted(counts.items()):
        print(f"{count:5}  {what}")
    print(f"{sum(counts.values()):5}  builds killed, and nothing left after the next build of any")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
