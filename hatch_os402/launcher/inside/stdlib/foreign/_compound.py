"""Types that are made of others: arrays, structures, unions, pointers."""

from ._simple import POINTER_SIZE, CData, DataType, Memory, Simple, c_char, c_wchar, refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_arrays: "dict[tuple[DataType, int], Any]" = {}
_pointers: "dict[Any, Any]" = {}


class ArrayType(DataType):
    """The type of array types."""

    def __init__(cls, name: str, bases: "tuple[type, ...]", namespace: "dict[str, Any]") -> None:
        super().__init__(name, bases, namespace)
        if "_type_" in namespace:
            kind = cls._type_ = namespace["_type_"]
            cls._size_, cls._align_ = kind._size_ * cls._length_, kind._align_

    _type_: "Any" = None
    _length_ = 0

    def get(cls, memory: Memory, place: int) -> "Any":
        """Return the array; of characters, the text."""
        found = cls.at(memory, place)
        return found.value if cls._type_ in (c_char, c_wchar) else found

    def put(cls, memory: Memory, place: int, value: "Any") -> None:
        """Store an array, a tuple of items, or a text of characters."""
        if isinstance(value, (bytes, str)) and cls._type_ in (c_char, c_wchar):
            cls.at(memory, place).value = value
        else:
            super().put(memory, place, value)


class Array(CData, metaclass=ArrayType):
    """Some values of one type, one after the other."""

    _type_: "Any"
    _length_: int

    def __init__(self, *items: "Any") -> None:
        self._zero()
        if len(items) > self._length_:
            raise IndexError("invalid index")
        for number, item in enumerate(items):
            self[number] = item

    def _place(self, number: int) -> int:
        if number < 0:
            number += self._length_
        if not 0 <= number < self._length_:
            raise IndexError("invalid index")
        return self._place_ + number * int(self._type_._size_)

    def __getitem__(self, number: "Any") -> "Any":
        if isinstance(number, slice):
            items = [self[one] for one in range(*number.indices(self._length_))]
            return b"".join(items) if self._type_ is c_char else "".join(items) if self._type_ is c_wchar else items
        return self._type_.get(self._memory_, self._place(number))

    def __setitem__(self, number: "Any", value: "Any") -> None:
        if isinstance(number, slice):
            places = range(*number.indices(self._length_))
            if len(places) != len(value):
                raise ValueError("Can only assign sequence of same size")
            for place, item in zip(places, value):  # noqa: B905 - the same size
                self[place] = item
        else:
            self._type_.put(self._memory_, self._place(number), value)

    def __len__(self) -> int:
        return self._length_

    def __iter__(self) -> "Iterator[Any]":
        return (self[number] for number in range(self._length_))

    def _checked(self, *kinds: "Any") -> None:
        if self._type_ not in kinds:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute 'value'")

    @property
    def value(self) -> "Any":
        """The characters before the first NUL."""
        self._checked(c_char, c_wchar)
        return self[:].split(b"\0" if self._type_ is c_char else "\0", 1)[0]

    @value.setter
    def value(self, value: "Any") -> None:
        self._checked(c_char, c_wchar)
        expected = bytes if self._type_ is c_char else str
        if not isinstance(value, expected):
            raise TypeError(f"{expected.__name__} expected instead of {type(value).__name__} instance")
        if len(value) > self._length_:
            raise ValueError("byte string too long" if expected is bytes else "string too long")
        ended = value + (b"\0" if expected is bytes else "\0")  # type: ignore[operator]  # of the same kind
        self[: min(len(ended), self._length_)] = ended[: self._length_]

    @property
    def raw(self) -> bytes:
        """All bytes."""
        self._checked(c_char)
        return bytes(self)

    @raw.setter
    def raw(self, value: "Any") -> None:
        self._checked(c_char)
        if len(value) > self._length_:
            raise ValueError("byte string too long")
        self._memory_.bytes[self._place_ : self._place_ + len(value)] = value


def array_type(kind: "Any", length: int) -> "Any":
    """Return the type of arrays of `length` values of a type; for the same ones the same."""
    if length < 0:
        raise ValueError("Array length must be >= 0, not " + str(length))
    if (kind, length) not in _arrays:
        name = f"{kind.__name__}_Array_{length}"
        _arrays[kind, length] = ArrayType(name, (Array,), {"_length_": length, "_type_": kind})
    return _arrays[kind, length]


DataType.array_type = staticmethod(array_type)


class Field:
    """Where a field lies: bytes from the start of its structure, and for some of the bits, which."""

    def __init__(self, kind: "Any", offset: int, bits: "tuple[int, int] | None") -> None:
        self._kind, self._bits = kind, bits
        self.offset = offset
        self.size = kind._size_ if bits is None else bits[1] << 16 | bits[0]

    def __get__(self, owner: "Any", _: "Any" = None) -> "Any":
        if owner is None:
            return self
        found = self._kind.get(owner._memory_, owner._place_ + self.offset)
        if self._bits is None:
            return found
        first, count = self._bits
        part = (int(found) >> first) & ((1 << count) - 1)
        signed = self._kind._code_.islower() and self._kind._code_ != "?"
        return part - (1 << count) if signed and part >> (count - 1) else part

    def __set__(self, owner: "Any", value: "Any") -> None:
        place = owner._place_ + self.offset
        if self._bits is not None:
            first, count = self._bits
            mask = ((1 << count) - 1) << first
            value = (int(self._kind.get(owner._memory_, place)) & ~mask) | (int(value) << first & mask)
        self._kind.put(owner._memory_, place, value)


class StructureType(DataType):
    """The type of structures and unions: lays out `_fields_` as C does."""

    _overlapping_ = False
    _names_: "tuple[str, ...]" = ()

    def __init__(cls, name: str, bases: "tuple[type, ...]", namespace: "dict[str, Any]") -> None:
        super().__init__(name, bases, namespace)
        if "_fields_" in namespace:
            cls._lay_out(namespace["_fields_"])

    def __setattr__(cls, name: str, value: "Any") -> None:
        super().__setattr__(name, value)
        if name == "_fields_":
            cls._lay_out(value)

    def _lay_out(cls, fields: "Any") -> None:
        pack, anonymous = cls.__dict__.get("_pack_"), getattr(cls, "_anonymous_", ())
        base: Any = cls.__base__
        end, align, names, unit = base._size_, base._align_, [*base._names_], (0, 0, 0)
        for name, declared, *bits in fields:
            kind = getattr(declared, cls._order_, declared) if cls._order_ else declared
            aligned = min(kind._align_, pack or kind._align_)
            size, start, used = unit
            fits = bits and bits[0] and size == kind._size_ and used + bits[0] <= 8 * size
            if not fits or cls._overlapping_:
                start, used = -(-end // aligned) * aligned, 0
            if cls._overlapping_:
                start = 0
            field = Field(kind, start, (used, bits[0]) if bits else None)
            unit = (kind._size_, start, used + bits[0]) if bits else (0, 0, 0)
            setattr(cls, name, field)
            if name in anonymous:
                for inner in kind._names_:
                    setattr(cls, inner, _Inner(name, inner, field))
            names.append(name)
            end, align = max(end, start + kind._size_), max(align, aligned)
        cls._names_ = tuple(names)
        cls._size_, cls._align_ = -(-end // align) * align, align

    _order_ = ""


class _Inner:
    """A field of an anonymous field."""

    def __init__(self, outer: str, name: str, field: Field) -> None:
        self._outer, self._name, self.offset = outer, name, field.offset

    def __get__(self, owner: "Any", _: "Any" = None) -> "Any":
        return self if owner is None else getattr(getattr(owner, self._outer), self._name)

    def __set__(self, owner: "Any", value: "Any") -> None:
        setattr(getattr(owner, self._outer), self._name, value)


class _Fields(CData, metaclass=StructureType):
    """What structures and unions share."""

    def __init__(self, *values: "Any", **named: "Any") -> None:
        self._zero()
        names = type(self)._names_
        if len(values) > len(names):
            raise TypeError("too many initializers")
        for name, value in [*zip(names, values), *named.items()]:  # noqa: B905 - the rest stays zero
            if name in named and name in names[: len(values)]:
                raise TypeError(f"duplicate values for field {name!r}")
            setattr(self, name, value)


class Structure(_Fields):
    """Fields one after the other, in the byte order of the machine."""


class Union(_Fields):
    """Fields in one place."""

    _overlapping_ = True


class PointerType(DataType):
    """The type of pointer types."""

    def __init__(cls, name: str, bases: "tuple[type, ...]", namespace: "dict[str, Any]") -> None:
        super().__init__(name, bases, namespace)
        cls._size_ = cls._align_ = POINTER_SIZE

    _type_: "Any" = None

    def set_type(cls, kind: "Any") -> None:
        """Say what it points to, when that was not known."""
        cls._type_ = kind

    def put(cls, memory: Memory, place: int, value: "Any") -> None:
        """Store a pointer, or what an array is as one."""
        if value is None:
            memory.kept.pop(place, None)
        elif isinstance(value, Array) and value._type_ is cls._type_:
            memory.kept[place] = (value._memory_, value._place_)
        else:
            super().put(memory, place, value)


class Pointer(CData, metaclass=PointerType):
    """Where a value lies: a memory, and a place in it. Without either it is NULL."""

    _type_: "Any"

    def __init__(self, target: "Any" = None) -> None:
        self._zero()
        if target is not None:
            self.contents = target

    def __bool__(self) -> bool:
        return self._place_ in self._memory_.kept

    def _target(self, number: int = 0) -> "tuple[Memory, int]":
        if not self:
            raise ValueError("NULL pointer access")
        memory, place = self._memory_.kept[self._place_]
        start = place + number * self._type_._size_
        if not 0 <= start <= len(memory.bytes) - self._type_._size_:
            refuse(f"reading {type(self).__name__} beyond what it points to")
        return memory, start

    @property
    def contents(self) -> "Any":
        """The value that it points to."""
        return self._type_.at(*self._target())

    @contents.setter
    def contents(self, target: "Any") -> None:
        if not isinstance(target, self._type_):
            raise TypeError(f"expected {self._type_.__name__} instead of {type(target).__name__}")
        self._memory_.kept[self._place_] = (target._memory_, target._place_)

    def __getitem__(self, number: "Any") -> "Any":
        if isinstance(number, slice):
            if number.stop is None:
                raise ValueError("slice stop is required")
            items = [self[one] for one in range(number.start or 0, number.stop, number.step or 1)]
            return b"".join(items) if self._type_ is c_char else "".join(items) if self._type_ is c_wchar else items
        return self._type_.get(*self._target(number))

    def __setitem__(self, number: int, value: "Any") -> None:
        self._type_.put(*self._target(number), value)


def pointer_type(kind: "Any") -> "Any":
    """Return the type of pointers to a type; a name is that of a type that is not known yet."""
    if kind not in _pointers:
        name = kind if isinstance(kind, str) else kind.__name__
        _pointers[kind] = PointerType("LP_" + name, (Pointer,), {"_type_": None if isinstance(kind, str) else kind})
    return _pointers[kind]


def start_of(value: "Any") -> "tuple[Memory, int]":
    """Return where the data lies that a value is, points to, or holds. Raises `OSError` for an address."""
    if isinstance(value, Pointer):
        return value._target()
    if isinstance(value, Simple) and type(value)._code_ in "zZP":
        value = value.value
    if isinstance(value, bytes):
        return Memory(bytearray(value + b"\0")), 0
    if not isinstance(value, CData):
        refuse(f"reading at {value!r}")
    return value._memory_, value._place_
