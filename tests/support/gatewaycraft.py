"""A gateway in a process of its own, as a user starts it, and what is left of it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 30
"""Seconds that anything may take."""

_BOUNDED = """
from dataclasses import replace
from hatch_os402.gateway import bounds
bounds.DEFAULT = replace(bounds.DEFAULT, **{})
from hatch_os402.cli import main
main()
"""


@dataclass
class Served:
    """A gateway that answers at `url`; `log` is the file that its stderr goes to."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def family(self) -> set[int]:
        """Return the processes of the gateway, and all that they have started, by pid."""
        return {self.process.pid, *descendants(self.process.pid)}

    def call(self, path: str, method: str = "GET", **more: Any) -> httpx.Response:
        return httpx.request(method, self.url + path, timeout=LIMIT, **more)

    def logged(self, text: str) -> bool:
        """Whether the gateway says `text` soon."""
        return soon(lambda: text in self.log.read_text())

    def stop(self, how: int = signal.SIGTERM) -> int:
        """Stop the gateway and return its status."""
        self.process.send_signal(how)
        return self.process.wait(LIMIT)


def descendants(pid: int) -> set[int]:
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    found, new = set(), {pid}
    while new := {child for child, parent in parents.items() if parent in new} - found:
        found |= new
    return found


def alive(pids: set[int]) -> set[int]:
    """Return those that run, zombies not counted."""
    running = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX":
                running.add(pid)
    return running


def soon(holds: Any) -> bool:
    """Whether something holds before the limit is over."""
    end = time.monotonic() + LIMIT
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


@contextlib.contextmanager
def serving(
    log: Path, *arguments: Any, wrapper: tuple[str, ...] = (), bounds: dict[str, float] | None = None, **env: str
) -> Iterator[Served]:
    """Run `hatch-os402 serve ARGUMENTS` on a free port; at the end, see that it stops well and leaves nothing.

    `bounds` replace those of `gateway.bounds`.
    """
    main = ("-c", _BOUNDED.format(bounds)) if bounds else ("-m", "hatch_os402.cli")
    command = [*wrapper, sys.executable, *main, "serve", "--port", "0", *map(str, arguments)]
    with log.open("wb") as stderr:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, env=os.environ | env)
    try:
        url = process.stdout.readline().decode().strip()
        assert url, log.read_text()
        served = Served(url, process, log)
        yield served
        if process.poll() is None:
            family = served.family()
            assert served.stop() == 0, log.read_text()
            assert alive(family) == set()
            assert "\nTraceback" not in log.read_text()  # those of programs are indented
            assert log.read_text().endswith("hatch-os402: stopped\n")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
