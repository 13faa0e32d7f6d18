"""From the archive's bytes to the running entry point."""

from __future__ import annotations

import sys
from _frozen_importlib import _find_spec  # type: ignore[attr-defined]  # not listed by typeshed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _frozen_importlib import ModuleSpec
    from collections.abc import Callable
    from types import CodeType, ModuleType, TracebackType
    from typing import Any, NoReturn

    from .index import Index

launched_from: ModuleType | None = None
"""The `__main__` we were started from. Its namespace must outlive us: it is still running."""


def start(
    data: bytes, path: str | None, load: Callable[[str], Any], entry_point: str, *, virtual_files: bool
) -> NoReturn:
    """Install the importer, set up the streams and run the entry point. Ends with `SystemExit`, or its exception.

    `data` are the archive's bytes, `path` is where it lies on disk, if it does. `load` gives the launcher's own
    modules while there is no importer. `entry_point` is `"module:callable"` or `"module"`.
    `virtual_files`: whether files of the archive can be opened by path.
    """
    try:
        index = load("index").Index(data)
    except ValueError as error:
        print("os402:", error, file=sys.stderr)  # noqa: T201 - the only way to say it
        sys.exit(70)
    load("importer").install(index, path)
    if virtual_files:
        load("tree")
        load("files").install(index)
    load("streams").prepare()
    sys.excepthook = _excepthook
    module, _, attributes = entry_point.partition(":")
    if attributes:
        _call(index, module, attributes)
    else:
        _run(module)


def _call(index: Index, name: str, attributes: str) -> NoReturn:
    """Run a function as the script that pip would install for it does."""
    from .importer import ArchiveLoader  # noqa: PLC0415 - loaded by then

    loader = ArchiveLoader(index, "__main__", "__main__")
    main = _new_main()
    main.__file__ = sys.argv[0] = loader.path
    main.__loader__ = loader
    __import__(name)
    target: Any = sys.modules[name]
    for attribute in attributes.split("."):
        target = getattr(target, attribute)
    sys.exit(target())


def _run(name: str) -> NoReturn:
    """Run a module as `python -m` does."""
    spec = _find_main(name)
    code: CodeType = spec.loader.get_code(spec.name)  # type: ignore[union-attr]  # a module has a loader
    main = _new_main()
    main.__spec__ = spec
    main.__loader__ = spec.loader
    main.__package__ = spec.parent
    main.__file__ = sys.argv[0] = spec.origin  # type: ignore[assignment]  # a module has one
    exec(code, main.__dict__)  # noqa: S102 - what running is
    sys.exit()


def _find_main(name: str) -> ModuleSpec:
    """Return the spec of a module, or that of `__main__` in a package."""
    parent = name.rpartition(".")[0]
    search = None
    if parent:
        __import__(parent)
        search = getattr(sys.modules[parent], "__path__", ())
    spec: ModuleSpec | None = _find_spec(name, search)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    if spec.submodule_search_locations is None:
        return spec
    return _find_main(name + ".__main__")


def _new_main() -> ModuleType:
    global launched_from  # noqa: PLW0603 - one process, one program
    launched_from = sys.modules["__main__"]
    sys.modules["__main__"] = type(sys)("__main__")
    return sys.modules["__main__"]


def _excepthook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print an uncaught exception. The interpreter's own hook could not read lines from the archive."""
    from .report import show  # noqa: PLC0415 - needed only when all is lost

    show(kind, error, trace, globals())
