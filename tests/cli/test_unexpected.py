"""What nobody expected: one line that says so; and a machine without a home folder, which can be expected."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from types import SimpleNamespace

import click
import httpx
import pytest
from support.buildproject import write_project

from hatch_os402.cli import main
from hatch_os402.cli.shared import group
from hatch_os402.gateway.app import application
from hatch_os402.gateway.bounds import DEFAULT


@pytest.fixture
def broken(monkeypatch):
    """Make the command `check` fail with an error, whatever it is given."""

    def breaks(error):
        @click.command(context_settings={"ignore_unknown_options": True})
        @click.argument("rest", nargs=-1)
        def command(rest):
            raise error

        monkeypatch.setattr(group, "import_module", lambda _: SimpleNamespace(command=command))

    return breaks


def test_too_little_memory_is_no_bug(broken, capsys):
    broken(MemoryError())
    with pytest.raises(SystemExit) as ended:
        main(["check"])
    assert ended.value.code.startswith("hatch-os402: there is not enough memory for this.\n")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "error",
    [
        KeyError("x"),
        RuntimeError("two\nlines \x1b[2J"),
        ModuleNotFoundError("no", name="hatch_os402.gone"),
        OSError(5, "x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_one_line_says_that_it_is_a_bug_and_v_shows_where(error, broken, capsys):
    broken(error)
    with pytest.raises(SystemExit) as ended:
        main(["check"])
    said = ended.value.code
    assert said.startswith("hatch-os402: this is a bug in hatch-os402 ")
    assert "please report it" in said
    assert type(error).__name__ in said
    assert "`hatch-os402 -v COMMAND`" in said
    assert not set(said) & {"\n", "\x1b"}
    assert capsys.readouterr().err == ""
    for arguments in (["-v", "check"], ["check", "-v"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert "this is a bug in hatch-os402" in ended.value.code
        err = capsys.readouterr().err
        assert err.startswith("Traceback (most recent call last):")
        assert "raise error" in err


def test_v_alone_changes_nothing(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["-v", "--version"])
    assert not ended.value.code
    assert "hatch-os402" in capsys.readouterr().out


MODULE = "print('A: b\\r\\n\\r\\nout', end='')\n"
CHILD = """
import os, pwd, sys

def none(*_):
    raise KeyError("getpwuid(): uid not found: 12345")

pwd.getpwuid = none
os.environ.pop("HOME", None)
from hatch_os402.cli import main
from hatch_os402.cli.shared import group
main()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's, and other homes are found otherwise")
@pytest.mark.once
def test_a_user_without_a_home(tmp_path):
    """As a container runs with a random uid: no HOME, no entry of the user, no XDG_CACHE_HOME."""
    root = write_project(tmp_path / "sample", files={"sample/__init__.py": "", "sample/__main__.py": MODULE})
    hidden = {"HOME", "XDG_CACHE_HOME", "HATCH_OS402_CACHE_DIR"}
    environ = {name: value for name, value in os.environ.items() if name not in hidden}

    def output(*arguments):
        done = subprocess.run(
            [sys.executable, "-c", CHILD, *arguments],
            capture_output=True,
            text=True,
            check=False,
            env=environ | {"PIP_NO_INDEX": "1"},
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout

    assert output("run", str(root)) == "out"
    assert output("profile", str(next(root.glob("dist/*.pyz"))))
    assert output("publish", str(next(root.glob("dist/*.offer.json"))), "--dry-run", "-u", "http://127.0.0.1:1") == ""
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, "serve", "--port", "0", str(next(root.glob("dist/*.offer.json")))],
        stdout=subprocess.PIPE,
        env=environ,
    )
    try:
        url = process.stdout.readline().decode().strip()
        assert httpx.get(f"{url}/sample.cgi", timeout=60).text == "out"
    finally:
        process.terminate()
        assert process.wait(60) == 0
        process.stdout.close()


def test_a_bug_within_the_gateway_ends_one_request():
    """Its client and its user get the line; the traceback is for who asks with `-v`."""
    heard, asked = [], []

    class Gateway:
        bounds = DEFAULT
        reporter = SimpleNamespace(warning=heard.append, debug=asked.append)

        def get(self, _key):
            raise ZeroDivisionError("ours")

    async def call():
        transport = httpx.ASGITransport(application(Gateway()))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get("/hello.cgi")

    answer = asyncio.run(call())
    assert answer.status_code == 500
    (line,) = heard
    assert answer.json() == {"error": line}
    assert line.startswith("this is a bug in hatch-os402")
    assert line.endswith("ZeroDivisionError: ours")
    assert asked[0].startswith("Traceback (most recent call last):")
