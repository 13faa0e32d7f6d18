from __future__ import annotations

import html
import json
import re
import zipfile

import pytest
from support.buildproject import offline, write_project
from support.commandline import call
from support.documented import check_described
from support.samplecraft import NASTY
from support.wheelcraft import make_wheel

from hatch_os402.formatting import escaped
from hatch_os402.plugin.builder import Os402Builder


@pytest.fixture
def run(capsys):
    return lambda *arguments: call(capsys, "inspect", *arguments)


@pytest.fixture(scope="session")
def pyz(sample_build):
    return sample_build.dist / "sample-0.1.0.pyz"


def test_a_terminal(run, pyz, python312):
    code, out, err = run(pyz)
    assert (code, err) == (0, "")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "project sample 0.1.0" in lines
    assert "entry point sample.main:main" in lines
    assert "price 0.0005 USD a call (0.0001 USD a second, 5 seconds), in USDC" in lines
    assert any(line.startswith("bytecode") and python312.version in line for line in lines)
    assert any(line.startswith("source only sample/bad.py: ") for line in lines)
    (stripped,) = [line for line in lines if line.startswith("stripped 4.0")]
    assert stripped.endswith("stripped (1 file left out) sample")
    largest = [line.split()[0] for line in lines if line.startswith("_os402/") and line.endswith("(launcher)")]
    assert largest
    explained = [line.split()[0] for line in lines if line.startswith("_os402/") and not line.endswith("(launcher)")]
    assert explained == largest


def test_json_is_stable_and_whole(run, pyz):
    code, out, _ = run(pyz, "--json")
    told = json.loads(out)
    assert code == 0
    assert told["format"] == 1
    check_described("inspect", told)
    assert told.keys() == {
        "format",
        "name",
        "project",
        "artifacts",
        "archive",
        "distributions",
        "launcher",
        "no_distribution",
        "bytecode",
        "offer",
        "members",
        "needless",
        "recorded",
        "notes",
    }
    assert told["distributions"][0].keys() == {
        "name",
        "version",
        "treatment",
        "left_out",
        "required_by",
        "files",
        "size",
        "packed",
        "sources",
        "bytecode",
        "data",
    }
    assert "sample/" + "/".join(NASTY) in {member["path"] for member in told["members"]}
    assert run(pyz, "--json")[1] == out


def test_a_page_is_written_whole(run, pyz, tmp_path):
    code, out, err = run(pyz, "--html", tmp_path / "page.html")
    assert (code, out) == (0, "")
    assert err == f"hatch-os402: wrote {tmp_path / 'page.html'}\n"
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.endswith("</html>\n")
    assert "From the archive's bytes to the running entry point." in html.unescape(page)
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    # Nothing is fetched from anywhere, and nothing in the archive becomes markup.
    assert re.findall(r"(?:src|href|action)\s*=\s*\"?([^\s\">]+)", page) == ["data:,", "#tables"]
    assert "url(" not in page
    assert "@import" not in page
    assert len(re.findall(r"<script", page)) == 2
    assert page.count("</script>") == 2


@pytest.mark.parametrize("place", ["none/page.html", "folder"])
def test_a_page_that_cannot_be_written(run, pyz, tmp_path, place):
    (tmp_path / "folder").mkdir()
    code, out, err = run(pyz, "--html", tmp_path / place)
    assert (code, out) == (1, "")
    assert f"the page cannot be written to {tmp_path / place}: " in err
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_what_a_terminal_would_obey_is_escaped(run, tmp_path):
    with zipfile.ZipFile(tmp_path / "x.pyz", "w") as archive:
        archive.writestr("__main__.py", "")
        archive.writestr("\u202e[bold]red.txt", "")
    code, out, _ = run(tmp_path / "x.pyz")
    assert code == 0
    assert "\\u202e[bold]red.txt" in out
    assert "\u202e" not in out
    with zipfile.ZipFile(tmp_path / "x.pyz", "a") as archive:
        archive.writestr("\x1b[31m[bold]red.txt", "")
    code, _, err = run(tmp_path / "x.pyz")
    assert code == 1
    assert "\\x1b[31m[bold]red.txt': its name holds control characters" in err
    assert "\x1b" not in err


def test_nothing_there(run, tmp_path):
    code, out, err = run(tmp_path / "x.pyz")
    assert (code, out) == (1, "")
    assert err.startswith("hatch-os402: there is no artifact")


@pytest.mark.parametrize("columns", [40, 80, 100, 200])
def test_no_number_name_or_hash_is_cut(run, pyz, monkeypatch, columns):
    told = json.loads(run(pyz, "--json")[1])
    monkeypatch.setenv("COLUMNS", str(columns))
    code, out, _ = run(pyz)
    assert code == 0
    words = set(out.split())
    for file in told["artifacts"]:
        assert {file["name"], f"{file['size']:,}", file["sha256"]} <= words
    for part in told["distributions"]:
        assert part["name"] in out
    for member in told["members"][:15]:
        assert escaped(member["path"]) in out
    room = (line for line in out.splitlines() if max(map(len, line.split()), default=0) < columns - 16)
    assert max(map(len, room)) <= columns


@pytest.mark.once
def test_distributions_that_nothing_imports(tmp_path, capsys, monkeypatch):
    """In the words of the build; the requirement to drop, and what else can be left out."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    large = "x = 1\n" * 5000
    make_wheel(wheels, "wanted", "1.0", {"wanted.py": "import deeper\n"})
    make_wheel(wheels, "deeper", "1.0", {"deeper/__init__.py": large})
    make_wheel(wheels, "idle", "1.0", {"idle.py": large}, requires=["below"])
    make_wheel(wheels, "below", "1.0", {"below/__init__.py": large})
    root = write_project(
        tmp_path / "project",
        files={"sample/__init__.py": "", "sample/__main__.py": "import wanted\n"},
        dependencies=["wanted", "idle", "deeper"],
    )
    for name, value in offline(wheels).items():
        monkeypatch.setenv(name, value)
    list(Os402Builder(str(root)).build(directory=str(root / "dist")))
    said = capsys.readouterr().err
    expected = (
        "idle. If the program does not need them, drop idle from the requirements, or set "
        'exclude = ["/below/", "/idle.py"].'
    )
    assert "os402: hint: sample 0.1.0: nothing imports 2 distributions of 5, " in said
    assert expected.partition("idle. ")[2] in said
    _, out, _ = call(capsys, "inspect", "--project", root)
    assert "note: nothing imports 2 distributions of 5, " in out
    assert 'drop idle from the requirements, or set exclude = ["/below/", "/idle.py"].' in out
    pyproject = (root / "pyproject.toml").read_text()
    (root / "pyproject.toml").write_text(pyproject.replace("bytecode", 'exclude = ["/below/", "/idle.py"]\nbytecode'))
    list(Os402Builder(str(root)).build(directory=str(root / "dist")))
    assert "nothing imports" not in capsys.readouterr().err
