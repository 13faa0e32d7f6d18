"""A small set of artifacts, chained as a build chains them, without building anything."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import replace
from functools import partial

from hatch_os402.__about__ import __version__
from hatch_os402.archive.assemble import assemble, launcher_entries, may_be_deflated, without_unused
from hatch_os402.archive.entries import Entry
from hatch_os402.archive.frame import write_frame
from hatch_os402.archive.modules import Compiled
from hatch_os402.archive.pack import Member, pack
from hatch_os402.archive.staging import Tree
from hatch_os402.artifacts.record import record_text
from hatch_os402.errors import OfferError
from hatch_os402.offer.build import ZERO_ADDRESS
from hatch_os402.offer.keys import Key
from hatch_os402.offer.payload import envelope_text
from hatch_os402.offer.reading import read_envelope
from hatch_os402.offer.signing import complete, sign, signed_envelope_text
from hatch_os402.wheels import record as wheel_record
from support.offercraft import GOLDEN_TEXT

STEM = "greeter-0.1.0"
KEY = Key((1).to_bytes(32, "big"))
_METADATA = b"Metadata-Version: 2.1\nName: greeter\nVersion: 0.1.0\n"
_LISTED = {"greeter-0.1.0.dist-info/METADATA": _METADATA, "grüße.txt": b"x" * 100}
_RECORD = wheel_record.write(
    "greeter-0.1.0.dist-info/RECORD",
    [(path, hashlib.sha256(content).hexdigest(), len(content)) for path, content in _LISTED.items()],
)
_PROGRAM = {**_LISTED, "greeter-0.1.0.dist-info/RECORD": _RECORD}
MEMBERS = {
    entry.path: entry.content
    for entry in assemble(
        without_unused(launcher_entries("hello"), ()),
        Tree(tuple(Entry.of(path, content, "greeter") for path, content in _PROGRAM.items())),
        Compiled(None),
        sources=True,
    )
}


def paths(folder, stem=STEM):
    suffixes = (".pyz", ".stdin", ".offer.json", ".offer.signed.json", ".build.json")
    return {suffix: folder / (stem + suffix) for suffix in suffixes}


def unsigned_offer(frame_sha256, **changes):
    golden = read_envelope(GOLDEN_TEXT).offer
    return replace(
        golden,
        owner=ZERO_ADDRESS,
        price=tuple(replace(price, payment_address=ZERO_ADDRESS) for price in golden.price),
        exec=replace(golden.exec, stdin_sha256=frame_sha256, **changes.pop("exec", {})),
        valid_until=4_000_000_000,
        **changes,
    )


_WRITTEN: dict[tuple[bool, str], dict[str, bytes]] = {}
"""What was written before: without machine code a signature takes longer than all the rest."""


def write_artifacts(folder, *, deflate=False, **changes):
    """Write all five files and return their paths by suffix."""
    files = paths(folder)
    kind = deflate, repr(changes)
    if kind not in _WRITTEN:
        _write_artifacts(files, deflate=deflate, **changes)
        write_record(folder)
        _WRITTEN[kind] = {suffix: path.read_bytes() for suffix, path in files.items()}
    else:
        for suffix, content in _WRITTEN[kind].items():
            files[suffix].write_bytes(content)
    return files


def _write_artifacts(files, *, deflate, **changes):
    with files[".pyz"].open("wb") as file:
        members = [
            Member(name, partial(bytes, content), deflate and may_be_deflated(name, "deflated"))
            for name, content in MEMBERS.items()
        ]
        size, _ = pack(members, file)
    with files[".pyz"].open("rb") as archive, files[".stdin"].open("wb") as file:
        _, frame_sha256 = write_frame(archive, size, file)
    offer = unsigned_offer(frame_sha256, **changes)
    files[".offer.json"].write_bytes(envelope_text(offer).encode())
    signed = sign(complete(offer, KEY.address), KEY)
    files[".offer.signed.json"].write_bytes(signed_envelope_text(signed).encode())


def write_record(folder, stem=STEM, **changes):
    """Write the record of what lies in `folder`; `changes` replace its parts. Return its path."""
    files = paths(folder, stem)
    contents = {
        path.name: path.read_bytes()
        for suffix, path in files.items()
        if suffix in {".pyz", ".stdin", ".offer.json"} and path.exists()
    }
    record = {
        "format": 1,
        "generator": {"name": "hatch-os402", "version": __version__},
        "project": {"name": stem.rpartition("-")[0], "version": stem.rpartition("-")[2], "entry_point": "hello"},
        "target": {"runtime": "cosmo-python", "python": "3.12.3", "architectures": ["x86_64"], "executables": {}},
        "distributions": [],
        "bytecode": {"compiled": False},
        "valid_until": {"seconds": 0, "from": "valid-until"},
        "offer": {"sha256": ""},
        "artifacts": {
            name: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in contents.items()
        },
    }
    if files[".offer.json"].exists():
        with suppress(OfferError):
            offer = read_envelope(files[".offer.json"].read_bytes())
            executables = offer.offer.exec.executables
            record["target"]["architectures"] = list(executables)
            record["target"]["executables"] = {arch: {"sha256": item.sha256} for arch, item in executables.items()}
            record["valid_until"]["seconds"] = offer.payload["valid_until"]
            record["offer"]["sha256"] = offer.sha256
    files[".build.json"].write_bytes(record_text({**record, **changes}))
    return files[".build.json"]
