from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.wheelcraft import ELF, make_wheel

from hatch_os402.archive.staging import stage
from hatch_os402.compatibility.vet import vet
from hatch_os402.wheels.reading import read_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from hatch_os402.compatibility.vet import VettedWheel

LINUX = "cp312-cp312-manylinux_2_17_x86_64"
EXE = b"MZ" + bytes(58) + b"\x80\0\0\0" + bytes(64) + b"PE\0\0\x64\x86"


def verdict_on(
    directory: Path,
    name: str,
    version: str,
    files: dict[str, str | bytes],
    tag: str = LINUX,
    strip: tuple[str, ...] = (),
    allow: tuple[str, ...] = (),
) -> VettedWheel:
    return vet(read_wheel(make_wheel(directory, name, version, files, tag=tag)), strip=strip, allow=allow)


def kept(verdict: VettedWheel) -> list[str]:
    return [file.path for file in verdict.kept if ".dist-info/" not in file.path]


def test_a_platform_tag_alone_is_pure(tmp_path):
    verdict = verdict_on(tmp_path, "demo", "1.0", {"demo/__init__.py": "", "demo/_x.c": ""})
    assert (verdict.verdict, verdict.summary) == ("pure", "demo 1.0: pure Python")
    assert kept(verdict) == ["demo/__init__.py", "demo/_x.c"]
    assert not verdict.warnings


@pytest.mark.parametrize("tag", [LINUX, "py3-none-any"])
def test_an_extension_is_native_whatever_the_tag(tmp_path, tag):
    verdict = verdict_on(tmp_path, "demo", "1.0", {"demo/_x.abi3.so": ELF, "demo/hidden.dat": ELF}, tag)
    assert verdict.verdict == "native"
    assert [file.path for file, _ in verdict.native] == ["demo/_x.abi3.so", "demo/hidden.dat"]
    assert verdict.summary == "demo 1.0: 2 files of compiled code"


def test_every_file_has_one_fate(tmp_path):
    files = {
        "demo/__init__.py": "",
        "demo/_x.abi3.so": ELF,
        "demo/t.exe": EXE,
        "demo-1.0.data/scripts/run": "#!python\n",
        "demo-1.0.data/data/etc/x": "",
        "demo-1.0.data/headers/x.h": "",
    }
    verdict = verdict_on(tmp_path, "demo", "1.0", files, "py3-none-any")
    fates = [*verdict.kept, *(file for file, _ in verdict.dropped), *(file for file, _ in verdict.native)]
    assert sorted(file.member for file in fates) == sorted(file.member for file in verdict.wheel.files)
    assert kept(verdict) == ["demo/__init__.py"]


@pytest.mark.parametrize(
    ("name", "version", "path"),
    [
        ("MarkupSafe", "3.0.4", "markupsafe/_speedups.cpython-312-x86_64-linux-gnu.so"),
        ("PyYAML", "6.0.3", "yaml/_yaml.cpython-312-aarch64-linux-musl.so"),
        ("msgpack", "1.2.4", "msgpack/_cmsgpack.cpython-312-x86_64-linux-gnu.so"),
        ("tornado", "6.6.1", "tornado/speedups.abi3.so"),
        ("rapidfuzz", "3.14.6", "rapidfuzz/distance/metrics_cpp_avx2.cpython-312-x86_64-linux-gnu.so"),
        ("rapidfuzz", "3.14.6", "rapidfuzz/process_cpp_impl.cpython-312-x86_64-linux-gnu.so"),
        ("rapidfuzz", "3.14.6", "rapidfuzz.libs/libstdc++-5d72f927.so.6.0.33"),
    ],
)
def test_curated_speedups_are_left_out(tmp_path, name, version, path):
    verdict = verdict_on(tmp_path, name, version, {path: ELF, "kept.py": ""})
    assert verdict.verdict == "stripped"
    assert [file.path for file, _ in verdict.dropped] == [path]
    assert verdict.summary.startswith(f"{name.lower()} {version}: 1 optional extension left out, ")


def test_the_summary_is_the_line_that_the_build_prints(tmp_path):
    verdict = verdict_on(tmp_path, "MarkupSafe", "3.0.4", {"markupsafe/_speedups.abi3.so": ELF})
    assert verdict.summary == "markupsafe 3.0.4: 1 optional extension left out, its pure-Python fallback is used"


@pytest.mark.parametrize(
    ("version", "path"),
    [
        ("3.0.4", "markupsafe/_other.abi3.so"),
        ("2.0.1", "markupsafe/_speedups.abi3.so"),
        ("4.0", "markupsafe/_speedups.abi3.so"),
    ],
)
def test_evidence_is_about_certain_files_and_versions(tmp_path, version, path):
    assert verdict_on(tmp_path, "markupsafe", version, {path: ELF}).verdict == "native"


def test_the_user_s_word_covers_extensions_and_their_libraries_only(tmp_path):
    files = {"demo/_x.so": ELF, "demo_pkg.libs/libz-1.so.1": ELF, "demo/libctypes.so": ELF, "demo/tool": ELF}
    verdict = verdict_on(tmp_path, "demo-pkg", "1.0", files, strip=("Demo_Pkg",))
    assert [file.path for file, _ in verdict.dropped] == ["demo/_x.so", "demo_pkg.libs/libz-1.so.1"]
    assert [file.path for file, _ in verdict.native] == ["demo/libctypes.so", "demo/tool"]
    assert verdict.verdict == "native"


def test_a_native_script_is_no_speedup(tmp_path):
    verdict = verdict_on(tmp_path, "demo", "1.0", {"demo-1.0.data/scripts/demo.so": ELF}, strip=("demo",))
    assert verdict.verdict == "native"


def test_the_user_s_word_is_enough_for_extensions(tmp_path):
    verdict = verdict_on(tmp_path, "demo", "1.0", {"demo/_x.so": ELF, "demo/_y.so": ELF}, strip=("demo",))
    assert verdict.verdict == "stripped"
    assert verdict.summary == "demo 1.0: 2 optional extensions left out, as `strip-extensions` asks"


def test_native_files_may_be_data(tmp_path):
    files = {"demo/sample.so": ELF, "demo-1.0.data/scripts/tool": ELF}
    verdict = verdict_on(tmp_path, "demo", "1.0", files, allow=("DEMO",))
    assert verdict.verdict == "pure"
    assert kept(verdict) == ["demo/sample.so"]
    assert verdict.summary == "demo 1.0: 1 native file kept as data, as `allow-native-files` asks"
    assert not verdict.warnings


@pytest.mark.parametrize("option", ["strip", "allow"])
def test_options_without_effect_are_told(tmp_path, option):
    verdict = verdict_on(
        tmp_path, "demo", "1.0", {}, strip=("demo",) * (option == "strip"), allow=("demo",) * (option == "allow")
    )
    assert len(verdict.warnings) == 1
    assert {"strip": "strip-extensions", "allow": "allow-native-files"}[option] in verdict.warnings[0]


def test_windows_files_of_pure_wheels_are_left_out_and_told(tmp_path):
    files = {"demo/t64.exe": EXE, "demo/x.dll": EXE, "demo/noext": EXE, "demo/empty.exe": "", "demo/_x.pyd": EXE}
    verdict = verdict_on(tmp_path, "demo", "1.0", files, "py2.py3-none-any")
    assert [file.path for file, _ in verdict.dropped] == ["demo/empty.exe", "demo/noext", "demo/t64.exe", "demo/x.dll"]
    assert [file.path for file, _ in verdict.native] == ["demo/_x.pyd"]
    assert verdict.summary == "demo 1.0: 1 file of compiled code; 4 Windows files left out"
    assert verdict_on(tmp_path, "demo", "1.0", {"demo/t64.exe": EXE}, LINUX).verdict == "native"


@pytest.mark.parametrize("content", [ELF, EXE])
def test_a_native_script_is_native(tmp_path, content):
    verdict = verdict_on(tmp_path, "demo", "1.0", {"demo-1.0.data/scripts/demo": content}, "py3-none-any")
    assert verdict.verdict == "native"


def test_what_will_not_happen_is_warned_of(tmp_path):
    files = {
        "demo.pth": "import demo\n",
        "demo/inner.pth": "",
        "demo-1.0.data/data/a": "",
        "demo-1.0.data/headers/b.h": "",
    }
    verdict = verdict_on(tmp_path, "demo", "1.0", files)
    assert [warning.split(": ", 1)[1].split(" ")[:2] for warning in verdict.warnings] == [
        ["demo.pth", "is"],
        ["1", "file"],
        ["1", "file"],
    ]
    assert kept(verdict) == ["demo.pth", "demo/inner.pth"]


class TestExcluded:
    def test_a_native_file_that_is_left_out_anyway_is_no_offence(self, tmp_path):
        wheel = read_wheel(make_wheel(tmp_path, "tool", "1.0", {"tool/__init__.py": "", "tool/vendored/x.so": ELF}))
        verdict = vet(wheel, excluded=lambda path: path.startswith("tool/vendored/"))
        assert verdict.verdict == "pure"
        assert [(file.path, reason) for file, reason in verdict.dropped] == [
            ("tool/vendored/x.so", "left out by `exclude`")
        ]
        assert stage([verdict], exclude=["/tool/vendored/"]).warnings == ()

    def test_a_native_script_is_an_offence_whatever_is_excluded(self, tmp_path):
        wheel = read_wheel(make_wheel(tmp_path, "tool", "1.0", {"tool-1.0.data/scripts/tool": ELF}))
        assert vet(wheel, excluded=lambda _: True).verdict == "native"
