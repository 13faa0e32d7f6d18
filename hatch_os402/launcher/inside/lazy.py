"""Modules that are loaded when they are first used. Imported when there are any.

What `importlib.util.LazyLoader` does, without `importlib.util`. Threads that come while a module is being loaded wait.
"""

import sys
from _thread import RLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _frozen_importlib import ModuleSpec
    from types import ModuleType as _Module
    from typing import Any
else:
    _Module = type(sys)
_lock = RLock()
_loading: "set[int]" = set()


def defer(spec: "ModuleSpec") -> "ModuleSpec":
    """Make a spec load its module when an attribute is first asked for; return it."""
    if spec.loader is not None:
        spec.loader = _Later(spec.loader)  # type: ignore[assignment]  # it has what the import system calls
    return spec


class _Later:
    """The loader of a module as long as nobody has used it."""

    def __init__(self, loader: "Any") -> None:
        self._loader = loader

    def create_module(self, spec: "ModuleSpec") -> "Any":
        """Return what the real loader makes."""
        return self._loader.create_module(spec)

    def exec_module(self, module: "Any") -> None:
        """Leave it for later."""
        module.__spec__.loader = module.__loader__ = self._loader
        module.__class__ = _Deferred


class _Deferred(_Module):
    """A module that nobody has used."""

    def __getattribute__(self, name: str) -> "Any":
        if name != "__spec__":  # for which the import system asks, without using the module
            _load(self)
        return _Module.__getattribute__(self, name)

    def __setattr__(self, name: str, value: "Any") -> None:
        if name not in ("__spec__", "__loader__"):
            _load(self)
        _Module.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        _load(self)
        _Module.__delattr__(self, name)


def _load(module: "Any") -> None:
    """Load the module, unless that is what this thread is doing, or another has done."""
    with _lock:
        if type(module) is not _Deferred or id(module) in _loading:
            return
        spec = _Module.__getattribute__(module, "__spec__")
        _loading.add(id(module))
        try:
            spec.loader.exec_module(module)
        finally:  # after a failure the next use tries again, as the next import would
            _loading.discard(id(module))
        put_off_any = any(key[:2] == "_@" for key in _Module.__getattribute__(module, "__dict__"))
        _Module.__setattr__(module, "__class__", _WithNames if put_off_any else _Module)
        if sys.modules.get(spec.name) is not module:
            raise ImportError(
                f"{spec.name} puts another object in its place when it is loaded: take it out of `lazy-imports`",
                name=spec.name,
            )


def put_off(names: "dict[str, Any]", module: str, level: int, line: int, table: "dict[str, str]") -> None:
    """Let the first use of some global `names` of a module import them, as `from module import …` in `line` says.

    `table`: the name that is bound → the name in the module. Called by modules whose bytecode the build has rewritten
    (`hatch_os402/archive/rewriting/lazy_names.py`).
    """
    owner = sys.modules.get(names["__name__"])
    known = vars(owner) if owner is not None else None
    for bound, name in table.items():
        load = _Name(names, bound, (module, level, line, name))
        names["_@" + bound] = load
        if known is not names or type(owner) not in (_Module, _WithNames, _Deferred):
            load()  # there is no module that could answer for the name: it is imported now
    if known is names and type(owner) is _Module:
        owner.__class__ = _WithNames


class _Name:
    """Imports a name when it is called."""

    def __init__(self, names: "dict[str, Any]", bound: str, said: "tuple[str, int, int, str]") -> None:
        self._names, self._bound, self._said = names, bound, said

    def __call__(self) -> "Any":
        names, bound = self._names, self._bound
        module, level, line, name = self._said
        if bound not in names:  # somebody may have set it
            try:
                found = __import__(module, names, None, (name,), level)
                try:
                    value = getattr(found, name)
                except AttributeError:  # a circular import
                    value = sys.modules.get(f"{found.__name__}.{name}")
                    if value is None:
                        raise ImportError(
                            f"cannot import name {name!r} from {found.__name__!r} ({getattr(found, '__file__', None)})",
                            name=found.__name__,
                            path=getattr(found, "__file__", None),
                        ) from None
            except ImportError as error:
                error.add_note(  # type: ignore[attr-defined]  # bytecode is 3.12's
                    f"{bound} is imported on first use, as line {line} of {names['__name__']} says"
                )
                raise
            names.setdefault(bound, value)
        names["_@" + bound] = None
        return names[bound]


class _WithNames(_Module):
    """A module of which some names are imported when they are first used."""

    def __getattr__(self, name: str) -> "Any":
        names = vars(self)
        if name == "__all__":  # without one, `import *` takes what is there
            for key in [key for key, value in names.items() if key[:2] == "_@" and value is not None]:
                names[key]()
        elif (load := names.get("_@" + name)) is not None:
            return load()
        raise AttributeError(f"module {names['__name__']!r} has no attribute {name!r}", name=name, obj=self)

    def __dir__(self) -> "list[str]":
        return sorted({key[2:] if key[:2] == "_@" else key for key in vars(self)})
