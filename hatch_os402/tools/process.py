"""Run the project's code once, in one process under the build's sandbox, for what its tools say of themselves.

The process starts an archive like the one that is built, with `tools/worker.py` as its entry point: the project's code
is imported as it will be on os402, without files and without a network.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from hatch_os402 import launcher
from hatch_os402.archive.assemble import OWNER, is_launcher, launcher_entries
from hatch_os402.archive.entries import Entry
from hatch_os402.archive.pack import Member, pack
from hatch_os402.errors import Os402Error, SandboxError
from hatch_os402.sandbox.execute import Command, execute
from hatch_os402.sandbox.limits import ResourceLimits
from hatch_os402.sandbox.runtime_files import needs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hatch_os402.archive.entries import EntryReader
    from hatch_os402.sandbox.execute import Outcome

_PACKAGE = "hatch_os402"
_WORKER = f"{_PACKAGE}.tools.worker:main"
_PARTS = (("tools",), ("launcher", "inside", "interfaces", "mcp_types"))
"""The folders whose modules the worker uses: those of namespace packages there, which import nothing else of ours."""
_MODULES_OF_TOOLS = frozenset({"worker.py", "describe.py", "schema.py", "docstrings.py"})
_SECONDS = 60
_BUFFER = 64 << 20


@dataclass(frozen=True)
class Described:
    """What the process answered."""

    tools: dict[str, dict[str, Any]]
    """Name → what `describe` says, or an error; see `worker`."""
    missing: tuple[str, ...]
    """What of the sandbox this machine does not have, and why."""
    log: str
    """What the project's code printed."""


def describe_by_import(
    functions: Mapping[str, str],
    contents: Sequence[Entry],
    reader: EntryReader,
    *,
    python: str,
    env: Mapping[str, str],
    lazy_imports: tuple[str, ...],
    ram: int,
) -> Described:
    """Import the `functions` (name → `"module:function"`) from the archive of `contents`, and describe them.

    `python` is a CPython 3.12, `env` the whole environment, `ram` the bytes that may be used. Raises `Os402Error` when
    the process does not answer.
    """
    clash = next((entry.path for entry in contents if entry.path.startswith(f"{_PACKAGE}/")), None)
    if clash:
        raise Os402Error(
            f"the schemas of tools cannot be read by importing them: the archive has {clash}, and hatch-os402 itself "
            'does that.\nSet `schema = "static"`.'
        )
    frame = _frame(contents, reader, lazy_imports)
    request = json.dumps(functions).encode()
    wanted = needs(python)
    command = Command(
        wanted.argv(launcher.ARGS),
        {**env, "CONTENT_LENGTH": str(len(request))},
        (frame, request),
        ResourceLimits(ram=ram, buffer=_BUFFER, cpu=_SECONDS, wall=_SECONDS),
    )
    outcome, missing = execute(wanted, command)
    log = outcome.stderr.decode(errors="replace")
    if outcome.failure:
        raise SandboxError(f"the schemas of tools cannot be read: {python} could not be started: {outcome.failure}")
    try:
        return Described(json.loads(outcome.stdout), missing, log)
    except ValueError as error:
        raise Os402Error(
            f"the schemas of tools cannot be read: the process that imports the project {_end(outcome)}.\n"
            '`schema = "static"` reads the source instead; `-v` shows what the process wrote.',
            log,
        ) from error


def _frame(contents: Sequence[Entry], reader: EntryReader, lazy_imports: tuple[str, ...]) -> bytes:
    launch = launcher_entries(_WORKER, lazy_imports=lazy_imports)
    rest = [*(entry for entry in contents if not is_launcher(entry.path)), *_own()]
    everything = [*sorted(launch, key=_place), *sorted(rest, key=_place)]
    archive = io.BytesIO()
    pack((Member(entry.path, lambda entry=entry: reader.read(entry), False) for entry in everything), archive)  # type: ignore[misc]  # noqa: FBT003 - stored
    return b"%d\n%b" % (archive.tell(), archive.getvalue())


def _place(entry: Entry) -> tuple[bool, bytes]:
    return entry.path != "__main__.py", entry.path.encode()


def _own() -> Iterator[Entry]:
    for parts in _PARTS:
        folder = files(_PACKAGE)
        for part in parts:
            folder = folder.joinpath(part)
        for item in folder.iterdir():
            if item.name in _MODULES_OF_TOOLS if parts == ("tools",) else item.name.endswith(".py"):
                yield Entry.of("/".join((_PACKAGE, *parts, item.name)), item.read_bytes(), OWNER)


def _end(outcome: Outcome) -> str:
    limits = {"wall": f"took longer than {_SECONDS} seconds", "cpu": f"used more than {_SECONDS} seconds of CPU"}
    return limits.get(outcome.ended_by or "", f"ended with exit code {outcome.exit} and no answer")
