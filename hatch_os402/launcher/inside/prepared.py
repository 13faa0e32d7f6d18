"""Regular expressions that the build has compiled. Imported when `re` is, in an archive that has any.

`re` looks a pattern up in its dictionary `_cache2` before it does anything else. Here that is one which also knows what
the build has prepared. Whatever is not prepared is compiled as ever, by functions and through frames of `re` alone: its
errors and warnings are the same. `re._compiler` and `re._parser`, which are half of `re`'s import, run when something
of theirs is first wanted.

The format of the table is that of `hatch_os402/archive/patterns.py`, which writes it.
"""

import sys
from _thread import RLock
from marshal import loads
from zlib import crc32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _frozen_importlib import ModuleSpec
    from collections.abc import Callable
    from types import ModuleType as _Module
    from typing import Any

    from .index import Index
else:
    _Module = type(sys)

PATTERNS = "_os402/patterns"
"""Where the table is in the archive."""
_MARK = b"402r"
_HEADER = 16
_CODE_SIZE = 4
_WITHOUT = ("__spec__", "__loader__", "__class__")
"""Attributes that the import system sets."""
_namespace: "Callable[[Any], dict[str, Any]]" = vars(_Module)["__dict__"].__get__
_lock = RLock()
_loading: "set[int]" = set()


def answering(spec: "ModuleSpec | None", index: "Index") -> "ModuleSpec | None":
    """Make the spec of `re`, `re._compiler` or `re._parser` use what the build has prepared; return it."""
    if spec is not None and spec.loader is not None and (table := _table(index)) is not None:
        loader: Any = _Answering(spec.loader, table) if spec.name == "re" else _Later(spec.loader, table)
        spec.loader = loader
    return spec


def answer(re: "Any", index: "Index") -> None:
    """Do the same for an `re` that is imported already."""
    if (table := _table(index)) is not None:
        _install(re, table)


_tables: "list[Table | None]" = []


def _table(index: "Index") -> "Table | None":
    if not _tables:
        _tables.append(_read(index))
    return _tables[0]


def _read(index: "Index") -> "Table | None":
    """Return the table, or None when there is none for this interpreter."""
    import _sre  # type: ignore[import-not-found]  # noqa: PLC0415 - once; a part of CPython
    from _frozen_importlib_external import MAGIC_NUMBER  # noqa: PLC0415 - once

    if sys.byteorder != "little" or _sre.CODESIZE != _CODE_SIZE or not index.is_file(PATTERNS):
        return None
    view = index.view(PATTERNS)
    fits = view[:4] == _MARK and view[4:8] == MAGIC_NUMBER and _number(view, 8) == _sre.MAGIC
    return Table(view) if fits else None


def _number(view: memoryview, at: int) -> int:
    return int.from_bytes(view[at : at + 4], "little")


class Table:
    """(pattern, flags) → the pattern's object."""

    def __init__(self, view: memoryview) -> None:
        """Take the member's content."""
        from _sre import compile as create  # noqa: PLC0415 - what `re._compiler` calls at its end

        self._create: Callable[..., Any] = create
        self._view = view
        count = _number(view, _HEADER - 4)
        self._slots = view[_HEADER : _HEADER + 4 * count].cast("I")
        self._mask = count - 1

    def find(self, pattern: "str | bytes", flags: int) -> "Any":
        """Return a new `re.Pattern`, as `re._compiler.compile(pattern, flags)` does, or None if it is not prepared."""
        data = pattern if type(pattern) is bytes else pattern.encode("utf-8", "surrogatepass")  # type: ignore[union-attr]
        slot = crc32(data, flags) & self._mask
        while offset := self._slots[slot]:
            known, given, final, groups, names, words, places, wide = loads(self._view[offset:])  # noqa: S302 - of this build
            if given == flags and type(known) is type(pattern) and known == pattern:
                by_number: list[str | None] = [None] * (groups + 1)
                for name, number in names.items():
                    by_number[number] = name
                code = list(words)
                for at, word in zip(memoryview(places).cast("H"), memoryview(wide).cast("I")):  # noqa: B905 - as many
                    code[at] = word
                return self._create(pattern, final, code, groups, names, tuple(by_number))
            slot = slot + 1 & self._mask
        return None


class _Cache(dict):  # type: ignore[type-arg]  # as in `re`
    """`re._cache2`: (type, pattern, flags) → the pattern's object."""

    def __init__(self, re: "Any", table: Table) -> None:
        super().__init__(re._cache2)  # noqa: SLF001 - what this is all about
        self._re = re
        self._find = table.find

    def __missing__(self, key: "tuple[type, Any, Any]") -> "Any":
        kind, pattern, flags = key
        if (kind is str or kind is bytes) and type(flags) is int and flags >= 0:
            # A pattern that is in the other cache, but no longer in this one, stays the same object.
            cache = self._re._cache  # noqa: SLF001 - as above
            if key not in cache and (found := self._find(pattern, flags)) is not None:
                if len(cache) >= self._re._MAXCACHE:  # noqa: SLF001 - `re` makes room when it compiles
                    try:  # noqa: SIM105 - contextlib is slow to import
                        del cache[next(iter(cache))]
                    except (StopIteration, RuntimeError, KeyError):
                        pass
                cache[key] = found  # where `re` looks next, and puts it into both
        raise KeyError(key)


def _install(re: "Any", table: Table) -> None:
    if type(getattr(re, "_cache2", None)) is dict and type(getattr(re, "_cache", None)) is dict:
        re._cache2 = _Cache(re, table)  # noqa: SLF001 - as above


class _Answering:
    """The loader of `re`."""

    def __init__(self, loader: "Any", table: Table) -> None:
        self._loader = loader
        self._table = table

    def create_module(self, spec: "ModuleSpec") -> "Any":
        """Return what the real loader makes."""
        return self._loader.create_module(spec)

    def exec_module(self, module: "Any") -> None:
        """Execute the module, and give it the prepared patterns."""
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        _install(module, self._table)
        compiler = sys.modules.get("re._compiler")
        if type(compiler) is _Waiting:  # from here on, whoever asks for `compile` wants the real one
            _namespace(compiler).pop("compile", None)


class _Later(_Answering):
    """The loader of `re._compiler` and `re._parser`."""

    def exec_module(self, module: "Any") -> None:
        """Leave it for later. `re`'s own import finds what it takes from `re._compiler`."""
        module.__spec__.loader = module.__loader__ = self._loader
        if module.__name__ == "re._compiler":
            __import__("re._constants")
            constants = vars(sys.modules["re._constants"])
            vars(module).update({name: value for name, value in constants.items() if name[0] != "_"})
            module.compile = self._table.find
        module.__class__ = _Waiting


class _Waiting(_Module):
    """A module that has not run yet. It runs when an attribute is wanted that it has not been given."""

    def __getattr__(self, name: str) -> "Any":
        _run(self)
        return _Module.__getattribute__(self, name)

    def __setattr__(self, name: str, value: "Any") -> None:
        if name not in _WITHOUT:
            _run(self)
        _Module.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        _run(self)
        _Module.__delattr__(self, name)

    def __dir__(self) -> "list[str]":
        _run(self)
        return _Module.__dir__(self)  # type: ignore[return-value]

    @property
    def __dict__(self) -> "dict[str, Any]":  # type: ignore[override]
        """What `vars` returns, and what the module runs in."""
        _run(self)
        return _namespace(self)

    @property
    def __doc__(self) -> "str | None":  # type: ignore[override]
        """The real one."""
        return self.__dict__.get("__doc__")


def _run(module: "Any") -> None:
    """Run a module that has waited, unless that is what this thread is doing, or another has done."""
    with _lock:
        if type(module) is not _Waiting or id(module) in _loading:
            return
        _loading.add(id(module))
        try:
            _namespace(module)["__loader__"].exec_module(module)
        finally:  # after a failure the next use tries again
            _loading.discard(id(module))
        _Module.__setattr__(module, "__class__", _Module)
