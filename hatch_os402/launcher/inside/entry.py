"""An entry point that is a module. Imported when there is one."""

import gc
import sys
from _frozen_importlib import _module_locks  # type: ignore[attr-defined]  # not listed by typeshed

_MANY = 10_000
"""How many new objects are there when collection begins, as long as there are imports; 700 is usual."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _frozen_importlib import ModuleSpec
    from collections.abc import Callable
    from types import CodeType, ModuleType
    from typing import Any, NoReturn


def run_module(
    name: str,
    *,
    import_module: "Callable[[str], None]",
    new_main: "Callable[[], ModuleType]",
    run: "Callable[[CodeType, dict[str, Any]], None]",
) -> "NoReturn":
    """Run a module as `python -m` does. `import_module`, `new_main` and `run` (`exec`) are those of start.py."""
    spec = _find_main(name, import_module)
    code: CodeType = spec.loader.get_code(spec.name)  # type: ignore[union-attr]  # a module has a loader
    main = new_main()
    main.__spec__ = spec
    main.__loader__ = spec.loader
    main.__package__ = spec.parent
    main.__file__ = sys.argv[0] = spec.origin  # type: ignore[assignment]  # a module has one
    _spare_imports()
    run(code, main.__dict__)
    sys.exit()


def _spare_imports() -> None:
    """Leave what the module imports out of garbage collection, as start.py does with what a function's module imports.

    There, collection waits for the end of an import. Here nobody knows which import is the last, so each collection
    that comes while there is one takes all that is there for permanent. The first that comes otherwise is an ordinary
    one, and so are all that follow.
    """
    usual = gc.get_threshold()
    rare = (_MANY, *usual[1:])

    def collecting(phase: str, _: "dict[str, int]") -> None:
        if phase != "start":
            return
        if _module_locks:
            gc.freeze()
            return
        gc.callbacks.remove(collecting)
        if gc.get_threshold() == rare:  # the program has not set its own
            gc.set_threshold(*usual)

    gc.set_threshold(*rare)
    gc.callbacks.append(collecting)


def program() -> str:
    """Return the name of the archive as it was started, for usage lines: `sys.argv[0]` may be its `__main__.py`."""
    name = sys.orig_argv[-len(sys.argv)].replace("\\", "/").rpartition("/")[2]
    return name if name.isprintable() and " " not in name else "app.pyz"


def _find_main(name: str, import_module: "Callable[[str], None]") -> "ModuleSpec":
    """Return the spec of a module, or that of `__main__` in a package."""
    from _frozen_importlib import _find_spec  # type: ignore[attr-defined]  # noqa: PLC0415 - not listed by typeshed

    parent = name.rpartition(".")[0]
    search = None
    if parent:
        import_module(parent)
        search = getattr(sys.modules[parent], "__path__", ())
    spec: ModuleSpec | None = _find_spec(name, search)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    if spec.submodule_search_locations is None:
        return spec
    return _find_main(name + ".__main__", import_module)
