"""What a runtime needs: which files are static executables, and what is read of an installation."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.elfcraft import static_elf

from hatch_os402.errors import SandboxError
from hatch_os402.runtime.discovery import Runtime
from hatch_os402.runtime.elf import is_static
from hatch_os402.sandbox.execute import Command, execute
from hatch_os402.sandbox.runtime_files import needs, needs_of, static_needs

STATIC = static_elf(b"text")
INTERPRETED = STATIC[:64] + (3).to_bytes(4, "little") + STATIC[68:]  # its only segment is PT_INTERP


def test_static_or_not():
    assert is_static(io.BytesIO(STATIC))
    assert not is_static(io.BytesIO(INTERPRETED))
    assert not is_static(io.BytesIO(b"#!/bin/sh\n" + bytes(100)))
    assert not is_static(io.BytesIO(STATIC[:32] + bytes([255]) * 8 + STATIC[40:]))  # segments beyond any file


def test_static_for_an_architecture():
    assert is_static(io.BytesIO(STATIC), "x86_64")
    assert not is_static(io.BytesIO(STATIC), "aarch64")
    assert not is_static(io.BytesIO(STATIC), "riscv")


@given(st.integers(0, len(STATIC)), st.integers(0, 119), st.binary(max_size=4))
def test_damaged_executables(length, at, other):
    """Whatever it is, there is an answer; and no file is static whose segments cannot be read."""
    damaged = bytearray(STATIC[:length])
    damaged[at : at + len(other)] = other
    static = is_static(io.BytesIO(bytes(damaged)))
    assert not static or bytes(damaged[:4]) == b"\x7fELF"
    if length < 68:
        assert not is_static(io.BytesIO(STATIC[:length]))


PROBE = """#!/bin/sh
env > "$0.asked"
exit 1
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a script of sh")
def test_only_what_the_user_named_is_asked_and_in_an_empty_environment(tmp_path, monkeypatch):
    """A project's, an offer's or a client's executable is never run outside the sandbox."""
    monkeypatch.setenv("X402_KEY", "11" * 32)
    probe = tmp_path / "probe"
    probe.write_text(PROBE)
    probe.chmod(0o755)
    for runs in (lambda: static_needs(probe), lambda: needs_of(Runtime(str(probe), "probe", exact=True))):
        with pytest.raises(SandboxError, match="is not a static ELF executable"):
            runs()
        assert not (tmp_path / "probe.asked").exists()
    with pytest.raises(SandboxError, match="does not answer as a Python does"):
        needs_of(Runtime(str(probe), "probe", named=True))
    asked = (tmp_path / "probe.asked").read_text()
    # What sh itself sets.
    assert {line.partition("=")[0] for line in asked.splitlines()} <= {"PWD", "OLDPWD", "SHLVL", "_"}


@pytest.mark.skipif(sys.platform != "linux", reason="the loader's files are Linux's")
def test_an_installation(python312):
    """Its standard library by its parts, what is mapped, no folder of the system, and nothing that is installed."""
    found = needs(python312.path)
    assert found.executable == found.readable[0]
    assert any(path.endswith("/encodings") for path in found.readable)
    assert any("libc.so" in path for path in found.readable)
    assert not {"/", "/lib", "/usr", "/usr/lib", "/lib64", "/usr/lib64", "/etc"} & set(found.readable)
    assert not any(path.endswith(("site-packages", "dist-packages")) for path in found.readable)
    assert any(path.endswith("/site-packages") for path in found.hidden)


@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")
def test_a_virtual_environment_needs_what_its_base_needs(python312, tmp_path):
    """Most have hatch-os402 in one, and then that is the CPython 3.12 which is found first."""
    subprocess.run([python312.path, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    created = needs(tmp_path / "venv" / "bin" / "python")
    assert created == needs(python312.path)
    code = "import sys, zlib, ssl, sqlite3; print(sys.prefix == sys.base_prefix, sys.argv)"
    outcome, missing = execute(created, Command(created.argv(["python", "-I", "-c", code]), {}))
    assert (outcome.exit, outcome.stdout, outcome.stderr, missing) == (0, b"True ['-c']\n", b"", ())


@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")
def test_an_installation_behind_a_link(python312, tmp_path):
    """Its standard library is where `sys.prefix` says, which leads through the link."""
    folder, _, rest = python312.path.rpartition("/bin/")
    (tmp_path / "link").symlink_to(folder)
    created = needs(tmp_path / "link" / "bin" / rest)
    path = f"{tmp_path}/link/bin/{rest}"
    code = "import sys, json.tool, ssl; print(sys.prefix, json.tool.__file__)"
    outcome, missing = execute(created, Command([path, "-I", "-c", code], {}))
    prefix = f"{tmp_path}/link"
    assert (outcome.stderr, missing) == (b"", ())
    assert outcome.stdout.decode() == f"{prefix} {prefix}/lib/python3.12/json/tool.py\n"
