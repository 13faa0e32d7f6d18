"""The bill of materials and the statement of provenance: valid, the same everywhere, and with the artifacts or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from support.buildproject import build, environment, offline, write_project
from support.commandline import call
from support.wheelcraft import ELF, make_wheel

from hatch_os402.artifacts.record import record_text
from hatch_os402.artifacts.writing import clean
from hatch_os402.verification.proofs import bill_faults, statement_faults

pytestmark = pytest.mark.once

EXTRAS = (".cdx.json", ".intoto.json")
SECRET = "hunter2"  # noqa: S105 - of nobody


@pytest.fixture(scope="module")
def shelf(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("shelf")
    make_wheel(folder, "lower", "2.0", {"lower.py": ""}, metadata_extra="License-Expression: mit\n")
    make_wheel(
        folder,
        "upper",
        "1.0",
        {"upper/__init__.py": "", "upper/fast.cpython-312-x86_64-linux-gnu.so": ELF},
        requires=["lower", 'nothing; sys_platform == "win32"'],
        metadata_extra="License: Own\n",
        tag="cp312-cp312-manylinux2014_x86_64",
        purelib=False,
    )
    return folder


def write(folder, options='sbom = true\nprovenance = true\nstaging = "staged"\n'):
    return write_project(
        folder,
        dependencies=["upper"],
        project='description = "grüße"\nlicense = "Apache-2.0"\n',
        options=f'bytecode = false\nstrip-extensions = ["upper"]\nruntime = "x86_64:/bin/sh"\n{options}',
        files={"sample/__init__.py": "", "sample/__main__.py": "import upper\n", ".gitignore": "*.log\n"},
    )


def commit(root):
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "first", "--date=2026-01-01T00:00:00Z"]):
        subprocess.run(
            [*git, *command], cwd=root, env=environment(GIT_COMMITTER_DATE="2026-01-01T00:00:00Z"), check=True
        )


def settings(shelf, **more):
    # An index with a password, at which nobody is: every file is on the shelf.
    index = f"http://user:{SECRET}@127.0.0.1:9/simple"
    return environment(**offline(shelf), PIP_EXTRA_INDEX_URL=index, **more)


@pytest.fixture(scope="module")
def built(tmp_path_factory, shelf):
    root = write(tmp_path_factory.mktemp("proofs") / "project")
    commit(root)
    done = build(root, env=settings(shelf))
    assert done.code == 0, done.err
    return root, done


def test_the_bill_is_valid_and_says_what_is_in_the_archive(built):
    _, done = built
    text = done[".cdx.json"].decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    assert bill["specVersion"] == "1.6"
    assert "timestamp" not in bill["metadata"]
    lower, upper = bill["components"]
    pins = {item["name"]: item for item in done.record["distributions"]}
    assert [one["hashes"][0]["content"] for one in (lower, upper)] == [pins["lower"]["sha256"], pins["upper"]["sha256"]]
    assert (lower["licenses"], upper["licenses"]) == ([{"expression": "MIT"}], [{"license": {"name": "Own"}}])
    assert (lower["purl"], upper["purl"]) == ("pkg:pypi/lower@2.0", "pkg:pypi/upper@1.0")
    assert {one["name"]: one["value"] for one in upper["properties"]} == {
        "hatch-os402:file": "upper-1.0-cp312-cp312-manylinux2014_x86_64.whl",
        "hatch-os402:treatment": "stripped",
        "hatch-os402:left-out": "upper/fast.cpython-312-x86_64-linux-gnu.so",
    }
    assert {one["ref"]: one.get("dependsOn", []) for one in bill["dependencies"]} == {
        "pkg:pypi/sample@0.1.0": ["pkg:pypi/upper@1.0"],
        "pkg:pypi/upper@1.0": ["pkg:pypi/lower@2.0"],
        "pkg:pypi/lower@2.0": [],
    }
    assert bill["metadata"]["component"]["licenses"] == [{"expression": "Apache-2.0"}]


def test_the_bill_is_in_the_archive_and_its_record(built):
    _, done = built
    path = "sample-0.1.0.dist-info/sboms/sample-0.1.0.cdx.json"
    assert done.members[path] == done[".cdx.json"]
    assert path in done.members["sample-0.1.0.dist-info/RECORD"].decode()


def test_the_statement_names_every_file_and_every_source(built):
    root, done = built
    said = json.loads(done[".intoto.json"])
    described = {name: item["sha256"] for name, item in done.record["artifacts"].items()}
    del described["sample-0.1.0.intoto.json"]
    assert {item["name"]: item["digest"]["sha256"] for item in said["subject"]} == described
    (offer,) = [item["annotations"] for item in said["subject"] if "annotations" in item]
    assert offer == {"offerSha256": done.record["offer"]["sha256"]}
    source, *wheels = said["predicate"]["buildDefinition"]["resolvedDependencies"]
    head = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=root, env=environment(), text=True).strip()
    assert (source["digest"], source["annotations"]) == ({"gitCommit": head}, {"clean": True})
    assert [item["digest"]["sha256"] for item in wheels] == [item["sha256"] for item in done.record["distributions"]]
    assert wheels[1]["uri"] == "pkg:pypi/upper@1.0?file_name=upper-1.0-cp312-cp312-manylinux2014_x86_64.whl"
    assert said["predicate"]["runDetails"]["builder"]["version"].keys() == {"hatch-os402", "hatchling"}


def test_nothing_of_a_machine_and_no_secret_is_in_them(built, shelf, tmp_path):
    root, done = built
    other = shutil.copytree(root, tmp_path / "elsewhere" / "copy", ignore=shutil.ignore_patterns("dist"))
    env = settings(shelf, TZ="Asia/Kathmandu", LC_ALL="C", PYTHONHASHSEED="402", SOURCE_DATE_EPOCH="1900000000")
    again = build(other, env=env, umask=0o077)
    assert again.artifacts == done.artifacts
    # What the first build has written, which git does not ignore, is no change of the project.
    assert build(other, env=env).artifacts == done.artifacts
    for content in (*done.artifacts.values(), done.err.encode(), done.out.encode()):
        assert SECRET.encode() not in content


@pytest.mark.parametrize("change", ["edited", "untracked"])
def test_a_folder_with_changes_is_not_clean(built, shelf, tmp_path, change):
    root, _ = built
    other = shutil.copytree(root, tmp_path / "copy")
    (other / "ignored.log").write_text("")
    with (other / ("sample/__init__.py" if change == "edited" else "new.py")).open("a") as file:
        file.write("# changed\n")
    said = json.loads(build(other, env=settings(shelf))[".intoto.json"])
    assert said["predicate"]["buildDefinition"]["resolvedDependencies"][0]["annotations"] == {"clean": False}


def test_they_come_and_go_with_the_artifacts(built, shelf, tmp_path):
    root, done = built
    other = shutil.copytree(root, tmp_path / "copy")
    pyproject = other / "pyproject.toml"
    whole = pyproject.read_text()
    pyproject.write_text(whole.replace("provenance = true", "").replace('"upper"]', '"upper", "lost"]', 1))
    assert build(other, env=settings(shelf)).code == 1
    assert build(other, "-t", "wheel", env=settings(shelf)).artifacts.items() >= done.artifacts.items()
    pyproject.write_text(whole.replace("provenance = true", ""))
    kept = build(other, env=settings(shelf)).artifacts
    assert "sample-0.1.0.cdx.json" in kept
    assert "sample-0.1.0.intoto.json" not in kept
    clean(other / "dist", "sample-0.1.0")
    assert [Path(name).suffix for name in os.listdir(other / "dist")] == [".whl"]  # noqa: PTH208


def test_verify_finds_each_that_was_changed(built, tmp_path, capsys):
    _, done = built
    for number, (suffix, old, new, broken) in enumerate(
        (
            (".cdx.json", '"2.0"', '"2.1"', "lower has version 2.1"),
            (".cdx.json", '"CycloneDX"', '"SPDX"', "no bill"),
            (".cdx.json", '"Own"', '"Other"', "in the archive is another one"),
            (".intoto.json", '"name": "sample-0.1.0.pyz"', '"name": "sample-0.1.1.pyz"', "it says sha256"),
            (".intoto.json", "{", "[", "cannot be understood"),
        )
    ):
        folder = shutil.copytree(done.dist, tmp_path / str(number))
        path = folder / f"sample-0.1.0{suffix}"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        code, out, _ = call(capsys, "verify", path)
        assert code == 1
        assert f"{path.name} is not what" in out
        # With a record that fits, what it says itself is still compared.
        record = folder / "sample-0.1.0.build.json"
        stated = json.loads(record.read_bytes())
        content = path.read_bytes()
        stated["artifacts"][path.name] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        record.write_bytes(record_text(stated))
        code, out, _ = call(capsys, "verify", path)
        assert code == 1
        assert broken in out
    assert call(capsys, "verify", done.dist / "sample-0.1.0.cdx.json")[0] == 0


@pytest.mark.parametrize("content", [b'{"bomFormat": "CycloneDX", "components": [{"name": 1, "version": ""}]}', b"[]"])
def test_names_that_are_no_text(content):
    record = {"distributions": [{"name": "a", "version": "1", "sha256": ""}], "artifacts": {"a": {"sha256": ""}}}
    assert list(bill_faults(content, record))
    statement = b'{"subject": [{"name": 1, "digest": {"sha256": ""}}]}'
    assert list(statement_faults(statement, record))


def test_what_was_compared_with_nothing_does_not_hold(built, tmp_path, capsys):
    _, done = built
    folder = shutil.copytree(done.dist, tmp_path / "copy")
    (folder / "sample-0.1.0.build.json").unlink()
    out = call(capsys, "verify", folder / "sample-0.1.0.pyz")[1]
    assert not [line for line in out.splitlines() if "\u2713" in line and ("provenance" in line or "bill" in line)]


def test_without_the_extra_the_command_that_installs_it_is_shown(shelf, tmp_path):
    root = write(tmp_path / "project")
    blocked = tmp_path / "blocked" / "cyclonedx"
    blocked.mkdir(parents=True)
    (blocked / "__init__.py").write_text("raise ModuleNotFoundError('no', name='cyclonedx')\n")
    env = settings(shelf) | {"PYTHONPATH": str(blocked.parent)}
    err = build(root, env=env, python=sys.executable).refused()
    assert '"sbom"' in err
    assert "install" in err
    assert not (root / "dist").exists()
