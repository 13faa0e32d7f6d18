"""What the user types, or keeps in a file, and nobody else may see: texts, and the password of a keystore."""

from __future__ import annotations

import getpass
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_os402.errors import PrivateKeyError
from hatch_os402.offer.keys import HOW, PASSWORD_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable

_LARGEST_FILE = 1 << 16


class Secret:
    """A text that is not shown by `repr`."""

    __slots__ = ("value",)

    def __init__(self, value: str) -> None:
        self.value = value

    def __bool__(self) -> bool:
        return bool(self.value)

    def __repr__(self) -> str:
        return "<hidden>"


class Password:
    """Where the password of a keystore comes from, once it is needed."""

    def __init__(
        self,
        file: str | os.PathLike[str] | None,
        variable: Secret,
        prompt: Callable[[str], str] | None,
        warn: Callable[[str], None],
    ) -> None:
        self._file = None if file is None else Path(file)
        self._variable = variable
        self._prompt = prompt
        self.warn_on_stderr = warn

    def read(self, path: Path) -> Secret:
        """Return the password of the keystore at `path`."""
        if stated := self._stated():
            return stated
        if self._prompt is None:
            raise PrivateKeyError(
                f"the keystore {path} has a password and nobody can be asked for it.\nName a file that holds it with "
                f"`--password-file`, or set {PASSWORD_VARIABLE}."
            )
        return asked(self._prompt, f"Password of {path} (not shown): ")

    def new(self, path: Path) -> Secret:
        """Return the password of the new keystore `path`, typed twice where it is asked for."""
        stated = self._stated()
        if stated is None and self._prompt is None:
            raise PrivateKeyError(
                "a new keystore needs a password and nobody can be asked for it.\nName a file that holds it with "
                f"`--password-file`, or set {PASSWORD_VARIABLE}."
            )
        if stated is None and self._prompt is not None:
            stated = asked(self._prompt, f"New password of {path} (not shown): ")
            if stated.value != asked(self._prompt, "The same again: ").value:
                raise PrivateKeyError("the two passwords differ, and no key was made.\nTry again.")
        if not stated:
            raise PrivateKeyError("the password of a new keystore must not be empty, and no key was made.")
        return stated

    def _stated(self) -> Secret | None:
        if self._file is not None:
            text = read_secret(self._file, "password", self.warn_on_stderr)
            return Secret((text.value.splitlines() or [""])[0])
        return self._variable or None


def asked(prompt: Callable[[str], str], question: str) -> Secret:
    """Return what `prompt` answers. Raises `PrivateKeyError` at the end of the input."""
    try:
        return Secret(prompt(question))
    except EOFError:
        raise PrivateKeyError(f"the question was not answered.\n{HOW}") from None


def terminal_prompt() -> Callable[[str], str] | None:
    """Return what asks on the terminal without echo, for `key_loading.load_key`; None if there is no terminal."""
    return getpass.getpass if sys.stdin is not None and sys.stdin.isatty() else None


def read_secret(path: Path, what: str, warn: Callable[[str], None]) -> Secret:
    """Return the text of a small file; call `warn` if others can read it."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = _decoded(file.read(_LARGEST_FILE))
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or "not a file's name"
        raise PrivateKeyError(f"the file of the {what}, {path}, cannot be read: {reason}") from None
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        warn(f"others on this machine can read the {what} in {path}; `chmod 600` makes it yours alone")
    return text


def warn_on_stderr(message: str) -> None:
    """Write a warning on stderr, where nobody else reports."""
    sys.stderr.write(f"hatch-os402: warning: {message}\n")


def _decoded(content: bytes) -> Secret:
    return Secret(content.decode(errors="replace"))
