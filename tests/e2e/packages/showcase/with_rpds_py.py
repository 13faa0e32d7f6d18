"""Persistent maps, sets, lists and queues, by the substitute for its compiled code."""

import importlib.metadata
import pickle

from rpds import HashTrieMap, HashTrieSet, List, Queue


def facts():
    one = HashTrieMap({"a": 1})
    two = one.insert("b", 2).remove("a")
    try:
        one.remove("z")
    except KeyError as error:
        refused = str(error)
    return {
        "maps": [repr(one), repr(two), one == HashTrieMap(a=1), hash(one) == hash(HashTrieMap(a=1))],
        "set": sorted(HashTrieSet([3, 1, 3]).insert(2)),
        "list": [repr(List([1, 2]).push_front(0)), repr(List([1, 2]).rest)],
        "queue": repr(Queue([1]).enqueue(2).dequeue()),
        "pickled": repr(pickle.loads(pickle.dumps(List([1, 2])))),
        "refused": refused,
        "installed": bool(importlib.metadata.version("rpds-py")),
    }
