"""How the launcher's modules import each other: past `sys.meta_path`.

On a disk there are none of them. So a program's finder is not asked for them. It may use files, too, and what serves
these is loaded when the first is used.
"""

import sys
from _frozen_importlib import (  # type: ignore[attr-defined]  # not listed by typeshed
    BuiltinImporter,
    _load,
    _load_unlocked,
    _ModuleLockManager,
)

from .importer import ArchiveLoader, find
from .index import ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _frozen_importlib import ModuleSpec
    from collections.abc import Sequence
    from types import ModuleType
    from typing import Any

    from .index import Index


class OwnImports:
    """The imports of the launcher's modules, those among them that a start has not made itself included."""

    def __init__(self, index: "Index", names: "dict[str, Any]") -> None:
        """Take the builtins of all these modules, whose `__import__` is replaced."""
        self._index = index
        self._names = names
        self._real, names["__import__"] = names["__import__"], self.bring

    def load(self, full: str) -> "Any":
        """Return the module with that full name. Raises `ModuleNotFoundError`."""
        found: Any = sys.modules.get(full)
        if found is None or getattr(found.__spec__, "_initializing", False):
            with _ModuleLockManager(full):  # another thread may be loading it
                if (found := sys.modules.get(full)) is None:
                    spec: Any = find(self._index, full.rpartition(".")[0].replace(".", "/"), full)
                    if spec is None:
                        raise ModuleNotFoundError(f"No module named {full!r}", name=full)
                    spec.loader = OwnLoader(self._index, full, spec.loader.path[len(ROOT) + 1 :].rpartition(".")[0])
                    spec.loader.names = self._names
                    found = _load_unlocked(spec)
        return found

    def bring(
        self, name: str, names: "Any" = None, _: "Any" = None, wanted: "Sequence[str]" = (), level: int = 0
    ) -> "Any":
        """Do what `__import__` does, for `import` statements."""
        if not level:
            if name in sys.modules or name not in sys.builtin_module_names:
                return self._real(name, names, None, wanted, level)
            return _load(BuiltinImporter.find_spec(name))
        full = names["__package__"].rsplit(".", level - 1)[0]
        if name:
            full = f"{full}.{name}"
            found = self.load(full)
        else:  # `from . import name`, which does without the package itself
            found = type(sys)(full)
        if not name or hasattr(found, "__path__"):
            for one in wanted:
                if not hasattr(found, one):
                    setattr(found, one, self.load(f"{full}.{one}"))
        return found


class OwnLoader(ArchiveLoader):
    """Loads one module of the launcher."""

    names: "dict[str, Any]"

    def create_module(self, spec: "ModuleSpec") -> "ModuleType":
        """Return a module that imports as its likes do."""
        made: Any = type(sys)(spec.name)
        made.__builtins__ = self.names
        return made  # type: ignore[no-any-return]
