"""Seccomp: system calls that no program needs and that reach beyond it. Classic BPF; documented in seccomp(2).

What os402 itself refuses is left to what os402 has (namespaces, Landlock). Refused here is what those do not cover: the
sockets that no network namespace holds, what acts on other processes of the same user, and the parts of the kernel
that have no use in a program with neither files nor network (io_uring, bpf, mounts, keys).
"""

from __future__ import annotations

import errno
import os
import platform
import struct

from hatch_os402.errors import KernelRefusedError
from hatch_os402.sandbox import linux

_LD, _JA, _JEQ, _JGE, _JSET, _RET = 0x20, 0x05, 0x15, 0x35, 0x45, 0x06  # linux/bpf_common.h
_LINEAR = 2
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000  # linux/seccomp.h
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data, little-endian
_X32 = 0x40000000
_SELF = 0xA5C3_0402
"""Stands for the process id, until there is a process."""
_NAMESPACES = 0x7E020000  # linux/sched.h: CLONE_NEW*, all that clone(2) takes
_UNIX, _INET, _INET6, _NETLINK = 1, 2, 10, 16
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_OWNERS = (8, 15)
"""F_SETOWN, F_SETOWN_EX (fcntl(2)): who gets the signal that a file sends; FIOSETOWN, SIOCSPGRP are the same."""
_FIOSETOWN, _SIOCSPGRP = 0x8901, 0x8902

# name: number on x86_64, on aarch64 (None: not there). From 424 on they are the same.
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "syslog": (103, 116),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    "vhangup": (153, 58),
    "fanotify_init": (300, 262),
    "move_pages": (279, 239),
    "migrate_pages": (256, 238),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "pidfd_getfd": (438, 438),
    "process_madvise": (440, 440),
    "mount_setattr": (442, 442),
    "quotactl_fd": (443, 443),
    "process_mrelease": (448, 448),
    "statmount": (457, 457),
    "listmount": (458, 458),
    "open_tree_attr": (467, 467),
}
_OF_FILES: dict[str, tuple[int | None, int | None]] = {
    "truncate": (76, 45),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
    "file_setattr": (469, 469),
}
"""What Landlock does not cover."""
_OF_OTHERS_MEMORY: dict[str, tuple[int | None, int | None]] = {
    "shmget": (29, 194),
    "shmat": (30, 196),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
}
"""System V and POSIX objects, which an IPC namespace keeps apart."""
_OF_THE_PROCESS_ALONE = {
    "prlimit64": (302, 261),
    "sched_setaffinity": (203, 122),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "sched_setattr": (314, 274),
}
"""Their first argument is a process; 0 is the caller's."""
_SIGNALS = {
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
}
"""Their first argument is a process, too; 0 is the caller's group, which is of its own session."""
_PIDFD_SEND_SIGNAL, _FCNTL = (424, 424), (72, 25)
_SOCKET, _SOCKETPAIR, _IOCTL = (41, 198), (53, 199), (16, 29)
_CLONE, _CLONE3 = (56, 220), (435, 435)
_SETPRIORITY, _IOPRIO_SET = (141, 140), (251, 30)

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""By machine: which of the two numbers, and its own in linux/audit.h."""


class Filter:
    """The filter of a program, for this machine's architecture.

    What something else takes care of is left to that: files and sockets with a path, where the program has a `root` of
    its own; networks and shared memory, by `namespaces`; `signals` to others, by Landlock. Raises
    `KernelRefusedError` for a machine whose system calls are not known here.
    """

    def __init__(self, *, root: bool, namespaces: bool, signals: bool) -> None:
        machine = platform.machine()
        if machine not in _ARCHITECTURES:
            raise KernelRefusedError(f"seccomp is not used on {machine}: its system calls are not known here")
        self._column, arch = _ARCHITECTURES[machine]
        self._rules: dict[int, list[bytes]] = {}
        refused = [*_REFUSED.values(), *(() if root else _OF_FILES.values())]
        refused += () if namespaces else _OF_OTHERS_MEMORY.values()
        for numbers in refused:
            self._add(numbers, [_return(errno.EPERM)])
        for numbers in _OF_THE_PROCESS_ALONE.values():
            self._add(numbers, [_load_argument(0), *_one_of((0, _SELF), errno.EPERM)])
        if not signals:
            for numbers in _SIGNALS.values():
                self._add(numbers, [_load_argument(0), *_one_of((0, _SELF), errno.EPERM)])
            self._add(_PIDFD_SEND_SIGNAL, [_return(errno.EPERM)])
            self._add(_FCNTL, [_load_argument(1), *_none_of(_OWNERS, errno.EPERM)])
        # Only of a process (PRIO_PROCESS is 0, IOPRIO_WHO_PROCESS 1), and only of this one.
        for numbers, process in ((_SETPRIORITY, 0), (_IOPRIO_SET, 1)):
            which = [_load_argument(0), *_unless(_JEQ, process, errno.EPERM)]
            self._add(numbers, [*which, _load_argument(1), *_one_of((0, _SELF), errno.EPERM)])
        self._add(_CLONE, [_load_argument(0), *_if(_JSET, _NAMESPACES, errno.EPERM), _ALLOWED])
        self._add(_CLONE3, [_return(errno.ENOSYS)])  # its flags are in memory; libc then takes clone
        self._add(_IOCTL, [_load_argument(1), *_none_of((_TIOCSTI, _TIOCLINUX, _FIOSETOWN, _SIOCSPGRP), errno.EPERM)])
        self._add(_SOCKETPAIR, [_load_argument(0), *_one_of((_UNIX,), errno.EAFNOSUPPORT)])
        # NETLINK_ROUTE, number 0, lists the interfaces of the program's own network.
        netlink = [_load_argument(2), *_one_of((0,), errno.EPROTONOSUPPORT)]
        families = [_jump(_JEQ, _NETLINK, 0, len(netlink)), *netlink]
        without = (*(() if root else (_UNIX,)), *(() if namespaces else (_INET, _INET6, _NETLINK)))
        families[:0] = [part for family in without for part in _if(_JEQ, family, errno.EACCES)]
        families += _one_of((_UNIX, _INET, _INET6), errno.EAFNOSUPPORT)
        self._add(_SOCKET, [_load_argument(0), *families])
        start = [
            *(_load(_ARCH), *_unless(_JEQ, arch, errno.ENOSYS)),  # what 32-bit programs call
            *(_load(_NUMBER), *_if(_JGE, _X32, errno.ENOSYS)),
        ]
        self._text = b"".join((*start, *_search(sorted(self._rules.items()))))

    def confine(self) -> None:
        """Put it in force for this process and all that it starts. Raises `KernelRefusedError`."""
        text = self._text.replace(struct.pack("=I", _SELF), struct.pack("=I", os.getpid()))
        try:
            linux.no_new_privileges()
            linux.filter_calls(text)
        except OSError as error:
            raise KernelRefusedError(
                f"seccomp is not available ({error.strerror}); it needs CONFIG_SECCOMP_FILTER in the kernel"
            ) from None

    def _add(self, numbers: tuple[int | None, int | None], then: list[bytes]) -> None:
        """Add what is done for one call; `then` must end in a return."""
        number = numbers[self._column]
        if number is not None:
            self._rules[number] = then


def _search(rules: list[tuple[int, list[bytes]]]) -> list[bytes]:
    """Return a binary search for the number of the call.

    The kernel tries every number when it takes a filter, and a list takes it a millisecond for each program.
    """
    if len(rules) <= _LINEAR:
        tests = (part for number, then in rules for part in (_jump(_JEQ, number, 0, len(then)), *then))
        return [*tests, _ALLOWED]
    middle = len(rules) // 2
    lesser, greater = _search(rules[:middle]), _search(rules[middle:])
    over = struct.pack("=HBBI", _JA, 0, 0, len(lesser))
    return [_jump(_JGE, rules[middle][0], 0, 1), over, *lesser, *greater]


def _jump(test: int, value: int, if_so: int, if_not: int) -> bytes:
    return struct.pack("=HBBI", test, if_so, if_not, value)


def _load(offset: int) -> bytes:
    return struct.pack("=HBBI", _LD, 0, 0, offset)


def _load_argument(index: int) -> bytes:
    """Load the lower half of an argument; all that are looked at are of 32 bits (`int`, `unsigned int`)."""
    return _load(_ARGUMENTS + 8 * index)


def _return(number: int) -> bytes:
    return struct.pack("=HBBI", _RET, 0, 0, _ERRNO | number)


_ALLOWED = struct.pack("=HBBI", _RET, 0, 0, _ALLOW)


def _if(test: int, value: int, error: int) -> list[bytes]:
    return [_jump(test, value, 0, 1), _return(error)]


def _unless(test: int, value: int, error: int) -> list[bytes]:
    return [_jump(test, value, 1, 0), _return(error)]


def _one_of(values: tuple[int, ...], error: int) -> list[bytes]:
    count = len(values)
    return [*(_jump(_JEQ, value, count - index, 0) for index, value in enumerate(values)), _return(error), _ALLOWED]


def _none_of(values: tuple[int, ...], error: int) -> list[bytes]:
    return [*(part for value in values for part in _if(_JEQ, value, error)), _ALLOWED]
