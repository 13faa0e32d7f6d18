"""Persistent collections of plain Python, with the interface of rpds-py.

Each change returns a new collection and leaves the old one. Maps and sets are copied for that, which `dict` does
quickly: to insert one after the other takes time that grows with the square of their number, `update` does not. Lists
and stacks share what they have in common.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["HashTrieMap", "HashTrieSet", "List", "Queue", "Stack"]
__doc__ = ""  # what `rpds.__doc__` is
_NONE: Any = object()


def _no_instance(value: Any, kind: str) -> TypeError:
    what = "'None'" if value is None else f"'{type(value).__name__}' object"
    return TypeError(f"{what} is not an instance of '{kind}'")


def _pair(pair: Any) -> tuple[Any, Any]:
    if not isinstance(pair, tuple):
        raise _no_instance(pair, "tuple")
    if len(pair) != 2:
        raise ValueError(f"expected tuple of length 2, but got tuple of length {len(pair)}")
    return pair


def _pairs(source: Any) -> Any:
    return source.items() if isinstance(source, Mapping) else map(_pair, source)


def _hash(item: Any, where: str) -> int:
    try:
        return hash(item)
    except TypeError:
        raise TypeError(f"Unhashable type {where}: {item!r}") from None


class HashTrieMap(Mapping[Any, Any]):
    __module__ = "rpds"
    __slots__ = ("_dict",)

    def __init__(self, value: Any = None, **kwds: Any) -> None:
        self._dict = {} if value is None else dict(_pairs(value))
        self._dict.update(kwds)

    @classmethod
    def _of(cls, items: dict[Any, Any]) -> HashTrieMap:
        made = cls()
        made._dict = items
        return made

    def __getitem__(self, key: Any) -> Any:
        return self._dict[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._dict)

    def __len__(self) -> int:
        return len(self._dict)

    def __repr__(self) -> str:
        return f"HashTrieMap({self._dict!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HashTrieMap):
            return NotImplemented
        theirs = other._dict
        return len(self) == len(theirs) and all(bool(v == theirs.get(k, _NONE)) for k, v in self._dict.items())

    def __hash__(self) -> int:
        return hash(frozenset((k, _hash(v, f"in HashTrieMap of key {k!r}")) for k, v in self._dict.items()))

    def __reduce__(self) -> Any:
        return HashTrieMap, (list(self._dict.items()),)

    def discard(self, key: Any) -> HashTrieMap:
        return self.remove(key) if key in self else self._of(self._dict)

    def remove(self, key: Any) -> HashTrieMap:
        items = dict(self._dict)
        del items[key]
        return self._of(items)

    def insert(self, key: Any, value: Any) -> HashTrieMap:
        return self._of({**self._dict, key: value})

    def update(self, *maps: Any, **kwds: Any) -> HashTrieMap:
        items = dict(self._dict)
        for one in maps:
            items.update(_pairs(one))
        items.update(kwds)
        return self._of(items)

    @classmethod
    def convert(cls, value: Any) -> HashTrieMap:
        return value if isinstance(value, HashTrieMap) else cls._of(dict(_pairs(value)))

    @classmethod
    def fromkeys(cls, keys: Iterable[Any], val: Any = None) -> HashTrieMap:
        return cls._of(dict.fromkeys(keys, val))


def _operation(name: str, *, strict: bool) -> Callable[[Any, Any], Any]:
    def operation(self: Any, other: Any) -> Any:
        if isinstance(other, HashTrieSet):
            return HashTrieSet(getattr(self._set, name)(other._set))
        if strict:
            raise _no_instance(other, "HashTrieSet")
        return NotImplemented

    return operation


class HashTrieSet(AbstractSet[Any]):
    __module__ = "rpds"
    __slots__ = ("_set",)

    def __init__(self, value: Any = None) -> None:
        self._set: frozenset[Any] = frozenset(() if value is None else value)

    def __contains__(self, item: object) -> bool:
        hash(item)  # a frozenset takes a set for what it would be as one
        return item in self._set

    def __iter__(self) -> Iterator[Any]:
        return iter(self._set)

    def __len__(self) -> int:
        return len(self._set)

    def __repr__(self) -> str:
        return f"HashTrieSet({{{', '.join(map(repr, self))}}})"

    def __hash__(self) -> int:
        return hash(self._set)

    def __reduce__(self) -> Any:
        return HashTrieSet, (list(self._set),)

    __and__, __or__, __sub__, __xor__ = (
        _operation(name, strict=False) for name in ("__and__", "__or__", "__sub__", "__xor__")
    )
    intersection, union, difference, symmetric_difference = (
        _operation(name, strict=True) for name in ("__and__", "__or__", "__sub__", "__xor__")
    )
    __rand__ = __ror__ = __rsub__ = __rxor__ = lambda self, other: NotImplemented  # noqa: ARG005 - as the original

    def discard(self, value: Any) -> HashTrieSet:
        return HashTrieSet(self._set - {value})

    def insert(self, value: Any) -> HashTrieSet:
        return HashTrieSet(self._set | {value})

    def remove(self, value: Any) -> HashTrieSet:
        if value not in self:
            raise KeyError(value)
        return self.discard(value)

    def update(self, *iterables: Iterable[Any]) -> HashTrieSet:
        return HashTrieSet(self._set.union(*iterables))


class _Sequence:
    """What lists, stacks and queues share: `_cells` are an item and the cells behind it, `None` at the end."""

    __slots__ = ("_cells", "_size")

    def _fill(self, items: Iterable[Any]) -> None:
        self._cells: Any = None
        self._size = 0
        for item in items:
            self._cells, self._size = (item, self._cells), self._size + 1

    def _with(self, cells: Any, size: int) -> Any:
        made = type(self)()
        made._cells, made._size = cells, size
        return made

    def _first(self, problem: str = "empty list has no first element") -> Any:
        if self._cells is None:
            raise IndexError(problem)
        return self._cells

    def _pushed(self, other: Any) -> Any:
        return self._with((other, self._cells), self._size + 1)

    def _without_first(self, problem: str = "empty list has no first element") -> Any:
        return self._with(self._first(problem)[1], self._size - 1)

    def __iter__(self) -> Iterator[Any]:
        cells = self._cells
        while cells is not None:
            item, cells = cells
            yield item

    def __len__(self) -> int:
        return self._size

    def _shown(self) -> list[Any]:
        return list(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._shown()!r})"

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        pairs: Any = zip(self, other)  # noqa: B905 - of one length
        return len(self) == len(other) and all(bool(one == two) for one, two in pairs)

    def __hash__(self) -> int:
        name = type(self).__name__
        return hash(tuple([_hash(item, f"at {place} element in {name}") for place, item in enumerate(self)]))

    def __reduce__(self) -> Any:
        raise TypeError(f"cannot pickle '{type(self).__name__}' object")


class List(_Sequence):
    __module__ = "rpds"
    __slots__ = ()

    def __init__(self, *elements: Any) -> None:
        self._fill(reversed(elements[0] if len(elements) == 1 else elements))

    def __reversed__(self) -> List:
        return List(list(self)[::-1])

    def __reduce__(self) -> Any:
        return List, (list(self),)

    first = property(lambda self: self._first()[0])
    rest = property(lambda self: self._without_first() if self else self)
    push_front = _Sequence._pushed

    def drop_first(self) -> Any:
        return self._without_first()


class Stack(_Sequence):
    __module__ = "rpds"
    __slots__ = ()

    def __init__(self, *elements: Any) -> None:
        self._fill(iter(elements[0]) if len(elements) == 1 else elements)

    def _shown(self) -> list[Any]:
        return list(self)[::-1]

    push = _Sequence._pushed

    def peek(self) -> Any:
        return self._first("peeked an empty stack")[0]

    def pop(self) -> Any:
        return self._without_first("popped an empty stack")


class Queue(_Sequence):
    """It is copied for each change at its end."""

    __module__ = "rpds"
    __slots__ = ()

    def __init__(self, *elements: Any) -> None:
        self._fill(reversed(list(elements[0] if len(elements) == 1 else elements)))

    def enqueue(self, value: Any) -> Queue:
        return Queue((*self, value))

    def dequeue(self) -> Any:
        return self._without_first("dequeued an empty queue")

    def peek(self) -> Any:
        return self._first("peeked an empty queue")[0]

    def is_empty(self) -> bool:
        return self._cells is None
