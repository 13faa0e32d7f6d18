"""Run the console blocks of a document as a reader would paste them, and compare what is printed.

A page is one session: a home, a folder, a shell whose variables and current folder remain. What a page needs and a
reader has is in HTML comments, which no reader sees:

- `<!-- file: PATH -->` before a block of code: the file that the reader writes with it.
- `<!-- project: NAME -->`: the session starts in a project of `tests/data/documents`.
- `<!-- fixture: NAME -->`: the same with one of `fixtures`.
- `<!-- first: COMMAND -->`: a command that runs before the next block.
- `<!-- console: exits N -->`: the exit status of the next block's last command. Without it every command succeeds.
- `<!-- console: types ANSWER, ANSWER -->`: the next block's command runs on a terminal, and asks for these.
- `<!-- console: not run: REASON -->`: the next block is for the reader alone.

In what a page shows, `…` stands for anything within a line, and a line with nothing else for any lines. Digests, sizes,
times and dates are not compared, nor how many spaces there are. What goes to stderr is compared where the page shows some
of it. Of a command that shows nothing only the exit status is compared.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect

from hatch_os402.runtime.interpreters import find_compiler
from hatch_os402.runtime.pins import ASSIMILATED_SHA256
from support.buildproject import REPOSITORY, environment
from support.os402server import Os402Server

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECTS = REPOSITORY / "tests" / "data" / "documents"
KEY = "0x" + "8f" * 32
OWNER = "0x3675ca7660659148125628d3009259fc260d74fb"
LIMIT = 240
"""Seconds that a command may take."""

_PIECE = re.compile(
    r"^<!-- (?P<key>console|file|first|fixture|project): (?P<value>.+?) -->$"
    r"|^(?P<fence>`{3,})(?P<language>\w*)[ ]*\n(?P<text>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)
_VARIABLE = (  # what differs from one run to the next
    (re.compile(r"\b(0x)?[0-9a-f]{7,}\b"), "HEX"),
    (re.compile(r"\b\d[\d,]*(\.\d+)? ?(bytes|B|kB|KB|KiB|MB|MiB)\b"), "SIZE"),
    (re.compile(r"\b\d+(\.\d+)? ?(s|ms)\b"), "TIME"),
    (re.compile(r"\b20\d\d-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?Z?)?"), "DATE"),
    (re.compile(r"[ \t]+"), " "),
)


@dataclass(frozen=True)
class Block:
    """A fenced block, and what the comments before it say."""

    line: int
    language: str
    text: str
    directives: tuple[tuple[str, str], ...]

    def said(self, key: str, beginning: str = "") -> str | None:
        """Return the rest of the directive `key` whose value begins with `beginning`."""
        for name, value in self.directives:
            if name == key and value.startswith(beginning):
                return value.removeprefix(beginning).strip()
        return None


@dataclass(frozen=True)
class Step:
    """A command, and the lines that the page shows below it."""

    command: str
    shown: tuple[str, ...]

    @property
    def shows_stderr(self) -> bool:
        return any(line.startswith(("hatch-os402: ", "os402: ")) for line in self.shown)


def blocks(page: str) -> Iterator[Block]:
    """Yield the blocks of a page in order."""
    directives: list[tuple[str, str]] = []
    for match in _PIECE.finditer(page):
        if match["key"]:
            directives.append((match["key"], match["value"]))
        else:
            line = page.count("\n", 0, match.start()) + 1
            yield Block(line, match["language"], match["text"], tuple(directives))
            directives = []


def steps(text: str) -> list[Step]:
    """Return the commands of a console block; one that ends in a backslash goes on in the next line."""
    found: list[tuple[list[str], list[str]]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append(([line.removeprefix("$ ")], []))
        elif not found:
            raise ValueError(f"a console block begins with a command: {line}")
        elif not found[-1][1] and found[-1][0][-1].endswith("\\"):
            found[-1][0].append(line)
        else:
            found[-1][1].append(line)
    return [Step("\n".join(command), tuple(shown)) for command, shown in found]


def agree(shown: tuple[str, ...], printed: str) -> bool:
    """Whether what was printed is what the page shows."""
    pattern = "".join("(?:[^\n]*\n)*" if line.strip() == "…" else f"{_pattern(line)}\n" for line in shown)
    return re.fullmatch(pattern, "".join(f"{_plain(line)}\n" for line in printed.splitlines())) is not None


def _pattern(line: str) -> str:
    shortened = re.sub(r"\b(0x)?[0-9a-f]*…", "…", line)  # a digest that the page shows in part
    return "[^\n]*".join(map(re.escape, _plain(shortened).split("…")))


def _plain(line: str) -> str:
    for pattern, name in _VARIABLE:
        line = pattern.sub(name, line)
    return line.rstrip()


@dataclass
class Session:
    """A reader: a home, a current folder, variables, and the servers that run. `with Session(folder) as session: …`."""

    folder: Path
    _served: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _server: Os402Server | None = None

    def __enter__(self):
        self.home = self.folder / "home" / "alice"
        self.work = self.home
        key = self.home / ".config" / "hatch-os402" / "key.json"  # made before, unless the page makes it
        key.parent.mkdir(parents=True)
        key.write_text(KEY)
        key.chmod(0o600)
        self._key_before = key
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        compiler = find_compiler(None, os.environ)
        assert compiler is not None, "the documents need a CPython 3.12: `hatch python install 3.12`"
        # The last one: with another home it would not be found where pyenv and Hatch put theirs.
        folders = (Path(sys.executable).parent, os.environ["PATH"], Path(os.path.realpath(compiler.path)).parent)
        programs = os.pathsep.join(map(str, folders))
        self._env = environment(pip=True, HOME=str(self.home), PATH=programs, NO_COLOR="1", TERM="dumb", COLUMNS="100")
        self._state = self.folder / "state"
        self._state.write_text("")
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop()
        if self._server is not None:
            self._server.__exit__(*exception)

    def start_in(self, project: Path) -> None:
        """Give the reader a copy of a project, as the current folder."""
        self.work = self.home / project.name
        shutil.copytree(project, self.work, ignore=shutil.ignore_patterns("dist", "__pycache__"))
        with self._state.open("a", encoding="utf-8") as state:
            state.write(f"cd {shlex.quote(str(self.work))}\n")
        for pyproject in self.work.rglob("pyproject.toml"):
            pyproject.write_text(self.here(pyproject.read_text(encoding="utf-8")))

    def run(self, block: Block) -> None:
        """Run the commands of a block; AssertionError where one fails or prints something else."""
        for key, command in block.directives:
            if key == "first":
                self._step(Step(command, ()), block)
        *all_but_last, last = steps(block.text)
        answers = block.said("console", "types")
        for step in all_but_last:
            self._step(step, block)
        self._step(last, block, int(block.said("console", "exits") or 0), answers)

    def _step(self, step: Step, block: Block, expected: int = 0, answers: str | None = None) -> None:
        command = self.here(step.command)
        if command == "hatch-os402 key new":
            self._key_before.unlink(missing_ok=True)
        if command.startswith("hatch-os402 serve"):
            status, printed = 0, self._serve(f"{command} --port {self.port}", step)
        elif answers is not None:
            status, printed = self._type(command, [answer.strip() for answer in answers.split(",")])
        else:
            status, printed = self._call(command, stderr=step.shows_stderr)
        printed = self._there(printed)
        report = f"line {block.line}\n$ {step.command}\n{printed}\n-- shown:\n" + "\n".join(step.shown)
        assert status == expected, f"exit status {status} at {report}"
        assert not step.shown or agree(step.shown, printed), f"something else is printed at {report}"

    def here(self, text: str) -> str:
        """Return a command with the places of this machine."""
        if "https://os402.example.org" in text and self._server is None:
            self._server = Os402Server(OWNER).__enter__()
            self._server.executables[ASSIMILATED_SHA256["x86_64"]] = b""  # as every server has it
        for here, there in self._places():
            text = text.replace(there, here)
        return text

    def _there(self, text: str) -> str:
        for here, there in self._places():
            text = text.replace(here, there)
        return text

    def _places(self) -> Iterator[tuple[str, str]]:
        yield str(self.home), "/home/alice"
        yield f"http://127.0.0.1:{self.port}", "http://127.0.0.1:8402"
        yield str(REPOSITORY), "/path/to/hatch-os402"
        if self._server is not None:
            yield self._server.url, "https://os402.example.org"

    def _script(self, command: str) -> list[str]:
        """Return bash's command line; variables and current folder are kept for the next command."""
        keep = f'{{ export -p; echo "cd $(printf %q "$PWD")"; }} > {shlex.quote(str(self._state))}'
        begin = f"cd {shlex.quote(str(self.work))}; . {shlex.quote(str(self._state))}"
        return ["bash", "-c", f"{begin}\n{command}\nstatus=$?\n{keep}\nexit $status"]

    def _call(self, command: str, *, stderr: bool) -> tuple[int, str]:
        finished = subprocess.run(
            self._script(command),
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if stderr else subprocess.PIPE,
            timeout=LIMIT,
            check=False,
        )
        sys.stderr.write((finished.stderr or b"").decode())  # which pytest shows if the test fails
        return finished.returncode, finished.stdout.decode()

    def _type(self, command: str, answers: list[str]) -> tuple[int, str]:
        """Run a command on a terminal; nothing is typed before it asks."""
        program, *arguments = self._script(command)
        asked = pexpect.spawn(
            program, arguments, env=self._env, encoding="utf-8", timeout=LIMIT, echo=False, dimensions=(50, 120)
        )
        printed = ""
        for answer in answers:
            asked.expect(r": ?$")
            printed += asked.before + asked.after.rstrip() + "\n"
            asked.sendline(answer)
        asked.expect(pexpect.EOF)
        asked.close()
        # A terminal ends the line of a secret by itself, and `echo=False` that of any other.
        return asked.exitstatus, re.sub(r":\n+", ":\n", (printed + asked.before).replace("\r", ""))

    def _serve(self, command: str, step: Step) -> str:
        """Start a server, which runs until the page ends or starts another, and return its first lines."""
        self._stop()
        out, err = self.folder / "served.out", self.folder / "served.err"
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                self._script(f"exec {command}"),
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stdout if step.shows_stderr else stderr,
                start_new_session=True,
            )
        self._served.append(process)
        end = time.monotonic() + LIMIT
        while len(printed := out.read_text().splitlines()) < max(len(step.shown), 1):
            report = f"nothing is served\n$ {command}\n{out.read_text()}{err.read_text()}"
            assert process.poll() is None, report
            assert time.monotonic() < end, report
            time.sleep(0.05)
        return "\n".join(printed)

    def _stop(self) -> None:
        while self._served:
            process = self._served.pop()
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(LIMIT)


def play(page: Path, folder: Path) -> int:
    """Write the files of a page and run its console blocks; return how many were run."""
    count = 0
    with Session(folder) as session:
        for block in blocks(page.read_text(encoding="utf-8")):
            if (name := block.said("project")) is not None:
                session.start_in(PROJECTS / name)
            if (name := block.said("fixture")) is not None:
                session.start_in(REPOSITORY / "fixtures" / name)
            if (name := block.said("file")) is not None:
                path = session.work / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(session.here(block.text))
            elif block.language == "console" and block.said("console", "not run") is None:
                session.run(block)
                count += 1
    return count
