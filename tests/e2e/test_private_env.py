"""A value from the environment of the build reaches the program and nothing else."""

from __future__ import annotations

import json

import pytest
from support.buildproject import build, contents, environment, write_project
from support.commandline import call

SECRET = "sk-proj-aB3dE5fG7hI9jK1lM3nO5pQ7"  # noqa: S105 - nobody's
PROGRAM = 'import os\nprint("Content-Type: text/plain\\n")\nprint(os.environ["API_KEY"][::-1], os.environ["MODE"])\n'
FILES = {"sample/__init__.py": "", "sample/__main__.py": PROGRAM}
OFFER = 'price = 0\nvalid-until = 2030-01-01T00:00:00Z\nenv = { API_KEY = "{env:API_KEY}", MODE = "fast" }\n'


@pytest.mark.once
def test_a_private_value_is_in_no_file_and_in_the_program(tmp_path, monkeypatch, capsys):
    root = write_project(tmp_path / "project", files=FILES, offer=OFFER + "env-private = true\n")
    refused = build(root).refused()
    assert "env.API_KEY` takes its value from the variable API_KEY, which is not set" in refused
    built = build(root, env=environment(PIP_NO_INDEX="1", API_KEY=SECRET)).succeeded()
    kept = contents(tmp_path)
    assert [path for path, content in kept.items() if SECRET.encode() in content] == []
    assert SECRET not in built.err + built.out
    assert [path for path, content in built.members.items() if b"fast" in content and path.startswith("sample")] == []

    monkeypatch.chdir(root)
    monkeypatch.delenv("API_KEY", raising=False)
    code, out, err = call(capsys, "inspect")
    assert code == 0, err
    assert "API_KEY=********" in out
    assert "MODE=********" in out
    _, out, _ = call(capsys, "inspect", "--json")
    offer = json.loads(out)["offer"]
    assert offer["environment"] == {"API_KEY": None, "MODE": None}
    assert offer["private_environment"] == json.loads(built[".offer.json"])["payload"]["exec"]["env_sha256"]

    code, _, err = call(capsys, "run", root / "dist" / "sample-0.1.0.pyz")
    assert code == 1
    assert "API_KEY, which is not set" in err
    monkeypatch.setenv("API_KEY", SECRET)
    code, out, err = call(capsys, "run", root / "dist" / "sample-0.1.0.pyz")
    assert (code, out) == (0, f"{SECRET[::-1]} fast\n"), err


def test_a_secret_in_the_offer_is_a_warning(tmp_path, monkeypatch, capsys):
    offer = f'price = 0\nvalid-until = 2030-01-01T00:00:00Z\nenv = {{ API_KEY = "{SECRET}", MODE = "fast" }}\n'
    root = write_project(tmp_path / "project", files=FILES, offer=offer)
    built = build(root).succeeded()
    assert "`env.API_KEY` stands in the offer for everybody to read, and its value looks like a secret" in built.err
    assert SECRET not in built.err
    assert "MODE" not in built.err
    monkeypatch.chdir(root)
    _, out, _ = call(capsys, "inspect")
    assert "MODE=fast" in out  # what is public is shown as everybody reads it
    assert "COSMOPOLITAN" not in out
