"""What can go wrong, as the user should read it.

Every expected failure is an `Os402Error`. Its text says what is wrong, where, why and what to do; `details` holds what
only helps when somebody asks for more (`hatch -v`). Whoever faces the user prints the one and, if asked, the other;
nothing that is expected reaches the user as a traceback.
"""

from __future__ import annotations

import sys

from hatch_os402.__about__ import __version__


class Os402Error(Exception):
    """An expected failure.

    `message` is complete on its own, may have several lines and ends without a newline. `details` is further text for
    verbose output, or empty.
    """

    def __init__(self, message: str, details: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.details = details


def bug(error: BaseException) -> str:
    """Return one line about an exception that is nobody's fault but ours, which says where the report goes.

    It holds what a report needs, and no local variable, which may be secret.
    """
    import traceback  # noqa: PLC0415 - the small process of the sandbox imports this module, too

    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "hatch_os402" in frame.filename]
    at = f", at {frames[-1].filename.rpartition('hatch_os402')[2].lstrip('/')}:{frames[-1].lineno}" if frames else ""
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return (
        f"this is a bug in hatch-os402 {__version__} (Python {sys.version.split()[0]}{at}), please report it where you "
        f"have it from: {what[:500]}"
    )


class OptionTypeError(Os402Error, TypeError):
    """An option in pyproject.toml has the wrong type. Also a `TypeError`, which is what Hatch expects."""


class OptionValueError(Os402Error, ValueError):
    """An option in pyproject.toml has an impossible value. Also a `ValueError`, which is what Hatch expects."""


class ResolutionError(Os402Error):
    """The dependencies could not be resolved or fetched for the target."""


class FolderError(ResolutionError):
    """A requirement's address is a project's folder, of which a wheel may be built but was not yet."""

    def __init__(self, message: str, name: str, url: str) -> None:
        """Say which distribution is at which address."""
        super().__init__(message)
        self.name = name
        self.url = url


class MarkerError(ResolutionError):
    """The marker of a requirement cannot be decided; `problem` is a sentence that names it, without its end."""

    def __init__(self, problem: str) -> None:
        problem = problem.rstrip(".")
        super().__init__(f"{problem}.\nCorrect the marker, or require another release of what states it.")
        self.problem = problem


class UnsatisfiableError(ResolutionError):
    """No set of releases satisfies the requirements; the index itself was reached."""


class LockError(ResolutionError):
    """A lock cannot be read, does not fit the project, or lacks what the target needs."""


class LockMisfitError(LockError):
    """A lock is not of the project as it is, or lacks what it needs; `reasons` are sentences, without their ends."""

    def __init__(self, message: str, reasons: tuple[str, ...]) -> None:
        super().__init__(message)
        self.reasons = reasons


class WheelError(Os402Error):
    """A wheel is damaged, dishonest or dangerous."""


class AuditError(Os402Error):
    """Nobody could be asked about vulnerabilities."""


class BytecodeError(Os402Error):
    """Bytecode was required and cannot be had."""


class CompilerProcessError(Os402Error):
    """The target's Python ended before it had answered. Its text is the first part of a sentence."""

    def __init__(self, path: str, version: str, status: int, *, late: bool = False) -> None:
        """Say which interpreter it was, how it ended, and whether it was killed since it took too long."""
        self.how = f"is ended by signal {-status}" if status < 0 else f"ends with status {status}"
        self.late = late
        super().__init__(f"{path} (CPython {version}) ended with status {status}")


class PatternsError(Os402Error):
    """Regular expressions could not be prepared, or `os402-profile.json` cannot be used."""


class OfferError(Os402Error):
    """The offer cannot be written as os402 would read it."""


class PrivateKeyError(Os402Error):
    """There is no usable private key. The message never has key material in it."""


class SignatureError(Os402Error):
    """Something cannot be signed, or a signature is none."""


class ArtifactError(Os402Error):
    """The artifacts could not be written."""


class ScaffoldError(Os402Error):
    """A project cannot be started, or its pyproject.toml cannot be changed. Nothing was written."""


class SandboxError(Os402Error):
    """A program could not be run under os402's conditions on this machine."""


class OutOfTimeError(ResolutionError):
    """pip was ended because its time was over."""


class RequestError(Os402Error):
    """The options mean no request that can be made."""


class NoResponseError(Os402Error):
    """The output is none of a CGI program: os402 answers 500. `title` and `message` are what it says."""

    def __init__(self, title: str, message: str) -> None:
        super().__init__(message)
        self.title = title


class StoppingError(Os402Error):
    """The gateway is going down, and runs nothing any more."""


class ProfileError(Os402Error):
    """A program cannot be measured."""


class CallError(Os402Error):
    """A call could not be made: the server cannot be reached, or the program cannot be started."""


class RecordError(ValueError):
    """RECORD cannot be read, or the file at `path` is not as it says. The text completes "RECORD …"."""

    def __init__(self, reason: str, path: str = "") -> None:
        super().__init__(reason)
        self.path = path


class KernelRefusedError(OSError):
    """The kernel refuses a part of the sandbox; the text says which, and what would help."""


class StaticError(Exception):
    """Something in the source that is known only when it runs."""
