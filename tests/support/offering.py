"""A built offer as `hatch build -t os402` leaves it, small and without a build; and the ears of a test."""

from __future__ import annotations

import hashlib
import secrets
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from hatch_os402.offer.build import ZERO_ADDRESS
from hatch_os402.offer.canonical import canonical
from hatch_os402.offer.key_loading import load_key
from hatch_os402.offer.payload import Exec, Executable, Limits, Offer, Price, envelope_text
from hatch_os402.offer.signing import SignedOffer, complete, sign, signed_envelope_text
from hatch_os402.publishing.client import RetryPolicy
from support.artifactcraft import write_record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from hatch_os402.reporting import Update

SECRET = secrets.token_hex(32)
"""A marker: searching all processes for it must not find another run of these tests."""
KEY = load_key(None, {"X402_KEY": SECRET}, None)
STRANGER = load_key(None, {"X402_KEY": "11" * 32}, None)
EXECUTABLE = b"\x7fELF" + bytes(range(256)) * 40
FRAME = b"12\nPK\x05\x06 and so on\r\n--not-a-boundary\r\n" + b"\x00\xff" * 5000
PRIVATE_ENV = {"COSMOPOLITAN_INIT_ZIPOS": "/proc/self/exe", "TOKEN": "wörd"}
URL = "http://127.0.0.1:1/python"


@dataclass
class Heard:
    """A `Reporter` that remembers."""

    verbose: bool = False
    lines: list[str] = field(default_factory=list)

    def info(self, message: str) -> None:
        self.lines.append(message)

    warning = debug = hint = info
    variables: Mapping[str, str] = field(default_factory=dict)
    updates: list[tuple[str, int, int | None, str]] = field(default_factory=list)
    """What was shown of the progress of a step: what is done, how much of how much, and what now."""

    @contextmanager
    def progress(self, what: str, *, in_bytes: bool = False) -> Iterator[Update]:
        yield lambda done, total, detail="": self.updates.append((what, done, total, detail))

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@dataclass
class Pauses:
    """Stands for `time.sleep`."""

    asked: list[float] = field(default_factory=list)

    def retries(self, attempts: int = 3) -> RetryPolicy:
        return RetryPolicy(attempts=attempts, pause=1.0, sleep=self.asked.append)


def greeter(**changes: Any) -> Offer:
    """An offer as greeter's, without an owner; keyword arguments change `exec` or the offer."""
    execution = {
        "executables": {"x86_64": Executable(hashlib.sha256(EXECUTABLE).hexdigest())},
        "args": ("python", "-I", "-c", "import sys"),
        "env": {"COSMOPOLITAN_INIT_ZIPOS": "/proc/self/exe"},
        "env_extendable": True,
        "stdin_appendable": True,
        "stdin_sha256": hashlib.sha256(FRAME).hexdigest(),
        "stdin_private": True,
    }
    execution |= {name: changes.pop(name) for name in list(changes) if name in Exec.__dataclass_fields__}
    offer = Offer(
        name="greeter",
        description="Says hello, héllo 😀",
        exec=Exec(**execution),
        limits=Limits(cpu_units=1, ram_kb=524288, buffer_capacity=1 << 20, cpu_time_secs=60, wall_time_secs=120),
        price=(Price("USDC", "0x0000000000000000000000000000000000000001@base", "base", 0.001, ZERO_ADDRESS),),
        min_duration_seconds=60,
        owner=ZERO_ADDRESS,
        valid_until=int(time.time()) + 86400,
    )
    return replace(offer, **changes)


def signed(offer: Offer | None = None) -> SignedOffer:
    return sign(complete(offer or greeter(), KEY.address), KEY)


def private_env() -> dict[str, Any]:
    """What makes `greeter` one with a private environment."""
    return {"env": None, "env_private": True, "env_sha256": hashlib.sha256(canonical(PRIVATE_ENV)).hexdigest()}


def dist(folder: Path, offer: Offer | None = None, *, stem: str = "greeter-0.1.0", sign_it: bool = False) -> Path:
    """Write the offer and its frame to `folder`; return the offer's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{stem}.stdin").write_bytes(FRAME)
    (folder / f"{stem}.pyz").write_bytes(FRAME.partition(b"\n")[2])
    path = folder / f"{stem}.offer.json"
    path.write_bytes(envelope_text(offer or greeter()).encode())
    write_record(folder, stem)
    if sign_it:
        text = signed_envelope_text(signed(offer))
        path.with_name(f"{stem}.offer.signed.json").write_bytes(text.encode())
    return path


def executable(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "python.elf"
    path.write_bytes(EXECUTABLE)
    return path
