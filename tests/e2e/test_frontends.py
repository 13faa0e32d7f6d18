"""Every way to build gives the same four files, no way gives them unasked, and they run."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.buildproject import (
    FILES,
    build,
    call,
    contents,
    copy_fixture,
    environment,
    offline,
    run,
    write,
    write_project,
)
from support.wheelcraft import make_wheel

from hatch_os402.artifacts.names import SIGNED_SUFFIX, SUFFIXES, names

if TYPE_CHECKING:
    from pathlib import Path

HOOK = "[tool.hatch.build.targets.wheel.hooks.os402]\n"
SCRIPT = "import json, sys\nfrom lower import answer\ndef main():\n    print(json.dumps([answer, sys.stdin.read()]))\n"
PREVIOUS = dict.fromkeys((*names("sample-0.1.0"), f"sample-0.1.0{SIGNED_SUFFIX}"), b"old")


@pytest.fixture
def hooked(find_links, tmp_path) -> Path:
    """A project with a dependency and the hook; pip finds the dependency with `offline(shelf)`."""
    make_wheel(find_links, "lower", "1.0", {"lower.py": "answer = 42\n"})
    files = {"sample/__init__.py": "", "sample/cgi.py": SCRIPT, "README.md": "for the sdist\n"}
    project = 'readme = "README.md"\n[project.scripts]\nsample = "sample.cgi:main"\n'
    return write_project(
        tmp_path / "project", dependencies=["lower"], files=files, project=project, options="", extra=HOOK
    )


def frontends(place: Path) -> dict[str, list[str]]:
    """Return the commands that build wheels into `place`."""
    uv = ["uv", "build", "--wheel", "--no-build-isolation", "--offline", "--python", sys.executable]
    return {
        "hatchling": ["hatchling", "build", "-t", "wheel", "-d", str(place)],
        "build": ["build", "--wheel", "--no-isolation", "--outdir", str(place)],
        "uv": [*uv, "--out-dir", str(place)],
    }


@pytest.mark.parametrize(
    "frontend", ["hatchling", *(pytest.param(name, marks=pytest.mark.once) for name in ("build", "uv"))]
)
def test_the_hook_gives_what_the_target_gives(find_links, hooked, tmp_path, frontend):
    env = environment(**offline(find_links), UV_CACHE_DIR=str(tmp_path / "cache of uv"))
    target = build(hooked, env=env, dist=tmp_path / "target").succeeded()
    assert sorted(target.artifacts) == sorted(names("sample-0.1.0"))
    place = tmp_path / frontend
    command = [sys.executable, "-m", *frontends(place)[frontend]]
    hook = run(command, hooked, env=env, dist=place).succeeded()
    assert hook.ours == target.ours
    assert len([name for name in hook.artifacts if name.endswith(".whl")]) == 1


@pytest.mark.once
def test_both_in_one_build(find_links, hooked):
    both = build(hooked, "-t", "wheel", "-t", "os402", env=environment(**offline(find_links))).succeeded()
    assert len(both.artifacts) == len(SUFFIXES) + 1


def test_an_option_of_the_hook_is_refused(tmp_path):
    root = write_project(tmp_path, extra=f"{HOOK}bytecode = true\n")
    reported = build(root, "-t", "wheel").refused()
    assert "hooks.os402.bytecode" in reported
    assert "[tool.hatch.build.targets.os402]" in reported
    assert contents(root / "dist") == {}


@pytest.mark.once
def test_a_hook_that_fails_leaves_the_previous_artifacts(tmp_path):
    root = write_project(tmp_path, dependencies=["unheard-of"], extra=HOOK)
    write(root / "dist", PREVIOUS)
    built = build(root, "-t", "wheel")
    assert "unheard-of" in built.refused()
    assert {name: built.artifacts[name] for name in PREVIOUS} == PREVIOUS


def test_an_sdist_has_no_artifacts(hooked):
    """The index is not even asked: there is none."""
    for hooks in (HOOK, "[tool.hatch.build.hooks.os402]\n"):
        pyproject = (hooked / "pyproject.toml").read_text().replace(HOOK, hooks)
        write(hooked, {"pyproject.toml": pyproject})
        built = build(hooked, "-t", "sdist")
        assert built.code == 0, built.err
        assert list(built.artifacts) == ["sample-0.1.0.tar.gz"]


@pytest.mark.once
def test_an_editable_installation_has_no_artifacts(hooked, tmp_path):
    dev_mode = '[tool.hatch.build]\ndev-mode-dirs = ["."]\n'  # else hatchling wants another distribution for it
    write(hooked, {"pyproject.toml": (hooked / "pyproject.toml").read_text() + dev_mode})
    before = contents(hooked)
    options = ["--no-build-isolation", "--no-deps", "--no-warn-script-location", "--prefix", str(tmp_path / "prefix")]
    command = [sys.executable, "-m", "pip", "install", *options, "-e", "."]
    installed = run(command, hooked, env=environment(PIP_NO_INDEX="1"), dist=hooked / "dist")
    assert installed.code == 0, installed.err
    assert "Successfully installed sample" in installed.out
    assert contents(hooked) == before
    assert not [name for name in contents(tmp_path) if name.endswith(SUFFIXES)]


IMPORTS = """
import json, runpy, sys
if sys.argv[1] == "with":
    from hatch_os402.plugin import hooks
    hooks.hatch_register_builder(), hooks.hatch_register_build_hook()
sys.argv = ["hatchling", "build", "-t", "wheel"]
try:
    runpy.run_module("hatchling", run_name="__main__")
except SystemExit as end:
    assert not end.code, end.code
print(json.dumps(sorted(sys.modules)))
"""


def test_other_builds_pay_nothing(tmp_path):
    """Hatch registers every plugin as soon as it looks for one; ours then brings neither its own rooms nor much else."""
    write_project(tmp_path)
    imported = {}
    for plugins in ("without", "with"):
        command = [sys.executable, "-c", IMPORTS, plugins]
        stated = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True)
        imported[plugins] = set(json.loads(stated.stdout.splitlines()[-1]))
    ours = {name for name in imported["with"] if name.partition(".")[0] == "hatch_os402"}
    assert "hatch_os402.plugin.hooks" in ours
    rooms = (
        *(
            "archive",
            "artifacts",
            "cache",
            "dependencies",
            "files",
            "launcher",
            "offer",
            "options",
            "pipeline",
            "project",
        ),
        "runtime",
    )
    assert [name for name in ours if name.count(".") and name.split(".")[1] in rooms] == []
    due_to_us = imported["with"] - imported["without"]
    heavy = (
        "email",
        "filelock",
        "zipfile",
        "subprocess",
        "urllib",
        "asyncio",
        "pip",
        "packaging.metadata",
        "packaging.tags",
    )
    assert [name for name in due_to_us if name.split(".")[0] in heavy or name in heavy] == []


@pytest.mark.once
@pytest.mark.parametrize("arguments", [("-t", "os402", "-c"), ("-t", "os402", "--clean-only")])
def test_cleaning_removes_our_names_only(tmp_path, arguments):
    root = write_project(tmp_path)
    others = {
        "sample-0.1.0-py3-none-any.whl": b"a wheel",
        "sample-0.1.0.tar.gz": b"an sdist",
        "sample-0.2.0.pyz": b"another version",
        "sample-0.1.0.pyz.asc": b"a signature",
        "other-0.1.0.offer.json": b"another project",
        "folder/sample-0.1.0.pyz": b"in a folder",
    }
    write(root / "dist", others | PREVIOUS)
    built = build(root, *arguments)
    assert built.code == 0, built.err
    left = {name: content for name, content in built.artifacts.items() if name not in others}
    assert {name: built.artifacts[name] for name in others} == others
    assert sorted(left) == ([] if "--clean-only" in arguments else sorted(names("sample-0.1.0")))
    assert b"old" not in left.values()


@pytest.mark.once
def test_the_hook_cleans_too(tmp_path):
    root = write_project(tmp_path, extra=HOOK)
    others = {"sample-0.2.0.pyz": b"another version"}
    write(root / "dist", others | PREVIOUS)
    built = build(root, "-t", "wheel", "-c")
    assert built.code == 0, built.err
    assert set(built.ours) == {*names("sample-0.1.0"), *others}
    assert b"old" not in built.artifacts.values()


@pytest.mark.once
def test_a_build_replaces_the_previous_one(tmp_path):
    root = write_project(tmp_path)
    write(root / "dist", dict.fromkeys(names("sample-0.1.0"), b"old"))
    built = build(root).succeeded()
    assert b"old" not in built.artifacts.values()
    assert sorted(built.artifacts) == sorted(names("sample-0.1.0"))  # and no folder of work is left


def answer(built, python312, folder, body=b""):
    """Return headers and body of a call, once it is known that nothing went wrong and no file was needed."""
    finished = call(built, python312.path, body, folder=folder)
    assert finished.returncode == 0, finished.stderr.decode()
    assert finished.stderr == b""
    head, separator, rest = finished.stdout.partition(b"\r\n\r\n")
    assert separator
    return head.decode(), rest.decode()


@pytest.mark.once
@pytest.mark.network
def test_the_greeter_greets(tmp_path, python312):
    root = copy_fixture("greeter", tmp_path / "greeter")
    built = build(root, env=environment(pip=True), dist=tmp_path / "dist").succeeded()
    (empty := tmp_path / "empty").mkdir()
    head, body = answer(built, python312, empty, json.dumps({"name": "Alice", "language": "de"}).encode())
    assert head == "Status: 200 OK\r\nContent-Type: application/json"
    assert json.loads(body) == {"message": "Grüß dich, Alice!"}
    assert "markupsafe 3" in built.err
    assert not [path for path in built.members if path.endswith(".so")]

    pyz = tmp_path / "dist" / "greeter-0.1.0.pyz"
    stated = subprocess.run(
        [sys.executable, pyz], input=b"", env=environment(), cwd=empty, capture_output=True, check=True
    )
    assert json.loads(stated.stdout) == {"message": "Hello, World!"}
    assert list(empty.iterdir()) == []


@pytest.mark.once
@pytest.mark.network
def test_the_namespace_package_reports(tmp_path, python312):
    root = copy_fixture("namespaced", tmp_path / "namespaced")
    built = build(root, env=environment(pip=True), dist=tmp_path / "dist").succeeded()
    _, body = answer(built, python312, tmp_path)
    assert set(built.vendored) == {"idna", "packaging", "tabulate", "toml"}
    for name, version in {**built.vendored, "acme-report": "1.2.0"}.items():
        assert [name, version] in [line.split() for line in body.splitlines()]
    assert "xn--" in body


def test_the_plain_package_answers(tmp_path, python312):
    root = copy_fixture("plain", tmp_path / "plain")
    built = build(root, dist=tmp_path / "dist").succeeded()
    _, body = answer(built, python312, tmp_path, b'{"name": "Bob"}')
    assert json.loads(body) == {"message": "Hello, Bob!", "arguments": []}
    stated = subprocess.run(
        [sys.executable, tmp_path / "dist/plain-0.1.0.pyz", "more"], input=b"", capture_output=True, check=True
    )
    assert b'"arguments": ["more"]' in stated.stdout


@pytest.mark.once
@pytest.mark.parametrize("options", ["bytecode = true\nsources = false", "bytecode = true\ncompression = 'deflated'"])
def test_other_archives_run_too(find_links, tmp_path, python312, options):
    make_wheel(find_links, "lower", "1.0", {"lower.py": "answer = 42\n"})
    files = {**FILES, "sample/__main__.py": "", "sample/cgi.py": SCRIPT}
    project = '[project.scripts]\nsample = "sample.cgi:main"\n'
    root = write_project(tmp_path / "p", dependencies=["lower"], files=files, project=project, options=options)
    built = build(root, env=environment(**offline(find_links))).succeeded()
    finished = call(built, python312.path, "Grüße".encode(), folder=tmp_path)
    assert json.loads(finished.stdout) == [42, "Grüße"]
    assert ("lower.py" in built.members) == ("sources" not in options)
