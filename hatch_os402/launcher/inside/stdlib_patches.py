"""Modules that are changed once they are imported, and by what: they go past what vfs/patches.py replaces.

start.py names the same modules, so that this one is imported with the first of them only.
"""

import os

from .index import ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _frozen_importlib import ModuleSpec
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from .vfs.patches import VirtualFiles


def _shutil(shutil: "Any", files: "VirtualFiles") -> None:
    if files.closed:  # files in memory have no descriptors to copy by, nor have their folders
        for name in ("_USE_CP_SENDFILE", "_USE_CP_COPY_FILE_RANGE", "_use_fd_functions"):
            if hasattr(shutil, name):
                setattr(shutil, name, False)
        shutil.rmtree.avoids_symlink_attacks = False


def _py_compile(_: "Any", files: "VirtualFiles") -> None:
    files.import_by_path()  # it reads by a loader of files


def _sysconfig(sysconfig: "Any", _: "VirtualFiles") -> None:
    for scheme in {sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("prefix")}:
        sysconfig._INSTALL_SCHEMES[scheme] |= {"purelib": ROOT, "platlib": ROOT}  # noqa: SLF001 - no other way in


def _users(pwd: "Any", _: "VirtualFiles") -> None:
    from .stdlib.accounts import patch_users  # noqa: PLC0415 - few programs need it

    patch_users(pwd)


def _groups(grp: "Any", _: "VirtualFiles") -> None:
    from .stdlib.accounts import patch_groups  # noqa: PLC0415 - few programs need it

    patch_groups(grp)


def _subprocess(subprocess: "Any", files: "VirtualFiles") -> None:
    """Make `subprocess.Popen` know which programs there are, and give it a `DEVNULL` that another process can have."""
    kind = subprocess.Popen
    real = kind._execute_child  # noqa: SLF001 - no other way in

    def _execute_child(self: "Any", args: "Any", executable: "Any", *more: "Any") -> None:
        from .stdlib.processes import demand  # noqa: PLC0415 - many programs import it, and few start another

        demand(files.table, args, executable, *more)
        real(self, args, executable, *more)

    def _get_devnull(self: "Any") -> int:
        if not hasattr(self, "_devnull"):
            number = os.open(os.devnull, os.O_RDWR)
            self._devnull = files.open_files[number].descriptor()
            os.close(number)
        return self._devnull  # type: ignore[no-any-return]

    kind._execute_child, kind._get_devnull = _execute_child, _get_devnull  # noqa: SLF001 - as above


def _threading(threading: "Any", _: "VirtualFiles") -> None:
    """Make `threading` say why no thread can start."""
    for name in ("_start_new_thread", "_start_joinable_thread"):  # the latter since 3.13
        if real := getattr(threading, name, None):
            setattr(threading, name, _explained(real))


def _explained(real: "Callable[..., Any]") -> "Callable[..., Any]":
    def start(*args: "Any", **kwargs: "Any") -> "Any":
        try:
            return real(*args, **kwargs)
        except RuntimeError as problem:
            if str(problem) != "can't start new thread":
                raise
            raise RuntimeError(
                "can't start new thread: on os402 a program runs in one thread, and only pools can do without"
            ) from None

    return start


def _threads(name: str) -> "Callable[[Any, VirtualFiles], None]":
    """Return what calls the function of that name in stdlib/threads.py."""

    def change(module: "Any", _: "VirtualFiles") -> None:
        from .stdlib import threads  # noqa: PLC0415 - few programs need it

        getattr(threads, name)(module)

    return change


def _sqlite3(sqlite3: "Any", files: "VirtualFiles") -> None:
    from .stdlib.sqlite import patch  # noqa: PLC0415 - few programs need it

    patch(sqlite3, files.table)


def _ssl(ssl: "Any", files: "VirtualFiles") -> None:
    from .stdlib.tls import patch  # noqa: PLC0415 - few programs need it

    patch(ssl, files.table)


PATCHES: "dict[str, Callable[[Any, VirtualFiles], None]]" = {
    "py_compile": _py_compile,
    "shutil": _shutil,
    "sqlite3": _sqlite3,
    "ssl": _ssl,
    "sysconfig": _sysconfig,
}
"""Each is given the module and the virtual files."""

PATCHES_WHEN_CLOSED: "dict[str, Callable[[Any, VirtualFiles], None]]" = {
    "anyio._backends._asyncio": _threads("patch_anyio"),
    "asgiref.current_thread_executor": _threads("patch_asgiref"),
    "asgiref.sync": _threads("patch_async_to_sync"),
    "asyncio.base_events": _threads("patch_asyncio"),
    "concurrent.futures.thread": _threads("patch_executor"),
    "grp": _groups,
    "multiprocess.pool": _threads("patch_pool"),
    "multiprocessing.pool": _threads("patch_pool"),
    "pwd": _users,
    "subprocess": _subprocess,
    "threading": _threading,
    "trio._core._thread_cache": _threads("patch_trio"),
}
"""Those for a program that is started from memory, as on os402."""


def patch(module: "ModuleType", files: "VirtualFiles") -> None:
    """Change a module that is executed."""
    name = module.__name__
    (PATCHES.get(name) or PATCHES_WHEN_CLOSED[name])(module, files)


def patched(spec: "ModuleSpec | None", files: "VirtualFiles") -> "ModuleSpec | None":
    """Make a spec change its module once it is executed; return it."""
    if spec is not None and spec.loader is not None:
        loader: Any = PatchingLoader(spec.loader, files)
        spec.loader = loader
    return spec


class PatchingLoader:
    """The loader of a module that is changed once it is executed; the module itself gets to see the real loader."""

    def __init__(self, loader: "Any", files: "VirtualFiles") -> None:
        self._loader = loader
        self._files = files

    def __getattr__(self, name: str) -> "Any":
        return getattr(self._loader, name)

    def create_module(self, spec: "ModuleSpec") -> "ModuleType | None":
        """Return what the real loader makes."""
        made: ModuleType | None = self._loader.create_module(spec)
        return made

    def exec_module(self, module: "Any") -> None:
        """Execute the module as the real loader does, and change it."""
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        patch(module, self._files)
