from __future__ import annotations

import datetime as dt
import json
import shutil
import subprocess
import sys
from functools import cached_property
from pathlib import Path

import pytest
from jsonschema import Draft7Validator
from support.buildproject import REPOSITORY, write_project
from support.commandline import call
from test_offer_options import OPTIONS

from hatch_os402.config import publish_options, schema
from hatch_os402.config.offer_options import KNOWN
from hatch_os402.config.options import HATCHLING, Options

WHOLE = schema.pyproject_schema()
TARGET = WHOLE["properties"]["tool"]["properties"]["hatch"]["properties"]["build"]["properties"]["targets"][
    "properties"
]["os402"]
CHECK = Draft7Validator(WHOLE)


def faults(target=None, publish=None):
    tables = {"build": {"targets": {"os402": target or {}}}, "publish": {"os402": publish or {}}}
    return [error.message for error in CHECK.iter_errors({"project": {"name": "x"}, "tool": {"hatch": tables}})]


def test_what_is_shipped_is_current(capsys):
    """`python -c "…"` with `schema.text()` writes it again after an option was added."""
    assert schema.shipped() == schema.text()
    assert call(capsys, "schema") == (0, schema.text(), "")


def test_it_is_a_schema_of_every_option():
    Draft7Validator.check_schema(WHOLE)
    declared = {name.replace("_", "-") for name, value in vars(Options).items() if isinstance(value, cached_property)}
    assert TARGET["properties"].keys() == declared | HATCHLING
    assert TARGET["properties"]["offer"]["properties"].keys() == set(KNOWN)
    for name in declared - {"offer"}:
        form = dict(TARGET["properties"][name])
        assert len(form.pop("description")) > 10, name
        assert form, name


def in_json(value):
    if isinstance(value, dict):
        return all(map(in_json, value.values()))
    return not isinstance(value, (dt.date, dt.time))


@pytest.mark.parametrize("name", OPTIONS)
def test_the_schema_takes_what_the_options_take_and_no_other_type(name):
    _, good, (wrong_types, _), _ = OPTIONS[name]
    for value, _ in good:
        if in_json(value):
            assert faults({"offer": {name: value}}) == [], value
    for value in wrong_types:
        if in_json(value) and not isinstance(value, float):  # 1.0 is an integer of JSON Schema
            assert faults({"offer": {name: value}}), value


TARGETS = {
    "good": {
        "dependencies": ["hatch-os402"],
        "entry-point": "shop.web:create_app()",
        "interface": "wsgi",
        "bytecode": "auto",
        "remedies": "60s",
        "runtime": ["x86_64:https://example.org/python#sha256"],
        "features": ["a"],
        "offer": {"valid-until": "2030-01-01T00:00:00Z", "pay": {"USDC": ["base"]}, "env": {"A": "{env:A}"}},
    },
    "tools": {"tools": {"forecast": "weather:forecast", "now": {"function": "weather:now", "description": "Now."}}},
}


@pytest.mark.parametrize("name", TARGETS)
def test_good_tables(name, tmp_path, monkeypatch):
    monkeypatch.setenv("A", "1")
    assert faults(TARGETS[name]) == []
    table = {key: value for key, value in TARGETS[name].items() if key != "runtime"}
    if "offer" in table:
        table["offer"] = {**table["offer"], "env-private": True}
    Options(table, tmp_path).validate()  # the table of the test is one that a build takes


@pytest.mark.parametrize(
    "table",
    [
        {"byte-code": True},
        {"bytecode": "yes"},
        {"interface": "cgi"},
        {"entry-point": "a b"},
        {"remedies": "soon"},
        {"include": ["x"]},
        {"offer": {"prize": 1}},
        {"offer": {"min-duration": "5 minutes"}},
        {"tools": {"a b": "m:f"}},
        {"tools": {"a": {"description": "no function"}}},
        {"sources": "no"},
        {"groups": "dev"},
    ],
)
def test_bad_tables(table):
    assert faults(table)


def test_the_publishers_table():
    table = {"url": ["https://example.org"], "key": "@~/key.json", "limit": "200mb", "insecure": True, "disable": False}
    assert faults(publish=table) == []
    for bad in ({"key": "00" * 32}, {"urls": "x"}, {"url": 3}, {"limit": "much"}):
        assert faults(publish=bad), bad
    known = WHOLE["properties"]["tool"]["properties"]["hatch"]["properties"]["publish"]["properties"]["os402"][
        "properties"
    ]
    assert known.keys() == {*publish_options.KNOWN, "disable"}


def test_other_tables_are_nobodys_business():
    assert (
        list(CHECK.iter_errors({"tool": {"hatch": {"envs": {"x": 1}, "build": {"targets": {"wheel": {"a": 1}}}}}}))
        == []
    )


@pytest.mark.once
def test_validate_pyproject_takes_it(tmp_path):
    good = write_project(tmp_path / "good", extra='[tool.hatch.publish.os402]\nurl = "https://example.org"\n')
    bad = write_project(tmp_path / "bad", options="byte-code = true\n")

    def validate(*paths):
        command = [sys.executable, "-m", "validate_pyproject", *paths]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    examples = sorted((REPOSITORY / "fixtures").glob("*/pyproject.toml"))
    finished = validate(good / "pyproject.toml", *examples)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    finished = validate(bad / "pyproject.toml")
    assert finished.returncode == 1
    assert "tool.hatch.build.targets.os402" in finished.stdout + finished.stderr
    assert "byte-code" in finished.stdout + finished.stderr


@pytest.mark.once
def test_taplo_takes_it(tmp_path):
    (tmp_path / "schema.json").write_text(schema.text(), encoding="utf-8")
    good = write_project(tmp_path / "good", options='bytecode = "auto"\n')  # with a date, which JSON does not have
    bad = write_project(tmp_path / "bad", options='bytecode = "maybe"\n')
    taplo = shutil.which("taplo") or Path(sys.executable).parent / "taplo"

    def lint(root):
        command = [taplo, "lint", "--schema", (tmp_path / "schema.json").as_uri(), "pyproject.toml"]
        return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)

    finished = lint(good)
    assert finished.returncode == 0, finished.stderr
    finished = lint(bad)
    assert finished.returncode == 1
    assert '"maybe" is not one of' in finished.stderr


def test_the_text_is_json_with_stable_bytes():
    assert json.loads(schema.text()) == WHOLE
    assert schema.text() == schema.text()
