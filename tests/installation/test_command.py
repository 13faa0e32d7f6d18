from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.buildproject import REPOSITORY, build, environment

from hatch_os402.installation import command as module
from hatch_os402.installation.command import EXTRAS, install_command, missing_module, own_command, python_command
from hatch_os402.installation.origin import Origin

CLONE = Origin("file:///src/hatch-os402", Path("/src/hatch-os402"), editable=True)
INDEX = Origin()


@pytest.fixture
def here(monkeypatch, tmp_path):
    """An environment with pip and uv, of an installation from an index; change it by what this returns."""
    programs = {"uv"}
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    monkeypatch.setattr(module, "find_origin", lambda: INDEX)
    monkeypatch.setattr(module, "_installed", lambda: {"cli"})
    monkeypatch.setattr(module.shutil, "which", lambda name: f"/bin/{name}" if name in programs else None)
    return programs


def without_pip(monkeypatch):
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda _name: None)


def test_pip_of_this_python(here, tmp_path, monkeypatch):
    assert install_command("publish") == f"{tmp_path}/bin/python -m pip install 'hatch-os402[publish]'"
    assert install_command().endswith("'hatch-os402[audit,cli,mcp,publish,sbom,serve]'")
    monkeypatch.setattr(module, "find_origin", lambda: Origin(CLONE.url, tmp_path, editable=True))
    assert install_command("cli").endswith(f"-m pip install --editable '{tmp_path}[cli]'")


def test_the_name_alone_where_that_is_this_python(here, monkeypatch, tmp_path):
    monkeypatch.setattr(module.shutil, "which", lambda name: str(tmp_path / "bin" / name))
    assert install_command("cli") == "python -m pip install 'hatch-os402[cli]'"


def test_without_pip(here, monkeypatch, tmp_path):
    without_pip(monkeypatch)
    assert install_command("cli") == f"uv pip install --python {tmp_path}/bin/python 'hatch-os402[cli]'"
    here.clear()
    assert install_command("cli") == (
        f"{tmp_path}/bin/python -m venv .venv && .venv/bin/python -m pip install 'hatch-os402[cli]'"
    )


def test_an_environment_that_the_system_manages(here, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    monkeypatch.setattr(module.sysconfig, "get_path", lambda _name: str(tmp_path))
    assert " -m pip install " in install_command("cli")
    (tmp_path / "EXTERNALLY-MANAGED").touch()
    assert install_command("cli") == "uv tool install 'hatch-os402[cli]'"
    here.clear()
    assert " -m venv .venv && " in install_command("cli")


def test_pipx(here, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "hatch"))
    (tmp_path / "hatch").mkdir()
    (tmp_path / "hatch" / "pipx_metadata.json").touch()
    assert install_command("publish") == "pipx inject --force hatch 'hatch-os402[cli,publish]'"
    (tmp_path / "hatch").rename(tmp_path / "hatch-os402")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "hatch-os402"))
    assert install_command("publish") == "pipx install --force 'hatch-os402[cli,publish]'"


RECEIPT = """
[tool]
requirements = [
    { name = "hatch", specifier = ">=1.14" },
    { name = "hatch-os402", editable = "/src/hatch-os402" },
    { name = "Keyring", extras = ["completion"] },
]
"""


def test_uv_tool_names_everything_again(here, monkeypatch, tmp_path):
    folder = tmp_path / "hatch"
    folder.mkdir()
    monkeypatch.setattr(sys, "prefix", str(folder))
    (folder / "uv-receipt.toml").write_text(RECEIPT)
    assert install_command("publish") == (
        "uv tool install --force 'hatch>=1.14' --with 'hatch-os402[cli,publish]' --with 'Keyring[completion]'"
    )
    (folder / "uv-receipt.toml").write_text("[tool]\nrequirements = 3\n")
    assert install_command("publish") == "uv tool install --force hatch --with 'hatch-os402[cli,publish]'"


def test_where_the_origin_is_gone_its_requirements_are_named(monkeypatch, here, tmp_path):
    gone = tmp_path / "gone.whl"
    monkeypatch.setattr(module, "find_origin", lambda: Origin(gone.as_uri(), gone))
    words = shlex.split(install_command("serve"))
    assert words[3] == "install"
    assert {word.partition(">")[0] for word in words[4:]} == {"python-multipart", "starlette", "uvicorn"}


def test_hatch_installs_what_its_builds_need(here, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "hatch-build"))
    monkeypatch.setattr(module, "find_origin", lambda: CLONE)
    said = missing_module("cyclonedx", "sbom")
    assert 'dependencies = ["hatch-os402[sbom] @ file:///src/hatch-os402"]\nin [tool.hatch.build.targets.os402]' in said
    assert "pip install" not in said


def test_a_module_leads_to_its_extras(here):
    said = missing_module("uvicorn.config")
    assert said.splitlines()[1].endswith("-m pip install 'hatch-os402[publish,serve]'")
    assert '"publish" and "serve"' in said
    assert '"mcp"' in missing_module("mcp")
    assert "[audit,cli,mcp,publish,sbom,serve]" in missing_module("unheard_of")


def test_every_extra_of_the_package_is_known():
    assert {extra for extra in EXTRAS if module._requirements([extra])} == set(EXTRAS)


def test_a_python_comes_from_the_tool_that_is_here(here):
    assert python_command("3.12") == "uv python install 3.12"
    here.add("hatch")
    assert python_command("3.12") == "hatch python install 3.12"


SAY = "from hatch_os402.installation.command import install_command; print(install_command('publish'))"


@pytest.mark.once
@pytest.mark.network
def test_what_is_printed_works_in_real_environments(tmp_path):
    """From the wheel file: a virtual environment without pip, and `uv tool`; what is printed is pasted into a shell."""
    built = build(REPOSITORY, "-t", "wheel", dist=tmp_path / "dist")
    assert built.code == 0, built.err
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    variables = {"UV_TOOL_DIR": str(tmp_path / "tools"), "UV_TOOL_BIN_DIR": str(tmp_path / "bin")}
    uv = shutil.which("uv") or os.fspath(Path(sys.executable).parent / "uv")
    env = environment(pip=True, **{name: value for name, value in os.environ.items() if name.startswith("UV_")})
    env |= variables | {"PATH": os.pathsep.join([str(Path(uv).parent), env["PATH"]])}

    def run(*words):
        subprocess.run(words, env=env, check=True, capture_output=True, timeout=300)

    run(uv, "venv", "-q", "--python", sys.executable, tmp_path / "venv")
    run(uv, "pip", "install", "-q", "--python", tmp_path / "venv/bin/python", wheel)
    run(uv, "pip", "uninstall", "-q", "--python", tmp_path / "venv/bin/python", "pip")
    run(uv, "tool", "install", "-q", "--python", sys.executable, f"{wheel}[cli]", "--with", "iniconfig")
    for python, start in (
        (tmp_path / "venv/bin/python", "uv pip"),
        (tmp_path / "tools/hatch-os402/bin/python", "uv tool"),
    ):
        before = missing(python, env)
        printed = subprocess.run([python, "-c", SAY], env=env, check=True, capture_output=True, text=True).stdout
        assert printed.startswith(start)
        subprocess.run(["sh", "-c", printed], env=env, check=True, capture_output=True, timeout=300)
        assert "eth_keys" in before
        assert "eth_keys" not in missing(python, env)
    kept = subprocess.run(
        [tmp_path / "tools/hatch-os402/bin/python", "-c", "import click, iniconfig"], env=env, check=False
    )
    assert kept.returncode == 0


def missing(python, env):
    code = "import importlib.util as u, json; print(json.dumps([n for n in ('eth_keys',) if not u.find_spec(n)]))"
    said = subprocess.run([python, "-c", code], env=env, check=True, capture_output=True, text=True)
    return json.loads(said.stdout)


def test_uvx(here, monkeypatch):
    monkeypatch.setattr(sys, "prefix", "/home/me/.cache/uv/archive-v0/abc")
    monkeypatch.delenv("UV", raising=False)
    assert "pip install" in install_command("publish")
    monkeypatch.setenv("UV", "/bin/uv")
    assert install_command("publish") == "uv tool install 'hatch-os402[cli,publish]'"
    assert own_command() == "uvx --from 'hatch-os402[cli]' hatch-os402"


def test_the_command_is_called_by_its_name_where_the_shell_finds_it(here, monkeypatch, tmp_path):
    assert own_command() == f"{tmp_path}/bin/python -m hatch_os402"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "hatch-os402").touch()
    assert own_command() == f"{tmp_path}/bin/hatch-os402"
    monkeypatch.setattr(module.shutil, "which", lambda name: str(tmp_path / "bin" / name))
    assert own_command() == "hatch-os402"
    monkeypatch.setattr(module.shutil, "which", lambda name: f"/elsewhere/{name}")
    assert own_command() == f"{tmp_path}/bin/hatch-os402"
