"""Run a CPython of this machine as os402's sandbox runs its own: no files, no network, no threads, small limits.

The real sandbox allows nothing but one static executable. A CPython of this machine lies in many files, so these, its
shared libraries and /dev/null can be read here; in all else the rules are the sandbox's. Linux only: Landlock (5.13)
and user namespaces, both open to an ordinary user. Where they are missing there is a `HarnessError`, never a run with
fewer rules.

This file is also the program that takes on the rules and then becomes the command.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import json
import os
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MEBIBYTE = 1 << 20
SERVER_FILE = "server.db"
"""A file in the folder that the command starts in: it can be seen, and not be read."""

_TIMEOUT = 120
_CONFINED = b"confined\n"
"""What the parent is told when all rules are in force, and nothing after it when the command has started too."""

_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache")
_SELF = ("/proc/self/fd", "/proc/self/stat")

# linux/sched.h
_NEWUSER = 0x10000000
_NAMESPACES = {"net": 0x40000000, "ipc": 0x08000000, "uts": 0x04000000, "cgroup": 0x02000000, "pid": 0x20000000}
# linux/prctl.h
_PR_SET_NO_NEW_PRIVS = 38
# linux/landlock.h; the numbers of the system calls are the same on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ABI_QUERY, _PATH_BENEATH = 1, 1
_EXECUTE, _READ_FILE, _READ_DIR = 1, 4, 8


class HarnessError(RuntimeError):
    """The rules of the sandbox could not be put in force on this machine. The message names what is missing."""


def run_diskless(
    python: str,
    arguments: Sequence[str],
    stdin: bytes,
    env: Mapping[str, str],
    *,
    ram: int = 512 * MEBIBYTE,
    cpu: int = 60,
) -> subprocess.CompletedProcess[bytes]:
    """Run the CPython that `python` is, or is an environment of, with `arguments` and nothing but `env`.

    `stdin` is sent and its pipe stays open, as on a server where another task holds it. `ram` is in bytes, `cpu` in
    seconds. Raises `HarnessError`, and `subprocess.TimeoutExpired` for a command that waits for the end of stdin.
    """
    if sys.platform != "linux":
        raise HarnessError(f"os402's sandbox needs Linux (Landlock, namespaces), and this is {sys.platform}")
    executable, prefix = installation(python)
    plan: dict[str, Any] = {
        "command": [executable, *arguments],
        "env": dict(env),
        "readable": [executable, f"{prefix}/lib", f"{prefix}/lib64", *_LIBRARIES, *_SELF, os.devnull],
        "ram": ram,
        "cpu": cpu,
    }
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="server-"))
        Path(folder, SERVER_FILE).write_bytes(b"of the server")
        (stdin_read, stdin_write), (told_read, told_write) = _pipe(stack), _pipe(stack)
        process = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-I", "-S", __file__, str(told_write.fileno())],
                stdin=stdin_read,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=folder,
                pass_fds=[told_write.fileno()],
            )
        )
        stack.callback(process.kill)  # before the wait that leaving the stack is
        stdin_read.close()
        told_write.close()
        # The plan takes stdin too: a command line has less room. It is read to its last byte and no further.
        _send(stdin_write, json.dumps(plan).encode() + b"\n")
        told = told_read.read()  # to its end: the command has started, or never will
        if told != _CONFINED:
            why = told.removeprefix(_CONFINED) or b"".join(process.communicate())
            raise HarnessError(f"the sandbox cannot be reproduced on this machine: {why.decode().strip()}")
        # Left to itself: it ends when all is sent, or when the command has ended.
        sender = threading.Thread(target=_send, args=(stdin_write, stdin))
        sender.start()
        try:
            out, err = process.communicate(timeout=_TIMEOUT)
        finally:
            process.kill()
            sender.join()
    return subprocess.CompletedProcess(plan["command"], process.returncode, out, err)


@functools.cache
def installation(python: str) -> tuple[str, str]:
    """Return the executable and the prefix of the installation behind `python`, which may be a virtual environment's."""
    question = "import json, sys; print(json.dumps([sys._base_executable, sys.base_prefix]))"
    answer = subprocess.run([python, "-I", "-c", question], capture_output=True, check=True)
    executable, prefix = json.loads(answer.stdout)
    return os.path.realpath(executable), prefix


def _pipe(stack: contextlib.ExitStack) -> tuple[Any, Any]:
    read, write = os.pipe()
    return stack.enter_context(os.fdopen(read, "rb", 0)), stack.enter_context(os.fdopen(write, "wb", 0))


def _send(pipe: Any, content: bytes) -> None:
    rest = memoryview(content)
    with contextlib.suppress(BrokenPipeError):
        while rest:
            rest = rest[pipe.write(rest) :]


# What follows runs in the process that becomes the command.


def _become(plan: dict[str, Any], told: int) -> None:
    _separate()
    _limit(plan["ram"], plan["cpu"])
    _confine(plan["readable"])
    os.write(told, _CONFINED)
    os.execve(plan["command"][0], plan["command"], plan["env"])  # noqa: S606 - no shell is wanted


def _separate() -> None:
    """Enter namespaces of its own, with a uid that means nothing outside.

    No fork follows the new PID namespace, as on the server: the kernel then starts no thread (clone(2), EINVAL), and
    one child only, whose end is the namespace's.
    """
    uid, gid = os.getuid(), os.getgid()
    _unshare(_NEWUSER, "user")
    try:
        Path("/proc/self/setgroups").write_text("deny")  # without it an ordinary user may map no group
        Path("/proc/self/uid_map").write_text(f"54321 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"54321 {gid} 1")
    except OSError as error:
        raise HarnessError(f"user namespaces are restricted ({error}); {_ADVICE}") from None
    for name, flag in _NAMESPACES.items():
        if name != "cgroup" or Path("/proc/self/ns/cgroup").exists():
            _unshare(flag, name)


_ADVICE = "see the sysctls user.max_user_namespaces and kernel.apparmor_restrict_unprivileged_userns"


def _unshare(flag: int, name: str) -> None:
    if ctypes.CDLL(None, use_errno=True).unshare(flag) != 0:
        raise HarnessError(f"no new {name} namespace ({os.strerror(ctypes.get_errno())}); {_ADVICE}")


def _limit(ram: int, cpu: int) -> None:
    """Set the limits of the sandbox; CPython starts within 1 MiB of stack."""
    import resource

    limits = {
        resource.RLIMIT_AS: ram,
        resource.RLIMIT_DATA: ram,
        resource.RLIMIT_FSIZE: ram,
        resource.RLIMIT_CPU: cpu,
        resource.RLIMIT_STACK: MEBIBYTE,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 256,
        resource.RLIMIT_SIGPENDING: 2,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    for which, value in limits.items():
        resource.setrlimit(which, (value, value))


def _confine(readable: Sequence[str]) -> None:
    """Let Landlock forbid every access that it knows of, but reading and executing what is `readable`."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise HarnessError("PR_SET_NO_NEW_PRIVS is refused")
    abi = _landlock(_CREATE_RULESET, None, 0, _ABI_QUERY)
    # Access to files: 13 rights, then one each of ABI 2, 3 and 5. Network: bind and connect, ABI 4. Scopes: abstract
    # sockets and signals, ABI 6.
    files = (1 << 13 + (abi >= 2) + (abi >= 3) + (abi >= 5)) - 1
    words = [files] + [3] * ((abi >= 4) + (abi >= 6))
    attributes = struct.pack(f"={len(words)}Q", *words)
    ruleset = _landlock(_CREATE_RULESET, attributes, len(attributes), 0)
    for path in filter(os.path.exists, readable):
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
        allowed = _EXECUTE | _READ_FILE | (_READ_DIR if Path(path).is_dir() else 0)
        _landlock(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", allowed, opened), 0)
        os.close(opened)
    _landlock(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _landlock(call: int, *arguments: int | bytes | None) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    result: int = library.syscall(call, *(ctypes.c_long(item) if isinstance(item, int) else item for item in arguments))
    if result < 0:
        raise HarnessError(
            f"Landlock, system call {call}: {os.strerror(ctypes.get_errno())}; it needs Linux 5.13 and `landlock` among the kernel's `lsm=`"
        )
    return result


def _read_plan() -> dict[str, Any]:
    # Byte by byte: a buffer would take what is the command's.
    plan: dict[str, Any] = json.loads(b"".join(iter(lambda: os.read(0, 1).rstrip(b"\n"), b"")))
    return plan


def _main() -> None:
    told = int(sys.argv[1])
    os.set_inheritable(told, False)  # so that it closes when the command starts
    try:
        _become(_read_plan(), told)
    except Exception as error:  # noqa: BLE001 - told to the parent, whatever it is
        os.write(told, f"{type(error).__name__}: {error}".encode())
        raise SystemExit(1) from None


if __name__ == "__main__":
    _main()
