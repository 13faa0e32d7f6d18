"""The collections against those of rpds-py: each operation on both, and its result or its error."""

from __future__ import annotations

import collections.abc
import copy
import pickle

import pytest
import rpds as original
from hypothesis import given
from hypothesis import strategies as st

from hatch_os402.substitutes import rpds_py as ours

pytestmark = pytest.mark.once

KEYS = st.sampled_from([0, 1, 2, 3, "a", "b", None, (1, 2)])
BAD = st.sampled_from([[], {}])
ANY = KEYS | BAD
PAIRS = st.lists(st.tuples(KEYS, ANY), max_size=5)
MAPPINGS = st.dictionaries(KEYS, ANY, max_size=4)
SOURCES = st.one_of(PAIRS, MAPPINGS, st.lists(ANY, max_size=3), st.just(3), st.just("ab"))


def facts(value):
    """Return what is comparable of a value of either module; the order of maps and sets is not."""
    name = type(value).__name__
    if name == "HashTrieMap":
        return name, sorted((repr(key), facts(value[key])) for key in value), len(value)
    if name == "HashTrieSet":
        return name, sorted(map(repr, value)), len(value)
    if name in {"List", "Stack", "Queue"}:
        return name, [facts(item) for item in value], repr(value)
    if isinstance(value, collections.abc.MappingView):
        return sorted(map(repr, value))
    return repr(value)


def outcome(action, module):
    try:
        return facts(action(module))
    except Exception as error:  # noqa: BLE001 - which it is, is compared
        missing = isinstance(error, KeyError) and error.args in {(), (None,)}  # the original's KeyError(None) is empty
        return type(error).__name__, "None" if missing else str(error)


def same(action):
    assert outcome(action, ours) == outcome(action, original)


def hashable(value):
    """Return whether it has a hash; of which of several values there is none, the order of a map tells."""
    try:
        return isinstance(hash(value), int)
    except TypeError as error:
        return str(error).partition(" of ")[0]


@pytest.mark.parametrize("wrong", [None, 1, "a", []])
def test_what_is_no_pair_and_no_set(wrong):
    same(lambda module: module.HashTrieMap([wrong]))
    same(lambda module: module.HashTrieSet([1]).union(wrong))


@given(PAIRS, SOURCES, ANY, ANY)
def test_maps(pairs, source, key, value):
    same(lambda module: module.HashTrieMap(source))
    same(lambda module: module.HashTrieMap.convert(source))
    same(lambda module: module.HashTrieMap.fromkeys([key, 1], value))
    for action in (
        lambda map_: map_.insert(key, value),
        lambda map_: map_.remove(key),
        lambda map_: map_.discard(key),
        lambda map_: map_.update(source),
        lambda map_: map_.update(source, [(1, 2)], a=3),
        lambda map_: map_[key],
        lambda map_: map_.get(key, value),
        lambda map_: key in map_,
        lambda map_: sorted(map(repr, map_.keys())),
        lambda map_: sorted(map(repr, map_.values())),
        lambda map_: sorted(map(repr, map_.items())),
        lambda map_: (1, value) in map_.items(),
        lambda map_: map_ == dict(pairs),
        bool,
        lambda map_: isinstance(map_, collections.abc.Mapping),
        hashable,
    ):
        same(lambda module, action=action: action(module.HashTrieMap(pairs)))
    same(lambda module: module.HashTrieMap(pairs) == module.HashTrieMap(source))
    if hashable(ours.HashTrieMap(pairs)) is True:
        same(lambda module: hash(module.HashTrieMap(pairs)) == hash(module.HashTrieMap(dict(pairs))))


@given(PAIRS, KEYS, KEYS)
def test_the_old_ones_stay(pairs, key, value):
    map_ = ours.HashTrieMap(pairs)
    before = facts(map_)
    changed = map_.insert(key, value).discard(1).update({2: 3})
    assert facts(map_) == before
    assert changed[2] == 3
    items = [key for key, _ in pairs]
    for made in (ours.List(items), ours.Stack(items), ours.Queue(items), ours.HashTrieSet(items)):
        before = facts(made)
        for name in ("push_front", "push", "enqueue", "insert"):
            if hasattr(made, name):
                assert len(getattr(made, name)("new")) == len(made) + 1
        assert facts(made) == before


@given(st.lists(KEYS, max_size=5), st.lists(ANY, max_size=4), ANY)
def test_sets(items, others, value):
    same(lambda module: module.HashTrieSet(others))
    for action in (
        lambda made, _: made.insert(value),
        lambda made, _: made.remove(value),
        lambda made, _: made.discard(value),
        lambda made, _: made.update(others, [1]),
        lambda made, _: value in made,
        lambda made, other: made & other,
        lambda made, other: made | other,
        lambda made, other: made - other,
        lambda made, other: made ^ other,
        lambda made, other: made.union(other),
        lambda made, other: made.intersection(other),
        lambda made, other: made.difference(other),
        lambda made, other: made.symmetric_difference(other),
        lambda made, _: made.union({1}),
        lambda made, _: made == set(items),
        lambda made, other: [made == other, made != other, made <= other, made < other, made >= other, made > other],
        lambda made, _: hash(made) == hash(frozenset(made)),
        lambda made, _: isinstance(made, collections.abc.Set),
    ):
        hashable = [item for item in others if isinstance(item, collections.abc.Hashable)]
        same(lambda module, action=action, h=hashable: action(module.HashTrieSet(items), module.HashTrieSet(h)))
    for operator in ("__and__", "__or__", "__sub__", "__xor__"):
        assert getattr(ours.HashTrieSet(items), operator)({1}) is NotImplemented


SEQUENCES = {
    "List": (
        lambda made: made.first,
        lambda made: made.rest,
        lambda made: made.drop_first(),
        lambda made: made.push_front(0),
        lambda made: list(reversed(made)),
    ),
    "Stack": (lambda made: made.peek(), lambda made: made.pop(), lambda made: made.push(0)),
    "Queue": (
        lambda made: made.peek(),
        lambda made: made.is_empty(),
        lambda made: made.dequeue(),
        lambda made: made.enqueue(0),
        lambda made: made.enqueue(1).dequeue().enqueue(2),
    ),
}


@pytest.mark.parametrize("name", SEQUENCES)
@given(items=st.lists(ANY, max_size=5), others=st.lists(ANY, max_size=5))
def test_sequences(name, items, others):
    for action in (
        lambda made: made,
        len,
        lambda made: 1 in made,
        lambda made: made == items,
        lambda made: isinstance(hash(made), int),
        bool,
        *SEQUENCES[name],
    ):
        same(lambda module, action=action: action(getattr(module, name)(items)))
    same(lambda module: getattr(module, name)(*items))
    same(lambda module: getattr(module, name)(items) == getattr(module, name)(others))
    same(lambda module: getattr(module, name)(items) == getattr(module, name)(list(items)))


@pytest.mark.parametrize("argument", [3, None, "abc", {1: 2}, (1, 2)])
@pytest.mark.parametrize("name", ["HashTrieMap", "HashTrieSet", *SEQUENCES])
def test_what_they_are_made_of(name, argument):
    same(lambda module: getattr(module, name)(argument))
    same(lambda module: getattr(module, name)())


@pytest.mark.parametrize("name", original.__all__)
def test_the_interface(name, monkeypatch):
    theirs, mine = getattr(original, name), getattr(ours, name)
    assert mine.__module__ == theirs.__module__
    public = {attribute for attribute in dir(theirs) if attribute[0] != "_"}
    assert public <= set(dir(mine))
    monkeypatch.setattr(original, name, mine)
    made = mine([(1, 2)])
    if name in {"Stack", "Queue"}:
        with pytest.raises(TypeError, match=f"cannot pickle '{name}' object"):
            pickle.dumps(made)
    else:
        assert pickle.loads(pickle.dumps(made)) == copy.copy(made) == made  # noqa: S301 - of our own
