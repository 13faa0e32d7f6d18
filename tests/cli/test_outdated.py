"""Commands that read a project's newest build say when a file of the project is newer; those that run it build first."""

from __future__ import annotations

import shutil

import pytest
from support.buildproject import build, write_project
from support.commandline import call

KEY = "0x" + "1" * 64
READING = {
    "inspect": (),
    "verify": (),
    "sign": (),
    "publish": ("--dry-run", "--url", "https://os402.example"),
}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    root = write_project(tmp_path_factory.mktemp("outdated") / "sample", options="bytecode = false\n")
    assert build(root).code == 0
    return root


@pytest.fixture
def root(built, tmp_path, monkeypatch):
    """A copy with its build, whose files are older than that."""
    monkeypatch.setenv("X402_KEY", KEY)
    monkeypatch.delenv("X402_KEY_PASSWORD", raising=False)
    root = tmp_path / "sample"
    shutil.copytree(built, root, ignore=shutil.ignore_patterns("dist"))
    shutil.copytree(built / "dist", root / "dist", copy_function=shutil.copyfile)  # written now, after the others
    return root


def arguments(command, what):
    return (command, *READING[command], what)


@pytest.mark.once
@pytest.mark.parametrize("command", READING)
def test_a_newer_file_is_named(root, capsys, monkeypatch, command):
    monkeypatch.chdir(root)
    _, _, err = call(capsys, *arguments(command, root))
    assert "changed since" not in err
    (root / ".pytest_cache").mkdir()
    (root / "venv").mkdir()  # the names in the project's folder are no file
    _, _, err = call(capsys, *arguments(command, root))
    assert "changed since" not in err
    with (root / "sample" / "__main__.py").open("a") as file:
        file.write("# changed\n")
    _, _, err = call(capsys, *arguments(command, root))
    (line,) = [line for line in err.splitlines() if "changed since" in line]
    assert f"{root} changed since it was built (sample/__main__.py is newer): `hatch build -t os402` builds it" in line
    _, _, err = call(capsys, command, *READING[command])  # the project of the current folder
    assert "changed since" in err
    _, _, err = call(capsys, *arguments(command, root / "dist" / "sample-0.1.0.stdin"))
    assert "changed since" not in err


@pytest.mark.once
def test_profile_builds_what_changed(root, capsys):
    call(capsys, "profile", root, "-n", "1", "--no-sandbox")
    (root / "sample" / "__main__.py").write_text('print("Content-Type: text/plain\\n\\nchanged")\n')
    _, _, err = call(capsys, "profile", root, "-n", "1", "--no-sandbox")
    assert "__main__.py changed" in err
    _, _, err = call(capsys, "profile", root, "-n", "1", "--no-sandbox")
    assert "building" not in err


@pytest.mark.once
def test_a_rebuild_says_itself_what_differs(root, capsys):
    with (root / "sample" / "__main__.py").open("a") as file:
        file.write("# changed\n")
    code, _, err = call(capsys, "verify", "--rebuild", root)
    assert code == 1
    assert "changed since" not in err
