from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from support.standins import ape, assimilated, elf_header, serving, sha256

from hatch_os402.cli import main
from hatch_os402.runtime import pins

DATA = ape("x86_64")


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A folder without a project, and an empty cache."""
    monkeypatch.setenv("HATCH_OS402_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def server(monkeypatch):
    with serving(DATA) as it:
        monkeypatch.setattr(pins, "URL", it.url)
        monkeypatch.setattr(pins, "ASSIMILATED_SHA256", {"x86_64": sha256(assimilated(DATA))})
        yield it


@pytest.fixture
def run(capsys):
    def run(*arguments):
        """Return the exit status, stdout and stderr of `hatch-os402 runtime ARGUMENTS`."""
        with pytest.raises(SystemExit) as exited:
            main(["runtime", *map(str, arguments)])
        out, err = capsys.readouterr()
        code = exited.value.code
        return (1, out, f"{err}{code}\n") if isinstance(code, str) else (code, out, err)

    return run


def project(folder, runtime):
    folder.mkdir(parents=True, exist_ok=True)
    text = f"[project]\nname = 'p'\nversion = '1'\n[tool.hatch.build.targets.os402]\nruntime = {runtime}\n"
    (folder / "pyproject.toml").write_text(text)
    return folder


def elf(folder, name="python", arch="x86_64"):
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(elf_header(arch))
    return folder / name


def test_fetch_then_path(run, server):
    code, out, err = run("fetch")
    path = Path(out.removesuffix("\n"))
    assert (code, path.read_bytes()) == (0, assimilated(DATA))
    assert err == f"hatch-os402: fetching {server.url}\nhatch-os402: verified: sha256 {sha256(assimilated(DATA))}\n"
    assert run("path") == (0, out, "")
    assert run("fetch") == (0, out, "")
    assert len(server.requests) == 1


def test_path_before_fetch(run):
    code, out, err = run("path")
    assert (code, out) == (1, "")
    assert pins.ASSIMILATED_SHA256["x86_64"] in err
    assert "fetch it with `hatch-os402 runtime fetch`" in err


def test_a_failed_fetch_is_one_message(run, server):
    server.script = [server.answers(404)]
    code, out, err = run("fetch")
    assert (code, out) == (1, "")
    assert "Traceback" not in err
    assert f"hatch-os402: {server.url} could not be fetched: the server answered 404 Not Found.\n" in err


@pytest.mark.parametrize("where", ["--project", "below"])
def test_the_option_of_the_project(run, place, monkeypatch, where):
    path = elf(project(place / "project", "'python'"))
    if where == "below":
        (place / "project/src").mkdir()
        monkeypatch.chdir(place / "project/src")
        assert run("path") == (0, f"{path}\n", "")
    else:
        assert run("path", "--project", "project") == (0, f"{path}\n", "")


def test_a_url_of_the_project(run, place, server):
    project(place, f"'x86_64:{server.url}#{sha256(DATA)}'")
    code, out, _ = run("fetch")
    assert (code, Path(out.strip()).read_bytes()) == (0, DATA)


def test_one_of_several_architectures(run, place, monkeypatch):
    project(place, "['for-arm', 'for-intel']")
    arm, intel = elf(place, "for-arm", "aarch64"), elf(place, "for-intel")
    assert run("path", "--arch", "aarch64")[1] == f"{arm}\n"
    assert run("path", "--arch", "x86_64")[1] == f"{intel}\n"
    for machine, expected in (("AMD64", intel), ("arm64", arm), ("riscv64", arm)):
        monkeypatch.setattr("platform.machine", lambda machine=machine: machine)
        assert run("path")[1] == f"{expected}\n"


def test_an_architecture_that_is_not_there(run):
    code, _, err = run("path", "--arch", "aarch64")
    assert (code, err) == (1, "hatch-os402: the runtime has no executable for aarch64, only for x86_64.\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["path", "--arch", "sparc"], "'sparc' is not one of"),
        (["path", "--project", "gone"], "does not exist"),
        (["path", "--project", "."], "there is no pyproject.toml in ."),
        (["check", "gone"], "does not exist"),
        (["find"], "No such command 'find'"),
    ],
)
def test_wrong_usage(run, arguments, message):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert message in err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.hatch", "pyproject.toml cannot be used"),
        ("tool.hatch.build.targets = 1", "pyproject.toml cannot be used: Field `tool.hatch.build.targets` must be"),
        ("tool.hatch.build.targets.os402 = 1", "Field `tool.hatch.build.targets.os402` must be a table"),
        ("tool.hatch.build.targets.os402.runtime = 1", "Field `tool.hatch.build.targets.os402.runtime` must be"),
    ],
)
def test_a_project_that_cannot_be_read(run, place, text, message):
    (place / "pyproject.toml").write_text(text)
    code, out, err = run("path")
    assert (code, out) == (1, "")
    assert message in err


def test_check_names_what_differs(run, python312):
    code, out, err = run("check", python312.path)
    assert (code, err) == (1, "")
    assert out.startswith(f"{python312.path}: Python {python312.version}, ")
    (line,) = (line for line in out.splitlines() if "expected missing, found importable" in line)
    assert line.startswith("differs: module")
    assert "ctypes" in line
    assert "note: os.memfd_create is" in out


def test_check_the_runtime_of_the_project(run, place, python312):
    (place / "python").symlink_to(os.path.realpath(python312.path))
    project(place, "'python'")
    code, out, _ = run("check")
    assert code == 1
    assert out.startswith(f"{place / 'python'}: Python {python312.version}")


def test_check_before_fetch(run):
    code, _, err = run("check")
    assert code == 1
    assert "is not on this machine" in err


def test_a_bar_only_on_a_terminal(run, server, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    code, out, err = run("fetch")
    assert code == 0
    assert out.count("\n") == 1
    assert f"verified: sha256 {sha256(assimilated(DATA))}" in err


def test_without_a_home(run, monkeypatch, tmp_path):
    """As for a uid without an entry in passwd, which containers like to give."""

    def nobody(_uid):
        raise KeyError

    for name in ("HATCH_OS402_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code, _, err = run("path")
    assert code == 1
    assert "fetch it with `hatch-os402 runtime fetch`" in err
    assert (tmp_path / f"hatch-os402-{os.getuid()}").is_dir()
    (tmp_path / f"hatch-os402-{os.getuid()}").chmod(0o777)
    code, _, err = run("path")
    assert code == 1
    assert "there is no home folder for the cache" in err
