"""Start the frame as os402 does, plainly or with the instrument in front of the bootstrap, and read what it saw."""

from __future__ import annotations
import __future__

import ast
import os
import secrets
import subprocess
import tempfile
import time
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from hatch_os402.cache import cache_folder
from hatch_os402.errors import ProfileError
from hatch_os402.offer.payload import MAX_ARGUMENT
from hatch_os402.runtime.discovery import discover
from hatch_os402.sandbox.stand_in import concealed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hatch_os402.runtime.configured import ConfiguredRuntime

_TIMEOUT = 120
"""Seconds that one run may take."""
_HEADER = 2
"""Numbers in front of a report: its size in bytes, and the clock when it was ready."""
_OUTPUT_SHOWN = 2000
"""Characters of a program's stderr that a message shows."""


@dataclass(frozen=True)
class Python:
    """The interpreter that stands in for os402's."""

    path: str
    description: str
    """ "CPython 3.12.1, in place of cosmo-python"."""
    warning: str = ""
    """What differs from os402's; empty if nothing is known to."""
    exact: bool = False
    """Whether it is the very file that the offer runs; else it has modules that os402's does not have."""


@dataclass(frozen=True)
class ProfiledProgram:
    """What is run: a command line, an environment and what stdin holds."""

    arguments: tuple[str, ...]
    """Without the first, the name of the interpreter."""
    environment: Mapping[str, str]
    stdin: bytes
    """The frame and the body of the request."""
    entry: str
    """The module that is the entry point; empty if that is not known."""
    lazy: tuple[str, ...] = ()
    """The `lazy-imports` that the archive was built with."""


@dataclass(frozen=True)
class Run:
    """What one process did."""

    status: int
    out: bytes
    err: bytes
    """Without the instrument's report."""
    wall: float
    """Seconds."""
    cpu: float | None
    """Seconds of user and system time, of the whole process; None where the system does not say."""
    seen: dict[str, Any] | None = None
    """The instrument's report, in its own words."""


def find_python(
    runtime: Path | None, *, wanted: str | None = None, configured: tuple[ConfiguredRuntime, ...] = ()
) -> Python:
    """Return the interpreter to measure with, which is found as `runtime.discovery.discover` says.

    `wanted`: the SHA256 (hex) of what the offer runs on this architecture, if that is known. Raises `SandboxError`.
    """
    found = discover(wanted, named=runtime, configured=configured, cache=cache_folder(os.environ), environ=os.environ)
    return Python(found.path, found.words, found.warning.rstrip("."), found.exact)


def instrumented(
    program: ProfiledProgram, *, use: bool = False, lazy: Sequence[str] = ()
) -> tuple[tuple[str, ...], bytes]:
    """Return the arguments of `program` with the instrument in front of its bootstrap, and the mark of its report.

    `use`: note which modules are used, which takes time. `lazy`: packages to load on first use. Raises `ProfileError`
    if the program does not start Python with `-c`.
    """
    arguments = list(program.arguments)
    try:
        at = arguments.index("-c") + 1
        bootstrap = arguments[at]
    except (ValueError, IndexError):
        raise ProfileError(
            "the offer does not start Python with `-c`, so that nothing can be put in front of its program."
        ) from None
    text = files(__name__.rpartition(".")[0]).joinpath("_instrument.py").read_text(encoding="utf-8")
    text = text.replace("from __future__ import annotations\n", "")  # it would be imported into the program
    flag = __future__.annotations.compiler_flag
    mark = secrets.token_hex(16)
    options = {"use": use, "lazy": list(lazy), "entry": program.entry, "mark": mark}
    # The thread's clock: where RLIMIT_CPU is set, as on os402, Linux moves the process's on by whole ticks only.
    arguments[at] = (
        "import time as _;_={'__name__':'_os402_instrument','STARTED':_.thread_time_ns(),'CLOCK':_.thread_time_ns,"
        f"'OPTIONS':{options!r},'PROGRAM':globals()}};exec(compile({text!r},'<instrument>','exec',{flag}),_);del _\n"
        f"{bootstrap}"
    )
    if len(arguments[at].encode()) > MAX_ARGUMENT:
        raise ProfileError("the bootstrap of the offer is too long to put anything in front of it.")
    return tuple(arguments), mark.encode()


def run(python: Python, program: ProfiledProgram, arguments: Sequence[str] | None = None, mark: bytes = b"") -> Run:
    """Run `program` once, cold, in an empty folder, and return what it did.

    `arguments` replace the program's; `mark` is that of an instrument among them. Raises `ProfileError` if it does not
    start or end, or an instrument does not report.
    """
    given = program.arguments if arguments is None else arguments
    command = [python.path, *(given if python.exact else concealed(given))]
    before = _children()
    begun = time.perf_counter()
    try:
        # A folder that the program cannot mistake for its own, as on the server.
        with tempfile.TemporaryDirectory(prefix="os402-profile-") as folder:
            done = subprocess.run(
                command,
                input=program.stdin,
                env=dict(program.environment),
                cwd=folder,
                capture_output=True,
                check=False,
                timeout=_TIMEOUT,
            )
    except subprocess.TimeoutExpired as error:
        raise ProfileError(f"the program did not end within {_TIMEOUT} seconds.") from error
    except OSError as error:
        raise ProfileError(f"{python.path} cannot be started: {error.strerror or error}.") from error
    wall = time.perf_counter() - begun
    after = _children()
    cpu = None if before is None or after is None else after - before
    if not mark:
        return Run(done.returncode, done.stdout, done.stderr, wall, cpu)
    err, seen = _report(done.stderr, mark, done.returncode)
    return Run(done.returncode, done.stdout, err, wall, cpu, seen)


def _children() -> float | None:
    """Return the CPU seconds of all children that have ended, or None where the system does not count them."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return None
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _report(err: bytes, mark: bytes, status: int) -> tuple[bytes, dict[str, Any]]:
    """Return stderr without the instrument's report, and the report."""
    own, found, rest = err.partition(b"\n" + mark + b" ")
    sizes, _, text = rest.partition(b"\n")
    numbers = [int(number) for number in sizes.split()] if found else []
    if len(numbers) != _HEADER or len(text) < numbers[0]:
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        output = own.decode("utf-8", "replace").strip()[-_OUTPUT_SHOWN:]
        raise ProfileError(
            f"the program {how} before the instrument could report: it was killed, or it left by `os._exit`."
            + (f" Its stderr ends with:\n{output}" if output else "")
        )
    size, reported = numbers
    seen: dict[str, Any] = ast.literal_eval(text[:size].decode())
    return own + text[size:], {**seen, "reported": reported}
