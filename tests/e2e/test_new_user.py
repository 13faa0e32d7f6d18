"""The first minutes of a new user: an empty folder, an empty home, a wheel file, and what the program prints, pasted.

Commands and seconds are counted and printed; three commands are the most, seconds are for whoever reads them.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pexpect
import pytest
from support.buildproject import REPOSITORY, build, contents, environment

pytestmark = [pytest.mark.once, pytest.mark.network]

ANSWERS = {
    "script": {"message": "Hello, Alice!"},
    "wsgi": {"message": "Hello, Alice!"},
    "asgi": {"message": "Hello, Alice!"},
    "mcp": "Hello, Alice!",
}
PROMPT = "new user> "
MAX_COMMANDS = 3


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel file of this repository: on no index, it is all that a new user has."""
    built = build(REPOSITORY, "-t", "wheel", dist=tmp_path_factory.mktemp("wheel"))
    assert built.code == 0, built.err
    (path,) = built.dist.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def user(tmp_path_factory) -> dict[str, str]:
    """The environment of somebody with an empty home, Python and uv."""
    uv = shutil.which("uv") or str(Path(sys.executable).parent / "uv")
    folder = tmp_path_factory.mktemp("user")
    programs = folder / "programs"
    programs.mkdir()
    (programs / "uv").symlink_to(Path(uv).resolve())
    (programs / "uvx").symlink_to(Path(uv).resolve().parent / "uvx")
    (programs / "python3").symlink_to(Path(sys.base_prefix, "bin", "python3").resolve())
    env = environment(pip=True)
    away = [name for name in env if name.startswith(("HATCH", "XDG_")) or name == "HATCH_OS402_CACHE_DIR"]
    for name in away:
        del env[name]
    paths = [path for path in env["PATH"].split(os.pathsep) if not (Path(path) / "hatch-os402").exists()]
    home = folder / "home"
    home.mkdir()
    return env | {"HOME": str(home), "PATH": os.pathsep.join([str(programs), *paths]), "PS1": PROMPT, "NO_COLOR": "1"}


class Shell:
    """A user at a terminal; `commands` are those that were typed or pasted."""

    commands: tuple[str, ...] = ()

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self._terminal = pexpect.spawn(
            "sh", cwd=folder, env=env, encoding="utf-8", timeout=300, echo=False, dimensions=(50, 250)
        )
        self._terminal.expect_exact(PROMPT)

    def start(self, line: str) -> None:
        Shell.commands += (line,)
        self._terminal.sendline(line)

    def until(self, pattern: str) -> str:
        """Wait for `pattern` and return it; a shell that asks for the next command before has failed."""
        if self._terminal.expect([pattern, re.escape(PROMPT)]):
            pytest.fail(f"{Shell.commands[-1]}\n{self._terminal.before}")
        return self._terminal.after

    def run(self, line: str) -> str:
        """Run a command to its end and return what it printed."""
        self.start(line)
        self._terminal.expect_exact(PROMPT)
        return self._terminal.before.replace("\r\n", "\n")

    def interrupt(self) -> None:
        self._terminal.sendintr()
        self._terminal.expect_exact(PROMPT)

    def close(self) -> None:
        self._terminal.close(force=True)


@pytest.fixture
def shells(user, tmp_path):
    """Open terminals in an empty folder."""
    opened = []
    (folder := tmp_path / "empty").mkdir()

    def shell() -> Shell:
        opened.append(Shell(folder, user))
        return opened[-1]

    Shell.commands = ()
    yield shell
    for one in opened:
        one.close()


def free(port: int) -> bool:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@pytest.mark.parametrize("interface", ANSWERS)
def test_from_nothing_to_a_called_endpoint(interface, shells, wheel, user, tmp_path, capsys):
    begun = time.monotonic()
    first, second = shells(), shells()
    said = first.run(f"uvx --from '{wheel}[cli,publish,serve]' hatch-os402 init hello --interface {interface}")
    serve, call = (line.strip() for line in said.splitlines() if line.startswith("  "))
    if not free(8402):  # another test's
        serve += " --port 0"
    first.start(serve)
    address = first.until(r"http://127\.0\.0\.1:[0-9]+\r\n").strip()
    answer = second.run(call.replace("http://127.0.0.1:8402", address))
    seconds = time.monotonic() - begun
    assert json.loads(answer) == ANSWERS[interface]
    assert len(Shell.commands) <= MAX_COMMANDS
    first.interrupt()
    with capsys.disabled():
        print(f"\n{interface}: {len(Shell.commands)} commands, {seconds:.0f} s from nothing to a called endpoint")
        for command in Shell.commands:
            print(f"  $ {command}")
    root = tmp_path / "empty" / "hello"
    assert sorted(path.name for path in (root / "dist").iterdir()) == sorted(
        f"hello-0.1.0.{suffix}" for suffix in ("build.json", "offer.json", "pyz", "stdin")
    )
    tested = subprocess.run(
        ["uv", "run", "-q", "--group", "test", "pytest", "-q"],
        cwd=root, env=user, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert f"{2 if interface == 'script' else 1} passed" in tested.stdout


def test_hatch_builds_the_new_project_from_the_wheel_file(wheel, user, tmp_path):
    """What `init` writes of where the plugin is serves Hatch; a key needs more, and how to get it is said."""
    copied = tmp_path / "wheels" / wheel.name
    copied.parent.mkdir()
    shutil.copy(wheel, copied)
    env = user | {"HATCH_DATA_DIR": str(tmp_path / "hatch")}

    def run(line, cwd=tmp_path):
        words = shlex.split(line)
        return subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=300)

    made = run(f"uvx --from {copied}[cli] hatch-os402 init shop")
    assert made.returncode == 0, made.stderr
    root = tmp_path / "shop"
    assert '"hatch-os402 @ {root:parent:uri}/wheels/' in (root / "pyproject.toml").read_text()
    by_hatch = run(f"{sys.executable} -m hatch build -t os402", cwd=root)
    assert by_hatch.returncode == 0, by_hatch.stderr
    before = contents(root / "dist")
    assert [name for name in before if name.endswith(".stdin")] == ["shop-0.1.0.stdin"]
    ours = run(f"uvx --from {copied}[cli] hatch-os402 build shop")
    assert ours.returncode == 0, ours.stderr
    after = contents(root / "dist")
    assert after["shop-0.1.0.stdin"] == before["shop-0.1.0.stdin"]  # one pipeline, whoever starts it
    refused = run(f"uvx --from {copied}[cli] hatch-os402 key new key.json")
    assert refused.returncode == 1
    assert f"uv tool install '{copied}[cli,publish]'" in refused.stderr
