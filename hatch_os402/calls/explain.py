"""What a caller of os402 would see of an outcome, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_os402.calls.cgi import delivery
from hatch_os402.errors import NoResponseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hatch_os402.calls.cgi import Response
    from hatch_os402.sandbox.execute import Outcome
    from hatch_os402.sandbox.limits import ResourceLimits

_MEBIBYTE = 1 << 20
_ERRORS = 400
"""The least status that says an error by itself."""
_FAILED = 500
"""The least status of a program that failed."""
_SIGSEGV = 11
_TABLE = "[tool.hatch.build.targets.os402.offer]"


def explain(outcome: Outcome, limits: ResourceLimits, found: NoResponseError | Response, method: str = "GET") -> str:
    """Say, in sentences, what went wrong and how to mend it; empty if nothing did.

    `found` is the response to a request of `method`, or why the output is none.
    """
    if isinstance(found, NoResponseError):
        return " ".join((*_sentences(outcome, limits, found), *_missing_file(outcome)))
    sentences = [*_sentences(outcome, limits, None)]
    if outcome.exit or found.status >= _FAILED:
        sentences += _missing_file(outcome)
    if (outcome.exit or outcome.ended_by) and found.status < _ERRORS:
        sentences.append(f"The program failed after its headers (exit {outcome.exit}): callers see {found.status}.")
    if wrong := delivery(found, method).problem:
        sentences.append(wrong)
    return " ".join(sentences)


def _sentences(outcome: Outcome, limits: ResourceLimits, problem: NoResponseError | None) -> Iterator[str]:
    if outcome.failure:
        yield f"The program could not be started: {outcome.failure.rstrip('.')}."
        if "Argument list too long" in outcome.failure:
            yield (
                f"Arguments and environment may have {limits.stack // 4:,} bytes together, a quarter of the stack's "
                "limit: send less in headers, or more in the body."
            )
    elif outcome.ended_by:
        yield from _limit(outcome, limits)
    elif outcome.exit > 128:  # noqa: PLR2004 - a signal, as shells write it
        yield f"Signal {outcome.exit - 128} ended the program."
        if outcome.exit - 128 == _SIGSEGV:
            yield (
                f"Its stack has {limits.stack // 1024:,} KiB, and deep recursion in C, as of a parser of nested text "
                f'(json.loads("[" * 20000)), runs over its end: bound the depth of what comes in, or raise `stack` in '
                f"{_TABLE}. All output that was not flushed is lost."
            )
    if b"MemoryError" in outcome.stderr or b"Cannot allocate memory" in outcome.stderr:
        yield f"It asked for more than the {limits.ram // _MEBIBYTE} MiB of memory there are: raise `ram` in {_TABLE}."
    if b"can't start new thread" in outcome.stderr:
        yield "os402 lets no program start a thread: do its work in the main one, or in a pool, which runs it in place."
    if problem is not None:
        yield from _no_response(outcome, problem)


def _missing_file(outcome: Outcome) -> Iterator[str]:
    """Yield where files are, for a program that failed and looked for one in vain, which is no other program."""
    if b"FileNotFoundError: [Errno 2]" in outcome.stderr and b"subprocess.py" not in outcome.stderr:
        yield (
            "os402 has no disk: a program finds what its archive has, which is what the project's wheel ships, by a "
            "path from its modules, as in Path(__file__).with_name(…), and what it wrote to /tmp itself."
        )


def _limit(outcome: Outcome, limits: ResourceLimits) -> Iterator[str]:
    if outcome.ended_by in {"stdout", "stderr"}:
        name = "output" if outcome.ended_by == "stdout" else "error output"
        yield (
            f"The {name} was more than its buffer of {limits.buffer:,} bytes, so the program was killed, and what "
            f"did not fit is lost: write less, or raise `buffer` in {_TABLE}."
        )
    elif outcome.ended_by == "wall":
        yield (
            f"The program was killed after {_seconds(limits.wall)}, the whole time that a caller pays for: raise "
            f"`min-duration` in {_TABLE}, or see what it waits for."
        )
    else:
        yield (
            f"The program was killed when it had used {_seconds(limits.cpu)} of CPU, as many as a caller pays for: "
            f"raise `min-duration` in {_TABLE}."
        )


def _seconds(value: float) -> str:
    return f"{value:g} second{'' if value == 1 else 's'}"


def _no_response(outcome: Outcome, problem: NoResponseError) -> Iterator[str]:
    yield f"os402 answers 500, {problem.title!r}."
    if outcome.stdout:
        yield (
            f"The output ({len(outcome.stdout):,} bytes) has no empty line that ends the headers: print them first, "
            r"each ended by \r\n, then \r\n, then the body, as in "
            r'print("Content-Type: text/plain\r\n\r\nhello").'
        )
    elif not (outcome.ended_by or outcome.failure):
        if outcome.exit:
            yield "The program wrote nothing to standard output; its error output says why."
        else:
            yield (
                "The program wrote nothing to standard output: print the headers, an empty line and the body, as in "
                r'print("Content-Type: text/plain\r\n\r\nhello").'
            )
