from __future__ import annotations

import hashlib

import pytest

from hatch_os402.errors import OptionValueError
from hatch_os402.runtime import pins
from hatch_os402.runtime.configured import executables

SHA = "AB" * 32


def elf(machine):
    return b"\x7fELF\2\1\1" + b"\0" * 9 + b"\2\0" + machine.to_bytes(2, "little") + b"\0" * 100


def test_unset_is_the_pinned_cosmo_python(tmp_path):
    (found,) = executables([], tmp_path)
    assert (found.arch, found.sha256, found.url) == ("x86_64", pins.ASSIMILATED_SHA256["x86_64"], None)


def test_url(tmp_path):
    (found,) = executables([f"aarch64:https://example.com/python#{SHA}"], tmp_path)
    assert (found.arch, found.sha256, found.url) == ("aarch64", SHA.lower(), "https://example.com/python")


@pytest.mark.parametrize(("prefix", "machine", "arch"), [("", 62, "x86_64"), ("aarch64:", 183, "aarch64")])
def test_path_is_hashed_and_its_architecture_read(tmp_path, prefix, machine, arch):
    (tmp_path / "python").write_bytes(elf(machine))
    (found,) = executables([f"{prefix}python"], tmp_path)
    assert (found.arch, found.sha256, found.url) == (arch, hashlib.sha256(elf(machine)).hexdigest(), None)
    assert found.path == tmp_path / "python"


def test_sorted_by_architecture(tmp_path):
    values = [f"{arch}:https://example.com/{arch}#{SHA}" for arch in ("x86_64", "aarch64")]
    assert [item.arch for item in executables(values, tmp_path)] == ["aarch64", "x86_64"]


@pytest.mark.parametrize(
    ("values", "content", "message"),
    [
        (["gone"], None, "names 'gone', which cannot be read: No such file"),
        (["python"], b"#!/bin/sh\n", "is not an ELF executable"),
        (["python"], b"MZqFpD='\n", "is an APE.*--assimilate"),
        (["python"], elf(40), "is an ELF for another architecture"),
        (["aarch64:python"], elf(62), "is an ELF for x86_64"),
        (["python", "x86_64:python"], elf(62), "two executables for x86_64"),
        (["https://example.com/python"], None, "must be a path or"),
        (["x86_64:https://example.com/python#abc"], None, "must be a path or"),
        (["riscv64:https://example.com/python#" + SHA], None, "must be a path or"),
    ],
)
def test_wrong(tmp_path, values, content, message):
    if content is not None:
        (tmp_path / "python").write_bytes(content)
    with pytest.raises(OptionValueError, match="^Field `tool.hatch.build.targets.os402.runtime`.*" + message):
        executables(values, tmp_path)


def test_a_device_is_no_file(tmp_path):
    with pytest.raises(OptionValueError, match="'/dev/zero', which cannot be read: not a regular file"):
        executables(["/dev/zero"], tmp_path)


def test_credentials_are_not_repeated(tmp_path):
    with pytest.raises(OptionValueError) as caught:
        executables(["https://user:secret@example.com/python"], tmp_path)
    assert "example.com" in caught.value.message
    assert "secret" not in caught.value.message
