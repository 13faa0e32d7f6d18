"""What signing 1,000 offers and hashing a 50 MB frame cost, and what bounds it.

`hatch run bench:offer`, or `python benchmarks/offer/run.py` where hatch-os402[publish] is installed. README.md, beside
this file, says what is measured.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import statistics
import sys
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from eth_keys.datatypes import PrivateKey

from hatch_os402 import launcher
from hatch_os402.archive.frame import write_frame
from hatch_os402.offer import networks
from hatch_os402.offer.build import BASE_ENV, ZERO_ADDRESS
from hatch_os402.offer.canonical import canonical
from hatch_os402.offer.keys import Key
from hatch_os402.offer.payload import Exec, Executable, Limits, Offer, Price, envelope_text, sha256
from hatch_os402.offer.reading import read_envelope
from hatch_os402.offer.signing import complete, sign

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SECRET = (402).to_bytes(32, "big")
HASH = "0" * 64


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--offers", type=int, default=1000)
    arguments.add_argument("--megabytes", type=int, default=50)
    arguments.add_argument("--rounds", type=int, default=9)
    chosen = arguments.parse_args()
    key, bare = Key(SECRET), PrivateKey(SECRET)
    print(
        f"Python {sys.version.split()[0]}, eth-keys {version('eth-keys')} "
        f"({type(bare.backend).__name__}), {os.cpu_count()} processors\n"
    )
    signing(chosen.offers, key, bare)
    hashing(chosen.megabytes * 10**6, chosen.rounds)


def an_offer() -> Offer:
    """An offer as a build writes it: the launcher's arguments, every main network, no owner yet."""
    return Offer(
        exec=Exec(
            {"x86_64": Executable(HASH)},
            args=launcher.ARGS,
            env=BASE_ENV,
            env_extendable=True,
            stdin_appendable=True,
            stdin_sha256=HASH,
            stdin_private=True,
        ),
        limits=Limits(1, 524288, 1048576, 60, 120, retain=60),
        price=tuple(
            Price(asset.token, asset.token_address, asset.network, 0.001, ZERO_ADDRESS) for asset in networks.assets()
        ),
        min_duration_seconds=60,
        owner=ZERO_ADDRESS,
        valid_until=1_900_000_000,
        name="benchmark",
    )


def signing(count: int, key: Key, bare: PrivateKey) -> None:
    """Every step on every offer in turn, so that what else the machine does falls on all alike."""
    steps: dict[str, list[float]] = {}

    def timed(name: str, step: Callable[[], object]) -> None:
        began = time.perf_counter()
        step()
        steps.setdefault(name, []).append(time.perf_counter() - began)

    template = an_offer()
    for number in range(count):
        offer = replace(template, valid_until=template.valid_until + number)
        completed = complete(offer, key.address)
        digest = bytes.fromhex(sha256(completed))
        text = envelope_text(completed)
        timed("sign an offer, from zero owner to k256", lambda: sign(complete(offer, key.address), key))  # noqa: B023
        timed("  complete: the owner, 33 times", lambda: complete(offer, key.address))  # noqa: B023
        timed("  canonical form and its SHA-256", lambda: sha256(completed))  # noqa: B023
        timed("  sign_digest: sign, recover, compare", lambda: key.sign_digest(digest))  # noqa: B023
        timed("eth-keys alone: sign_msg_hash", lambda: bare.sign_msg_hash(digest))  # noqa: B023
        timed("read an offer file", lambda: read_envelope(text).sha256)  # noqa: B023
    size = len(canonical(template.to_json()))
    print(f"{count} offers of {size:,} bytes with {len(template.price)} prices; median, ratio to eth-keys, all of them")
    base = statistics.median(steps["eth-keys alone: sign_msg_hash"])
    for name, times in steps.items():
        middle = statistics.median(times)
        print(f"  {name:<42} {middle * 1e3:8.3f} ms   {middle / base:6.2f}   {sum(times):7.2f} s in all")
    print()


def hashing(size: int, rounds: int) -> None:
    """Hash a frame of `size` bytes in three ways, round by round; each ratio is within its round."""
    content = os.urandom(size)
    frame = b"%d\n" % size + content
    ways: dict[str, Callable[[], object]] = {
        "hashlib.sha256 of the bytes": lambda: hashlib.sha256(frame).digest(),
        "write_frame: copied and hashed": lambda: to_nowhere(content),
        "an offer with it: base64 and SHA-256": lambda: inside(frame),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            if number:  # the first round warms memory up
                times[name].append(time.perf_counter() - began)
    base: Sequence[float] = times["hashlib.sha256 of the bytes"]
    print(f"a frame of {size / 1e6:.0f} MB, {rounds} rounds; ratio to hashlib within a round")
    for name, taken in times.items():
        ratio = statistics.median(one / other for one, other in zip(taken, base, strict=True))
        middle = statistics.median(taken)
        print(f"  {name:<42} {middle * 1e3:8.1f} ms   {ratio:6.2f}   {size / middle / 1e6:7.0f} MB/s")


def to_nowhere(content: bytes) -> None:
    with Path(os.devnull).open("wb") as nowhere:
        write_frame(io.BytesIO(content), len(content), nowhere)


def inside(frame: bytes) -> None:
    template = an_offer()
    public = replace(template.exec, stdin=frame, stdin_sha256=None, stdin_private=False)
    sha256(replace(template, exec=public))


if __name__ == "__main__":
    main()
