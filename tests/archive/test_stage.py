from __future__ import annotations

import hashlib
import importlib.metadata
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.wheelcraft import ELF, make_wheel

from hatch_os402.__about__ import __version__
from hatch_os402.archive import entries as entries_module
from hatch_os402.archive.entries import Entry, EntryReader
from hatch_os402.archive.staging import records, stage
from hatch_os402.compatibility.vet import vet
from hatch_os402.errors import Os402Error, WheelError
from hatch_os402.wheels import record
from hatch_os402.wheels.reading import read_wheel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hatch_os402.archive.staging import Tree
    from hatch_os402.compatibility.vet import VettedWheel


def verdict_on(directory: Path, name: str, files: dict[str, str | bytes], **more: object) -> VettedWheel:
    return vet(read_wheel(make_wheel(directory, name, "1.0", files, **more)))


def paths(tree: Tree) -> list[str]:
    return [entry.path for entry in tree.entries]


def code(tree: Tree) -> list[str]:
    return [path for path in paths(tree) if ".dist-info/" not in path]


def unpack(entries: Sequence[Entry], folder: Path) -> None:
    with EntryReader() as reader:
        for entry in entries:
            place = folder / entry.path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(reader.read(entry))


def test_one_tree_of_the_project_and_its_dependencies(tmp_path):
    project = verdict_on(tmp_path, "greeter", {"greeter/__init__.py": "hello", "größe.txt": ""})
    dependency = verdict_on(
        tmp_path,
        "dep",
        {
            "dep/__init__.py": "",
            "dep/_x.py": "",
            "dep-1.0.dist-info/licenses/LICENSE": "MIT",
            "dep-1.0.data/scripts/dep": "#!python\n",
            "dep-1.0.data/purelib/moved.py": "",
        },
        entry_points="[console_scripts]\ndep = dep:main\n",
        tag="cp312-cp312-manylinux_2_17_x86_64",
        purelib=False,
    )
    tree = stage([project, dependency])
    assert paths(tree) == [
        "dep-1.0.dist-info/METADATA",
        "dep-1.0.dist-info/WHEEL",
        "dep-1.0.dist-info/entry_points.txt",
        "dep-1.0.dist-info/licenses/LICENSE",
        "dep/__init__.py",
        "dep/_x.py",
        "greeter-1.0.dist-info/METADATA",
        "greeter-1.0.dist-info/WHEEL",
        "greeter/__init__.py",
        "größe.txt",
        "moved.py",
    ]
    assert tree.dist_infos == {"greeter": "greeter-1.0.dist-info", "dep": "dep-1.0.dist-info"}
    assert tree.warnings == ()
    by_path = {entry.path: entry for entry in tree.entries}
    assert by_path["moved.py"].owner == "dep"
    with EntryReader() as reader:
        assert reader.read(by_path["greeter/__init__.py"]) == b"hello"
        assert reader.read(by_path["dep-1.0.dist-info/WHEEL"]).decode() == (
            f"Wheel-Version: 1.0\nGenerator: hatch-os402 ({__version__})\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        assert reader.read(by_path["dep-1.0.dist-info/METADATA"]).startswith(b"Metadata-Version: 2.1\nName: dep\n")


def test_no_traces_and_no_bytecode(tmp_path):
    info = "demo-1.0.dist-info"
    traces = ["INSTALLER", "REQUESTED", "direct_url.json", "RECORD.jws", "RECORD.p7s"]
    files = {f"{info}/{trace}": "x" for trace in traces} | {
        "demo/__init__.py": "",
        "demo/__pycache__/__init__.cpython-312.pyc": "",
        "demo/__pycache__/note.txt": "",
        "demo/a.py": "",
        "demo/a.pyc": "",
        "demo/INSTALLER": "not a trace",
        "demo/sourceless.pyc": "",
    }
    tree = stage([verdict_on(tmp_path, "demo", files)])
    assert paths(tree) == [
        f"{info}/METADATA",
        f"{info}/WHEEL",
        "demo/INSTALLER",
        "demo/__init__.py",
        "demo/a.py",
    ]
    assert tree.warnings == ("demo 1.0: demo/sourceless.pyc is bytecode without source, and was left out.",)


def test_a_stripped_wheel_is_the_same_for_each_architecture(tmp_path):
    trees = []
    for machine in ("x86_64", "aarch64"):
        files = {
            "markupsafe/__init__.py": "",
            f"markupsafe/_speedups.cpython-312-{machine}-linux-gnu.so": ELF + machine.encode(),
        }
        verdict = verdict_on(tmp_path, "markupsafe", files, tag=f"cp312-cp312-manylinux_2_17_{machine}")
        stripped = vet(replace(verdict.wheel), strip=["markupsafe"])
        tree = stage([stripped])
        trees.append([(entry.path, entry.sha256, entry.size) for entry in (*tree.entries, *records(tree))])
    assert trees[0] == trees[1]


def test_records_are_true_and_are_what_importlib_reads(tmp_path):
    first = verdict_on(tmp_path, "first", {"first/__init__.py": "x = 1", "shared.py": "same", "a, b.txt": ""})
    second = verdict_on(tmp_path, "second", {"shared.py": "same", "second/ü.py": ""})
    tree = stage([first, second])
    bytecode = Entry.of("first/__init__.pyc", b"bytecode", "first")
    written = records(tree, {"first": [(bytecode.path, bytecode.sha256, bytecode.size)]})
    assert [entry.path for entry in written] == ["first-1.0.dist-info/RECORD", "second-1.0.dist-info/RECORD"]
    folder = tmp_path / "unpacked"
    unpack([*tree.entries, bytecode, *written], folder)
    for name in ("first", "second"):
        (distribution,) = importlib.metadata.distributions(name=name, path=[str(folder)])
        for file in distribution.files:
            content = (folder / file).read_bytes()
            assert file.hash is None or file.size == len(content)
            expected = hashlib.sha256(content).digest()
            assert file.hash is None or file.hash.value == record.encode(expected)
    listed = [str(file) for file in importlib.metadata.Distribution.at(folder / "first-1.0.dist-info").files]
    assert listed == sorted(listed)
    assert {"shared.py", "a, b.txt", "first/__init__.pyc", "first-1.0.dist-info/RECORD"} <= set(listed)
    assert "shared.py" in (folder / "second-1.0.dist-info/RECORD").read_text(encoding="utf-8")


def test_records_follow_the_entries_that_are_left(tmp_path):
    tree = stage([verdict_on(tmp_path, "demo", {"demo/__init__.py": "", "demo/data.txt": ""})])
    without = replace(tree, entries=tuple(entry for entry in tree.entries if not entry.path.endswith(".py")))
    (written,) = records(without)
    assert b"data.txt" in written.content
    assert b"__init__.py" not in written.content


def test_two_claims_with_different_content_are_an_error_that_names_both(tmp_path):
    one = verdict_on(tmp_path, "one", {"tests/__init__.py": "1", "same.py": ""})
    two = verdict_on(tmp_path, "two", {"tests/__init__.py": "2", "same.py": ""})
    with pytest.raises(Os402Error) as caught:
        stage([one, two])
    assert caught.value.message == (
        "two distributions claim the same place with different content:\n"
        "  tests/__init__.py: both one and two\n"
        "Only one can be there. Do without one of the distributions, or leave the path out of both with `exclude`\n"
        "in [tool.hatch.build.targets.os402]: exclude = ['/tests/__init__.py']"
    )
    tree = stage([one, two], exclude=["/tests/__init__.py"])
    assert code(tree) == ["same.py"]


def test_conflicts_are_listed_up_to_ten(tmp_path):
    one = verdict_on(tmp_path, "one", {f"m{number:02}.py": "1" for number in range(13)})
    two = verdict_on(tmp_path, "two", {f"m{number:02}.py": "2" for number in range(13)})
    with pytest.raises(Os402Error) as caught:
        stage([one, two])
    assert caught.value.message.count("both one and two") == 10
    assert "\n  and 3 more\n" in caught.value.message


@pytest.mark.parametrize(
    ("left", "right", "reported"),
    [
        ("thing", "thing/x.py", "  thing: a file of one, and a folder of two\n"),
        ("thing/x.py", "thing", "  thing: a file of two, and a folder of one\n"),
        ("Thing.py", "thing.py", "  Thing.py: both one and two (which has it as thing.py: "),
    ],
)
def test_other_collisions_between_distributions(tmp_path, left, right, reported):
    with pytest.raises(Os402Error) as caught:
        stage([verdict_on(tmp_path, "one", {left: ""}), verdict_on(tmp_path, "two", {right: ""})])
    assert reported in caught.value.message


@pytest.mark.parametrize("path", ["__main__.py", "__main__/__init__.py", "_os402/__init__.py", "_os402.py"])
def test_the_launcher_s_places_are_taken(tmp_path, path):
    verdict = verdict_on(tmp_path, "demo", {path: "", "demo/__main__.py": "", "demo/_os402/x.py": ""})
    with pytest.raises(Os402Error, match="`entry-point`") as caught:
        stage([verdict])
    assert f"  {path} of demo\n" in caught.value.message
    assert code(stage([verdict], exclude=[f"/{path}"])) == ["demo/__main__.py", "demo/_os402/x.py"]


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        (["tests/"], ["demo/a.py", "demo/b.txt"]),
        (["*.py"], ["demo/b.txt", "demo/tests/t.txt"]),
        (["/tests"], ["demo/a.py", "demo/b.txt", "demo/tests/t.py", "demo/tests/t.txt"]),
        (["demo/*", "!demo/a.py"], ["demo/a.py"]),
        (["**/t.*", "# note", ""], ["demo/a.py", "demo/b.txt"]),
    ],
)
def test_exclude_takes_patterns_as_gitignore_does(tmp_path, patterns, left):
    files = dict.fromkeys(["demo/a.py", "demo/b.txt", "demo/tests/t.py", "demo/tests/t.txt", "tests/x.bin"], "")
    tree = stage([verdict_on(tmp_path, "demo", files)], exclude=patterns)
    assert [path for path in code(tree) if path != "tests/x.bin"] == left
    assert tree.warnings == ()


def test_a_pattern_that_matches_nothing_is_told(tmp_path):
    tree = stage([verdict_on(tmp_path, "demo", {"demo.py": ""})], exclude=["demo.py", "test/", "!gone"])
    assert [warning.split(": ")[1] for warning in tree.warnings] == [
        "'test/' matches no file of the wheels.",
        "'!gone' matches no file of the wheels.",
    ]


@pytest.mark.parametrize("pattern", ["demo-1.0.dist-info/RECORD", "demo-*.dist-info/"])
def test_a_record_can_be_excluded(tmp_path, pattern):
    tree = stage([verdict_on(tmp_path, "demo", {"demo.py": ""})], exclude=[pattern])
    assert records(tree) == ()
    assert tree.warnings == ()


def test_entries_come_from_bytes_files_and_wheels(tmp_path):
    place = tmp_path / "file.bin"
    place.write_bytes(b"from a file")
    tree = stage([verdict_on(tmp_path, "demo", {"demo.py": "from a wheel", "empty": ""})])
    digest = hashlib.sha256(b"from a file").hexdigest()
    with EntryReader() as reader:
        assert reader.read(Entry.of("x", b"from bytes", "demo")) == b"from bytes"
        assert reader.read(Entry("y", 11, digest, "demo", source=place)) == b"from a file"
        assert {entry.path: reader.read(entry) for entry in tree.entries if "dist-info" not in entry.path} == {
            "demo.py": b"from a wheel",
            "empty": b"",
        }


def test_big_entries_are_read_in_pieces(tmp_path):
    tree = stage([verdict_on(tmp_path, "demo", {"big.bin": bytes(3 << 20)})])
    with EntryReader() as reader:
        pieces = list(reader.chunks(next(entry for entry in tree.entries if entry.path == "big.bin")))
    assert len(pieces) > 10
    assert b"".join(pieces) == bytes(3 << 20)


def test_few_wheels_are_open_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(entries_module, "_MAX_OPEN", 2)
    tree = stage([verdict_on(tmp_path, f"demo{number}", {f"m{number}.py": str(number)}) for number in range(5)])
    with EntryReader() as reader:
        for entry in [*tree.entries, *reversed(tree.entries)]:
            assert hashlib.sha256(reader.read(entry)).hexdigest() == entry.sha256
            assert len(reader._open) <= 2


def test_a_wheel_that_changes_after_staging_is_an_error(tmp_path):
    tree = stage([verdict_on(tmp_path, "demo", {"demo.py": "one", "gone.py": ""})])
    make_wheel(tmp_path, "demo", "1.0", {"demo.py": "two"})
    by_path = {entry.path: entry for entry in tree.entries}
    with EntryReader() as reader:
        for path in ("demo.py", "gone.py"):
            with pytest.raises(Os402Error, match=f"{path}' of demo"):
                reader.read(by_path[path])


def test_a_wheel_that_vanishes_after_staging_is_an_error(tmp_path):
    verdict = verdict_on(tmp_path, "demo", {"demo.py": "one"})
    tree = stage([verdict])
    verdict.wheel.path.unlink()
    with EntryReader() as reader, pytest.raises(WheelError, match="cannot be read"):
        reader.read(tree.entries[-1])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    one=st.dictionaries(st.sampled_from(["a", "a/b", "A", "b/c.py", "d.py", "ü"]), st.sampled_from(["", "1"])),
    two=st.dictionaries(st.sampled_from(["a", "a/b", "b", "b/c.py", "d.py", "ü"]), st.sampled_from(["", "1"])),
)
def test_a_tree_has_every_file_once_or_there_is_an_error(tmp_path, one, two):
    try:
        vetted_wheels = [verdict_on(tmp_path, "one", one), verdict_on(tmp_path, "two", two)]
        tree = stage(vetted_wheels)
    except (WheelError, Os402Error):
        return
    assert set(code(tree)) == one.keys() | two.keys()
    assert paths(tree) == sorted(set(paths(tree)), key=str.encode)
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    unpack(tree.entries, folder)
    assert all((folder / path).read_text(encoding="utf-8") == content for path, content in (one | two).items())


FORMS = {
    "pkgutil": "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n",
    "in two lines": "# a comment\nfrom pkgutil import extend_path\n__path__ = extend_path(__path__, __name__)\n",
    "pkg_resources": "__import__('pkg_resources').declare_namespace(__name__)\n",
    "either": (
        '"""A namespace."""\ntry:\n    __import__("pkg_resources").declare_namespace(__name__)\nexcept ImportError:\n'
        "    from pkgutil import extend_path\n    __path__ = extend_path(__path__, __name__)\n"
    ),
    "nothing": "# nothing\n",
}


@pytest.mark.parametrize("second", FORMS)
@pytest.mark.parametrize("first", FORMS)
def test_forms_of_one_namespace_are_no_contradiction(tmp_path, first, second):
    vetted_wheels = [
        verdict_on(tmp_path, "one", {"shared/__init__.py": FORMS[first], "shared/one.py": ""}),
        verdict_on(tmp_path, "two", {"shared/__init__.py": FORMS[second], "shared/two.py": ""}),
    ]
    tree = stage(vetted_wheels)
    (entry,) = [entry for entry in tree.entries if entry.path == "shared/__init__.py"]
    assert {entry.owner, *entry.also} == {"one", "two"}
    content = EntryReader().read(entry).decode()
    assert content in {FORMS[first], FORMS[second]}
    if "pkg_resources" in content:  # which may not be there
        assert "pkg_resources" in FORMS[first]
        assert "pkg_resources" in FORMS[second]
    listed = {path.owner: path for path in records(tree)}
    assert listed.keys() == {"one", "two"}


@pytest.mark.parametrize("code", ["X = 1\n", "import os\n", "from .x import y\n", "x = (", "\0"])
def test_code_is_a_contradiction_still(tmp_path, code):
    vetted_wheels = [
        verdict_on(tmp_path, "one", {"shared/__init__.py": FORMS["pkgutil"]}),
        verdict_on(tmp_path, "two", {"shared/__init__.py": code}),
    ]
    with pytest.raises(Os402Error, match=r"shared/__init__\.py: both one and two"):
        stage(vetted_wheels)


@pytest.mark.parametrize("path", ["zlib.py", "runpy.py", "json/__init__.py"])
def test_a_name_of_the_standard_library_is_a_warning_that_names_the_distribution(tmp_path, path):
    (warning,) = stage([verdict_on(tmp_path, "one", {path: "", "deep/zlib.py": "", "json/x.txt": ""})]).warnings
    assert warning.startswith(f"one: {path} has the name of ")


def test_other_names_are_none(tmp_path):
    files = {"one/zlib.py": "", "zlib.txt": "", "ctypes.py": "", "six.py": "", "re/more.py": ""}
    assert stage([verdict_on(tmp_path, "one", files)]).warnings == ()
