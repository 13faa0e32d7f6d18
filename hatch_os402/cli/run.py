"""`hatch-os402 run`: one request, as os402 would run it, with curl's habits."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hatch_os402.__about__ import __version__
from hatch_os402.cache import readable_cache
from hatch_os402.cli.conditions import RUNTIME, SANDBOX
from hatch_os402.cli.reporter import ClickReporter
from hatch_os402.formatting import escaped_lines
from hatch_os402.offer.floats import format_float
from hatch_os402.runtime.discovery import discover
from hatch_os402.sandbox.cgi import NoResponseError, Request, Response, delivery, parse
from hatch_os402.sandbox.execute import Command, Outcome, execute
from hatch_os402.sandbox.explain import explain
from hatch_os402.sandbox.program import load
from hatch_os402.sandbox.runtime_files import needs_of
from hatch_os402.sandbox.sources import built, configured, is_project

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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
@click.argument("what", metavar="ARTIFACT|PROJECT", type=click.Path(path_type=Path))
@click.argument("path", metavar="[/PATH?QUERY]", default="/")
@click.option("-X", "--request", "method", metavar="METHOD", help="[default: GET, or POST with -d]")
@click.option(
    "-d",
    "--data",
    multiple=True,
    metavar="DATA|@FILE|-",
    help="The body, as it is; - is standard input. Repeated ones are joined by &.",
)
@click.option("--json", "json_data", metavar="DATA|@FILE|-", help="The body, sent as application/json.")
@click.option(
    "-H", "--header", "headers", multiple=True, metavar="NAME:VALUE", help="A header; without VALUE, not sent."
)
@click.option("-i", "--include", is_flag=True, help="Print status and headers before the body.")
@click.option("-v", "--verbose", is_flag=True, help="Sum up on stderr: status, time, memory, size, price.")
@click.option("--build", "always", is_flag=True, help="Build PROJECT even if nothing changed.")
@click.option("--hold-stdin", is_flag=True, help="Keep stdin open, as another task of a server may.")
@SANDBOX
@RUNTIME
@click.pass_context
def command(context: click.Context, /, **options: Any) -> None:
    r"""Run one request on this machine, as os402 would: its environment, limits and isolation.

    ARTIFACT is any file of a build; those beside it are found. PROJECT is a folder with a pyproject.toml, which is
    built first when something in it is newer than its last build.

    \b
    hatch-os402 run dist/greeter-0.1.0.stdin -d '{"name": "Alice"}'
    hatch-os402 run . '/hello?name=Alice' -v

    The body of the answer goes to stdout, what the program writes to stderr there. The exit status is 0 for an answer
    of 2xx, 1 for any other or a program that had to be killed, 2 for wrong usage.
    """
    call = _Call(context.meta.get(_ARGUMENTS, ()), **options)
    sys.exit(call.run())


@dataclass(frozen=True)
class _Call:
    """What the user asked for."""

    arguments: tuple[str, ...]
    what: Path
    path: str
    method: str | None
    data: tuple[str, ...]
    json_data: str | None
    headers: tuple[str, ...]
    include: bool
    verbose: bool
    always: bool
    hold_stdin: bool
    sandbox: bool | None
    runtime: Path | None

    def run(self) -> int:
        """Run it and return the exit status."""
        reporter = ClickReporter(verbose=self.verbose)
        project = is_project(self.what)
        if self.always and not project:
            raise click.UsageError(f"--build is for a project, and {self.what} is none.")
        if not project and self.what.is_dir():
            raise click.UsageError(f"{self.what} has no pyproject.toml. Name a project, or an artifact of a build.")
        body, address, headers = self._body(), self._address(), self._headers()  # before anything is built
        program = load(built(self.what, reporter, always=self.always) if project else self.what)
        if self.arguments and not program.offer.exec.args_extendable:
            raise click.UsageError(
                "Callers of this offer can give no arguments: set `args-extendable = true` in "
                "[tool.hatch.build.targets.os402.offer] and build again."
            )
        request = self._request(program, body, address, headers)
        if program.offer.valid_until < time.time():
            reporter.warning("the offer expired, and os402 would answer 404; build again")
        runtime = discover(
            program.executable,
            python=program.is_python,
            named=self.runtime,
            configured=configured(self.what),
            cache=readable_cache(os.environ),
            environ=os.environ,
        )
        if runtime.warning:
            reporter.warning(runtime.warning)
        reporter.debug(f"runs with {runtime.words} ({runtime.path})")
        return self._answer(program, self._outcome(program, request, runtime, reporter), request.method, reporter)

    def _outcome(self, program: Program, request: Request, runtime: Runtime, reporter: ClickReporter) -> Outcome:
        inputs = program.inputs(request, self.arguments)
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
            reporter.warning(f"without a part of os402's isolation: {what}")
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
        _write(sys.stderr, outcome.stderr)
        _write(sys.stdout, sent)
        if why := explain(outcome, program.limits, found, method):
            reporter.warning(why)
        if self.verbose:
            for line in _summary(program, outcome, status):
                reporter.info(line)
        good = complete and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
        return int(outcome.ended_by is not None or not good)

    def _address(self) -> tuple[str, str]:
        """Return path and query."""
        if not self.path.startswith("/"):
            raise click.UsageError(f"The path must begin with a slash, and it is {self.path!r}.")
        if not self.path.isascii() or any(character <= " " for character in self.path):
            raise click.UsageError(f"The path {self.path!r} must be percent-encoded, as in /two%20words.")
        path, _, query = self.path.partition("#")[0].partition("?")
        return path, query

    def _headers(self) -> list[tuple[str, str]]:
        """Return the headers that the user gives; without a value, one is not to be sent."""
        given = []
        for item in self.headers:
            name, colon, value = item.partition(":")
            if not colon or not name.strip() or "\n" in item:
                raise click.UsageError(f"A header is NAME:VALUE, and {item!r} is none.")
            given.append((name.strip(), value.strip()))
        return given

    def _request(
        self, program: Program, body: bytes | None, address: tuple[str, str], given: Sequence[tuple[str, str]]
    ) -> Request:
        path, query = address
        headers = {"Host": "localhost", "User-Agent": f"hatch-os402/{__version__}", "Accept": "*/*"}
        if body is not None:
            kind = "application/json" if self.json_data is not None else "application/x-www-form-urlencoded"
            headers |= {"Content-Type": kind, "Content-Length": str(len(body))}
        decided = {name.lower() for name, _ in given}
        return Request(
            method=self.method or ("GET" if body is None else "POST"),
            script=program.id,
            path_info="" if path == "/" else path,
            query=query,
            headers=(
                *((name, value) for name, value in headers.items() if name.lower() not in decided),
                *((name, value) for name, value in given if value),
            ),
            body=body or b"",
        )

    def _body(self) -> bytes | None:
        if self.json_data is not None and self.data:
            raise click.UsageError("--json and -d are two bodies: give one.")
        parts = [_content(item) for item in ((self.json_data,) if self.json_data is not None else self.data)]
        return b"&".join(parts) if parts else None


def _content(item: str) -> bytes:
    """Return the bytes that DATA, @FILE or - mean."""
    if item in {"-", "@-"}:
        return sys.stdin.buffer.read()
    if not item.startswith("@"):
        return os.fsencode(item)
    try:
        return Path(item[1:]).read_bytes()
    except OSError as error:
        raise click.UsageError(f"The body {item[1:]} cannot be read: {error.strerror or error}.") from error


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


def _write(stream: Any, content: bytes) -> None:
    """Write what a program wrote: as it is, but on a terminal, which it must not command."""
    stream.flush()
    if stream.isatty():
        stream.write(escaped_lines(content.decode(errors="backslashreplace")))
    else:
        stream.buffer.write(content)
    stream.flush()
