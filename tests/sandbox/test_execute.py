"""Programs under os402's conditions: which limit ends them, and that nothing of them is left."""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.elfcraft import static_elf
from support.once import once_but

from hatch_os402.errors import SandboxError
from hatch_os402.sandbox.execute import Command, Spawner, execute
from hatch_os402.sandbox.limits import MEBIBYTE, ResourceLimits
from hatch_os402.sandbox.plain import UnsandboxedSpawner
from hatch_os402.sandbox.runtime_files import needs

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="os402's sandbox is Linux's")


@pytest.fixture
def run(python312):
    """Run Python code in the sandbox and return the outcome."""

    def run(code, *stdin, limits=None, env=None, **options):
        command = Command(
            [python312.path, "-I", "-c", code], env or {}, stdin, limits or ResourceLimits(wall=30), hold_stdin=False
        )
        outcome, missing = execute(needs(python312.path), command, **options)
        assert missing == ()
        return outcome

    return run


def descendants() -> list[str]:
    """Return the command lines of all processes whose environment names this very test."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if MARK in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_text())
    return found


MARK = f"HATCH_OS402_TEST={os.getpid()}-{time.monotonic_ns()}".encode()
ENV = dict([MARK.decode().split("=")])


def begun(count: int = 1) -> None:
    """Wait until there are so many processes of the program; fail if that takes too long."""
    for _ in range(3000):
        if len(descendants()) >= count:
            return
        time.sleep(0.01)
    pytest.fail(f"the program did not begin: {descendants()}")


def gone() -> bool:
    """Whether every program of this test ends soon."""
    for _ in range(200):
        if not descendants():
            return True
        time.sleep(0.02)
    return False


def test_what_comes_out(run):
    outcome = run("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")
    assert (outcome.exit, outcome.stdout, outcome.stderr) == (3, b"out\n", b"err\n")
    assert (outcome.ended_by, outcome.failure) == (None, "")
    assert outcome.utime + outcome.stime > 0
    assert outcome.wall > 0
    assert outcome.maxrss > 4000  # no CPython is smaller


ENDS = {
    "wall": ("import time; time.sleep(100)", ResourceLimits(wall=0.3), 137, "wall"),
    "cpu": ("while True: pass", ResourceLimits(cpu=1, wall=30), 137, "cpu"),
    "stdout": ("print('x' * 3000000)", ResourceLimits(wall=30), 137, "stdout"),
    "stderr": ("import sys; print('x' * 3000000, file=sys.stderr)", ResourceLimits(wall=30), 137, "stderr"),
    "a signal of its own": ("import os; os.kill(os.getpid(), 15)", ResourceLimits(wall=30), 143, None),
    "killed by itself": ("import os; os.kill(os.getpid(), 9)", ResourceLimits(wall=30), 137, None),
}


@pytest.mark.parametrize(("code", "limits", "code_of_exit", "ended_by"), once_but(ENDS, *ENDS.keys() - {"cpu"}))
def test_what_ended_it(run, code, limits, code_of_exit, ended_by):
    outcome = run(code, limits=limits)
    assert (outcome.exit, outcome.ended_by) == (code_of_exit, ended_by), outcome


def test_a_full_buffer_keeps_what_fitted(run):
    """os402 reads pieces of 8192 bytes and drops the first that does not fit (`os/sluice.rs`)."""
    outcome = run(
        "import os\nfor _ in range(20): os.write(1, b'x' * 65536)", limits=ResourceLimits(buffer=100_000, wall=30)
    )
    assert outcome.ended_by == "stdout"
    assert set(outcome.stdout) == set(b"x")
    assert 100_000 - 8192 <= len(outcome.stdout) <= 100_000


def test_stdin_in_pieces_and_empty(run):
    read = "import sys; data = sys.stdin.buffer.read(); print(len(data), data[:2], data[-2:])"
    assert run(read, b"ab", b"", b"c" * 20_000_000, b"yz").stdout == b"20000004 b'ab' b'yz'\n"
    # As on os402: without a byte it is /dev/null, and no pipe.
    assert run(f"import os; print(os.fstat(0).st_rdev == {Path('/dev/null').stat().st_rdev}); {read}").stdout == (
        b"True\n0 b'' b''\n"
    )


def test_what_reads_nothing_is_not_waited_for(run):
    assert run("print('done')", b"x" * 5_000_000).stdout == b"done\n"


def test_installed_packages_are_not_the_runtimes(run, python312):
    """A program that forgot a dependency must not find it beside the CPython that stands in."""
    look = "import importlib.metadata, os, sysconfig; print(os.listdir(sysconfig.get_path('purelib')), "
    look += "[one.name for one in importlib.metadata.distributions()]); import pip"
    outside = subprocess.run([python312.path, "-I", "-c", look], capture_output=True, text=True, check=False)
    assert "pip" in outside.stdout, "there is nothing that could be found"
    inside = run(look)
    assert inside.stdout == b"[] []\n"
    assert inside.stderr.splitlines()[-1] == b"ModuleNotFoundError: No module named 'pip'"


def test_too_much_for_a_command_line_is_told(run):
    """The kernel takes a quarter of the stack's limit (execve(2)), here 256 KiB."""
    outcome = run("pass", env={f"NAME{number}": "x" * 100_000 for number in range(3)})
    assert "Argument list too long" in outcome.failure
    assert outcome.stdout == b""


CHILD = """
import os, sys, time
if os.fork() == 0:
    {}
os._exit(0)
"""


def test_a_child_that_holds_the_pipes_is_waited_for(run):
    assert run(CHILD.format("time.sleep(0.3); os.write(1, b'late'); os._exit(0)")).stdout == b"late"


def test_a_child_that_outlives_its_parent_is_killed(run):
    quiet = "[os.close(n) for n in range(3)]; os.setsid(); time.sleep(100)"
    assert run(CHILD.format(quiet), env=ENV).exit == 0
    assert gone()
    outcome = run(CHILD.format("time.sleep(100)"), env=ENV, limits=ResourceLimits(wall=0.5))
    assert outcome.ended_by == "wall"
    assert gone()


def test_cancelling_kills(python312):
    async def main():
        async with Spawner(needs(python312.path)) as spawner:
            slow = Command([python312.path, "-I", "-c", "import time; time.sleep(100)"], ENV)
            task = asyncio.create_task(spawner.run(slow))
            await asyncio.to_thread(begun)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(gone)
            return await spawner.run(Command([python312.path, "-I", "-c", "print(1)"], {}))

    assert asyncio.run(main()).stdout == b"1\n"


def test_a_killed_spawner_takes_its_programs_along_and_is_replaced(python312):
    async def main():
        async with Spawner(needs(python312.path)) as spawner:
            slow = Command([python312.path, "-I", "-c", "import time; time.sleep(100)"], ENV)
            task = asyncio.create_task(spawner.run(slow))
            await asyncio.to_thread(begun)
            spawner._process._process.kill()
            with pytest.raises(SandboxError, match="killed, and they with it"):
                await task
            assert await asyncio.to_thread(gone)
            return await spawner.run(Command([python312.path, "-I", "-c", "print(1)"], {}))

    assert asyncio.run(main()).stdout == b"1\n"


def test_kill_9_leaves_nothing(python312, tmp_path):
    script = (
        "import sys\nfrom hatch_os402.sandbox.execute import *\nfrom hatch_os402.sandbox.runtime_files import needs\n"
        f"code = {CHILD.format('time.sleep(100)').replace('os._exit(0)', 'time.sleep(100)')!r}\n"
        f"execute(needs(sys.argv[1]), Command([sys.argv[1], '-I', '-c', code], {ENV!r}))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, python312.path],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stderr=subprocess.PIPE,
    )
    try:
        begun(2)
    finally:
        process.kill()
        _, reported = process.communicate()
    assert (process.returncode, reported) == (-signal.SIGKILL, b"")
    assert gone()
    for _ in range(200):
        if not list(tmp_path.iterdir()):
            break
        time.sleep(0.02)
    assert list(tmp_path.iterdir()) == []


def test_nothing_leaks(python312):
    async def main():
        def situation():
            spawners = Path(f"/proc/{spawner._process._process.pid}")
            descriptors = [sum(1 for _ in (of / "fd").iterdir()) for of in (Path("/proc/self"), spawners)]
            return descriptors, descendants()

        async with Spawner(needs(python312.path)) as spawner:
            command = Command([python312.path, "-I", "-S", "-c", "print(1)"], ENV, (b"x" * 100_000,))
            await spawner.run(command)
            before = situation()
            for _ in range(10):
                await asyncio.gather(*(spawner.run(command) for _ in range(4)))
            assert situation() == before

    asyncio.run(main())


@pytest.mark.skipif(platform.machine() != "x86_64", reason="its machine code is x86_64")
def test_a_static_executable_needs_only_itself(tmp_path):
    path = tmp_path / "static"
    path.write_bytes(static_elf(b"static", status=7))
    path.chmod(0o755)
    wanted = needs(str(path))
    assert (wanted.static, wanted.readable, wanted.listable) == (True, (str(path),), ())
    outcome, _ = execute(wanted, Command(["python", "-c", "whatever"], {}), required=True)
    assert (outcome.exit, outcome.stdout, outcome.failure) == (7, b"static", "")


def test_what_is_no_runtime_is_said(tmp_path):
    with pytest.raises(SandboxError, match=r"cannot be read: No such file"):
        needs(str(tmp_path / "absent"))
    (tmp_path / "text").write_text("#!/bin/sh\necho no\n")
    (tmp_path / "text").chmod(0o755)
    with pytest.raises(SandboxError, match="does not answer as a Python does"):
        needs(str(tmp_path / "text"))


PLAIN = {
    "both streams": ("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)", 3, b"out\n", None),
    "stdin": ("import sys; print(len(sys.stdin.read()))", 0, b"3000003\n", None),
    "out of time": ("import time; print('out', flush=True); time.sleep(99)", 137, b"out\n", "wall"),
    "too much output": ("import os; [os.write(1, b'x' * 8192) for _ in range(100)]", 137, None, "stdout"),
    "a signal": ("import os; os.kill(os.getpid(), 15)", 143, b"", None),
}


@pytest.mark.parametrize(("code", "status", "stdout", "ended_by"), PLAIN.values(), ids=PLAIN)
def test_without_fork(code, status, stdout, ended_by, python312):
    """As on Windows, where there is none."""
    limits = ResourceLimits(buffer=100_000, wall=1 if ended_by == "wall" else 30)

    async def main():
        async with UnsandboxedSpawner(needs(python312.path)) as spawner:
            return await spawner.run(Command(["python", "-I", "-c", code], {}, (b"abc", b"x" * 3_000_000), limits))

    outcome = asyncio.run(main())
    assert (outcome.exit, outcome.ended_by) == (status, ended_by), outcome
    assert outcome.stdout == stdout if stdout is not None else 90_000 < len(outcome.stdout) <= 100_000


def test_required_isolation_is_linuxs(run, monkeypatch, python312):
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(SandboxError, match="it needs Linux, and this is darwin"):
        run("pass", required=True)
    with pytest.raises(SandboxError, match="it needs Linux, and this is darwin"):
        UnsandboxedSpawner(needs(python312.path), required=True)
    assert UnsandboxedSpawner(needs(python312.path)).missing == ("it needs Linux, and this is darwin",)
    assert UnsandboxedSpawner(needs(python312.path), isolated=False).missing == ()


def test_without_isolation_the_limits_hold_still(run):
    outcome = run("import resource; print(open('/etc/passwd').read(1), resource.getrlimit(resource.RLIMIT_AS)[1])",
                  isolated=False, limits=ResourceLimits(ram=200 * MEBIBYTE, wall=30))  # fmt: skip
    assert outcome.stdout.split()[1] == b"%d" % (200 * MEBIBYTE)
