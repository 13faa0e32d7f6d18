"""What an offer runs: read from the artifacts of a build, and put together with a request."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from hatch_os402.artifacts.names import FRAME
from hatch_os402.calls.cgi import environment
from hatch_os402.config.pyproject import project_above, read_pyproject
from hatch_os402.errors import SandboxError
from hatch_os402.files import read_file
from hatch_os402.foreign.strict_json import read_json
from hatch_os402.offer.canonical import canonical
from hatch_os402.runtime.discovery import architecture
from hatch_os402.sandbox.limits import MEBIBYTE, ResourceLimits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hatch_os402.artifacts.sets import ArtifactSet
    from hatch_os402.calls.cgi import CgiRequest
    from hatch_os402.config.pyproject import Pyproject
    from hatch_os402.offer.payload import Offer
    from hatch_os402.offer.reading import ReadOffer


@dataclass(frozen=True)
class Inputs:
    """What one call gives to a program, with what is public of it apart."""

    args: tuple[str, ...]
    env: Mapping[str, str]
    stdin: tuple[bytes, ...]
    stdin_sha256: bytes
    """SHA256 of the public part of stdin."""
    public_env: Mapping[str, str]

    def hashes(self) -> dict[str, str]:
        """Return the SHA256 (hex) of each public part, as `GET /tasks/{id}` says them."""
        return {
            "stdin": self.stdin_sha256.hex(),
            "args": hashlib.sha256(canonical(list(self.args))).hexdigest(),
            "env": hashlib.sha256(canonical(dict(self.public_env))).hexdigest(),
        }


@dataclass(frozen=True)
class Program:
    """An offer with its private parts, ready to be called."""

    read: ReadOffer
    private_stdin: bytes = field(default=b"", repr=False)
    private_env: Mapping[str, str] = field(default_factory=dict, repr=False)

    @cached_property
    def offer(self) -> Offer:
        """The offer in our model. Raises `OfferError` for one that could not work."""
        return self.read.offer

    @property
    def sha256(self) -> str:
        """The SHA256 of the offer (lowercase hex), by which callers name it."""
        return self.read.sha256

    @property
    def id(self) -> str:
        """What the offer is called by: its name, else its hash."""
        return self.offer.name or self.sha256

    @property
    def executable(self) -> str | None:
        """SHA256 of what it runs on this machine's architecture, if it has something for it."""
        item = self.offer.exec.executables.get(architecture())
        return item.sha256 if item else None

    @property
    def is_python(self) -> bool:
        """Whether its command line is Python's."""
        name, *_ = self.offer.exec.args or ("",)
        return name.rpartition("/")[2].startswith("python")

    @property
    def limits(self) -> ResourceLimits:
        """What a call may use. Wall and CPU are both the least duration (`webapp/state.rs`), not the offer's values."""
        limits, duration = self.offer.limits, self.offer.min_duration_seconds
        return ResourceLimits(
            ram=limits.ram_kb * 1024,
            stack=MEBIBYTE if limits.stack_kb is None else limits.stack_kb * 1024,
            buffer=limits.buffer_capacity,
            cpu=duration,
            wall=duration,
            tcp_bind=limits.tcp_bind,
            tcp_connect=limits.tcp_connect,
        )

    @property
    def price(self) -> float:
        """What a call costs on os402, in USD; that is the first price for the least duration."""
        prices = self.offer.price
        # The product of what was a quotient: without the digits that only its rounding made.
        return float(f"{prices[0].per_second * self.offer.min_duration_seconds:.12g}") if prices else 0.0

    def inputs(self, request: CgiRequest, arguments: Sequence[str] = ()) -> Inputs:
        """Return what the program is given for `request` (`webapp/offers.rs`, `os/tasks.rs`).

        `arguments` follow the offer's where it lets callers add some, and count for nothing where not; a call by HTTP
        has none. Private values win over the offer's, and those over the call's.
        """
        execution = self.offer.exec
        called = environment(request, architecture()) if execution.env_extendable else {}
        env = {**called, **(execution.env or {})}
        public = (execution.stdin or b"", request.body if execution.stdin_appendable else b"")
        digest = hashlib.sha256(public[0])
        digest.update(public[1])
        return Inputs(
            args=(*(execution.args or ()), *(arguments if execution.args_extendable else ())),
            env={**env, **(self.private_env if execution.env_private else {})},
            stdin=(self.private_stdin if execution.stdin_private else b"", *public),
            stdin_sha256=digest.digest(),
            public_env=env,
        )


def load(artifacts: ArtifactSet, private_env: Mapping[str, str] | None = None) -> Program:
    """Return the program of a set of artifacts that was checked: the offer that belongs to it, with its private parts.

    Its private environment, if it has one, is `private_env`, else that of the project's pyproject.toml.
    Raises `ArtifactError`, `OfferError`, and `SandboxError` for a part that is missing or is not the offer's.
    """
    read = artifacts.require_offer().read
    execution = read.offer.exec
    stdin = b""
    if execution.stdin_sha256:
        frame = artifacts.path(FRAME)
        try:
            stdin = read_file(frame)
        except OSError as error:
            raise SandboxError(
                f"the offer's standard input is private, and {frame} cannot be read: {error.strerror or error}. "
                "os402 would run the offer without its program. Build again."
            ) from error
        if (actual := hashlib.sha256(stdin).hexdigest()) != execution.stdin_sha256:
            raise SandboxError(
                f"{frame} is not what the offer was made with: its sha256 is {actual}, the offer says "
                f"{execution.stdin_sha256}. Build again."
            )
    env: Mapping[str, str] = {}
    if execution.env_sha256:
        env = private_env_of_project(execution.env_sha256, artifacts.folder) if private_env is None else private_env
    return Program(read, stdin, env)


def private_env_of_project(sha256: str, folder: Path) -> dict[str, str]:
    """Return the environment with this hash, which only the pyproject.toml of the project has."""
    root = project_above(folder)
    if root is None:
        raise SandboxError(f"the offer's environment is private, and no pyproject.toml above {folder} has it.")
    env = private_environment(read_pyproject(root))
    if hashlib.sha256(canonical(env)).hexdigest() == sha256:
        return env
    raise SandboxError(
        f"the offer's environment is private, and {root / 'pyproject.toml'} has another one. Build again."
    )


def private_environment(project: Pyproject) -> dict[str, str]:
    """Return the variables that a project's offer sets, which are private if it says so. Raises `Os402Error`."""
    from hatch_os402.config.options import Options  # noqa: PLC0415
    from hatch_os402.offer.build import environment as offered  # noqa: PLC0415 - for such offers only

    return offered(Options(project.table, project.root).offer)


def parse_private_env(content: bytes) -> dict[str, str]:
    """Return the variables of an uploaded environment; none of one that the server could not read, as there."""
    try:
        values = read_json(content)
    except ValueError:
        return {}
    return values if isinstance(values, dict) and all(isinstance(value, str) for value in values.values()) else {}
