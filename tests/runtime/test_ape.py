from __future__ import annotations

import platform
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.standins import ape, assimilated, elf_header, octal

from hatch_os402.runtime import ape as module

MARKS = elf_header()[:20]


def test_the_same_as_when_it_assimilates_itself(tmp_path):
    """The stand-in is a shell script with the same commands as an APE's."""
    arch = {"arm64": "aarch64", "AMD64": "x86_64"}.get(platform.machine(), platform.machine())
    data = ape("aarch64", "x86_64")
    path = tmp_path / "python"
    path.write_bytes(data)
    path.chmod(0o755)
    subprocess.run(["sh", path, "--assimilate"], check=False)  # its exit status says nothing
    assert path.read_bytes() == module.elf_header(data[: module.HEAD], arch) + data[64:] == assimilated(data, arch)


@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
def test_the_header_of_the_architecture_that_is_asked_for(arch):
    assert module.elf_header(ape("aarch64", "x86_64"), arch) == elf_header(arch)


@pytest.mark.once
@given(st.binary(min_size=44, max_size=44), st.data())
def test_every_way_to_write_a_byte(rest, data):
    """One to three octal digits, or the character itself; the specification allows all of them."""
    text = ""
    for number, byte in enumerate(MARKS + rest):
        following = (MARKS + rest)[number + 1 : number + 2]
        ways = [f"\\{byte:03o}"]
        if not following.isdigit():  # else the next character could be taken for a digit of this one
            ways.append(f"\\{byte:o}")
        if chr(byte).isascii() and chr(byte).isprintable() and chr(byte) not in "'\\":
            ways.append(chr(byte))
        text += data.draw(st.sampled_from(ways))
    head = b"MZqFpD='\n'\nprintf '" + text.encode() + b"' >&7\n"
    assert module.elf_header(head, "x86_64") == MARKS + rest


@pytest.mark.parametrize(
    "script",
    [
        "",
        r"printf '\777'",
        f"printf '{octal(elf_header()[:63])}'",
        f"printf '{octal(elf_header() + b'x')}'",
        f"printf '{octal(b'MZ' + elf_header()[2:])}'",
        f"printf '{octal(elf_header('aarch64'))}'",
        f"printf '{octal(elf_header())}",
        "#" * 8192 + f"printf '{octal(elf_header())}'",
    ],
    ids=["none", "no byte", "short", "long", "no ELF", "other machine", "open quote", "too far in"],
)
def test_no_header(script):
    assert module.elf_header(b"MZqFpD='\n'\n" + script.encode(), "x86_64") is None


@pytest.mark.parametrize(
    ("head", "expected"),
    [(b"MZqFpD='\n", True), (b"jartsr='\n", True), (b"APEDBG='", True), (b"MZ\x90\0", False), (b"\x7fELF", False)],
)
def test_is_ape(head, expected):
    assert module.is_ape(head) is expected
