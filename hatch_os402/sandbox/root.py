"""An empty root for programs: a tmpfs that has what the runtime needs, read-only, and nothing else of this machine.

It is made once, in a user and a mount namespace of its own, which every program enters (mount_namespaces(7),
pivot_root(2)). A program gets a copy of the mounts, in which it sees its own part of /proc, and then a user namespace
that has no power over them. What os402's server has and no program can open (/dev/null, /etc/passwd) is there as well,
and cannot be opened either: the error is the same.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING, Any

from hatch_os402.errors import KernelRefusedError
from hatch_os402.sandbox import linux
from hatch_os402.sandbox.tree import RootTree, aliases

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

START = "/srv/os402"
"""Where programs start."""

_HOST_PROC = "/.host"
_OLD = "/.old"
_PRIVATE = 1 << 18  # linux/mount.h
_NOSUID, _NODEV, _NOEXEC = 2, 4, 8
_SCRATCH = (START, "/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - folders in which nothing can be made
_ID = 1
"""The uid and gid within the outer user namespace of what root starts: one that nobody else has."""
_UNUSED, _COUNT_OF_UNUSED = 0x70000000, (1 << 28) - 1
"""User ids that nothing gives out (systemd's "Users, Groups, UIDs and GIDs", the last range but one)."""

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_LINKS = {
    "/dev/fd": "/proc/self/fd",
    "/dev/stdin": "/proc/self/fd/0",
    "/dev/stdout": "/proc/self/fd/1",
    "/dev/stderr": "/proc/self/fd/2",
    "/proc/mounts": "self/mounts",
    "/proc/thread-self": "self",
}
_UNREADABLE = (
    *(f"/etc/{name}" for name in ("group", "hosts", "mime.types", "passwd", "resolv.conf", "services")),
    *(f"/proc/{name}" for name in ("cmdline", "cpuinfo", "loadavg", "meminfo", "stat", "uptime", "version")),
    *("/bin/sh", "/bin/true", "/usr/bin/env"),
)
"""Files that a server has. They are empty here, and nobody may open them."""


class SandboxRoot:
    """The namespaces that have the root. Raises `KernelRefusedError` where the kernel does not allow them.

    `config` has what `Needs` says, `folder`, which programs start in, if it is to be another than an empty one, and
    `spare`, an empty folder of this machine.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._ids = _distinct() if all(map(_for_everybody, (config["executable"], *config["readable"]))) else None
        step = "a user namespace"
        ours, theirs = os.pipe(), os.pipe()
        if (pid := os.fork()) == 0:
            try:
                os.close(theirs[1])  # else its end never comes
                linux.unshare(linux.NEWUSER | linux.NEWNS)
                os.write(ours[1], b".")
                if os.read(theirs[0], 1):
                    free = _build(**{name: config[name] for name in _CONFIG})
                    os.write(ours[1], f".{' '.join(free)}".encode())
                    os.read(theirs[0], 1)
            except BaseException as error:  # noqa: BLE001 - reported by the parent
                os.write(ours[1], f" {error}".encode(errors="backslashreplace"))
            os._exit(0)
        os.close(ours[1])
        os.close(theirs[0])
        try:
            _answered(ours[0])
            step = "its user"
            self._ids = _mapped(pid, self._ids)
            os.write(theirs[1], b".")
            step = "its files"
            self._scratch = _answered(ours[0]).split()
            step = "its namespaces"
            self._user = os.open(f"/proc/{pid}/ns/user", os.O_RDONLY)
            self._mounts = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY)
            self.folder = os.open(f"/proc/{pid}/root", os.O_PATH)
        except OSError as error:
            raise KernelRefusedError(
                f"programs have no root of their own ({step}: {error.strerror or error}); {linux.ADVICE}"
            ) from None
        finally:
            os.close(ours[0])
            os.close(theirs[1])
            os.waitpid(pid, 0)

    @property
    def distinct(self) -> bool:
        """Whether programs are of a user that nobody else is."""
        return self._ids is not None

    def enter(self) -> None:
        """Have this process see the root, and its own part of /proc in it. Raises `OSError`."""
        pid = os.getpid()
        linux.setns(self._user)
        linux.setns(self._mounts)
        linux.unshare(linux.NEWNS)
        linux.mount(f"{_HOST_PROC}/{pid}", "/proc/self", flags=linux.BIND | linux.REC)
        linux.unmount(_HOST_PROC)
        # Landlock forbids to write here, with the error that a program sees on os402. Else nobody shares it.
        for number, folder in enumerate(self._scratch):
            if number:
                linux.mount(self._scratch[0], folder, flags=linux.BIND)
            else:
                linux.mount("tmpfs", folder, "tmpfs", _NOSUID | _NODEV | _NOEXEC, "size=1m,nr_inodes=64,mode=755")
        os.chdir(START)
        if self._ids is not None:
            for number in range(3):
                if stat.S_ISFIFO(os.fstat(number).st_mode):
                    with contextlib.suppress(OSError):  # so that it can be opened by its name in /proc/self/fd
                        os.fchown(number, _ID, _ID)
            os.setgroups([])
            os.setresgid(_ID, _ID, _ID)
            os.setresuid(_ID, _ID, _ID)
            linux.be_dumpable()  # else what /proc has of this process is root's


def _distinct() -> tuple[int, int] | None:
    """Return a uid and a gid that nobody has, where this process may take any; else None: it keeps its own.

    The kernel bounds no processes of root, and lets those of one user change and signal each other.
    """
    if os.getuid() != 0:
        return None
    try:
        if any(_count("/proc/self/" + name) < _UNUSED + _COUNT_OF_UNUSED for name in ("uid_map", "gid_map")):
            return None  # another's container
    except OSError:
        return None
    chosen = _UNUSED + linux.random_below(_COUNT_OF_UNUSED)
    return chosen, chosen


def is_root() -> bool:
    """Whether this process is the machine's root, whose processes the kernel does not count."""
    try:
        with open("/proc/self/uid_map", "rb") as file:  # noqa: PTH123 - a small process
            return os.geteuid() == 0 and file.readline().split()[1] == b"0"
    except (OSError, IndexError):
        return os.geteuid() == 0


def _count(path: str) -> int:
    """Return how many ids a map has (user_namespaces(7))."""
    with open(path, "rb") as file:  # noqa: PTH123 - a small process
        return sum(int(line.split()[2]) for line in file)


def _mapped(pid: int, ids: tuple[int, int] | None) -> tuple[int, int] | None:
    """Give the namespace of a process its ids, `ids` among them if this process may; return them if so."""
    own = {"uid_map": f"0 {os.geteuid()} 1", "gid_map": f"0 {os.getegid()} 1"}
    if ids is not None:
        with contextlib.suppress(OSError):  # root without its privileges, as in many containers
            for (name, content), other in zip(own.items(), ids, strict=True):
                _write(f"/proc/{pid}/{name}", f"{content}\n{_ID} {other} 1")
            return ids
    for name, content in {"setgroups": "deny", **own}.items():
        _write(f"/proc/{pid}/{name}", content)
    return None


def _for_everybody(path: str) -> bool:
    """Whether every user may use `path`, were it not for the folders above; also what is not there."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - a small process
    except OSError:
        return True
    wanted = stat.S_IROTH | (mode & stat.S_IXUSR and stat.S_IXOTH)
    return mode & wanted == wanted


def _answered(descriptor: int) -> str:
    answer = os.read(descriptor, 4096).decode()
    if answer[:1] != ".":
        raise OSError(answer.strip() or "it ended")
    return answer[1:]


def _write(path: str, content: str) -> None:
    with open(path, "wb", 0) as file:  # noqa: PTH123 - a small process
        file.write(content.encode())


_CONFIG = ("executable", "readable", "hidden", "folder", "spare")


def _build(
    executable: str, readable: Iterable[str], hidden: Iterable[str], folder: str | None, spare: str
) -> list[str]:
    """Make the root, at `spare`, and then this process's root. Raises `OSError`.

    Return the folders of `_SCRATCH` in which nothing of the runtime lies.
    """
    os.umask(0o022)
    linux.mount(None, "/", flags=linux.REC | _PRIVATE)
    linux.mount("tmpfs", spare, "tmpfs", _NOSUID | _NODEV, "mode=755")
    tree = RootTree(spare)
    for path in (_OLD, _HOST_PROC, "/proc/self", *_SCRATCH):
        tree.folder(path)
    for path, target in _LINKS.items():
        tree.link(path, target)
    for name in os.listdir("/"):  # noqa: PTH208 - the names alone
        if name.startswith(("lib", "bin", "sbin")) and os.path.islink(f"/{name}"):  # noqa: PTH114 - as above
            tree.link(f"/{name}", os.readlink(f"/{name}"))  # noqa: PTH115 - as above
    for path in (*(f"/dev/{name}" for name in _DEVICES), "/usr/share/zoneinfo", executable, *readable):
        tree.bring(path)
    for path in aliases(executable, readable):
        tree.bring(path)
    for path in hidden:
        tree.imitate(path, stat.S_IFDIR)
    for path in _UNREADABLE:
        tree.imitate(path, stat.S_IFREG)
    if folder is not None:
        linux.mount(folder, spare + START, flags=linux.BIND | linux.REC)
    free = [path for path in _SCRATCH if not os.listdir(spare + path)]  # noqa: PTH208 - the names alone
    linux.mount("/proc", spare + _HOST_PROC, flags=linux.BIND | linux.REC)
    linux.pivot_root(spare, spare + _OLD)
    os.chdir("/")
    linux.unmount(_OLD)
    linux.seal("/")
    return free
