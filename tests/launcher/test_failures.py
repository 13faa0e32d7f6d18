"""What is seen when something goes wrong: tracebacks and damaged frames."""

from __future__ import annotations

import os
import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import launching
from support.once import once_but

from hatch_os402 import launcher

APP = """
def main():
    work()

def work():
    raise ValueError("a reason")  # here
"""


@pytest.mark.parametrize("how", launching.LAUNCHERS)
@pytest.mark.parametrize("compiled_by", [None, sys.executable])
def test_a_traceback_shows_the_program_and_its_lines_only(how, compiled_by, tmp_path):
    data = launching.archive({"pkg/app.py": APP}, "pkg.app:main", compiled_by=compiled_by)
    result = launching.run(data, tmp_path, how=how)
    assert (result.code, result.out) == (1, b"")
    lines = [line for line in result.err.splitlines() if set(line.strip()) - set("~^")]
    assert lines == [
        "Traceback (most recent call last):",
        '  File "/os402/app/pkg/app.py", line 3, in main',
        "    work()",
        '  File "/os402/app/pkg/app.py", line 6, in work',
        '    raise ValueError("a reason")  # here',
        "ValueError: a reason",
    ]


def test_a_traceback_of_a_module_that_runs_as_main(tmp_path):
    data = launching.archive({"tool.py": APP + "\nimport helper\n", "helper.py": "1 / 0\n"}, "tool")
    result = launching.run(data, tmp_path)
    assert result.code == 1
    lines = [line for line in result.err.splitlines() if set(line.strip()) - set("~^")]
    assert lines == [
        "Traceback (most recent call last):",
        '  File "/os402/app/tool.py", line 8, in <module>',
        "    import helper",
        '  File "/os402/app/helper.py", line 1, in <module>',
        "    1 / 0",
        "ZeroDivisionError: division by zero",
    ]


def test_a_traceback_without_source(tmp_path):
    data = launching.archive({"app.py": APP}, "app:main", compiled_by=sys.executable, sources=False)
    assert '  File "/os402/app/app.py", line 6, in work\nValueError: a reason\n' in launching.run(data, tmp_path).err


def test_a_traceback_that_the_program_formats(tmp_path):
    app = """
import traceback
def main():
    try:
        import bad
    except Exception:
        print(traceback.format_exc())
"""
    data = launching.archive({"app.py": app, "bad.py": "x = {}['y']\n"}, "app:main")
    out = launching.run(data, tmp_path).out.decode()
    assert "    x = {}['y']\n" in out
    assert "_os402" not in out
    assert "importlib" not in out


def test_an_error_in_the_syntax(tmp_path):
    result = launching.run(launching.archive({"app.py": "def main(:\n"}, "app:main"), tmp_path)
    assert result.code == 1
    assert result.err.startswith('  File "/os402/app/app.py", line 1\n    def main(:\n')


def test_the_cause_of_an_exception_is_trimmed_too(tmp_path):
    app = """
def main():
    try:
        import bad
    except SyntaxError as error:
        raise ValueError("a reason") from error
"""
    err = launching.run(launching.archive({"app.py": app, "bad.py": "x = (\n"}, "app:main"), tmp_path).err
    files = [line.split('"')[1] for line in err.splitlines() if line.startswith("  File")]
    assert files == ["/os402/app/app.py", "/os402/app/bad.py", "/os402/app/app.py"]


def test_an_exception_that_the_program_hands_to_the_hook(tmp_path):
    app = """
import sys
def main():
    try:
        1 / 0
    except Exception:
        sys.excepthook(*sys.exc_info())
"""
    result = launching.run(launching.archive({"app.py": app}, "app:main"), tmp_path)
    assert (result.code, result.err.count("line 5, in main")) == (0, 1)


def start(stdin: bytes):
    command = [sys.executable, *launcher.ARGS[1:]]
    return subprocess.run(
        command, input=stdin, capture_output=True, check=False, env=launching.environment(), timeout=60
    )


GOOD = launching.archive({"app.py": "def main(): print('ran')\n"}, "app:main")
COMPILED = launching.archive({"app.py": "def main(): print('ran')\n"}, "app:main", compiled_by=sys.executable)


def test_the_frame_that_the_others_are_made_of():
    done = start(launching.frame(GOOD))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"ran\n", b"")


@pytest.mark.parametrize(
    ("stdin", "why"),
    [
        (b"", "no size"),
        (b"\n" + GOOD, "no size"),
        (b"0\n" + GOOD, "no size"),
        (b"-5\n" + GOOD, "no size"),
        (b"+12\n" + GOOD, "no size"),
        (b"1x\n" + GOOD, "no size"),
        ("\u0663\n".encode() + GOOD, "no size"),
        (b"123", "no size"),
        (b"123456789012345\n" + GOOD, "no size"),
        (GOOD, "no size"),
        (b"%d\n%b" % (len(GOOD), GOOD[:-1]), f"{len(GOOD) - 1} of {len(GOOD)} bytes"),
        (b"%d\n" % len(GOOD), f"0 of {len(GOOD)} bytes"),
        (launching.frame(b"x" + GOOD[1:]), "no __main__.py first"),
        (launching.frame(GOOD[:6] + b"\x08" + GOOD[7:]), "no __main__.py first"),
        (launching.frame(GOOD[:8] + b"\x08" + GOOD[9:]), "no __main__.py first"),
        (launching.frame(GOOD[:26] + b"\x0c" + GOOD[27:]), "no __main__.py first"),
        (launching.frame(GOOD[:28] + b"\x01" + GOOD[29:]), "no __main__.py first"),
        (launching.frame(GOOD[:30] + b"a" + GOOD[31:]), "no __main__.py first"),
        (launching.frame(b"short"), "no __main__.py first"),
    ],
)
def test_damaged_frames(stdin, why):
    done = start(stdin)
    assert (done.returncode, done.stdout) == (70, b"")
    assert done.stderr.decode().replace("\r\n", "\n") == f"os402: damaged frame: {why}\n"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda data: b"%d\n%b" % (len(data), data[:-1]), f"{len(COMPILED) - 1} of {len(COMPILED)} bytes"),
        (lambda data: launching.frame(data[:8] + b"\x08" + data[9:]), "no __main__.py first"),
        (lambda data: launching.frame(data.replace(b"SETTINGS", b"SETTINGZ", 1)), "another checksum"),
    ],
    ids=["cut", "deflated", "changed"],  # the size of bytecode of the host's Python is not the same each time
)
def test_damaged_frames_with_bytecode(change, why):
    done = start(change(COMPILED))
    assert (done.returncode, done.stdout) == (70, b"")
    assert done.stderr.decode().replace("\r\n", "\n") == f"os402: damaged frame: {why}\n"


MAIN = launcher.main_source("app:main")


def another(data: bytes, content: bytes) -> bytes:
    """Return the archive with one bit of that content changed."""
    at = data.index(content) + len(content) // 2
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (GOOD[:-1], "its end is missing"),
        (GOOD[: GOOD.index(b"PK\1\2")], "its end is missing"),
        (GOOD.replace(b"402\1", b"402\2", 1), "its index is missing"),
        (another(GOOD, b"def main(): print('ran')"), "app.py has another checksum"),
        (another(GOOD, launcher.inside_files()["_os402/start.py"]), "its launcher is missing, or has another checksum"),
        (another(GOOD, launcher.inside_files()["_os402/index.py"]), "_os402/index.py has another checksum"),
        (GOOD.replace(b"_os402/index.py", b"_os402/indix.py"), "_os402/index.py is missing"),
        (launching.packed({"__main__.py": MAIN}), "its launcher is missing, or has another checksum"),
    ],
)
def test_damaged_archives(data, why):
    done = start(launching.frame(data))
    assert (done.returncode, done.stdout) == (70, b"")
    assert done.stderr.decode().replace("\r\n", "\n") == f"os402: damaged archive: {why}\n"


@settings(deadline=None, max_examples=60)
@given(data=st.data(), good=st.sampled_from([GOOD, COMPILED]))
def test_any_damage_is_one_line_or_does_no_harm(data, good):
    """Whatever byte is another one, and wherever the frame ends: it runs as ever, or says in one line that it cannot."""
    frame = bytearray(launching.frame(good))
    # Half of the time where it matters: in the headers, the first members, the index or the end.
    near = st.sampled_from([0, 60, 2400, 2600, len(frame) - 22, len(frame) - 60, len(frame) - 4000])
    place = st.integers(0, len(frame) - 1) | st.builds(
        lambda at, by: min(at + by, len(frame) - 1), near, st.integers(0, 99)
    )
    for at in data.draw(st.lists(place, min_size=1, max_size=3)):
        frame[at] ^= data.draw(st.integers(1, 255))
    if data.draw(st.booleans()):
        del frame[data.draw(place) :]
    done = start(bytes(frame))
    if done.returncode == 0:
        assert (done.stdout, done.stderr) == (b"ran\n", b"")
    else:
        assert (done.returncode, done.stdout) == (70, b"")
        (line,) = done.stderr.decode().splitlines()
        assert line.startswith(("os402: damaged frame: ", "os402: damaged archive: "))


MODULES = sorted(launcher.inside_files())


def without(data: bytes, name: str) -> bytes:
    """Return an archive whose member is cut out; the zip's directory still has it."""
    at = data.find(b"PK\3\4", max(data.find(name.encode()) - 30, 0))
    if at < 0 or data.find(b"PK\3\4", at + 4) < 0:
        return data
    return data[:at] + data[data.index(b"PK\3\4", at + 4) :]


@pytest.mark.parametrize("good", [GOOD, COMPILED], ids=["source", "bytecode"])
@pytest.mark.parametrize("name", once_but(MODULES, *MODULES[::8]))
def test_a_module_of_the_launcher_cut_out(name, good):
    done = start(launching.frame(without(good, name)))
    (line,) = done.stderr.decode().splitlines()
    assert (done.returncode, done.stdout) == (70, b"")
    assert line.startswith("os402: damaged archive: ")


def changed(chance: random.Random, data: bytes) -> bytes:
    """Return an archive with a piece that is another, gone, there twice, or elsewhere."""
    if len(data) < 2:
        return data
    at = chance.choice(
        [chance.randrange(len(data)), data.find(chance.choice([b"PK\3\4", b"PK\1\2", b"PK\5\6", b"402\1"]))]
    )
    if chance.random() < 0.3:
        return without(data, chance.choice(sorted(launcher.inside_files())))
    size = chance.choice([1, 2, 4, 30, 300, 9000])
    piece, rest = data[at : at + size], data[at + size :]
    to = chance.randrange(len(data))
    return chance.choice([
        lambda: data[:at] + chance.randbytes(len(piece)) + rest,
        lambda: data[:at] + rest,
        lambda: data[:at] + piece + piece + rest,
        lambda: data[:at] + chance.randbytes(size) + piece + rest,
        lambda: (data[:at] + rest)[:to] + piece + (data[:at] + rest)[to:],
        lambda: data[:at],
    ])()  # fmt: skip


ROUNDS = int(os.environ.get("FRAME_FUZZ_ROUNDS", "40"))
"""Of the next test; 5,000 were run by hand."""


@pytest.mark.parametrize("part", range(2))
def test_any_change_is_one_line_or_does_no_harm(part):
    for round_ in range(part, ROUNDS, 2):
        chance = random.Random(round_)
        data = changed(chance, changed(chance, chance.choice([GOOD, COMPILED])))
        frame = launching.frame(data) if chance.random() < 0.9 else b"%d\n%b" % (len(GOOD), data)
        done = start(frame)  # which times out
        if done.returncode == 0:
            assert (done.stdout, done.stderr) == (b"ran\n", b""), round_
        else:
            lines = done.stderr.decode().splitlines()
            assert (done.returncode, done.stdout, len(lines)) == (70, b"", 1), (round_, lines)
            assert lines[0].startswith(("os402: damaged frame: ", "os402: damaged archive: ")), round_


@settings(deadline=None, max_examples=30)
@given(size=st.binary(max_size=40) | st.integers(-(10**31), 10**31).map(lambda size: b"%d" % size))
def test_any_size_is_one_line_or_the_archive_s(size):
    done = start(size + b"\n" + GOOD)
    if done.returncode:
        (line,) = done.stderr.decode().splitlines()
        assert line.startswith(("os402: damaged frame: ", "os402: damaged archive: "))
        assert (done.returncode, done.stdout) == (70, b"")
    else:
        assert int(size) == len(GOOD)
