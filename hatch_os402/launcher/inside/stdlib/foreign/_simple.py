"""Values of C in memory: what all types share, and the simple ones, by the documentation of `ctypes`.

Memory is a `bytearray` of Python's. What is no number (a text that a pointer leads to, an object) lies beside it, by
its place.
"""

import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

POINTER_SIZE = struct.calcsize("P")
_OTHER_ORDER = ">" if sys.byteorder == "little" else "<"
_INTEGERS = "bBhHiIlLqQ"


class Memory:
    """Some bytes, and the objects that pointers in them lead to, by their places."""

    def __init__(self, content: "Any") -> None:
        self.bytes = content
        self.kept: dict[int, Any] = {}


def refuse(what: str) -> "NoReturn":
    """Raise `OSError`: `what` needs foreign code or foreign memory."""
    raise OSError(f"{what}: on os402 programs are static and load no libraries, and this ctypes has data types only")


class DataType(type):
    """The type of the types."""

    _size_: int
    _align_: int
    array_type: "Any"
    """Of _compound.py."""

    def __mul__(cls, length: int) -> "Any":
        return cls.array_type(cls, length)

    __rmul__ = __mul__

    def at(cls, memory: Memory, place: int) -> "Any":
        """Return the value at a place in memory."""
        made: Any = cls.__new__(cls)  # type: ignore[call-overload]  # of the class itself
        made._memory_, made._place_ = memory, place
        return made

    def get(cls, memory: Memory, place: int) -> "Any":
        """Return what a field, or an item, of this type is in Python."""
        return cls.at(memory, place)

    def put(cls, memory: Memory, place: int, value: "Any") -> None:
        """Store a value in a field, or an item, of this type."""
        if not isinstance(value, cls):
            if not isinstance(value, tuple):
                raise TypeError(f"expected {cls.__name__} instance, got {type(value).__name__}")
            value = cls(*value)
        copy(value._memory_, value._place_, memory, place, cls._size_)

    def from_buffer(cls, source: "Any", offset: int = 0) -> "Any":
        """Return a value that shares the memory of a writable buffer."""
        view = memoryview(source).cast("B")
        if view.readonly:
            raise TypeError("underlying buffer is not writable")
        _check(view, offset, cls._size_)
        return cls.at(Memory(view), offset)

    def from_buffer_copy(cls, source: "Any", offset: int = 0) -> "Any":
        """Return a value with what is in a buffer."""
        view = memoryview(source).cast("B")
        _check(view, offset, cls._size_)
        return cls.at(Memory(bytearray(view[offset : offset + cls._size_])), 0)

    def from_param(cls, value: "Any") -> "Any":
        """Return the value as an argument."""
        return value if isinstance(value, cls) else cls(value)

    def from_address(cls, address: int) -> "NoReturn":
        """Raise `OSError`."""
        refuse(f"{cls.__name__}.from_address({address})")

    def in_dll(cls, library: object, name: str) -> "NoReturn":  # noqa: ARG002 - as in ctypes
        """Raise `OSError`."""
        refuse(f"{cls.__name__}.in_dll, {name}")


def _check(view: memoryview, offset: int, size: int) -> None:
    if offset < 0:
        raise ValueError("offset cannot be negative")
    if len(view) < offset + size:
        raise ValueError(f"Buffer size too small ({len(view)} instead of at least {offset + size} bytes)")


def copy(source: Memory, start: int, target: Memory, place: int, size: int) -> None:
    """Copy a part of one memory to another."""
    target.bytes[place : place + size] = bytes(source.bytes[start : start + size])
    kept = {at - start + place: item for at, item in source.kept.items() if start <= at < start + size}
    for at in [at for at in target.kept if place <= at < place + size]:
        del target.kept[at]
    target.kept.update(kept)


class CData(metaclass=DataType):
    """What all values share."""

    _size_ = 0
    _align_ = 1
    _memory_: Memory
    _place_: int
    _b_base_ = None

    def _zero(self) -> None:
        self._memory_, self._place_ = Memory(bytearray(type(self)._size_)), 0

    def __bytes__(self) -> bytes:
        return bytes(self._memory_.bytes[self._place_ : self._place_ + type(self)._size_])

    def __buffer__(self, flags: int, /) -> memoryview:
        return memoryview(self._memory_.bytes)[self._place_ : self._place_ + type(self)._size_]

    def __reduce__(self) -> "Any":
        if self._memory_.kept:
            raise ValueError("ctypes objects containing pointers cannot be pickled")
        return type(self).from_buffer_copy, (bytes(self),)


class SimpleType(DataType):
    """The type of the simple types. `_type_` is their letter."""

    def __init__(cls, name: str, bases: "tuple[type, ...]", namespace: "dict[str, Any]") -> None:
        super().__init__(name, bases, namespace)
        if (code := namespace.get("_type_")) is not None:
            cls._code_ = code
            cls._format_ = namespace.get("_format_", "" if code in "zZPOuct" else "@" + code)
            cls._size_ = cls._align_ = namespace.get("_size_") or struct.calcsize(cls._format_ or "P")

    _code_: str
    _format_: str

    def get(cls, memory: Memory, place: int) -> "Any":
        """Return the value in Python; of a class that a program has derived, the instance."""
        found = cls.at(memory, place)
        return found.value if cls.__base__ is Simple else found

    def put(cls, memory: Memory, place: int, value: "Any") -> None:
        """Store a value in a field, or an item, of this type."""
        if isinstance(value, Simple):
            if not isinstance(value, cls):
                raise TypeError(f"incompatible types, {type(value).__name__} instance instead of {cls.__name__}")
            copy(value._memory_, value._place_, memory, place, cls._size_)
        else:
            cls.at(memory, place).value = value


class Simple(CData, metaclass=SimpleType):
    """A number, a character, or a pointer to a text or an object."""

    def __init__(self, *value: "Any") -> None:
        self._zero()
        if value and (value != (None,) or type(self)._code_ in "zZPO"):
            (self.value,) = value

    @property
    def value(self) -> "Any":
        """The value in Python."""
        kind, place = type(self), self._place_
        if kind._code_ in "zZPO":
            if kind._code_ == "O" and place not in self._memory_.kept:
                raise ValueError("PyObject is NULL")
            return self._memory_.kept.get(place)
        content = bytes(self)
        if kind._code_ == "c":
            return content
        if kind._code_ == "u":
            return chr(int.from_bytes(content, sys.byteorder))
        return struct.unpack(kind._format_, content[: struct.calcsize(kind._format_)])[0]

    @value.setter
    def value(self, value: "Any") -> None:
        kind, place, size = type(self), self._place_, type(self)._size_
        if kind._code_ in "zZPO":
            self._keep(kind._code_, value)
            return
        self._memory_.bytes[place : place + size] = _packed(kind, value).ljust(size, b"\0")

    def _keep(self, code: str, value: "Any") -> None:
        expected = {"z": bytes, "Z": str, "P": int, "O": object}[code]
        if value is not None and not isinstance(value, expected):
            name = {
                "z": "bytes or integer address",
                "Z": "unicode string or integer address",
                "P": "cannot be converted",
            }
            raise TypeError(f"{name[code]} or None expected instead of {type(value).__name__} instance")
        if (value is None or (code == "P" and not value)) and code != "O":
            self._memory_.kept.pop(self._place_, None)
        else:
            self._memory_.kept[self._place_] = value

    def __bool__(self) -> bool:
        return self.value not in (None, 0, b"\0", "\0")

    def __repr__(self) -> str:
        if type(self).__base__ is not Simple:
            return object.__repr__(self)
        return f"{type(self).__name__}({self.value!r})"


def _packed(kind: SimpleType, value: "Any") -> bytes:
    """Return a value as the bytes that C has for it. An integer that is too large loses its upper bits."""
    code, size = kind._code_, kind._size_
    if code == "c":
        if isinstance(value, int) and 0 <= value < 256:  # noqa: PLR2004 - a byte
            return bytes([value])
        if isinstance(value, (bytes, bytearray)) and len(value) == 1:
            return bytes(value)
        raise TypeError("one character bytes, bytearray, or an integer in range(256) expected")
    if code == "u":
        if not isinstance(value, str):
            raise TypeError(f"unicode string expected instead of {type(value).__name__} instance")
        if len(value) != 1:
            raise TypeError("one character unicode string expected")
        return ord(value).to_bytes(size, sys.byteorder)
    if code in _INTEGERS:
        if not isinstance(value, int) and (isinstance(value, float) or not hasattr(value, "__index__")):
            raise TypeError(f"an integer is required (got type {type(value).__name__})")
        order: Any = "big" if kind._format_[0] == ">" else "little" if kind._format_[0] == "<" else sys.byteorder
        return (value.__index__() & ((1 << 8 * size) - 1)).to_bytes(size, order)
    return struct.pack(kind._format_, bool(value) if code == "?" else value)


def _simple(name: str, code: str, **more: "Any") -> "Any":
    made: Any = SimpleType(name, (Simple,), {"_type_": code, "__module__": "ctypes", **more})
    if code in _INTEGERS or code in "fd?":
        swapped: Any = SimpleType(
            name, (Simple,), {"_type_": code, "_format_": _OTHER_ORDER + code, "_size_": made._size_}
        )
        swapped._align_ = made._align_
        other = ("__ctype_be__", "__ctype_le__") if sys.byteorder == "little" else ("__ctype_le__", "__ctype_be__")
        for one in (made, swapped):
            setattr(one, other[0], swapped)
            setattr(one, other[1], made)
    return made


_same_int = struct.calcsize("i") == struct.calcsize("l")
_same_long = struct.calcsize("l") == struct.calcsize("q")
c_bool = _simple("c_bool", "?")
c_char = _simple("c_char", "c", _size_=1)
c_wchar = _simple("c_wchar", "u", _size_=4)
c_byte = c_int8 = _simple("c_byte", "b")
c_ubyte = c_uint8 = _simple("c_ubyte", "B")
c_short = c_int16 = _simple("c_short", "h")
c_ushort = c_uint16 = _simple("c_ushort", "H")
c_long = _simple("c_long", "l")
c_ulong = _simple("c_ulong", "L")
c_int = c_int32 = c_long if _same_int else _simple("c_int", "i")
c_uint = c_uint32 = c_ulong if _same_int else _simple("c_uint", "I")
c_longlong = c_long if _same_long else _simple("c_longlong", "q")
c_ulonglong = c_ulong if _same_long else _simple("c_ulonglong", "Q")
c_int64, c_uint64 = (c_long, c_ulong) if _same_long else (c_longlong, c_ulonglong)
c_size_t, c_ssize_t = (c_ulong, c_long) if c_long._size_ == POINTER_SIZE else (c_ulonglong, c_longlong)
c_time_t = c_long if _same_long else c_longlong
c_float = _simple("c_float", "f")
c_double = _simple("c_double", "d")
c_longdouble = _simple("c_longdouble", "g", _format_="@d", _size_=16)
c_char_p = _simple("c_char_p", "z")
c_wchar_p = _simple("c_wchar_p", "Z")
c_void_p = c_voidp = _simple("c_void_p", "P")
py_object = _simple("py_object", "O")
