"""What a program can do to the files, sockets and processes of the user who runs it: nothing, on any kernel."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from support.programs import write_offer

pytestmark = [pytest.mark.skipif(sys.platform != "linux", reason="os402's sandbox is Linux's"), pytest.mark.once]

ATTACKS = """
import json, os, resource, socket, sys
where, port, victim = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
file, sock = where + "/file", where + "/socket"
def udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(b"x", ("127.0.0.1", port))
def unix(address):
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(address)
attempts = {
    "chmod": lambda: os.chmod(file, 0o777),
    "utime": lambda: os.utime(file, (1, 1)),
    "setxattr": lambda: os.setxattr(file, "user.os402", b"x"),
    "chown": lambda: os.chown(file, os.getuid(), os.getgid()),
    "truncate": lambda: os.truncate(file, 0),
    "open to write": lambda: open(file, "a"),
    "open to read": lambda: open(file),
    "rename": lambda: os.rename(file, file + "2"),
    "unlink": lambda: os.unlink(file),
    "mkdir": lambda: os.mkdir(where + "/folder"),
    "symlink": lambda: os.symlink("a", where + "/link"),
    "chmod of the standard library": lambda: os.chmod(os.__file__, 0o644),
    "utime of the standard library": lambda: os.utime(os.__file__),
    "unix by path": lambda: unix(sock),
    "unix, abstract": lambda: unix(b"\\0os402-test-%d" % port),
    "vsock": lambda: socket.socket(40, socket.SOCK_STREAM),
    "bluetooth": lambda: socket.socket(31, socket.SOCK_RAW),
    "packet": lambda: socket.socket(17, socket.SOCK_RAW),
    "crypto": lambda: socket.socket(38, socket.SOCK_SEQPACKET),
    "netlink, audit": lambda: socket.socket(16, socket.SOCK_RAW, 9),
    "tcp": lambda: socket.create_connection(("127.0.0.1", port), 2),
    "udp": udp,
    "udp, IPv6": lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).connect(("::1", port)),
    "signal": lambda: os.kill(victim, 0),
    "limits of another": lambda: resource.prlimit(victim, resource.RLIMIT_NOFILE, (1, 1)),
    "affinity of another": lambda: os.sched_setaffinity(victim, [0]),
    "priority of another": lambda: os.setpriority(os.PRIO_PROCESS, victim, 19),
    "priority of the user": lambda: os.setpriority(os.PRIO_USER, 0, 19),
}
worked = []
for name, attempt in attempts.items():
    try:
        attempt()
    except OSError:
        continue
    worked.append(name)
print("A: b\\n")
print(json.dumps(worked))
"""


@pytest.fixture
def attacked(tmp_path):
    """Run the attacks on what the user of this test has, under `run`, with some part of the kernel missing."""
    (tmp_path / "file").write_text("kept")
    (tmp_path / "file").chmod(0o600)
    os.utime(tmp_path / "file", (1_000_000_000, 1_000_000_000))
    offer = write_offer(
        tmp_path,
        ATTACKS,
        name="attacks",
        exec={"args_extendable": True},
    )

    def attacked(*missing):
        with (
            socket.socket() as tcp,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
            socket.socket(socket.AF_UNIX) as unix,
            socket.socket(socket.AF_UNIX) as abstract,
        ):
            tcp.bind(("127.0.0.1", 0))
            tcp.listen()
            port = tcp.getsockname()[1]
            udp.bind(("127.0.0.1", port))
            unix.bind(str(tmp_path / "socket"))
            unix.listen()
            abstract.bind(b"\0os402-test-%d" % port)
            abstract.listen()
            command = [sys.executable, "-m", "hatch_os402.cli", "run", str(offer)]
            if missing:
                command = [
                    sys.executable,
                    str(Path(__file__).parents[1] / "support" / "lesser.py"),
                    *missing,
                    "--",
                    *command,
                ]
            command += ["--", str(tmp_path), str(port), str(os.getpid())]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            udp.setblocking(False)
            with pytest.raises(BlockingIOError):
                udp.recv(1)
        (tmp_path / "socket").unlink()
        assert done.returncode == 0, done.stderr
        stat = (tmp_path / "file").stat()
        assert ((tmp_path / "file").read_text(), stat.st_mode & 0o777, stat.st_mtime) == ("kept", 0o600, 1_000_000_000)
        assert os.listxattr(tmp_path / "file") == []
        return json.loads(done.stdout), done.stderr

    return attacked


def test_nothing_is_reached(attacked):
    assert attacked() == ([], "")


LESS = {
    "no namespaces": (["unshare"], "namespaces are restricted (Function not implemented)"),
    "no mounts": (["mount"], "programs have no root of their own (its files: "),
    "an older kernel's mounts": (["mount_setattr"], "programs have no root of their own (its files: "),
    "no Landlock": (["landlock"], "Landlock is not available (Function not implemented)"),
    "no seccomp": (["prctl:22"], "seccomp is not available (Function not implemented)"),
}


@pytest.mark.parametrize(("missing", "reported"), LESS.values(), ids=LESS)
def test_what_is_missing_is_made_up_for_or_said(missing, reported, attacked):
    worked, err = attacked(*missing)
    assert reported in err
    if "seccomp" in reported:  # nothing else covers these
        worked = [name for name in worked if name.split()[0] not in {"vsock", "limits", "affinity", "priority"}]
        worked = [name for name in worked if name not in {"bluetooth", "packet", "crypto", "netlink, audit"}]
    assert worked == []


BOMB = """
import os, time
if os.fork() == 0:
    count = 0
    try:
        while count < 500:
            if os.fork() == 0:
                time.sleep(60)
                os._exit(0)
            count += 1
    except OSError:
        pass
    os.write(1, b"A: b\\n\\n%d" % count)
    os._exit(0)
os.wait()
"""


def test_a_fork_bomb_is_bounded(tmp_path):
    offer = write_offer(tmp_path, BOMB, name="bomb")
    command = [sys.executable, "-m", "hatch_os402.cli", "run", str(offer)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert 10 < int(done.stdout) < 64


def test_programs_are_strangers_to_each_other(tmp_path):
    """What one leaves where programs start, or changes there, no other sees; ids are new each time."""
    code = (
        "import os\nprint('A: b\\n')\n"
        "for act in (lambda: os.mkdir('x'), lambda: os.chmod('/', 0), lambda: os.chmod('/srv', 0), os.listdir):\n"
        "    try: act()\n    except OSError as error: print(error.errno)\n"
        "print(os.getuid())"
    )
    offer = write_offer(tmp_path, code, name="stranger")
    command = [sys.executable, "-m", "hatch_os402.cli", "run", str(offer)]
    outputs = [subprocess.run(command, capture_output=True, text=True, check=False).stdout.split() for _ in range(2)]
    assert outputs[0][:4] == outputs[1][:4] == ["13", "30", "30", "13"]
    ids = {int(output[4]) for output in outputs}
    assert len(ids) == 2
    assert all(0x10000 <= one < 0x7FFFFFFF for one in ids)
