"""Other programs, for `subprocess`: there is none but the runtime itself. Imported when one is to be started.

What cannot be seen fails as on a disk that does not have it. No process is forked for that: os402 grants a single one,
so that the first attempt would fail in another way than all that follow.
"""

import errno
import os

from ..vfs.mount import error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..vfs.mount_table import MountTable

_SHELL = "/bin/sh"


def demand(
    table: "MountTable",
    args: "Any",
    executable: "Any",
    preexec_fn: "Any",  # noqa: ARG001 - these are what `Popen._execute_child` is given
    close_fds: "Any",  # noqa: ARG001 - as above
    pass_fds: "Any",  # noqa: ARG001 - as above
    cwd: "Any",
    env: "Any",
    startupinfo: "Any",  # noqa: ARG001 - as above
    creationflags: "Any",  # noqa: ARG001 - as above
    shell: "Any",
    *_: "Any",
) -> None:
    """Raise what `Popen` raises when the folder to start in, or the program, is not there or cannot be executed."""
    if cwd is not None and not os.path.isdir(cwd):  # noqa: PTH112 - pathlib is slow to import
        os.stat(cwd)  # noqa: PTH116 - as above
        raise error(errno.ENOTDIR, cwd)
    program = executable or (_SHELL if shell else _first(args))
    if not isinstance(program, (str, bytes, os.PathLike)):
        return  # `Popen` says so
    number = errno.ENOENT
    for path in _candidates(os.fspath(program), env):
        try:
            found = table.find(path)
        except OSError:
            continue
        if found is None:
            return  # a real file: the runtime's
        if found[0].exists(found[1]):
            number = errno.EACCES
    raise error(number, os.fspath(program))


def _first(args: "Any") -> "Any":
    return args if isinstance(args, (str, bytes, os.PathLike)) else next(iter(args), None)


def _candidates(program: "str | bytes", env: "Any") -> "list[str | bytes]":
    if os.path.dirname(program):  # noqa: PTH120 - as above
        return [program]
    return [os.path.join(os.fsencode(folder), os.fsencode(program)) for folder in os.get_exec_path(env)]  # noqa: PTH118 - as above
