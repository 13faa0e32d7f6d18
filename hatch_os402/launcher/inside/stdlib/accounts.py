"""The user and the group that a program runs as, without files to look them up in. Imported when `pwd` is asked."""

import os

from ..index import TMP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

NAME = "os402"


def patch_users(pwd: "Any") -> None:
    """Make `pwd` know the user of this process, and nobody else."""

    def getpwall() -> "list[Any]":
        home = os.environ.get("HOME") or TMP
        return [pwd.struct_passwd((NAME, "x", os.getuid(), os.getgid(), "", home, "/bin/sh"))]

    def getpwuid(uid: int, /) -> "Any":
        return getpwall()[0] if uid == os.getuid() else _unknown(f"getpwuid(): uid not found: {uid}")

    def getpwnam(name: str, /) -> "Any":
        return getpwall()[0] if name == NAME else _unknown(f"getpwnam(): name not found: {name!r}")

    pwd.getpwall, pwd.getpwuid, pwd.getpwnam = getpwall, getpwuid, getpwnam


def patch_groups(grp: "Any") -> None:
    """Make `grp` know the group of this process, and no other."""

    def getgrall() -> "list[Any]":
        return [grp.struct_group((NAME, "x", os.getgid(), []))]

    def getgrgid(id: int) -> "Any":  # noqa: A002 - as the function it stands for
        return getgrall()[0] if id == os.getgid() else _unknown(f"getgrgid(): gid not found: {id}")

    def getgrnam(name: str) -> "Any":
        return getgrall()[0] if name == NAME else _unknown(f"getgrnam(): name not found: {name!r}")

    grp.getgrall, grp.getgrgid, grp.getgrnam = getgrall, getgrgid, getgrnam


def _unknown(why: str) -> "NoReturn":
    raise KeyError(why)
