"""`hatch-os402 publish` as a process: exit status, what goes to stdout and what to stderr."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from support.offering import KEY, SECRET, STRANGER, dist, executable
from support.os402server import Os402Server


@pytest.fixture
def server():
    with Os402Server(KEY.address) as running:
        yield running


@pytest.fixture
def publish(tmp_path):
    """Return what runs the command in a folder with a built offer."""
    dist(tmp_path / "dist")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "greeter"\nversion = "0.1.0"\n')
    executable(tmp_path)

    def run(*arguments, env=None):
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("X402", "OS402"))}
        return subprocess.run(
            [sys.executable, "-m", "hatch_os402.cli", "publish", *arguments],
            cwd=tmp_path,
            env=environ | {"NO_PROXY": "*", "X402_KEY": SECRET} | (env or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )

    return run


def test_the_addresses_are_on_stdout_and_the_story_on_stderr(server, publish):
    done = publish("--url", server.url, "--exe", "python.elf")
    assert (done.returncode, done.stdout) == (0, f"{server.url}/greeter.cgi\n")
    assert "signed by" in done.stderr
    assert "published and verified" in done.stderr
    assert len(server.offers) == 1


@pytest.mark.once
def test_one_server_of_two_refuses(server, publish):
    with Os402Server(STRANGER.address) as refusing:
        done = publish("-u", refusing.url, "-u", server.url, "--exe", "python.elf")
    assert (done.returncode, done.stdout) == (1, f"{server.url}/greeter.cgi\n")
    assert f"not everything was published: {refusing.url} failed" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.once
def test_the_server_of_the_variable(server, publish):
    assert publish("--exe", "python.elf", env={"OS402_URL": server.url}).returncode == 0


@pytest.mark.once
def test_the_server_of_pyproject(server, publish, tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        f'[project]\nname = "greeter"\nversion = "0.1.0"\n[tool.hatch.publish.os402]\nurl = "{server.url}"\n'
        'exe = ["python.elf"]\n'
    )
    assert publish().returncode == 0
    assert len(server.offers) == 1


@pytest.mark.once
def test_a_dry_run(server, publish):
    done = publish("--url", server.url, "--dry-run")
    assert (done.returncode, done.stdout) == (0, "")
    assert "nothing was sent" in done.stderr
    assert server.seen == []


@pytest.mark.once
def test_what_is_wrong_is_one_message(publish):
    done = publish("--url", "http://127.0.0.1:1", "missing.pyz")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("hatch-os402: there is no artifact missing.pyz")
    assert "Traceback" not in done.stderr


@pytest.mark.once
def test_wrong_usage_is_status_2(publish):
    assert publish("--nonsense").returncode == 2


@pytest.mark.once
def test_a_pyproject_that_cannot_be_read(publish, tmp_path):
    (tmp_path / "pyproject.toml").write_text("[project\n")
    done = publish("--url", "http://127.0.0.1:1")
    assert done.returncode == 1
    assert "pyproject.toml cannot be read" in done.stderr


def test_help_needs_no_extra_for_publishing():
    code = (
        "import sys\n"
        "for name in ('httpx', 'eth_keys', 'eth_hash', 'eth_keyfile', 'hatch'): sys.modules[name] = None\n"
        "from hatch_os402.cli import main\n"
        "main(['publish', '--help'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "--dry-run" in done.stdout


PLAIN = "http://os402.invalid"


@pytest.mark.once
@pytest.mark.parametrize(
    "url", [PLAIN, "http://10.0.0.1", "http://localhost.os402.invalid", "http://127.0.0.1.os402.invalid"]
)
def test_another_host_without_encryption_is_refused(url, server, publish):
    """Before anything is sent, to whatever other server as well; a dry run says so."""
    done = publish("-u", url, "-u", server.url, "--exe", "python.elf")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{url} would be reached without encryption" in done.stderr
    assert "`-o insecure` (`--insecure` of hatch-os402)" in done.stderr
    assert server.seen == []
    done = publish("-u", url, "--dry-run")
    assert done.returncode == 0
    assert f"{url} would be reached without encryption" in done.stderr
    assert "Publishing is refused without the option `insecure`" in done.stderr


@pytest.mark.once
def test_another_host_without_encryption_if_the_user_says_so(publish):
    """It is asked for, and then cannot be found."""
    done = publish("-u", PLAIN, "--insecure", "--dry-run")
    assert done.returncode == 0
    assert "without encryption" not in done.stderr


@pytest.mark.once
@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://127.9.9.9:1", "http://[::1]:1", "http://localhost:1"])
def test_this_machine_needs_no_encryption(url, publish):
    done = publish("-u", url, "--dry-run")
    assert done.returncode == 0
    assert "without encryption" not in done.stderr


@pytest.mark.once
def test_this_machine_is_reached_without_a_proxy(server, publish):
    proxy = "http://127.0.0.1:1"
    done = publish(
        "-u", server.url, "--exe", "python.elf", env={"HTTP_PROXY": proxy, "ALL_PROXY": proxy, "NO_PROXY": ""}
    )
    assert done.returncode == 0, done.stderr
