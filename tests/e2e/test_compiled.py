"""Compiled code of every kind, as the index has it: the verdicts, the suggested fixes, and what a pasted fix gives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.buildproject import build, copy_fixture, environment, write_project
from test_diskless import answer

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.network, pytest.mark.once]


def checked(root: Path, *arguments: str, **variables: str) -> tuple[int, dict]:
    """Return the exit status and the report of `hatch-os402 check --json` in `root`."""
    command = [sys.executable, "-m", "hatch_os402.cli", "check", "--json", "--project", str(root), *arguments]
    finished = subprocess.run(
        command, env=environment(pip=True, **variables), capture_output=True, text=True, check=False
    )
    assert "Traceback" not in finished.stderr
    return finished.returncode, json.loads(finished.stdout)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """The report on the fixture, its crafted wheels included."""
    folder = tmp_path_factory.mktemp("compiled")
    root = copy_fixture("compiled", folder / "project")
    (find_links := folder / "shelf").mkdir()
    subprocess.run([sys.executable, root / "crafted.py", find_links], check=True)
    pyproject = root / "pyproject.toml"
    offer = "[tool.hatch.build.targets.os402.offer]"
    features = '[tool.hatch.build.targets.os402]\nfeatures = ["crafted"]\n\n'
    pyproject.write_text(pyproject.read_text().replace(offer, features + offer))
    links = " ".join(filter(None, [os.environ.get("PIP_FIND_LINKS"), str(find_links)]))
    code, report = checked(root, "--remedies", "0", PIP_FIND_LINKS=links)
    assert code == 1
    return {item["name"]: item for item in report["distributions"]}, report


INCOMPATIBLES = {
    "cryptography": ("ELF", "extension module", "x86_64"),
    "debugpy": ("PE", "extension module", "x86_64"),
    "lxml": ("ELF", "extension module", "x86_64"),
    "numpy": None,  # nothing can be done about it: its wheel is not even fetched
    "orjson": ("ELF", "extension module", "x86_64"),
    "program-in-scripts": ("ELF", "executable", "aarch64"),
    "pydantic-core": ("ELF", "extension module", "x86_64"),
    "rpds-py": ("ELF", "extension module", "x86_64"),
    "universal": ("Mach-O", "extension module", "x86_64+aarch64"),
    "without-suffix": ("ELF", "executable", "aarch64"),
}


@pytest.mark.parametrize(("name", "reported"), INCOMPATIBLES.items(), ids=INCOMPATIBLES)
def test_what_cannot_work_is_named_with_its_files(compiled, name, reported):
    distributions, report = compiled
    assert distributions[name]["verdict"] == "native"
    files = distributions[name]["native_files"]
    assert (
        (not files)
        if reported is None
        else reported in {(file["format"], file["role"], file["architecture"]) for file in files}
    )
    errors = [item["distribution"] for item in report["findings"] if item["level"] == "error"]
    assert errors.count(name) == 1


def test_every_error_is_reported_at_once_and_nothing_else(compiled):
    distributions, report = compiled
    errors = {item["distribution"] for item in report["findings"] if item["level"] == "error"}
    assert errors == {*INCOMPATIBLES, "cffi"}
    assert {name for name, item in distributions.items() if item["verdict"] == "native"} == errors


def test_who_requires_it_is_told_with_every_chain(compiled):
    chains = compiled[0]["cryptography"]["required_by"]
    assert [chain[:2] for chain in chains[:2]] == [["compiled", "pyjwt"], ["compiled", "pyopenssl"]]
    assert compiled[0]["rpds-py"]["required_by"][0] == ["compiled", "jsonschema", "rpds-py"]


def test_a_platform_tag_and_windows_launchers_are_no_offence(compiled):
    watchdog, setuptools = compiled[0]["watchdog"], compiled[0]["setuptools"]
    assert not watchdog["file"].endswith("-none-any.whl")
    assert (watchdog["verdict"], setuptools["verdict"]) == ("pure", "pure")


MAIN = """
import json, sys
import jsonschema, pydantic, simplejson

class Order(pydantic.BaseModel):
    name: str
    count: int

def main():
    text = sys.stdin.read()
    order = Order(**simplejson.loads(text))
    try:
        jsonschema.validate(order.dict(), {"properties": {"count": {"maximum": 3}}})
        verdict = "fits"
    except jsonschema.ValidationError as error:
        verdict = error.message
    print("Content-Type: application/json\\r\\n\\r")
    print(simplejson.dumps({"order": order.dict(), "verdict": verdict, "versions": [pydantic.VERSION, jsonschema.__version__]}))
"""


def test_a_pasted_fix_builds_and_runs_without_a_disk(tmp_path, python312):
    dependencies = ["pydantic>=2", "jsonschema", "orjson"]
    files = {"sample/__init__.py": "", "sample/app.py": MAIN}
    project = '[project.scripts]\nsample = "sample.app:main"\n'
    root = write_project(tmp_path / "before", files=files, dependencies=dependencies, project=project)
    code, report = checked(root, "--remedies", "200")  # no answer depends on how busy this machine is
    assert code == 1
    first = {item["distribution"]: item["remedies"][0] for item in report["findings"] if item["level"] == "error"}
    assert first.keys() == {"pydantic-core", "rpds-py", "orjson"}
    for remedy in first.values():
        assert remedy["table"] == "project.dependencies"
        dependencies = [line for line in dependencies if line not in remedy["instead_of"]] + remedy["lines"]
    assert set(report["together"]) == {line for remedy in first.values() for line in remedy["lines"]}

    pasted = write_project(tmp_path / "after", files=files, dependencies=dependencies, project=project)
    built = build(pasted, env=environment(pip=True)).succeeded()
    assert not {"pydantic-core", "rpds-py", "orjson"} & built.vendored.keys()
    reported = json.loads(answer(built, python312.path, b'{"name": "tea", "count": "4"}'))
    assert reported["order"] == {"name": "tea", "count": 4}
    assert reported["verdict"] == "4 is greater than the maximum of 3"
    assert reported["versions"] == [built.vendored["pydantic"], built.vendored["jsonschema"]]
