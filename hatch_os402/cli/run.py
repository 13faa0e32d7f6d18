"""`hatch-os402 run`: one request, as os402 would run it, with curl's habits."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import click

from hatch_os402.artifacts.choosing import choose
from hatch_os402.cache import cache_folder
from hatch_os402.calls.cgi import Response, delivery, parse
from hatch_os402.calls.explain import explain
from hatch_os402.calls.rebuild import built, configured
from hatch_os402.cli.shared.conditions import RUNTIME, SANDBOX
from hatch_os402.cli.shared.reporter import ClickReporter
from hatch_os402.cli.shared.request import read, request_options
from hatch_os402.errors import NoResponseError
from hatch_os402.formatting import escaped_lines
from hatch_os402.offer.floats import format_float
from hatch_os402.runtime.discovery import discover
from hatch_os402.sandbox.execute import Command, Outcome, execute
from hatch_os402.sandbox.program import load
from hatch_os402.sandbox.runtime_files import needs_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from hatch_os402.calls.request import Request
    from hatch_os402.runtime.discovery import Runtime
    from hatch_os402.sandbox.program import Program

_ARGUMENTS = "hatch_os402.arguments"


class _WithArguments(click.Command):
    """Keeps what follows `--` apart: it belongs to the program."""

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        if "--" in arguments:
            at = arguments.index("--")
            context.meta[_ARGUMENTS] = tuple(arguments[at + 1 :])
            arguments = arguments[:at]
        return super().parse_args(context, arguments)


@click.command(
    cls=_WithArguments, options_metavar="[OPTIONS]", epilog="What follows -- goes to the program's sys.argv."
)
@request_options
@click.option("--json-data", metavar="DATA|@FILE|-", help="The body, sent as application/json.")
@click.option("-i", "--include", is_flag=True, help="Print status and headers before the body.")
@click.option("--tool", metavar="NAME", help="Which tool is called, where a build has several.")
@click.option("--build", "always", is_flag=True, help="Build PROJECT even if nothing changed.")
@click.option("--hold-stdin", is_flag=True, help="Keep stdin open, as another task of a server may.")
@SANDBOX
@RUNTIME
@click.pass_context
def command(context: click.Context, /, **options: Any) -> None:
    """Run one request on this machine, as os402 would: its environment, limits and isolation.

    ARTIFACT is any file of a build; those beside it are found. PROJECT is a folder with a pyproject.toml, which is
    built first when something in it is newer than its last build. FOLDER is one with the artifacts of one build.
    [default: the project of the current folder]

        hatch-os402 run dist/greeter-0.1.0.stdin -d '{"name": "Alice"}'
        hatch-os402 run . '/hello?name=Alice' -v

    The body of the answer goes to stdout, what the program writes to stderr there. The exit status is 0 for an answer
    of 2xx or 3xx, 1 for any other or a program that had to be killed, 2 for wrong usage. With -v, status, time,
    memory, size and price are summed up on stderr.
    """
    asked = {name: options.pop(name) for name in ("method", "data", "headers")}
    what, request = read(options.pop("what"), options.pop("path"), json=options.pop("json_data"), **asked)
    sys.exit(_Invocation(context.meta.get(_ARGUMENTS, ()), what, request, **options).run())


@dataclass(frozen=True)
class _Invocation:
    """What the user asked for."""

    arguments: tuple[str, ...]
    what: Path | None
    request: Request
    include: bool
    tool: str | None
    always: bool
    hold_stdin: bool
    sandbox: bool | None
    runtime: Path | None

    def run(self) -> int:
        """Run it and return the exit status."""
        reporter = ClickReporter()
        chosen = choose(self.what)
        if self.always and chosen.root is None:
            raise click.UsageError(f"--build is for a project, and {chosen.path} is none.")
        if chosen.root:
            chosen = replace(chosen, artifacts=built(chosen.root, reporter, always=self.always))
        artifacts = chosen.one(tool=self.tool, option="--tool")
        program = load(artifacts)
        if note := artifacts.require_offer().note:
            reporter.warning(note)
        if self.arguments and not program.offer.exec.args_extendable:
            raise click.UsageError(
                "callers of this offer can give no arguments: set `args-extendable = true` in "
                "[tool.hatch.build.targets.os402.offer] and build again."
            )
        if program.offer.valid_until < time.time():
            reporter.warning("the offer expired, and os402 would answer 404; build again")
        if program.offer.limits.net:
            reporter.warning(
                "the offer says `net = true`, and has no network here, as on os402, which gives none to anybody"
            )
        runtime = discover(
            program.executable,
            python=program.is_python,
            named=self.runtime,
            configured=configured(chosen.path),
            cache=cache_folder(os.environ),
            environ=os.environ,
        )
        if runtime.warning:
            reporter.warning(runtime.warning)
        reporter.debug(f"runs with {runtime.words} ({runtime.path})")
        return self._answer(program, self._outcome(program, runtime, reporter), self.request.method, reporter)

    def _outcome(self, program: Program, runtime: Runtime, reporter: ClickReporter) -> Outcome:
        inputs = program.inputs(self.request.of(program.id), self.arguments)
        wanted = needs_of(runtime)
        called = Command(
            wanted.argv(inputs.args),
            inputs.env,
            inputs.stdin,
            program.limits,
            hold_stdin=self.hold_stdin,
        )
        outcome, missing = execute(wanted, called, isolated=self.sandbox is not False, required=bool(self.sandbox))
        for what in missing:
            reporter.warning(f"sandbox incomplete: {what}")
        return outcome

    def _answer(self, program: Program, outcome: Outcome, method: str, reporter: ClickReporter) -> int:
        found: Response | NoResponseError
        sent, complete, status = b"", True, int(HTTPStatus.INTERNAL_SERVER_ERROR)
        try:
            found = parse(outcome.stdout)
        except NoResponseError as error:
            found = error
        else:
            delivered, status = delivery(found, method), found.status
            complete = delivered.complete
            if delivered.answered:
                sent = (_head(found) if self.include else b"") + delivered.body
        sys.stderr.flush()
        for stream, written in ((sys.stderr, outcome.stderr), (sys.stdout, sent)):
            _write(stream, written)
            _end_line(stream, written)
        if why := explain(outcome, program.limits, found, method):
            reporter.warning(why)
        if reporter.verbose:
            for line in _summary(program, outcome, status):
                reporter.info(line)
        good = complete and HTTPStatus.OK <= status < HTTPStatus.BAD_REQUEST
        return int(outcome.ended_by is not None or not good)


def _head(response: Response) -> bytes:
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = ""
    lines = [f"HTTP/1.1 {response.status} {phrase}".rstrip().encode()]
    lines += [name.encode() + b": " + value for name, value in response.headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _summary(program: Program, outcome: Outcome, status: int) -> Iterable[str]:
    limits, duration = program.limits, program.offer.min_duration_seconds
    yield f"status   {status}, exit {outcome.exit}"
    cpu = (outcome.utime + outcome.stime) / 1e6
    yield f"time     {outcome.wall:.3f} s of {limits.wall:g}, CPU {cpu:.3f} s (user {outcome.utime / 1e6:.3f})"
    yield f"memory   {outcome.maxrss / 1024:.1f} MiB at its peak, of {limits.ram / (1 << 20):g} MiB of address space"
    yield f"output   {len(outcome.stdout):,} bytes of {limits.buffer:,}"
    if program.offer.price:
        yield f"price    {format_float(program.price)} USD on os402 ({duration} s); here nothing"


def _end_line(stream: Any, written: bytes) -> None:
    """End the line that `written` to `stream` did not, where a person sees it, or both streams go to one place.

    What follows then has a line of its own. What a file or a program gets alone stays as it is.
    """
    if not written or written.endswith(b"\n"):
        return
    if stream.isatty() or _is_one_place(sys.stdout, sys.stderr):
        other = stream if stream.isatty() else sys.stderr
        other.write("\n")
        other.flush()


def _is_one_place(*streams: Any) -> bool:
    try:
        one, other = (os.fstat(stream.fileno()) for stream in streams)
    except (OSError, ValueError):  # replaced by what is no file
        return False
    return os.path.samestat(one, other)


def _write(stream: Any, content: bytes) -> None:
    """Write what a program wrote: as it is, but on a terminal, which it must not command."""
    stream.flush()
    if stream.isatty():
        stream.write(escaped_lines(content.decode(errors="backslashreplace")))
    else:
        stream.buffer.write(content)
    stream.flush()
