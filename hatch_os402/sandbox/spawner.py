"""The process that starts programs for another one: it forks, and the fork takes on the rules and becomes the program.

It is single-threaded and small, so that a fork is cheap, safe, and alone in its new namespaces. It belongs to the
process that started it, and kills everything when that ends, however it ends: the socket between them says so.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys

from hatch_os402.sandbox.protocol import COUNTERS, DESCRIPTORS, FORGET, KILL, ORDER, REPORT, START, microseconds
from hatch_os402.sandbox.rules import Rules


class ForkServer:
    """Takes orders until the socket ends, and reports the end of every program."""

    def __init__(self, control: socket.socket, wakeup_fd: int, rules: Rules) -> None:
        self._control, self._rules = control, rules
        self._wakeup_fd = wakeup_fd
        """Where a byte comes in when a program has ended."""
        self._tasks: dict[int, int] = {}
        """Number of the task → its process, until nobody asks for the task any more."""
        self._running: dict[int, int] = {}
        """Process → number of its task, until it has ended."""

    def serve(self) -> None:
        """Serve until the other side is gone; then kill what is left."""
        try:
            while True:
                self._take_order()
                self._reap()
        except (EOFError, ConnectionError):
            pass
        finally:
            self._tasks.clear()
            for pid in self._running:
                os.kill(pid, signal.SIGKILL)
            while self._running:
                self._reap(wait=True)
            self._kill_orphans()

    def _take_order(self) -> None:
        ready, _, _ = select.select([self._control.fileno(), self._wakeup_fd], [], [])
        if self._wakeup_fd in ready:
            os.read(self._wakeup_fd, 4096)
        if self._control.fileno() not in ready:
            return
        record, descriptors, _, _ = socket.recv_fds(self._control, ORDER.size, DESCRIPTORS)
        if not record:
            raise EOFError
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)  # noqa: FBT003 - its only argument
        what, number, length = ORDER.unpack(record)
        if what == START:
            self._start(number, descriptors, length)
        elif what == KILL and number in self._tasks:
            pid = self._tasks[number]
            if pid in self._running:
                os.kill(pid, signal.SIGKILL)
        elif what == FORGET and self._tasks.pop(number, None):
            self._kill_orphans()

    def _start(self, number: int, descriptors: list[int], length: int) -> None:
        pid = os.fork()
        if pid == 0:
            self._rules.exec_program(descriptors, length)
        for descriptor in descriptors:
            os.close(descriptor)
        self._tasks[number] = pid
        self._running[pid] = number

    def _reap(self, *, wait: bool = False) -> None:
        while True:
            try:
                pid, status, used = os.wait4(-1, 0 if wait else os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            number = self._running.pop(pid, None)
            if number is None:
                continue  # an orphan
            times = microseconds(used.ru_utime), microseconds(used.ru_stime)
            counters = (getattr(used, name) for name in COUNTERS)
            with contextlib.suppress(OSError):  # nobody listens any more
                self._control.sendall(REPORT.pack(number, status, *times, _kibibytes(used.ru_maxrss), *counters))
            if wait:
                return

    def _kill_orphans(self) -> None:
        """Kill what programs left behind whose task is over; the end of one may orphan others."""
        if sys.platform != "linux":
            return
        kept = set(self._tasks.values())
        while orphans := [pid for pid in _children() if pid not in self._running and _session(pid) not in kept]:
            for pid in orphans:
                os.kill(pid, signal.SIGKILL)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, 0)


def main() -> None:
    """Run a spawner: the arguments are the descriptor of its socket and of the pipe for its first words, and JSON."""
    control = socket.socket(fileno=int(sys.argv[-3]))
    control.set_inheritable(False)  # no program may give orders
    reported = int(sys.argv[-2])
    wakeup_fd, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    config = json.loads(sys.argv[-1])
    os.mkdir(config["spare"], 0o700)  # noqa: PTH102 - a small process
    try:
        os.chdir(config["folder"] or config["spare"])  # where programs start, unless they have a root
        rules = Rules(config)
        os.write(reported, json.dumps(rules.missing).encode())
        os.close(reported)
        ForkServer(control, wakeup_fd, rules).serve()
    finally:
        with contextlib.suppress(OSError):
            os.rmdir(config["spare"])  # noqa: PTH106 - as above; what a program could write there stays


def _kibibytes(maxrss: int) -> int:
    return maxrss // 1024 if sys.platform == "darwin" else maxrss  # getrusage(2) of each


def _children() -> list[int]:
    """Return this process's children (proc(5); where the kernel lists none, those that wait4 knows are all)."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", "rb") as file:  # noqa: PTH123 - a small process
            return [int(pid) for pid in file.read().split()]
    except OSError:
        return []


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return 0


if __name__ == "__main__":
    main()
