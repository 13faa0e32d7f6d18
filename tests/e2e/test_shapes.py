"""Projects of unusual shapes: empty files, names in any script, many files, large files."""

from __future__ import annotations

import hashlib
import sys

import pytest
from support.buildproject import FILES, build, environment, write, write_project

pytestmark = pytest.mark.once

MEBIBYTE = 1 << 20
LARGE = 25 * MEBIBYTE
MARGIN = LARGE * 5 // 2
"""How much more memory eight large files may take than one: two of them, not yet given back while the next is read. All
eight in memory would be seven more."""

MEASURED = (
    "import os, sys; process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ); "
    "_, status, usage = os.wait4(process, 0); print(usage.ru_maxrss); sys.exit(os.waitstatus_to_exitcode(status))"
)
"""Prints the most memory, in KiB, that the command had. A small process of its own starts it: the number includes what
the parent had at that moment."""


def noise(size: int, seed: str) -> bytes:
    """Return bytes that are of no other seed, quickly compressed: what is large here is the file, not the wheel."""
    block = b"".join(hashlib.sha512(f"{seed} {number}".encode()).digest() for number in range(64))
    return (block * (size // len(block) + 1))[:size]


def test_many_files_of_every_name(tmp_path):
    """5,000 files, among them empty ones and names that are not ASCII, in order and unchanged."""
    files = {f"sample/data/{number % 50:02}/{number:04}.txt": b"%d" % number for number in range(4_990)}
    files |= {
        "sample/empty.txt": b"",
        "sample/empty.py": b"",
        "sample/空/файл.txt": "содержание\n".encode(),
        "sample/空/Grüße aus Köln.txt": b"",
        "sample/空/emoji \N{GRINNING FACE}.bin": bytes(range(256)),
        "sample/модуль.py": "значение = 'é'\n".encode(),
        "sample/with space and 'quotes'.txt": b"\r\n",
        "sample/.hidden": b"hidden",
    }
    files |= {name: content.encode() for name, content in FILES.items()}
    built = build(write_project(tmp_path, files=files)).succeeded()
    ours = {path: content for path, content in built.members.items() if path.startswith("sample/")}
    assert ours == files
    listed = [path for path in built.members if not path.startswith(("_os402/", "__main__.py"))]
    assert listed == sorted(listed, key=str.encode)


def test_a_file_of_50_megabytes(tmp_path):
    data = noise(50 * MEBIBYTE, "large") + b"the end"
    built = build(write_project(tmp_path, files={**FILES, "sample/data.bin": data})).succeeded()
    assert built.members["sample/data.bin"] == data
    assert built[".stdin"] == b"%d\n" % len(built[".pyz"]) + built[".pyz"]


@pytest.mark.parametrize("options", ["bytecode = false", "bytecode = false\ncompression = 'deflated'"])
def test_memory_is_bounded_by_the_largest_file(tmp_path, options):
    measured = {}
    for count in (1, 8):
        files = {f"sample/data{number}.bin": noise(LARGE, f"{number}") for number in range(count)}
        root = write_project(tmp_path / f"{count}", files=FILES, options=options)
        write(root, files)
        built = build(root, env=environment(PIP_NO_INDEX="1"), wrapper=(sys.executable, "-I", "-c", MEASURED))
        measured[count] = int(built.succeeded().out.splitlines()[-1]) * 1024
    assert measured[8] <= measured[1] + MARGIN
