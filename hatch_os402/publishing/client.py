"""One os402 server, as a client meets it: requests that are repeated when that can help, and answers in words.

What the server does is in `lockboot/os402`, `src/webapp/router.rs` and `src/webapp/handlers/`: PUT `/{sha256}` takes an
offer, GET `/{sha256 or name}` returns it, HEAD `/{sha256}.exe` says whether an executable is there.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import httpx

from hatch_os402.__about__ import __version__
from hatch_os402.errors import Os402Error
from hatch_os402.foreign.addresses import shown_address
from hatch_os402.foreign.strict_json import read_json
from hatch_os402.offer.names import in_address

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import BinaryIO

    from hatch_os402.reporting import Reporter

TIMEOUT = httpx.Timeout(60, connect=10, read=300)
"""Seconds. Reading is given most: before it answers, the server may fetch the executable itself."""

_LONGEST_ANSWER = 300
_OWN_FAULT = 500


@dataclass(frozen=True)
class RetryPolicy:
    """How often a request is made, and how long to wait before the second time (doubled each time), in seconds."""

    attempts: int = 4
    pause: float = 1.0
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class UploadPart:
    """One part of an upload. `open` returns its content from the beginning, a new file each time."""

    name: str
    filename: str
    type: str
    size: int
    open: Callable[[], BinaryIO]


@dataclass(frozen=True)
class ServerResponse:
    """What the server answered: a status below 500 and the JSON of the body, or None if it is not JSON."""

    status: int
    json: Any
    location: str | None = None

    @property
    def error(self) -> str:
        """The server's own words, fit to be shown; empty if it had none."""
        text = self.json.get("error") if isinstance(self.json, dict) else None
        return printable(text) if isinstance(text, str) else ""


class RemoteServer:
    """The server at `url`. Name and password in the address are used (basic authentication) and never shown.

    Raises `Os402Error` when `url` is no address of a server, and from every method when the server cannot be reached
    or fails (5xx), each time, as often as `retries` allows.
    """

    def __init__(self, url: str, client: httpx.Client, *, retries: RetryPolicy, reporter: Reporter) -> None:
        parts = _split(url)
        self.url = base_url(url)
        self.plain = is_plain(url)
        """Whether what is sent can be read on its way."""
        self._auth = (unquote(parts.username or ""), unquote(parts.password or "")) if "@" in parts.netloc else None
        self._client, self._retries, self._reporter = client, retries, reporter

    def call_url(self, key: str) -> str:
        """Return the address at which the offer of this hash or name is called."""
        return f"{self.url}/{key}.cgi"

    def has_executable(self, sha256: str) -> bool:
        """Whether the server has the executable already."""
        return self._request("HEAD", f"{sha256}.exe").status == httpx.codes.OK

    def offer(self, key: str) -> Any:
        """Return the JSON of the offer's envelope by its hash or name; None if there is none."""
        answer = self._request("GET", in_address(key))
        return answer.json if answer.status == httpx.codes.OK else None

    def upload(self, sha256: str, parts: Sequence[UploadPart], progress: Callable[[int], None]) -> ServerResponse:
        """Send `parts` in this order as the offer `sha256`; `progress` is called with the bytes sent.

        The parts are streamed. After a failure everything is sent again: the server takes an offer twice.
        """
        return self._request("PUT", sha256, parts, progress)

    def _request(
        self, method: str, path: str, parts: Sequence[UploadPart] = (), progress: Callable[[int], None] = lambda _: None
    ) -> ServerResponse:
        pause = self._retries.pause
        for attempt in range(1, self._retries.attempts + 1):
            try:
                answer = self._once(method, f"{self.url}/{path}", parts, progress)
            except OSError as error:  # httpx's own errors are no OSError: this is one of our files
                raise Os402Error(
                    f"{error.filename or 'a file of the offer'} cannot be read: {error.strerror}."
                ) from error
            except (httpx.RequestError, httpx.InvalidURL) as error:
                problem = _connection_problem(error)
                if parts and isinstance(error, (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)):
                    problem += " while the offer was being sent"
            else:
                if answer.status < _OWN_FAULT:
                    return answer
                problem = f"answers {answer.status}" + (f": {answer.error}" if answer.error else "")
            if attempt < self._retries.attempts:
                self._reporter.info(f"{self.url} {problem}; trying again in {pause:g} s")
                self._retries.sleep(pause)
                pause *= 2
        raise Os402Error(f"{self.url} {problem}, {self._retries.attempts} times in a row. Try again later.")

    def _once(
        self, method: str, url: str, parts: Sequence[UploadPart], progress: Callable[[int], None]
    ) -> ServerResponse:
        counter = _Counter(progress)
        with ExitStack() as stack:
            files = [
                (part.name, (part.filename, _CountingFile(stack.enter_context(part.open()), counter), part.type))
                for part in parts
            ]
            response = self._client.request(
                method,
                url,
                # httpx takes any object with `read`, and says so less generally.
                files=files or None,  # type: ignore[arg-type]
                auth=self._auth,
                headers={"User-Agent": f"hatch-os402/{__version__}", "Accept": "application/json"},
                follow_redirects=False,
            )
        try:
            content = read_json(response.content)
        except ValueError:  # not JSON, or not UTF-8
            content = None
        return ServerResponse(response.status_code, content, response.headers.get("Location"))


def new_client() -> httpx.Client:
    """Return a client for `RemoteServer`; proxies and certificates are those of the environment.

    This machine is reached without a proxy: what is in clear stays on it.
    """
    here = ("all://localhost", "all://127.0.0.1", "all://[::1]")
    return httpx.Client(timeout=TIMEOUT, mounts=dict.fromkeys(here))


def base_url(url: str) -> str:
    """Return the address of a server as it may be shown, without its last slash. Raises `Os402Error`."""
    _split(url)
    return shown_address(url).rstrip("/")


def is_plain(url: str) -> bool:
    """Whether what is sent to `url` can be read on its way: `http`, to another host. Raises `Os402Error`."""
    parts = _split(url)
    if parts.scheme != "http" or parts.hostname == "localhost":
        return False
    try:
        return not ip_address(parts.hostname).is_loopback
    except ValueError:  # a name, which may lead anywhere
        return True


def upload_size(parts: Sequence[UploadPart]) -> int:
    """Return the bytes of `parts` and of what multipart puts around them (at most; it is about 200 bytes a part)."""
    return sum(part.size + 256 for part in parts)


def printable(text: str) -> str:
    """Return a server's text without control characters, on one line, and not longer than a message should be."""
    line = "".join(character if character.isprintable() else " " for character in text)
    return line if len(line) <= _LONGEST_ANSWER else line[:_LONGEST_ANSWER] + "…"


class _Counter:
    def __init__(self, progress: Callable[[int], None]) -> None:
        self._progress, self._sent = progress, 0
        progress(0)

    def add(self, count: int) -> None:
        self._sent += count
        self._progress(self._sent)


class _CountingFile:
    """A file that tells how much of it was read."""

    def __init__(self, file: BinaryIO, counter: _Counter) -> None:
        self._file, self._counter = file, counter

    def read(self, count: int) -> bytes:
        data = self._file.read(count)
        self._counter.add(len(data))
        return data

    # How httpx asks for a size: it seeks to the end, and back to where it was.

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = 0) -> int:
        self._position = self._file.seek(offset, whence)
        return self._file.tell()


def _split(url: str) -> Any:
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and parts.hostname and not parts.query and not parts.fragment
        _ = parts.port
    except ValueError:
        good = False
    if not good:
        raise Os402Error(
            f"{shown_address(url)!r} is not the address of a server: it must be like https://os402.example.org."
        )
    return parts


def _connection_problem(error: Exception) -> str:
    if isinstance(error, httpx.ConnectTimeout):
        return "cannot be reached: no answer in time"
    if isinstance(error, httpx.TimeoutException):
        return "does not answer in time"
    if isinstance(error, httpx.ConnectError):
        return f"cannot be reached: {printable(str(error)) or 'no connection'}"
    if isinstance(error, httpx.RemoteProtocolError):
        return "does not answer in HTTP, or broke off its answer"
    return f"broke the connection ({type(error).__name__})"
