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
        _Module.__setattr__(module, "__class__", _Module)
        if sys.modules.get(spec.name) is not module:
            raise ImportError(
                f"{spec.name} puts another object in its place when it is loaded: take it out of `lazy-imports`",
                name=spec.name,
            )
