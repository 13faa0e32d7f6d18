"""A build that is interrupted leaves the old set, the new one, or one that every command refuses by name."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys

import pytest
from support.killing import STEM, after, before_a_move, prepare, vanish

ROUNDS = 4
COMMANDS = ("inspect", "run", "profile", "publish", "sign", "verify")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return prepare(tmp_path_factory.mktemp("interrupted"))


def command(place, *arguments):
    env = {name: value for name, value in os.environ.items() if not name.startswith(("X402", "OS402"))}
    return subprocess.run(
        [sys.executable, "-m", "hatch_os402.cli", *map(str, arguments)],
        cwd=place.root,
        env=env | {"OS402_URL": "http://127.0.0.1:1", "X402_KEY": "11" * 32},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.once
@pytest.mark.parametrize(
    ("move", "previous"), [*((move, True) for move in range(1, 6)), *((move, False) for move in range(1, 5))]
)
def test_sigkill_before_each_move(place, move, previous):
    place.reset(previous=previous)
    assert before_a_move(place, move, signal.SIGKILL).returncode == -signal.SIGKILL
    # Before the first move only the old record is gone; after the last, everything is new.
    assert place.outcome() == {1: "refused" if previous else "none", 5: "new"}.get(move, "refused")
    vanish(place)
    place.build()
    assert place.outcome() == "new"
    assert place.left() == []


@pytest.mark.once
@pytest.mark.parametrize(
    ("move", "number"),
    [(1, signal.SIGTERM), (3, signal.SIGTERM), (5, signal.SIGTERM), (2, signal.SIGHUP), (4, signal.SIGINT)],
)
def test_other_signals_wait_for_the_last_move(place, move, number):
    place.reset(previous=True)
    done = before_a_move(place, move, number)
    assert done.returncode == 128 + number
    assert done.stderr.decode().splitlines()[-1] == f"os402: interrupted ({number.name}); no artifact is half-written"
    assert b"Traceback" not in done.stderr
    assert place.outcome() == "new"
    assert place.left() == []


@pytest.mark.once
def test_every_command_refuses_an_interrupted_build_by_name(place):
    place.reset(previous=True)
    before_a_move(place, 3, signal.SIGKILL)
    ways = itertools.cycle((place.dist / f"{STEM}.pyz", place.dist / STEM, place.dist, place.dist / f"{STEM}."))
    for name, what in zip(COMMANDS, ways, strict=False):
        done = command(place, name, what)
        reported = done.stdout + done.stderr
        assert done.returncode == 1, (name, what, reported)
        assert STEM in reported, (name, what, reported)
        assert "interrupted build" in reported, (name, what, reported)
        assert "Traceback" not in reported
    done = command(place, "serve", "--port", "0", place.dist)
    assert (done.returncode, STEM in done.stderr, "interrupted build" in done.stderr) == (1, True, True), done.stderr


@pytest.mark.once
@pytest.mark.parametrize("turn", range(ROUNDS))
def test_a_signal_at_any_moment(place, turn):
    """The script beside this does more of it."""
    number = (signal.SIGKILL, signal.SIGTERM)[turn % 2]
    place.reset(previous=bool(turn // 2))
    status, err = after(place, 0.3 + turn * 0.2, number)
    outcome = place.outcome()
    assert status in {0, -number, 128 + number}
    assert b"Traceback" not in err or status == -number
    assert number == signal.SIGKILL or outcome != "refused"
    vanish(place)
    place.build()
    assert place.outcome() == "new"
    assert place.left() == []


@pytest.mark.once
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda number: number.name)
def test_pip_does_not_survive_its_build(place, number):
    """pip is kept waiting by an index that never answers."""
    import socket
    import time

    from support.killing import running

    with socket.create_server(("127.0.0.1", 0)) as index:
        url = f"http://127.0.0.1:{index.getsockname()[1]}/simple/"
        env = {name: value for name, value in place.env.items() if name not in {"PIP_NO_INDEX", "PIP_FIND_LINKS"}}
        place.reset(previous=True)
        process = subprocess.Popen(
            [sys.executable, "-m", "hatchling", "build", "-t", "os402"],
            cwd=place.root,
            env=env | {"PIP_INDEX_URL": url},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            index.settimeout(60)
            held, _ = index.accept()
            with held:
                assert running(place.temporary)
                process.send_signal(number)
                assert process.wait(60) in {-signal.SIGKILL, 128 + signal.SIGTERM}
                end = time.monotonic() + 30
                while running(place.temporary) and time.monotonic() < end:
                    time.sleep(0.02)
                assert running(place.temporary) == []
        finally:
            process.kill()
            process.wait()
    place.build()
    assert place.left() == []
