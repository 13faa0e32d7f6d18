"""pip's settings are the user's: from the project's folder, by their own words, and told when they cannot be followed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from support.buildproject import build, environment, write_project
from support.localindex import serving
from support.wheelcraft import make_wheel

from hatch_os402.errors import ResolutionError
from hatch_os402.resolution.pip_process import Host, run_pip
from hatch_os402.resolution.target import Target

pytestmark = pytest.mark.once
X86 = Target("x86_64")


def check(root, cwd, env):
    command = [sys.executable, "-m", "hatch_os402.cli", "check", "--project", str(root)]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


SETTINGS = {
    "PIP_FIND_LINKS": {"PIP_FIND_LINKS": "links", "PIP_NO_INDEX": "1"},
    "PIP_CONFIG_FILE": {"PIP_CONFIG_FILE": "settings/pip.conf"},
}


@pytest.mark.parametrize("variables", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("way", ["build", "check"])
def test_relative_paths_start_from_the_projects_folder(tmp_path, way, variables):
    root = write_project(
        tmp_path / "project",
        dependencies=["lower"],
        files={
            "sample/__init__.py": "",
            "sample/__main__.py": "",
            "settings/pip.conf": "[global]\nno-index = true\nfind-links = links\n",
        },
    )
    (root / "links").mkdir()
    make_wheel(root / "links", "lower", "1.0", {"lower.py": ""})
    env = environment(**variables)
    if way == "build":
        assert build(root, env=env).succeeded().vendored == {"lower": "1.0"}
    else:
        done = check(root, tmp_path, env)
        assert done.returncode == 0, done.stderr
        assert "lower" in done.stdout


@pytest.mark.parametrize("way", ["environment", "pyproject.toml", "both, and pip's"])
def test_settings_of_uv_are_told_once_to_be_none(find_links, tmp_path, way):
    make_wheel(find_links, "lower", "1.0", {"lower.py": ""})
    extra = "" if way == "environment" else '[[tool.uv.index]]\nname = "x"\nurl = "https://example.invalid/"\n'
    root = write_project(tmp_path / "project", dependencies=["lower"], extra=extra)
    conf = tmp_path / "home" / ".config" / "pip" / "pip.conf"
    conf.parent.mkdir(parents=True)
    conf.write_text(f"[global]\nno-index = true\nfind-links = {find_links}\n")
    env = environment(HOME=str(tmp_path / "home"))
    del env["PIP_CONFIG_FILE"]
    env.pop("XDG_CONFIG_HOME", None)
    variables = ["UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS"]
    if way != "pyproject.toml":
        env |= dict.fromkeys(variables, "https://example.invalid/")
    if way == "both, and pip's":
        env["PIP_FIND_LINKS"] = str(find_links)
    done = build(root, env=env).succeeded()
    names = ", ".join(variables) if way == "environment" else "[tool.uv]"
    assert done.err.count(f"os402: warning: {names} names where uv finds packages") == ("pip's" not in way)
    assert done.err.count("where uv finds packages") == ("pip's" not in way)


def failed(tmp_path, monkeypatch, variables):
    for name in ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ResolutionError) as caught:
        run_pip(
            ["download", "--dest", str(tmp_path / "d")],
            X86,
            tmp_path,
            requirements=[("lower", ())],
            doing="trying",
            host=Host(tmp_path),
        )
    return caught.value.message


@pytest.mark.parametrize(
    "content", ["index-url = https://me:hidden@example.invalid/\n", "[global\n", "[global]\nx = \xff\n"]
)
def test_a_broken_configuration_is_named_by_its_file(tmp_path, monkeypatch, content):
    (tmp_path / "broken.conf").write_bytes(content.encode("latin-1"))
    reported = failed(tmp_path, monkeypatch, {"PIP_CONFIG_FILE": "broken.conf"})
    assert "cannot read a configuration file" in reported
    assert "broken.conf" in reported
    assert "hidden" not in reported


def test_a_password_that_is_wrong_is_told_to_be(find_links, tmp_path, monkeypatch):
    make_wheel(find_links, "lower", "1.0", {"lower.py": ""})
    with serving(find_links, private=True) as index:
        reported = failed(tmp_path, monkeypatch, {"PIP_INDEX_URL": index.url, "PIP_CONFIG_FILE": os.devnull})
    assert "the package index refused to answer" in reported
    assert "401" in reported
    assert "name and password" in reported
