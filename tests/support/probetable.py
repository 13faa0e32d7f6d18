"""Run every probe, here and with os402's own steps alone, and write a page: `python tests/support/probetable.py`.

The second column is what the same probe gives where a program is confined by what os402's server does (`src/os/sandbox.rs`)
and by nothing else, on the same kernel: with mounts and seccomp taken away (`lesser.py`), that is what is left here.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import platform
import pty
import socket
import struct
import subprocess
import sys
import tempfile
import termios
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[0]))

from support.elfcraft import elf_of
from support.probes import ALLOWED_CALLS, CALLS, GROUPS, HELPERS
from support.programs import write_offer

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "docs/explanation/sandbox.md"
RAW = "System calls that Python has no function for"
MACHINE = f"Linux {'.'.join(platform.release().split('.')[:2])}, {platform.machine()}, by {'a user' if os.getuid() else 'root'}."
AS_OS402 = (sys.executable, str(HERE / "lesser.py"), "mount_setattr", "prctl:22", "--")

HEAD = """# What a program tries in the sandbox

`hatch run probes` runs {count} probes as a program under `hatch-os402 run --sandbox`, and writes this table: what is tried, what
comes of it here, and what comes of it on os402. The last column is measured as well: the same probes on the same kernel, confined by
what os402's server does (namespaces, limits and Landlock; `src/os/sandbox.rs`), and by nothing else. Outcomes are the names of
errors (errno(3)), `works`, or a value. The program is started from a terminal, with a secret in the environment and a file open,
by the user whose files, sockets and processes are tried. **Bold** is where the two differ. {machine}

`serve`, `profile` and the reading of tools' signatures in a build start programs by the same process, under the same rules.

Most differences are of one kind: os402 relies on there being nothing of value on its server; on your machine there is, so less is
within reach here. A file that exists on the server and cannot be opened is EACCES there, and ENOENT here, where it does not exist
at all. What changes a file's mode, owner, times or attributes is not covered by Landlock, nor are Unix sockets with a path.
"""


def code_of_calls(calls):
    """Return x86_64 machine code that makes all calls and writes what they return, 8 bytes each, the last one first."""
    registers = (b"\x48\xc7\xc7", b"\x48\xc7\xc6", b"\x48\xc7\xc2", b"\x49\xc7\xc2")  # mov rdi, rsi, rdx, r10
    text = b""
    for number, *arguments in calls:
        for register, value in zip(registers, (*arguments, *[0] * (4 - len(arguments))), strict=True):
            text += register + struct.pack("<i", value)
        text += b"\xb8" + struct.pack("<I", number) + b"\x0f\x05\x50"  # mov eax; syscall; push rax
    text += b"\xb8\1\0\0\0\xbf\1\0\0\0\x48\x89\xe6\xba" + struct.pack("<I", 8 * len(calls)) + b"\x0f\x05"  # write
    return text + b"\xb8\x3c\0\0\0\x31\xff\x0f\x05"  # exit(0)


def python_outcomes(*, as_os402=False):
    """Return the outcome of every probe in Python, by its title; run as `hatch-os402 run`, from a terminal."""
    probes = [(probe.title, probe.code) for group in GROUPS.values() for probe in group]
    lines = f"print('A: b\\r\\n\\r')\nprint(json.dumps([outcome(code) for _, code in json.loads({json.dumps(json.dumps(probes))})]))"
    with tempfile.TemporaryDirectory(prefix="hatch-os402-probes-") as name, ExitStack() as stack:
        folder = Path(name)
        offer = write_offer(folder, HELPERS + lines, name="probes", exec={"args_extendable": True}, seconds=60)
        (folder / "file").write_text("kept")
        tcp, udp, unix, abstract = (
            stack.enter_context(socket.socket(family, kind))
            for family, kind in (
                *((socket.AF_INET, socket.SOCK_STREAM), (socket.AF_INET, socket.SOCK_DGRAM)),
                *[(socket.AF_UNIX, socket.SOCK_STREAM)] * 2,
            )
        )
        tcp.bind(("127.0.0.1", 0))
        port = tcp.getsockname()[1]
        udp.bind(("127.0.0.1", port))
        unix.bind(str(folder / "socket"))
        abstract.bind(b"\0os402-probe-%d" % port)
        for one in (tcp, unix, abstract):
            one.listen()
        other = stack.enter_context(
            subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
        )
        leader, terminal = pty.openpty()
        stack.callback(os.close, leader)
        secret = stack.enter_context((folder / "file").open())
        os.set_inheritable(secret.fileno(), True)
        command = [sys.executable, "-m", "hatch_os402.cli", "run", str(offer)]
        command = [*AS_OS402, *command] if as_os402 else [*command, "--sandbox"]
        done = subprocess.run(
            [*command, "--", str(folder), str(port), str(other.pid)],
            stdin=terminal,
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PROBE_SECRET": "x"},
            pass_fds=[secret.fileno()],
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(terminal)
        assert done.returncode == 0, done.stderr
        outcomes = json.loads(done.stdout)
        return {title: answer for (title, _), answer in zip(probes, outcomes, strict=True)}


def raw_outcomes(*, as_os402=False):
    """Return the outcome of every call in `CALLS`, made by a static executable; {} where these are not x86_64's."""
    if platform.machine() != "x86_64":
        return {}
    with tempfile.TemporaryDirectory(prefix="hatch-os402-probes-") as name:
        path = Path(name, "calls")
        path.write_bytes(elf_of(code_of_calls(CALLS.values())))
        path.chmod(0o755)
        script = (
            "import sys\nfrom hatch_os402.sandbox.execute import *\nfrom hatch_os402.sandbox.runtime_files import needs\n"
            "outcome, _ = execute(needs(sys.argv[1]), Command(['calls'], {}))\n"
            "sys.stdout.buffer.write(outcome.stdout)\nsys.exit(outcome.failure or outcome.exit)"
        )
        command = [*(AS_OS402 if as_os402 else ()), sys.executable, "-c", script, str(path)]
        written = subprocess.run(command, capture_output=True, check=True).stdout
    values = reversed(struct.unpack(f"<{len(CALLS)}q", written))
    return {
        name: errno.errorcode.get(-value, str(value)) if value < 0 else "works"
        for name, value in zip(CALLS, values, strict=True)
    }


def rows(here, there):
    """Yield the lines of the table; outcomes that are not known are empty."""
    groups = {name: [probe.title for probe in group] for name, group in GROUPS.items()} | {RAW: list(CALLS)}
    for name, titles in groups.items():
        yield from ("", f"## {name}", "", "| tried | here | os402 |", "|---|---|---|")
        for title in titles:
            left, right = here.get(title, ""), there.get(title, "")
            mark = "**" if left != right else ""
            yield f"| {title} | {mark}{left}{mark} | {mark}{right}{mark} |"


def document(here, there):
    """Return the document with these outcomes."""
    count = sum(map(len, GROUPS.values())) + len(CALLS)
    return HEAD.format(count=count, machine=MACHINE) + "\n".join(rows(here, there)) + "\n"


def main():
    here = python_outcomes() | raw_outcomes()
    there = python_outcomes(as_os402=True) | raw_outcomes(as_os402=True)
    DOCUMENT.write_text(document(here, there), "utf-8")
    differ = sum(here[title] != there[title] for title in here)
    sys.stdout.write(f"{DOCUMENT}: {len(here)} outcomes, {differ} differ from os402's\n")
    sys.exit("\n".join(wrong(here)) or None)


def wrong(here):
    """Yield each outcome of `here` that is not right."""
    right = {probe.title: probe.right for group in GROUPS.values() for probe in group}
    right |= {name: ALLOWED_CALLS.get(name, "EPERM") for name in CALLS}
    for title, answer in here.items():
        if answer != right[title] and answer not in right[title].split():
            yield f"{title}: {answer}, must be {right[title]}"


if __name__ == "__main__":
    main()
