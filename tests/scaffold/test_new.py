from __future__ import annotations

import io
import json
import runpy
from pathlib import Path

import pytest
import tomlkit
import yaml
from jsonschema import Draft7Validator

from hatch_os402.config.options import Options
from hatch_os402.config.schema import pyproject_schema
from hatch_os402.errors import ScaffoldError
from hatch_os402.installation.origin import Origin
from hatch_os402.scaffold.new import INTERFACES, Identity, call_of, identity, project_files


def wheel(folder):
    path = folder / "hatch_os402-1-py3-none-any.whl"
    return Origin(path.as_uri(), path)


@pytest.mark.parametrize(
    ("name", "package"),
    [("hello", "hello"), ("My-Shop", "my_shop"), ("a.b_c-d", "a_b_c_d"), ("x1", "x1")],
)
def test_names(name, package):
    assert identity(name) == Identity(name, package)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("-x", "is no name of a project"),
        ("ä", "is no name of a project"),
        ("a b", "is no name of a project"),
        ("", "is no name of a project"),
        ('x"\n', "is no name of a project"),
        ("1x", "gives no name of a package"),
        ("class", "gives no name of a package"),
        ("json", "in place of another one that is named 'json'"),
        ("Flask", "in place of another one that is named 'flask'"),
        ("tests", "in place of another one that is named 'tests'"),
    ],
)
def test_names_that_cannot_be(name, why):
    with pytest.raises(ScaffoldError, match=why):
        identity(name)


@pytest.mark.parametrize("interface", INTERFACES)
def test_every_file_is_what_its_name_says(interface, tmp_path):
    files = project_files(identity("my-shop"), interface, tmp_path / "my-shop", Origin())
    assert sorted(files) == [
        ".github/workflows/os402.yml",
        ".gitignore",
        "pyproject.toml",
        "src/my_shop/__init__.py",
        "src/my_shop/app.py",
        "tests/test_my_shop.py",
    ]
    for name, text in files.items():
        assert "@" not in text.replace("@v", "").replace("@app", ""), name
        assert text.endswith("\n"), name
        assert "\n\n\n\n" not in text, name
        if name.endswith(".py"):
            compile(text, name, "exec")
    config = tomlkit.parse(files["pyproject.toml"]).unwrap()
    Draft7Validator(pyproject_schema()).validate(json.loads(json.dumps(config)))
    table = config["tool"]["hatch"]["build"]["targets"]["os402"]
    assert Options(table, Path()).validate().interface == (None if interface == "script" else interface)
    assert table["dependencies"] == ["hatch-os402"]
    assert "hatch-build" not in config["tool"]["hatch"]["envs"]
    assert ("scripts" in config["project"]) == (interface == "script")


@pytest.mark.parametrize("body", ['{"name": ', "[]", '"Alice"', "null", "\udcff"])
def test_the_script_answers_400_to_what_is_no_json_object(body, tmp_path, monkeypatch, capsys):
    source = project_files(identity("my-shop"), "script", tmp_path, Origin())["src/my_shop/app.py"]
    (tmp_path / "app.py").write_text(source)
    program = runpy.run_path(str(tmp_path / "app.py"))
    monkeypatch.setattr("sys.stdin", io.StringIO(body))
    program["main"]()
    head, _, answer = capsys.readouterr().out.partition("\n\n")
    assert head == "Status: 400 Bad Request\nContent-Type: application/json"
    assert json.loads(answer) == {"error": "the body must be a JSON object"}


def test_the_workflow(tmp_path):
    files = project_files(identity("shop"), "asgi", tmp_path / "shop", Origin())
    workflow = yaml.safe_load(files[".github/workflows/os402.yml"])
    assert workflow["env"]["HATCH_OS402"].startswith("hatch-os402[cli,publish]==")
    steps = [step.get("run", step.get("uses")) for step in workflow["jobs"]["build"]["steps"]]
    assert "python -m pip install --editable . pytest httpx" in steps
    assert steps.index("python -m pytest") < steps.index("hatch-os402 build") < steps.index("hatch-os402 verify")
    assert any(step.startswith("actions/cache@") for step in steps)
    publish = workflow["jobs"]["publish"]
    assert publish["if"] == "startsWith(github.ref, 'refs/tags/v')"
    assert publish["steps"][-1]["env"]["X402_KEY"] == "${{ secrets.X402_KEY }}"
    assert "X402_KEY" not in json.dumps(workflow["jobs"]["build"])
    assert workflow["permissions"] == {"contents": "read"}


def test_where_the_plugin_is(tmp_path):
    root = tmp_path / "shop"
    near = tomlkit.parse(project_files(identity("shop"), "mcp", root, wheel(tmp_path))["pyproject.toml"]).unwrap()
    hatch = near["tool"]["hatch"]
    assert hatch["build"]["targets"]["os402"]["dependencies"] == ["hatch-os402"]
    address = "{root:parent:uri}/hatch_os402-1-py3-none-any.whl"
    assert hatch["envs"]["hatch-build"]["dependencies"] == [f"hatch-os402 @ {address}"]

    far = wheel(Path("/elsewhere"))
    files = project_files(identity("shop"), "mcp", root, far)
    hatch = tomlkit.parse(files["pyproject.toml"]).unwrap()["tool"]["hatch"]
    assert hatch["build"]["targets"]["os402"]["dependencies"] == [f"hatch-os402 @ {far.url}"]
    assert yaml.safe_load(files[".github/workflows/os402.yml"])["env"]["HATCH_OS402"] == "${{ vars.HATCH_OS402 }}"
    url = "git+https://example.org/os402@ab12"
    files = project_files(identity("shop"), "mcp", root, Origin(url))
    assert (
        yaml.safe_load(files[".github/workflows/os402.yml"])["env"]["HATCH_OS402"]
        == f"hatch-os402[cli,publish] @ {url}"
    )


def test_how_it_is_called():
    made = identity("shop")
    assert call_of(made, "wsgi", "http://x") == "curl 'http://x/shop.cgi?name=Alice'"
    # The offer has the canonical name.
    assert call_of(identity("My_Shop.x"), "wsgi", "http://x") == "curl 'http://x/my-shop-x.cgi?name=Alice'"
    assert call_of(made, "mcp", "http://x") == """curl -d '{"name": "Alice"}' http://x/greet.cgi"""


def test_a_name_with_a_dot_is_one_key(tmp_path):
    files = project_files(identity("My.App"), "script", tmp_path / "My.App", Origin())
    assert tomlkit.parse(files["pyproject.toml"]).unwrap()["project"]["scripts"] == {"My.App": "my_app.app:main"}
