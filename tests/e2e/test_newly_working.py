"""Packages that import `ctypes`, or have a substitute, do what they are for without a disk."""

from __future__ import annotations

import json

import pytest
from showcase import PROJECT
from support.buildproject import build, environment, write_project
from support.diskless import run_diskless

from hatch_os402 import launcher

pytestmark = [pytest.mark.network, pytest.mark.once]

EXPECTED = json.loads((PROJECT / "newly.json").read_text(encoding="utf-8"))
"""Package → the facts that its program finds where it is installed on a disk, with the compiled code."""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    programs = [f"showcase/with_{package}.py" for package in EXPECTED]
    root = write_project(
        tmp_path_factory.mktemp("newly"),
        dependencies=[package.replace("_", "-") for package in EXPECTED],
        files={path: (PROJECT / path).read_bytes() for path in ["showcase/__init__.py", *programs]},
        project='scripts.showcase = "showcase:main"\n',
        options='bytecode = false\nsubstitutes = ["jiter", "rpds-py"]\nexclude = ["sympy/**/tests"]\n',
        extra='[tool.hatch.build.targets.wheel]\npackages = ["showcase"]\n',
    )
    return build(root, env=environment(pip=True)).succeeded()


@pytest.mark.parametrize("package", EXPECTED)
def test_a_package_does_what_it_is_for(built, python312, package):
    body = package.encode()
    variables = {"CONTENT_LENGTH": str(len(body))}
    run = run_diskless(python312.path, launcher.ARGS[1:], built[".stdin"] + body, variables)
    assert (run.returncode, run.stderr.decode()) == (0, "")
    assert json.loads(run.stdout.partition(b"\r\n\r\n")[2])["facts"] == EXPECTED[package]


def test_the_record_says_what_was_substituted(built):
    treated = {item["name"]: item["treatment"] for item in built.record["distributions"]}
    assert {name for name, treatment in treated.items() if treatment == "substituted"} == {"jiter", "rpds-py"}
