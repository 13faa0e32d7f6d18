"""What the filter decides, call by call, on either architecture: its program is run by a small machine of classic BPF."""

from __future__ import annotations

import errno
import os
import platform
import struct

import pytest

from hatch_os402.errors import KernelRefusedError
from hatch_os402.sandbox import linux
from hatch_os402.sandbox.seccomp import Filter

pytestmark = pytest.mark.once

ALLOW, ERRNO = 0x7FFF0000, 0x00050000
ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
OWN = os.getpid()


def decide(program, number, arguments=(), *, arch):
    """Return what a filter says: None if the call is allowed, or the name of the error."""
    data = struct.pack("<IIQ6Q", number, arch, 0, *(*arguments, *[0] * (6 - len(arguments))))
    instructions = list(struct.iter_unpack("<HBBI", program))
    at = accumulator = 0
    while True:
        code, if_so, if_not, value = instructions[at]
        at += 1
        if code == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, value)
        elif code == 0x06:
            return None if value == ALLOW else errno.errorcode[value & ~ERRNO]
        elif code == 0x05:
            at += value
        else:
            holds = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: bool(accumulator & value)}[code]
            at += if_so if holds else if_not


@pytest.fixture(params=ARCH)
def decided(request, monkeypatch):
    """Return a function from what else protects, the numbers of a call on each architecture, and its arguments."""
    monkeypatch.setattr(platform, "machine", lambda: request.param)
    monkeypatch.setattr(linux, "no_new_privileges", lambda: None)

    def decided(numbers, *arguments, arch=ARCH[request.param], root=True, namespaces=True, signals=True):
        programs = []
        monkeypatch.setattr(linux, "filter_calls", programs.append)
        Filter(root=root, namespaces=namespaces, signals=signals).confine()
        number = numbers[list(ARCH).index(request.param)]
        return decide(programs[0], number, arguments, arch=arch)

    return decided


SOCKET, PAIR, KILL, PRLIMIT, CLONE, IOCTL = (41, 198), (53, 199), (62, 129), (302, 261), (56, 220), (16, 29)
FCHMOD, FCNTL, SETPRIORITY, SHMGET, READ, PIDFD = (91, 52), (72, 25), (141, 140), (29, 194), (0, 63), (424, 424)


def test_sockets(decided):
    assert [decided(SOCKET, family, 1, 0) for family in (1, 2, 10)] == [None] * 3
    assert (decided(SOCKET, 16, 3, 0), decided(SOCKET, 16, 3, 9)) == (None, "EPROTONOSUPPORT")
    assert {decided(SOCKET, family) for family in (0, 3, 15, 17, 29, 31, 38, 40, 44, 255)} == {"EAFNOSUPPORT"}
    assert decided(SOCKET, (1 << 32) + 40) == "EAFNOSUPPORT"  # the kernel looks at 32 bits, too
    assert (decided(PAIR, 1), decided(PAIR, 2)) == (None, "EAFNOSUPPORT")
    assert {decided(SOCKET, family, namespaces=False) for family in (2, 10, 16)} == {"EACCES"}
    assert (decided(SOCKET, 1, root=False), decided(PAIR, 1, root=False)) == ("EACCES", None)


def test_other_processes(decided):
    assert [decided(PRLIMIT, who) for who in (0, OWN, OWN + 1)] == [None, None, "EPERM"]
    assert [decided(SETPRIORITY, *who) for who in ((0, 0), (0, OWN), (0, 1), (2, 0))] == [None, None, "EPERM", "EPERM"]
    assert decided(KILL, 1) is None  # Landlock keeps it in
    minus_one = 0xFFFFFFFF
    assert [decided(KILL, who, signals=False) for who in (0, OWN, 1, minus_one)] == [None, None, "EPERM", "EPERM"]
    assert decided(PIDFD, 0, signals=False) == "EPERM"
    assert [decided(FCNTL, 3, what, signals=False) for what in (1, 3, 8, 15)] == [None, None, "EPERM", "EPERM"]
    assert [decided(CLONE, flags) for flags in (17, 0x3D0F00, 0x10000011, 0x20000)] == [None, None, "EPERM", "EPERM"]
    assert decided((435, 435)) == "ENOSYS"


def test_files_and_memory(decided):
    assert (decided(FCHMOD, 3), decided(FCHMOD, 3, root=False)) == (None, "EPERM")
    assert (decided(SHMGET), decided(SHMGET, namespaces=False)) == (None, "EPERM")
    assert [decided(IOCTL, 0, what) for what in (0x5401, 0x5412, 0x541C)] == [None, "EPERM", "EPERM"]


def test_other_calls(decided):
    assert decided(READ) is None
    assert {decided((number, number)) for number in (425, 426, 427, 428, 442)} == {"EPERM"}
    assert decided((0x40000000, 0x40000000)) == "ENOSYS"
    assert decided(READ, arch=0x40000003) == "ENOSYS"  # i386


def test_an_architecture_whose_calls_are_not_known(monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(KernelRefusedError, match="seccomp is not used on riscv64"):
        Filter(root=True, namespaces=True, signals=True)
