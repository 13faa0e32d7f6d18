from __future__ import annotations

import json

import pytest
from support.buildproject import offline, write_project
from support.documented import check_described
from support.wheelcraft import ELF, make_wheel

from hatch_os402.cli import main
from hatch_os402.compatibility.remedies import search as remedy_search

LINUX = "cp312-cp312-manylinux_2_17_x86_64"


@pytest.fixture
def run(capfd, tmp_path, monkeypatch):
    """Run `check` in a project that requires `dependencies`, whose index is the folder `find_links`."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    for name, value in offline(tmp_path / "shelf").items():
        monkeypatch.setenv(name, value)
    (tmp_path / "shelf").mkdir()

    def call(*arguments, dependencies=(), **project):
        root = write_project(tmp_path / "project", dependencies=dependencies, **project)
        with pytest.raises(SystemExit) as end:
            main(["check", "--project", str(root), *arguments])
        out, err = capfd.readouterr()
        code = end.value.code
        if isinstance(code, str):
            code, err = 1, err + code
        return code or 0, out, err

    return call


@pytest.fixture
def find_links(tmp_path, run):
    folder = tmp_path / "shelf"
    make_wheel(folder, "fine", "1.0", {"fine.py": ""})
    make_wheel(folder, "fast", "1.0", {"fast.py": ""})
    make_wheel(folder, "fast", "2.0", {"fast/_x.abi3.so": ELF}, tag=LINUX)
    return folder


def test_what_can_work(run, find_links, tmp_path):
    code, out, err = run(dependencies=["fine"])
    assert code == 0
    assert [line.split() for line in out.splitlines()[:3]] == [
        ["distribution", "version", "verdict", "required", "by"],
        ["sample", "0.1.0", "pure"],
        ["fine", "1.0", "pure", "sample"],
    ]
    assert "everything can run on os402" in out
    assert "resolved 1 distribution" in err
    assert not (tmp_path / "project" / "dist").exists()


@pytest.mark.once
def test_the_last_line_does_not_contradict_a_warning(run, find_links):
    code, out, _ = run(files={"sample/__main__.py": "", "sample/__init__.py": "import requests\n"})
    assert code == 0
    assert "imports requests" in out
    assert out.splitlines()[-1] == (
        "every distribution can be built for os402; the warning above says what may fail there"
    )


@pytest.mark.once
def test_a_network_that_nobody_gets_is_hinted_at(run, find_links):
    assert "network" not in run(dependencies=["fine"])[1]
    code, out, _ = run(dependencies=["fine"], offer="net = true\n")
    assert code == 0
    assert "hint: sample 0.1.0: `net = true` gives no network: os402 starts every program without one" in out


@pytest.mark.once
def test_what_cannot_work(run, find_links):
    code, out, err = run(dependencies=["fine", "fast"])
    assert code == 1
    assert 'Suggested fix: "fast<2" in project.dependencies (gives fast 1.0)' in out
    assert "searching for fixes" in err
    assert "Traceback" not in err


@pytest.mark.once
def test_json_is_all_that_is_on_stdout(run, find_links):
    code, out, _ = run("--json", dependencies=["fast"])
    assert code == 1
    reported = json.loads(out)
    assert reported["format"] == 1
    check_described("check", reported)
    assert reported["ok"] is False
    errors = [item for item in reported["findings"] if item["level"] == "error"]
    assert [(item["distribution"], item["remedies"][0]["lines"]) for item in errors] == [("fast", ["fast<2"])]
    code, out, _ = run("--json", dependencies=["fine"])
    assert (code, json.loads(out)["ok"]) == (0, True)


@pytest.mark.once
@pytest.mark.parametrize("way", ["command line", "option"])
def test_ways_out_can_be_left_alone(run, find_links, monkeypatch, way):
    monkeypatch.setattr(remedy_search, "search", lambda *_: pytest.fail("searched"))
    arguments = ["--remedies", "0"] if way == "command line" else []
    options = "remedies = false\n" if way == "option" else ""
    code, out, err = run(*arguments, dependencies=["fast"], options=options)
    assert code == 1
    assert "Suggested fix" not in out
    assert "looking for" not in err


@pytest.mark.once
def test_warnings_hints_and_what_is_only_possible(run, find_links):
    files = {
        "sample/__init__.py": "",
        "sample/__main__.py": "import lzma, os\nos.system('x')\ntry:\n    import turtle\nexcept ImportError:\n    pass\n",
    }
    code, out, err = run(files=files)
    assert code == 0
    assert "warning: sample 0.1.0: imports lzma, which the runtime does not have (sample/__main__.py:1)." in out
    assert "hint: sample 0.1.0: calls os.system: " in out
    assert "turtle" not in out + err
    _, out, err = run("-v", files=files)
    assert "perhaps: sample 0.1.0: imports turtle" in err
    assert "turtle" not in out


@pytest.mark.parametrize("way", [["--project"], []])
def test_no_project(tmp_path, capsys, way):
    with pytest.raises(SystemExit) as end:
        main(["check", *way, str(tmp_path)])
    assert f"there is no pyproject.toml in {tmp_path}" in str(end.value.code)


@pytest.mark.once
@pytest.mark.parametrize("arguments", [["."], [], ["../../project"], ["--project", ".."]])
def test_ways_to_name_the_project(find_links, tmp_path, monkeypatch, capfd, arguments):
    root = write_project(tmp_path / "project", dependencies=["fine"])
    monkeypatch.chdir(root if arguments == ["."] else root / "sample")
    with pytest.raises(SystemExit) as end:
        main(["check", *arguments])
    assert not end.value.code, capfd.readouterr()
    assert "everything can run on os402" in capfd.readouterr().out


@pytest.mark.once
def test_options_are_validated(run, find_links):
    code, _, err = run(options='build-from-source = "docopt"\n')
    assert code == 1
    assert "Field `tool.hatch.build.targets.os402.build-from-source` must be an array" in err
    code, _, err = run(options="remedies = 1.5\n")
    assert "Field `tool.hatch.build.targets.os402.remedies` must be an integer (seconds)" in err


@pytest.mark.once
def test_what_os402_makes_of_the_offers_options_is_hinted_at(run, find_links):
    code, out, _ = run(offer="price = 0\nnet = true\n")
    assert code == 0
    assert "hint: sample 0.1.0: a price of 0 lets only the owner of the server call the offer" in out
    assert "hint: sample 0.1.0: `net = true` gives no network" in out
