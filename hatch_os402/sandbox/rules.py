"""What a fork of the spawner takes on before it becomes a program, as far as this machine allows it.

The first bytes of a program's stdin are its plan, JSON, as many as the order says: a command line has less room.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from hatch_os402.errors import KernelRefusedError
from hatch_os402.sandbox import limits
from hatch_os402.sandbox.protocol import microseconds
from hatch_os402.sandbox.stand_in import concealed, lacking

if TYPE_CHECKING:
    from collections.abc import Callable

    from hatch_os402.sandbox.root import SandboxRoot


class Rules:
    """What the forks take on. `missing` says what of it this machine does not allow, and why."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.missing: list[str] = []
        self._executable: str = config["executable"]
        self._steps: list[Callable[[dict[str, Any]], None]] = []
        self._filter: Callable[[], None] = lambda: None
        self._processes: int | None = None
        self._conceal = bool(config["stands_in"])
        """Whether the modules that cosmo-python lacks are there, and have to be concealed."""
        self._set(config)
        if self._conceal:
            lacking()  # read now: a fork may read no file any more

    def _set(self, config: dict[str, Any]) -> None:
        if sys.platform != "linux":
            return
        from hatch_os402.sandbox import linux  # noqa: PLC0415 - Linux only

        linux.adopt_orphans()
        parent = os.getpid()
        self._steps.append(lambda _: linux.die_with_parent(parent))
        if config["isolated"]:
            self._isolate(config)

    def exec_program(self, descriptors: list[int], length: int) -> NoReturn:
        """Be the program that the plan on stdin says. What goes wrong is written to the last of `descriptors`."""
        reported = descriptors[-1]
        try:
            os.setsid()
            for number, descriptor in enumerate(descriptors[:-1]):
                os.dup2(descriptor, number)
            plan = json.loads(_exactly(0, length))
            if plan["empty"]:
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            for step in self._steps:
                step(plan)
            arguments = concealed(plan["args"]) if self._conceal else plan["args"]
            limits.apply(plan["ram"], plan["stack"], plan["cpu"], self._processes)
            used = resource.getrusage(resource.RUSAGE_SELF)
            os.write(reported, json.dumps([microseconds(used.ru_utime), microseconds(used.ru_stime)]).encode() + b"\n")
            for number in (signal.SIGINT, signal.SIGXFSZ):  # ignored here, and exec would keep that
                signal.signal(number, signal.SIG_DFL)
            self._filter()
            os.execve(self._executable, arguments, plan["env"])  # noqa: S606 - no shell is wanted
        except BaseException as error:  # noqa: BLE001 - reported to the parent, whatever it is
            with contextlib.suppress(OSError):
                os.write(reported, f"{type(error).__name__}: {error}".encode(errors="backslashreplace"))
        os._exit(126)

    def _isolate(self, config: dict[str, Any]) -> None:
        from hatch_os402.sandbox import landlock, namespaces, seccomp  # noqa: PLC0415 - Linux only

        root = self._root(config)
        separated = root is not None or self._can(lambda: namespaces.separate(namespaces.own_process()))
        if separated:
            # First: new credentials forget the tie to the parent.
            self._steps.insert(0, lambda _: _separate(root))
            self._bound_processes(root)
        self._conceal = self._conceal and root is None
        signals = False
        try:
            folder = None if root is None else root.folder
            rules = landlock.Landlock(config["readable"], config["listable"], root=folder, network=separated)
            self._steps.append(lambda plan: rules.confine(plan["tcp_bind"], plan["tcp_connect"]))
            signals = rules.keeps_signals
        except KernelRefusedError as error:
            self.missing.append(str(error))
        try:
            calls = seccomp.Filter(root=root is not None, namespaces=separated, signals=signals)
            if self._can(calls.confine):
                self._filter = calls.confine
        except KernelRefusedError as error:
            self.missing.append(str(error))

    def _root(self, config: dict[str, Any]) -> SandboxRoot | None:
        """Return the root of all programs, and None where none can be made; `missing` says so, if namespaces can."""
        from hatch_os402.sandbox import namespaces  # noqa: PLC0415 - Linux only
        from hatch_os402.sandbox.root import SandboxRoot  # noqa: PLC0415 - Linux only

        try:
            root = SandboxRoot(config)
        except KernelRefusedError as error:
            if namespaces.possible():
                self.missing.append(str(error))
            return None
        return root if self._can(lambda: _separate(root)) else None

    def _bound_processes(self, root: SandboxRoot | None) -> None:
        """Bound the number of processes, which no namespace does."""
        from hatch_os402.sandbox.root import is_root  # noqa: PLC0415 - Linux only

        if tuple(int(part) for part in os.uname().release.split(".")[:2]) < _COUNTED_BY_NAMESPACE:
            self.missing.append("programs can start any number of processes; bounding them needs Linux 5.14")
        elif (root is None or not root.distinct) and is_root():
            self.missing.append("programs of root can start any number of processes; run it as another user")
        else:
            self._processes = limits.PROCESSES

    def _can(self, step: Callable[[], None]) -> bool:
        """Whether a fork can take `step`."""
        read, write = os.pipe()
        if (pid := os.fork()) == 0:
            try:
                step()
            except BaseException as error:  # noqa: BLE001 - reported to the parent
                os.write(write, str(error).encode())
            os._exit(0)
        os.close(write)
        with open(read, "rb") as file:  # noqa: PTH123 - a descriptor
            why = file.read().decode()
        os.waitpid(pid, 0)
        if why:
            self.missing.append(why)
        return not why


_COUNTED_BY_NAMESPACE = (5, 14)
"""The Linux that counts a user's processes in each user namespace by itself (RLIMIT_NPROC, getrlimit(2))."""


def _separate(root: SandboxRoot | None) -> None:
    from hatch_os402.sandbox import namespaces  # noqa: PLC0415 - Linux only

    process = namespaces.own_process()
    if root is not None:
        root.enter()
    namespaces.separate(process)


def _exactly(descriptor: int, length: int) -> bytes:
    parts = []
    while length and (part := os.read(descriptor, min(length, 1 << 16))):
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
