"""The staged tree as a folder: what is packed, fixed times and modes, replaced whole or not at all, and it runs."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest
from support.buildproject import build, contents, environment, interpreters, write_project
from support.commandline import call

from hatch_os402.archive.entries import Entry, EntryReader
from hatch_os402.archive.folder import replacing_folder
from hatch_os402.errors import ArtifactError, Os402Error

STAGED = (
    Entry.of("__main__.py", b"1", "hatch-os402"),
    Entry.of("_os402/start.py", b"2", "hatch-os402"),
    Entry.of("a/b/c.txt", b"3", "a"),
)


def put(folder: Path, entries=STAGED) -> list[str]:
    """Stage `entries`, and return the warnings."""
    warnings: list[str] = []
    with EntryReader() as reader, replacing_folder(folder, entries, reader, warnings.append):
        pass
    return warnings


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o000])
def test_modes_and_times_are_those_of_no_machine(tmp_path, umask):
    before = os.umask(umask)
    try:
        put(tmp_path / "staged")
    finally:
        os.umask(before)
    found = [tmp_path / "staged", *(tmp_path / "staged").rglob("*")]
    assert {path.stat().st_mtime for path in found} == {315532800}
    assert {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_file()} == {0o644}
    assert {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_dir()} == {0o755}
    assert contents(tmp_path / "staged") == {entry.path: entry.content for entry in STAGED}
    assert os.listdir(tmp_path) == ["staged"]  # noqa: PTH208


def test_a_staged_tree_is_replaced_whole(tmp_path):
    put(tmp_path / "staged")
    (tmp_path / "staged" / "by hand").write_text("")
    (warning,) = put(tmp_path / "staged", STAGED[:2])
    assert warning.endswith(f"{tmp_path / 'staged'} is replaced, and with it 1 file that no build put there: by hand")
    assert sorted(contents(tmp_path / "staged")) == ["__main__.py", "_os402/start.py"]


def test_files_that_are_not_ours_are_named_before_they_go(tmp_path):
    """Added or edited ones; not what an earlier build wrote, and not what Python adds when the tree is run."""
    staged = tmp_path / "staged"
    put(staged, (*STAGED, Entry.of("gone.py", b"4", "a")))
    (staged / "a" / "__pycache__").mkdir()
    (staged / "a" / "__pycache__" / "b.pyc").write_bytes(b"")
    assert put(staged) == []
    assert put(staged) == []
    (staged / "a" / "b" / "c.txt").write_bytes(b"edited")
    (staged / "own").mkdir()
    for number in range(6):
        (staged / "own" / f"{number}.txt").write_text("mine")
    (warning,) = put(staged)
    named = ", ".join(["a/b/c.txt", *(f"own/{number}.txt" for number in range(4)), "and 2 more"])
    assert warning.endswith(f"with it 7 files that no build put there: {named}")
    assert contents(staged) == {entry.path: entry.content for entry in STAGED}


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_link_is_named_and_what_it_leads_to_stays(tmp_path):
    put(tmp_path / "staged")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x").write_text("mine")
    (tmp_path / "staged" / "link").symlink_to(tmp_path / "mine")
    (warning,) = put(tmp_path / "staged")
    assert warning.endswith(": link")
    assert (tmp_path / "mine" / "x").read_text() == "mine"


def test_a_copy_of_a_staged_tree_has_other_times_and_the_same_files(tmp_path):
    put(tmp_path / "staged")
    for path in (tmp_path / "staged").rglob("*"):
        os.utime(path)
    assert put(tmp_path / "staged") == []


@pytest.mark.parametrize("failing", ["body", "entry", "rename"])
def test_what_was_there_stays_when_anything_fails(tmp_path, failing, monkeypatch):
    put(tmp_path / "staged")
    entries = (*STAGED[:2], Entry("d", 1, "0" * 64, "d", content=b"4")) if failing == "entry" else STAGED[:2]
    if failing == "rename":
        rename = Path.rename

        def once(self, target):
            if self.name == "new":
                raise OSError(28, "No space left on device")
            return rename(self, target)

        monkeypatch.setattr(Path, "rename", once)
    with (
        pytest.raises(Os402Error),
        EntryReader() as reader,
        replacing_folder(tmp_path / "staged", entries, reader, print),
    ):
        if failing == "body":
            raise Os402Error("later")
    assert contents(tmp_path / "staged") == {entry.path: entry.content for entry in STAGED}
    assert os.listdir(tmp_path) == ["staged"]  # noqa: PTH208


@pytest.mark.parametrize("kind", ["others", "file", "link"])
def test_nothing_of_others_is_removed(tmp_path, kind):
    place, other = tmp_path / "staged", tmp_path / "other"
    if kind == "others":
        place.mkdir()
        (place / "__main__.py").write_text("mine")
    elif kind == "file":
        place.write_text("mine")
    else:
        put(other)
        place.symlink_to(other)
    before = contents(tmp_path)
    with pytest.raises(ArtifactError, match="staged tree"):
        put(place)
    assert contents(tmp_path) == before
    assert place.is_symlink() == (kind == "link")


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    files = {
        "sample/__init__.py": "",
        "sample/text.txt": "a resource",
        "sample/cli.py": (
            "import sys\nfrom importlib.resources import files\n\n\ndef main():\n"
            "    print(files('sample').joinpath('text.txt').read_text(), __file__, sys.path.count(sys.argv[1]))\n"
        ),
    }
    return write_project(
        tmp_path_factory.mktemp("staging") / "project",
        files=files,
        project='[project.scripts]\nsample = "sample.cli:main"\n',
        options='bytecode = "auto"\nstaging = "build/os402"\n',
    )


@pytest.mark.once
def test_the_option_keeps_exactly_what_is_packed_and_that_runs(project, tmp_path, python312):
    env = environment(PIP_NO_INDEX="1", PATH=os.pathsep.join([str(Path(python312.path).parent), os.environ["PATH"]]))
    built = build(project, env=env).succeeded()
    packed = built.members
    del packed["_os402/index"]
    folder = project / "build" / "os402"
    assert contents(folder) == packed
    assert any(name.startswith("sample/") and name.endswith(".pyc") for name in packed)
    for python in interpreters(python312.path).values():
        for named in (folder, "build/os402", "build/os402/"):
            command = [python, named, os.path.dirname(folder / "x")]  # noqa: PTH120 - as the launcher does
            out = subprocess.check_output(command, cwd=project, env=environment(), text=True)
            assert out == "a resource /os402/app/sample/cli.py 0\n"
    left = {name: content for name, content in contents(folder).items() if not name.startswith("__pycache__/")}
    assert left == packed


@pytest.mark.once
def test_the_command_writes_the_same_folder(project, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    code, out, err = call(capsys, "stage", "--project", project, tmp_path / "here")
    assert (code, out) == (0, f"{tmp_path / 'here'}\n"), err
    assert contents(tmp_path / "here")["sample/text.txt"] == b"a resource"
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine").write_text("")
    code, _, err = call(capsys, "stage", "--project", project, tmp_path / "notes")
    assert code == 1
    assert "holds something else" in err
