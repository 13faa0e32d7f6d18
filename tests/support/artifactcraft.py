"""A small set of artifacts, chained as a build chains them, without building anything."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import partial

from hatch_os402.archive.frame import write_frame
from hatch_os402.archive.pack import Member, pack
from hatch_os402.offer.build import ZERO_ADDRESS
from hatch_os402.offer.keys import Key
from hatch_os402.offer.payload import envelope_text, sha256
from hatch_os402.offer.reading import read_envelope
from hatch_os402.offer.signing import complete, sign, signed_envelope_text
from support.offercraft import GOLDEN_TEXT

STEM = "greeter-0.1.0"
KEY = Key((1).to_bytes(32, "big"))
MEMBERS = {"__main__.py": b"print('hello')\n", "_os402/start.py": b"", "grüße.txt": b"x" * 100}


def paths(folder, stem=STEM):
    suffixes = (".pyz", ".stdin", ".offer.json", ".offer.signed.json", ".build.json")
    return {suffix: folder / (stem + suffix) for suffix in suffixes}


def unsigned_offer(frame_sha256, **changes):
    golden = read_envelope(GOLDEN_TEXT).offer
    return replace(
        golden,
        owner=ZERO_ADDRESS,
        price=tuple(replace(price, payment_address=ZERO_ADDRESS) for price in golden.price),
        exec=replace(golden.exec, stdin_sha256=frame_sha256),
        valid_until=4_000_000_000,
        **changes,
    )


def write_artifacts(folder, *, deflate=False, **changes):
    """Write all five files and return their paths by suffix."""
    files = paths(folder)
    with files[".pyz"].open("wb") as file:
        members = [
            Member(name, partial(bytes, content), deflate and name != "__main__.py")
            for name, content in MEMBERS.items()
        ]
        size, _ = pack(members, file)
    with files[".pyz"].open("rb") as archive, files[".stdin"].open("wb") as file:
        _, frame_sha256 = write_frame(archive, size, file)
    offer = unsigned_offer(frame_sha256, **changes)
    files[".offer.json"].write_bytes(envelope_text(offer).encode())
    signed = sign(complete(offer, KEY.address), KEY)
    files[".offer.signed.json"].write_bytes(signed_envelope_text(signed).encode())
    files[".build.json"].write_text(json.dumps(record(files, offer)), encoding="utf-8")
    return files


def record(files, offer):
    contents = {files[suffix].name: files[suffix].read_bytes() for suffix in (".pyz", ".stdin", ".offer.json")}
    return {
        "format": 1,
        "target": {"executables": {arch: {"sha256": item.sha256} for arch, item in offer.exec.executables.items()}},
        "valid_until": {"seconds": offer.valid_until, "from": "valid-until"},
        "offer": {"sha256": sha256(offer)},
        "artifacts": {
            name: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in contents.items()
        },
    }
