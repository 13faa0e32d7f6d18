"""What a command is about: ARTIFACT | PROJECT | FOLDER, or the project of the current folder."""

from __future__ import annotations

import os

import pytest
from support.artifactcraft import STEM, write_artifacts
from support.commandline import call

from hatch_os402.artifacts.choosing import choose
from hatch_os402.config.pyproject import read_pyproject
from hatch_os402.errors import ArtifactError

PYPROJECT = '[project]\nname = "greeter"\nversion = "0.1.0"\n'
COMMANDS = ("inspect", "verify", "run", "profile", "publish", "sign")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with a build; its folder `src/deep` is the current one."""
    root = tmp_path / "project"
    (root / "dist").mkdir(parents=True)
    (root / "pyproject.toml").write_text(PYPROJECT)
    write_artifacts(root / "dist")
    (root / "src/deep").mkdir(parents=True)
    monkeypatch.chdir(root / "src/deep")
    monkeypatch.delenv("HATCH_BUILD_LOCATION", raising=False)
    return root


@pytest.mark.parametrize(
    "what",
    [None, "../..", "../../dist", f"../../dist/{STEM}", f"../../dist/{STEM}.", f"../../dist/{STEM}.pyz"],
)
def test_everything_means_the_same_build(project, what):
    found = choose(what if what is None else project / "src/deep" / what).one()
    assert found.stem.resolve() == project / "dist" / STEM


@pytest.mark.parametrize("what", [".", "../.."])
def test_a_project_is_found_by_its_folder_only_when_named(project, what):
    if what == ".":
        with pytest.raises(ArtifactError, match="there are no artifacts in"):
            choose(project / "src/deep").one()
    else:
        assert choose(project).root == project


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize(
    ("what", "reported"),
    [
        ("absent", "there is no artifact absent, nor a project or a folder of that name"),
        ("absent.pyz", "there is no artifact absent.pyz"),
        ("../../src", "there are no artifacts in ../../src, and no pyproject.toml"),
        ("../../notes.txt", "../../notes.txt is no artifact of a build"),
    ],
)
def test_every_command_says_the_same_of_what_is_not_there(project, capsys, name, what, reported):
    (project / "notes.txt").write_text("")
    options = ("-u", "http://127.0.0.1:1") if name == "publish" else ()
    code, out, err = call(capsys, name, what, *options)
    assert (code, out) == (1, "")
    assert reported in err
    assert "Traceback" not in err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_the_same_without_a_project(tmp_path, monkeypatch, capsys, name):
    monkeypatch.chdir(tmp_path)
    options = ("-u", "http://127.0.0.1:1") if name == "publish" else ()
    code, _, err = call(capsys, name, *options)
    assert code == 1
    assert f"there is no pyproject.toml in {tmp_path} or above it" in err


@pytest.mark.parametrize("name", ["inspect", "verify", "sign"])
@pytest.mark.parametrize("what", [(), ("../..",), ("../../dist",), (f"../../dist/{STEM}.",)])
def test_commands_take_all_of_them(project, capsys, monkeypatch, name, what):
    monkeypatch.setenv("X402_KEY", f"0x{1:064x}")
    code, out, err = call(capsys, name, *what)
    assert code == 0, err
    assert out


def test_of_several_builds_in_a_folder_one_is_to_be_named(project):
    for name in list((project / "dist").iterdir()):
        (project / "dist" / name.name.replace("0.1.0", "0.2.0")).write_bytes(name.read_bytes())
    with pytest.raises(ArtifactError, match=r"several builds in .*dist; name one of them:\n.*0\.1\.0\n.*0\.2\.0"):
        choose(project / "dist").one()


@pytest.mark.parametrize("newest", ["0.1.0", "0.2.0"])
def test_of_several_builds_of_a_project_the_newest_is_meant(project, newest, capsys):
    dist = project / "dist"
    for path in list(dist.iterdir()):
        (dist / path.name.replace("0.1.0", "0.2.0")).write_bytes(path.read_bytes())
    (dist / "greeter_two-9.0.pyz").write_bytes(b"another project's")
    for version in ("0.1.0", "0.2.0"):
        os.utime(dist / f"greeter-{version}.build.json", (1e9, 1e9 + (version == newest)))
    assert choose(project).one(checked=False).name == f"greeter-{newest}"


@pytest.mark.parametrize(
    ("table", "variable", "directory"),
    [
        ("", None, "dist"),
        ("[tool.hatch.build]\ndirectory = 'out'\n", None, "out"),
        ("[tool.hatch.build]\ndirectory = 'out'\n[tool.hatch.build.targets.os402]\ndirectory = 'own'\n", None, "own"),
        ("[tool.hatch.build]\ndirectory = 'out'\n", "elsewhere", "elsewhere"),
        ("[tool.hatch.build]\ndirectory = 'out'\n", "/else/where", "/else/where"),
    ],
)
def test_where_artifacts_go_is_decided_as_hatchling_does(project, monkeypatch, table, variable, directory):
    from hatch_os402.plugin.builder import Os402Builder

    (project / "pyproject.toml").write_text(PYPROJECT + table)
    if variable:
        monkeypatch.setenv("HATCH_BUILD_LOCATION", variable)
    assert read_pyproject(project).directory == project / directory
    if not variable:
        assert Os402Builder(str(project)).config.directory == str(project / directory)


@pytest.mark.parametrize("name", ["Greeter", "greeter", "my.greeter-two"])
def test_the_names_of_a_projects_artifacts_begin_as_hatchling_names_them(project, name):
    from hatch_os402.plugin.builder import Os402Builder

    (project / "pyproject.toml").write_text(f'[project]\nname = "{name}"\nversion = "0.1.0"\n')
    assert Os402Builder(str(project)).project_id == read_pyproject(project).stem + "0.1.0"


@pytest.mark.parametrize("content", ["[project", "tool = 1", "[tool]\nhatch = 1", "[tool.hatch.build]\ntargets = 1"])
def test_a_project_that_cannot_be_read(project, capsys, content):
    (project / "pyproject.toml").write_text(content)
    for name in ("inspect", "run"):
        code, _, err = call(capsys, name)
        assert code == 1
        assert "pyproject.toml cannot be read" in err


def test_the_only_offer_is_named_as_a_tool(project):
    name = choose(project).one().require_offer().read.offer.name
    assert choose(project).one(tool=name).stem.resolve() == project / "dist" / STEM
    with pytest.raises(ArtifactError, match="has no tool 'another'"):
        choose(project).one(tool="another")
