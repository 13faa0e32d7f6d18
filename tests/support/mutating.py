"""Change the artifacts of a real build in every way, and see `verify` find it.

    python tests/publish/mutating.py [ROUNDS]

flips 1,000 bits, or ROUNDS, over the four files, makes as many other changes (insertions, deletions, truncations,
swaps), and changes every value of the record with a checksum that fits. `test_verify_mutations.py` does a few of these.
"""

from __future__ import annotations

import collections
import json
import random
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))

from hatch_os402.artifacts.choosing import choose
from hatch_os402.artifacts.names import SUFFIXES
from hatch_os402.artifacts.record import record_text
from hatch_os402.verification.artifacts import _Artifacts
from support.samplecraft import build_sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def found(stem: Path) -> str:
    """Return the first link that `verify` finds broken; empty if there is none."""
    links = _Artifacts(choose(stem).one(checked=False)).links()
    return next((link.name for link in links if link.holds is False), "")


def flip(content: bytes, chance: random.Random) -> bytes:
    at, bit = chance.randrange(len(content)), 1 << chance.randrange(8)
    return content[:at] + bytes([content[at] ^ bit]) + content[at + 1 :]


def insert(content: bytes, chance: random.Random) -> bytes:
    at = chance.choice((0, len(content), chance.randrange(len(content))))
    return content[:at] + chance.choice((b"\0", b" ", b"\n", chance.randbytes(chance.randrange(1, 9)))) + content[at:]


def delete(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + content[at + chance.randrange(1, 9) :]


def truncate(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.choice((len(content) - 1, chance.randrange(len(content))))]


def swap(content: bytes, chance: random.Random) -> bytes:
    """Swap two places of equal length whose bytes differ."""
    while True:
        size = chance.randrange(1, 9)
        one, other = sorted(chance.sample(range(len(content) - size), 2))
        if other - one < size or content[one : one + size] == content[other : other + size]:
            continue
        middle = content[one + size : other]
        return (
            content[:one] + content[other : other + size] + middle + content[one : one + size] + content[other + size :]
        )


CHANGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (flip, insert, delete, truncate, swap)


def mutate(
    stem: Path, change: Callable[[bytes, random.Random], bytes], rounds: int, seed: int
) -> collections.Counter[str]:
    """Change one file after the other, and return by which link it was found; "" is a change that was not."""
    chance = random.Random(seed)
    counts: collections.Counter[str] = collections.Counter()
    for turn in range(rounds):
        path = stem.with_name(stem.name + SUFFIXES[turn % len(SUFFIXES)])
        content = path.read_bytes()
        path.write_bytes(change(content, chance))
        try:
            counts[found(stem)] += 1
        finally:
            path.write_bytes(content)
    return counts


def leaves(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every value of a record that has no parts."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if parts is None:
        yield way
        return
    for key, part in parts:
        yield from leaves(part, (*way, key))


def other(value: Any) -> Any:
    """Return another value that looks as good."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return value[:-1] + ("1" if value[-1:] == "0" else "0") if value[-1:].isalnum() else value + "x"


def rewrite(stem: Path) -> dict[str, str]:
    """Change every value of the record, with a checksum that fits; return the way to each, and the link that broke."""
    path = stem.with_name(stem.name + ".build.json")
    content = path.read_bytes()
    reported = {}
    for way in leaves(json.loads(content)):
        if way == ("sha256",):
            continue
        stated = here = json.loads(content)
        for key in way[:-1]:
            here = here[key]
        here[way[-1]] = other(here[way[-1]])
        path.write_bytes(record_text(stated))
        try:
            reported[".".join(map(str, way))] = found(stem)
        finally:
            path.write_bytes(content)
    return reported


def main(rounds: int) -> None:
    """Print how many changes of each kind were found, and which values of a record cannot be derived."""
    seed = random.randrange(1 << 32)
    with tempfile.TemporaryDirectory() as folder:
        built = build_sample(Path(folder), Path(folder) / "cache")
        stem = built.dist / "sample-0.1.0"
        assert found(stem) == ""
        print(f"seed {seed}")
        for change in CHANGES:
            counts = mutate(stem, change, rounds, seed)
            links = ", ".join(f"{name or 'NOT FOUND'} {count}" for name, count in counts.most_common())
            print(f"{change.__name__:<9} {rounds - counts['']:,} of {rounds:,} found ({links})")
        reported = rewrite(stem)
        derived = [way for way, link in reported.items() if link]
        print(f"{len(derived)} of {len(reported)} values of the record are derived; recorded only:")
        for way, link in reported.items():
            if not link:
                print(f"  {way}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
