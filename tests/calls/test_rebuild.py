"""Why a project that is run could not be built."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.buildproject import environment, write, write_project

from hatch_os402.calls.rebuild import build, built
from hatch_os402.calls.sources import _sources
from hatch_os402.cli.shared.reporter import ClickReporter
from hatch_os402.errors import ArtifactError


@pytest.mark.once
def test_paths_are_those_from_where_the_user_stands(tmp_path, monkeypatch, capfd):
    """hatchling prints a path from the project's folder; a pasted one must be there."""
    root = write_project(tmp_path / "sample")
    (tmp_path / "elsewhere").mkdir()
    for folder in (root, root / "sample", tmp_path, tmp_path / "elsewhere"):
        monkeypatch.chdir(folder)
        build(root)
        listed = [line for line in capfd.readouterr().err.splitlines() if " " not in line]
        assert len(listed) == 4
        assert all(Path(line).is_file() for line in listed), listed


@pytest.mark.once
def test_paths_are_printed_once(tmp_path):
    """`build` prints them on stdout, for scripts; hatchling's own list of them would be a second one."""
    root = write_project(tmp_path / "sample")
    command = [sys.executable, "-m", "hatch_os402", "build", str(root)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
    listed = [Path(line) for line in done.stdout.splitlines()]
    assert [path.suffix for path in listed] == [".pyz", ".stdin", ".json", ".json"]
    assert all(path.is_file() for path in listed)
    assert [line for line in done.stderr.splitlines() if " " not in line] == []
    assert all(done.stderr.count(path.name) == 1 for path in listed), "with its size and its hash"


@pytest.mark.once
def test_what_the_build_lacks_is_named_where_something_is_lacking(tmp_path):
    """`hatch build` helps where the environment of the command has less than the build requires, and only there."""
    fine = write_project(tmp_path / "fine", options="colour = 1\n")
    with pytest.raises(ArtifactError) as caught:
        build(fine)
    assert caught.value.message == f"the project {fine} could not be built; what is wrong is reported above."
    lacking = write_project(tmp_path / "lacking", options='colour = 1\ndependencies = ["no-such-plugin>=2", "pip"]\n')
    with pytest.raises(ArtifactError) as caught:
        build(lacking)
    assert "\nIts build requires no-such-plugin>=2, not installed beside hatch-os402: run " in caught.value.message


@pytest.mark.once
def test_a_build_that_fails_leaves_no_empty_folder(tmp_path):
    root = write_project(tmp_path / "project", options="colour = 1\n")
    with pytest.raises(ArtifactError):
        built(root, ClickReporter())
    assert not (root / "dist").exists()
    (root / "dist").mkdir()
    with pytest.raises(ArtifactError):
        built(root, ClickReporter())
    assert (root / "dist").exists()


@pytest.mark.parametrize("place", ["build/os402", "build/deeper/os402"])
def test_a_staged_tree_is_no_source(tmp_path, place):
    """A build writes it after its record: with it, every call would build the project again."""
    root = write_project(tmp_path / "sample")
    old = time.time() - 1000
    for path in (root, *root.rglob("*")):
        os.utime(path, (old, old))
    known = set(_sources(root))
    for name in ("__main__.py", "_os402/start.py", "sample/__main__.py"):
        write(root / place, {name: ""})
    assert set(_sources(root)) - {root / "build"} == known
    (root / "build" / "own.py").write_text("")
    assert root / "build" / "own.py" in set(_sources(root))
    (root / place / "_os402" / "start.py").unlink()
    assert root / place / "sample" / "__main__.py" in set(_sources(root))


@pytest.mark.once
def test_modules_in_the_folder_of_the_project_take_no_part_in_its_build(tmp_path):
    """They are none of what the build requires, as `python -m hatchling` would have them: its current folder comes
    first in the path of such a program, before what is installed.
    """
    root = write_project(tmp_path / "sample")
    trap = f"open({str(tmp_path / 'sprung')!r}, 'w').close()\nraise ImportError\n"
    files = {f"{name}.py": trap for name in ("hatchling", "pathspec", "tomllib", "hatch_os402", "plugin_of_nobody")} | {
        "nobody-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: nobody\nVersion: 1\n",
        "nobody-1.dist-info/entry_points.txt": "[hatch]\nnobody = plugin_of_nobody\n",
    }
    write(root, files)
    build(root)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.once
@pytest.mark.parametrize("command", ["build", "check"])
def test_hooks_have_no_signing_key(tmp_path, command):
    """A build never needs it, and hooks run the code of others."""
    root = write_project(tmp_path / "sample")
    hook = (
        "import os\nfrom hatchling.builders.hooks.plugin.interface import BuildHookInterface\n\n\n"
        "class Hook(BuildHookInterface):\n    def initialize(self, version, build_data):\n"
        f"        with open({str(tmp_path / 'seen')!r}, 'a') as file:\n            file.write(repr(dict(os.environ)))\n"
    )
    write(root, {"hatch_build.py": hook})
    with (root / "pyproject.toml").open("a") as file:
        file.write("\n[tool.hatch.build.hooks.custom]\n")
    secrets = {"X402_KEY": "a secret", "X402_KEY_PASSWORD": "another secret"}
    done = subprocess.run(
        [sys.executable, "-m", "hatch_os402", command, str(root)],
        env={**environment(), **secrets},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "PATH" in (seen := (tmp_path / "seen").read_text())
    assert "secret" not in seen
