"""What modules of the standard library are told, once they are imported, of files that only Python knows."""

from _frozen_importlib_external import PathFinder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _frozen_importlib import ModuleSpec
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any


def taught(name: str) -> "ModuleSpec | None":
    """Return the spec of a module of the standard library, made to teach the module once it is loaded."""
    spec = PathFinder.find_spec(name)
    loader: Any = spec and spec.loader
    if loader is not None:
        execute = loader.exec_module

        def exec_module(module: "ModuleType") -> None:
            execute(module)
            LESSONS[name](module)

        loader.exec_module = exec_module
    return spec


def _copying(shutil: "Any") -> None:
    from .patching import places  # noqa: PLC0415 - loaded by then

    if places().closed:  # files in memory have no descriptors to copy by, nor have their folders
        for name in ("_USE_CP_SENDFILE", "_USE_CP_COPY_FILE_RANGE", "_use_fd_functions"):
            if hasattr(shutil, name):
                setattr(shutil, name, False)
        shutil.rmtree.avoids_symlink_attacks = False


def _sqlite3(sqlite3: "Any") -> None:
    from .database import teach  # noqa: PLC0415 - few programs need it

    teach(sqlite3)


def _ssl(ssl: "Any") -> None:
    from .tls import teach  # noqa: PLC0415 - few programs need it

    teach(ssl)


LESSONS: "dict[str, Callable[[Any], None]]" = {"shutil": _copying, "sqlite3": _sqlite3, "ssl": _ssl}
