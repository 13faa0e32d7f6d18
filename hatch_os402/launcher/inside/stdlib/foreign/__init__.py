"""`ctypes` without `_ctypes`: data types work, in memory of Python's own. What needs a library raises `OSError`.

Modules that import `ctypes` at their top, and use it for other systems or in a `try`, can be imported so.
"""

from . import _simple
from ._compound import Array, Field, Pointer, Structure, Union, array_type, pointer_type, start_of
from ._simple import CData, Simple, c_char, c_int, c_wchar, copy, refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

__version__ = "1.1.0"
vars().update({name: value for name, value in vars(_simple).items() if name.startswith(("c_", "py_object"))})

RTLD_LOCAL = 0
RTLD_GLOBAL = 256
DEFAULT_MODE = RTLD_LOCAL
ARRAY = array_type
POINTER = pointer_type
CField = Field
_SimpleCData, _Pointer, _CData = Simple, Pointer, CData
_errno = 0


class ArgumentError(Exception):
    """Of ctypes: an argument cannot be converted."""


class LittleEndianStructure(Structure):
    """A structure whose fields are in little-endian order."""

    _order_ = "__ctype_le__"


class BigEndianStructure(Structure):
    """A structure whose fields are in big-endian order."""

    _order_ = "__ctype_be__"


class LittleEndianUnion(Union):
    """A union whose fields are in little-endian order."""

    _order_ = "__ctype_le__"


class BigEndianUnion(Union):
    """A union whose fields are in big-endian order."""

    _order_ = "__ctype_be__"


class _CFuncPtr(Simple):
    """A function: one of Python's, or one of a library, which cannot be called."""

    _type_ = "P"
    _restype_: "Any" = c_int
    _argtypes_: "Any" = ()
    _flags_ = 1
    _name = "a function of a library"
    _function: "Any" = None
    errcheck: "Any" = None

    def __init__(self, what: "Any" = None, *_: "Any") -> None:
        super().__init__()
        self.restype, self.argtypes = self._restype_, self._argtypes_
        if isinstance(what, tuple):
            refuse(f"loading {what[0]}")
        if callable(what):
            self._function = what
        elif what is not None and not isinstance(what, int):
            raise TypeError("argument must be callable or integer function address")

    def __call__(self, *args: "Any") -> "Any":
        if self._function is None:
            refuse(f"calling {self._name}")
        return self._function(*args)

    def __bool__(self) -> bool:
        return True


def _prototype(restype: "Any", argtypes: "tuple[Any, ...]") -> "Any":
    kind: Any = type(_CFuncPtr)
    return kind("CFunctionType", (_CFuncPtr,), {"_restype_": restype, "_argtypes_": argtypes, "_type_": "P"})


def CFUNCTYPE(restype: "Any", *argtypes: "Any", use_errno: bool = False, use_last_error: bool = False) -> "Any":  # noqa: ARG001, N802 - as in ctypes
    """Return the type of functions with these arguments and this result."""
    return _prototype(restype, argtypes)


def PYFUNCTYPE(restype: "Any", *argtypes: "Any") -> "Any":  # noqa: N802 - as in ctypes
    """Return the type of functions with these arguments and this result."""
    return _prototype(restype, argtypes)


class CDLL:
    """A library, which cannot be loaded."""

    def __init__(self, name: "Any" = None, *_: "Any", **__: "Any") -> None:
        """Raise `OSError`."""
        refuse(f"loading {'the program itself' if name is None else name}")


class PyDLL(CDLL):
    """A library that calls Python, which cannot be loaded."""


class LibraryLoader:
    """Libraries by their names, of which none can be loaded."""

    def __init__(self, dlltype: "Any") -> None:
        self._dlltype = dlltype

    def __getattr__(self, name: str) -> "Any":
        if name.startswith("_"):
            raise AttributeError(name)
        return self._dlltype(name)

    def __getitem__(self, name: str) -> "Any":
        return getattr(self, name)

    def LoadLibrary(self, name: "Any") -> "Any":  # noqa: N802 - as in ctypes
        """Raise `OSError`."""
        return self._dlltype(name)


cdll = LibraryLoader(CDLL)
pydll = LibraryLoader(PyDLL)
# No `pythonapi`, as on PyPy: programs ask whether it is there (dill), and call it at once where it is.


def sizeof(what: "Any") -> int:
    """Return the size of a type, or of a value, in bytes."""
    if not isinstance(what, (CData, type(CData))):
        raise TypeError("this type has no size")
    return int(what._size_)


def alignment(what: "Any") -> int:
    """Return the alignment of a type, or of a value, in bytes."""
    if not isinstance(what, (CData, type(CData))):
        raise TypeError("no alignment info")
    return int(what._align_)


def addressof(value: "Any") -> "NoReturn":
    """Raise `OSError`: data has no address here."""
    refuse(f"the address of {type(value).__name__}")


def pointer(value: "Any") -> "Any":
    """Return a pointer to a value."""
    if not isinstance(value, CData):
        raise TypeError(f"_type_ must have storage info, not {type(value).__name__}")
    return pointer_type(type(value))(value)


def byref(value: "Any", offset: int = 0) -> "Any":
    """Return a pointer to a value, as an argument."""
    if not isinstance(value, CData):
        raise TypeError(f"byref() argument must be a ctypes instance, not '{type(value).__name__}'")
    made = pointer_type(type(value))()
    made._memory_.kept[0] = (value._memory_, value._place_ + offset)
    return made


def cast(value: "Any", kind: "Any") -> "Any":
    """Return what a pointer, or an array, points to as another type of pointer."""
    made = kind()
    if not value and not isinstance(value, Array):
        return made
    if isinstance(made, Pointer):
        made._memory_.kept[0] = start_of(value)
    elif isinstance(made, Simple) and kind._code_ == "z":
        made.value = string_at(value)
    else:
        refuse(f"cast to {kind.__name__}")
    return made


def create_string_buffer(init: "Any", size: "int | None" = None) -> "Any":
    """Return an array of characters: with these bytes and a NUL, or of this many."""
    if isinstance(init, bytes):
        made = array_type(c_char, len(init) + 1 if size is None else size)()
        made.value = init
        return made
    if isinstance(init, int):
        return array_type(c_char, init)()
    raise TypeError(init)


c_buffer = create_string_buffer


def create_unicode_buffer(init: "Any", size: "int | None" = None) -> "Any":
    """Return an array of characters: with this text and a NUL, or of this many."""
    if isinstance(init, str):
        made = array_type(c_wchar, len(init) + 1 if size is None else size)()
        made.value = init
        return made
    if isinstance(init, int):
        return array_type(c_wchar, init)()
    raise TypeError(init)


def string_at(source: "Any", size: int = -1) -> bytes:
    """Return the bytes at a pointer: this many, or those before the first NUL."""
    memory, place = start_of(source)
    content = bytes(memory.bytes[place:])
    return content.split(b"\0", 1)[0] if size < 0 else content[:size]


def wstring_at(source: "Any", size: int = -1) -> str:
    """Return the characters at a pointer: this many, or those before the first NUL."""
    memory, place = start_of(source)
    length = (len(memory.bytes) - place) // 4
    text = str(array_type(c_wchar, length).at(memory, place)[:])
    return text.split("\0", 1)[0] if size < 0 else text[:size]


def memmove(target: "Any", source: "Any", count: int) -> "Any":
    """Copy bytes from one value to another."""
    to, place = start_of(target)
    memory, start = start_of(source)
    if max(place + count - len(to.bytes), start + count - len(memory.bytes)) > 0:
        refuse(f"memmove of {count} bytes beyond what is there")
    copy(memory, start, to, place, count)
    return target


def memset(target: "Any", value: int, count: int) -> "Any":
    """Fill bytes of a value."""
    memory, place = start_of(target)
    if place + count > len(memory.bytes):
        refuse(f"memset of {count} bytes beyond what is there")
    memory.bytes[place : place + count] = bytes([value & 0xFF]) * count
    return target


def resize(value: "Any", size: int) -> "NoReturn":  # noqa: ARG001 - as in ctypes
    """Raise `OSError`."""
    refuse("resize")


def get_errno() -> int:
    """Return ctypes' copy of errno."""
    return _errno


def set_errno(value: int) -> int:
    """Set ctypes' copy of errno; return what it was."""
    global _errno
    before, _errno = _errno, value
    return before


def SetPointerType(kind: "Any", target: "Any") -> None:  # noqa: N802 - as in ctypes
    """Say what a type of pointers, of which only a name was known, points to."""
    kind.set_type(target)
