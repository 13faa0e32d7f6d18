from __future__ import annotations

import os
import sys
from pathlib import Path

import pexpect
import pytest
import tomlkit
from support.buildproject import contents, write
from support.commandline import call

from hatch_os402.cli.setup import init
from hatch_os402.installation.origin import Origin

PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project] # the shop
name = "shop"
version = "1"
"""
NEW = Path("new/pyproject.toml")
OFFER = {"offer": {"min-duration": 5}}
FLASK = "from flask import Flask\napp = Flask(__name__)\n"


@pytest.fixture(autouse=True)
def somewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(init, "find_origin", Origin)
    monkeypatch.setattr(init, "own_command", lambda: "hatch-os402")


@pytest.fixture
def shop(tmp_path):
    write(tmp_path, {"pyproject.toml": PYPROJECT, "src/shop/web.py": FLASK})
    return tmp_path / "pyproject.toml"


def table(path):
    return tomlkit.parse(path.read_text()).unwrap()["tool"]["hatch"]["build"]["targets"]["os402"]


def test_a_new_project(capsys, tmp_path):
    code, out, err = call(capsys, "init", "apps/my-shop", "--interface", "mcp")
    assert code == 0, err
    assert out.splitlines() == sorted(f"apps/my-shop/{name}" for name in contents(tmp_path / "apps/my-shop"))
    assert err.splitlines()[1:] == [
        "  hatch-os402 serve apps/my-shop",
        """  curl -d '{"name": "Alice"}' http://127.0.0.1:8402/greet.cgi""",
    ]
    before = contents(tmp_path)
    code, out, err = call(capsys, "init", "apps/my-shop")
    assert (code, out) == (0, "")
    assert "apps/my-shop/pyproject.toml has [tool.hatch.build.targets.os402] already, and stays as it is" in err
    assert contents(tmp_path) == before


def test_in_the_current_folder_without_a_name(capsys, tmp_path, monkeypatch):
    (tmp_path / "corner-shop").mkdir()
    monkeypatch.chdir(tmp_path / "corner-shop")
    code, out, err = call(capsys, "init")
    assert code == 0, err
    assert "src/corner_shop/app.py" in out.split()
    assert "serve ." in err


def test_files_that_are_there_stay(capsys, tmp_path):
    write(tmp_path / "shop", {".gitignore": "mine\n", "other": ""})
    for more in ([], ["--yes"]):
        code, out, err = call(capsys, "init", "shop", *more)
        assert (code, out) == (1, "")
        assert "shop/.gitignore exists, and nothing was written." in err
        assert contents(tmp_path / "shop") == {".gitignore": b"mine\n", "other": b""}


@pytest.mark.parametrize("name", ["1x", "json", "a b", "file"])
def test_names_that_cannot_be(capsys, tmp_path, name):
    (tmp_path / "file").touch()
    code, out, _ = call(capsys, "init", name)
    assert (code, out) == (1, "")
    assert contents(tmp_path) == {"file": b""}


def test_a_project_that_is_there_gets_the_table_alone(capsys, shop):
    code, out, err = call(capsys, "init", "--yes")
    assert code == 0, err
    assert "found shop.web:app (Flask(…), src/shop/web.py, line 2): wsgi" in err
    assert shop.read_text().startswith(PYPROJECT)
    assert table(shop) == {"dependencies": ["hatch-os402"], "entry-point": "shop.web:app", "interface": "wsgi", **OFFER}
    assert [line for line in out.splitlines() if line[:1] == "-"] == ["--- a/pyproject.toml"]
    assert "+[tool.hatch.build.targets.os402]" in out
    assert "hatch-os402 serve ." in err


def test_a_link_stays_one_and_permissions_stay(capsys, shop):
    real = shop.with_name("real.toml")
    shop.rename(real)
    real.chmod(0o600)
    shop.symlink_to(real.name)
    assert call(capsys, "init", "--yes")[0] == 0
    assert shop.is_symlink()
    assert "entry-point" in table(real)
    assert real.stat().st_mode & 0o777 == 0o600


def test_what_is_no_entry_point_is_not_written(capsys, shop):
    code, _, err = call(capsys, "init", "--yes", "--entry-point", 'not a; "module')
    assert code == 1
    assert "entry-point` must be" in err
    assert shop.read_text() == PYPROJECT


def test_where_nobody_can_be_asked_nothing_is_written(capsys, shop):
    code, out, err = call(capsys, "init")
    assert code == 1
    assert "+[tool.hatch.build.targets.os402]" in out
    assert "pyproject.toml was not changed. `--yes` writes it" in err
    assert shop.read_text() == PYPROJECT


@pytest.mark.parametrize(
    ("change", "arguments", "expected"),
    [
        ({"src/shop/web.py": "", "src/shop/__main__.py": ""}, [], {}),
        ({"src/shop/web.py": "", "pyproject.toml": PYPROJECT + '[project.scripts]\nshop = "shop.web:main"\n'}, [], {}),
        ({}, ["--interface", "script", "--entry-point", "shop.web:main"], {"entry-point": "shop.web:main"}),
        ({}, ["--interface", "mcp", "--entry-point", "shop.web:f"], {"entry-point": "shop.web:f", "interface": "mcp"}),
        ({}, ["--entry-point", "shop.web:app"], {"entry-point": "shop.web:app", "interface": "wsgi"}),
        ({}, ["--entry-point", "shop.cli:main"], {"entry-point": "shop.cli:main"}),
        (
            {"src/shop/live.py": "from starlette.applications import Starlette\napp = Starlette()\n"},
            ["--interface", "asgi"],
            {"entry-point": "shop.live:app", "interface": "asgi"},
        ),
    ],
)
def test_what_is_found_or_given(capsys, shop, change, arguments, expected):
    write(shop.parent, change)
    code, _, err = call(capsys, "init", "-y", *arguments)
    assert code == 0, err
    assert table(shop) == {"dependencies": ["hatch-os402"], **expected, **OFFER}


@pytest.mark.parametrize(
    ("change", "arguments", "said"),
    [
        ({"src/shop/web.py": ""}, [], ["the entry point, as module:name, was not found", "--entry-point"]),
        ({}, ["--interface", "mcp"], ["the mcp entry point, as module:name, was not found"]),
        (
            {"src/more/web.py": FLASK},
            [],
            ["has several entry points", "  --entry-point more.web:app  # Flask(…), src/more/web.py, line 2\n"],
        ),
        (
            {"src/shop/web.py": "", "pyproject.toml": PYPROJECT + '[project.scripts]\na = "shop:a"\nb = "shop:b"\n'},
            [],
            ["--entry-point shop:a  # the script a\n", "--entry-point shop:b  # the script b"],
        ),
    ],
)
def test_what_must_be_named(capsys, shop, change, arguments, said):
    write(shop.parent, change)
    before = shop.read_text()
    code, out, err = call(capsys, "init", "--yes", *arguments)
    assert (code, out) == (1, "")
    for text in said:
        assert text in err
    assert shop.read_text() == before


def test_another_backend_needs_no_plugin(capsys, shop):
    shop.write_text(PYPROJECT.replace("hatchling.build", "flit_core.buildapi"))
    code, _, err = call(capsys, "init", "--yes")
    assert code == 0, err
    assert table(shop) == {"entry-point": "shop.web:app", "interface": "wsgi", **OFFER}


def test_both_kinds_of_project_get_the_same_duration(capsys, shop):
    assert call(capsys, "init", "--yes")[0] == 0
    assert call(capsys, "init", "new")[0] == 0
    made = [[line for line in one.read_text().splitlines() if line.startswith("min-")] for one in (shop, NEW)]
    assert made[0] == made[1] == ["min-duration = 5  # seconds that a call may take, and that callers pay for"]


def test_an_origin_that_is_gone(capsys, shop, monkeypatch, tmp_path):
    gone = tmp_path / "gone.whl"
    monkeypatch.setattr(init, "find_origin", lambda: Origin(gone.as_uri(), gone))
    code, _, err = call(capsys, "init", "--yes")
    assert code == 0
    assert f"{gone}, which hatch-os402 was installed from, is gone" in err
    assert table(shop)["dependencies"] == ["hatch-os402"]


def test_an_entry_point_is_for_a_project(capsys, tmp_path):
    code, _, err = call(capsys, "init", "new", "--entry-point", "a:b")
    assert code == 2
    assert "new has no pyproject.toml" in err
    assert contents(tmp_path) == {}


@pytest.mark.once
def test_a_terminal_is_asked(tmp_path, shop):
    write(tmp_path, {"src/more/web.py": FLASK, "old/.gitignore": "mine\n"})

    def start(*arguments):
        command = ["-m", "hatch_os402", "init", *arguments]
        return pexpect.spawn(
            sys.executable, command, cwd=tmp_path, env={**os.environ, "NO_COLOR": "1"}, encoding="utf-8", timeout=60
        )

    terminal = start()
    terminal.expect("entry point .*more.web:app, shop.web:app")
    terminal.sendline("shop.web:app")
    terminal.expect("write pyproject.toml.*Y/n")
    terminal.sendline("n")
    terminal.expect("was not changed")
    terminal.expect(pexpect.EOF)
    assert shop.read_text() == PYPROJECT

    terminal = start()
    terminal.expect("entry point .*more.web:app, shop.web:app")
    terminal.sendline("shop.web:app")
    terminal.expect("write pyproject.toml.*Y/n")
    terminal.sendline("")
    terminal.expect("wrote pyproject.toml")
    terminal.expect(pexpect.EOF)
    assert table(shop)["entry-point"] == "shop.web:app"

    terminal = start("old")
    terminal.expect("interface .*script")
    terminal.sendline("asgi")
    terminal.expect("replace old/.gitignore.*y/N")
    terminal.sendline("y")
    terminal.expect("curl 'http://127.0.0.1:8402/old.cgi.name=Alice'")
    terminal.expect(pexpect.EOF)
    assert "__pycache__/" in (tmp_path / "old/.gitignore").read_text()
    assert "starlette" in (tmp_path / "old/pyproject.toml").read_text()
