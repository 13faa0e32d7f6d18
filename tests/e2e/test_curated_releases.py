"""Every entry of the curated data, tried with the releases of today where os402 would run them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from support.buildproject import build, environment, write_project
from support.diskless import run_diskless
from support.wheelcraft import make_wheel

from hatch_os402.compatibility.curated import environment_hints, incompatibilities, optional_extensions, replacements
from hatch_os402.resolution.resolve import resolve, resolve_with_source
from hatch_os402.wheels.reading import read_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from support.buildproject import Build

pytestmark = [pytest.mark.network, pytest.mark.once]

ASKED = {"sample/__init__.py": "", "sample/__main__.py": "import sys\nexec(sys.stdin.read())\n"}


def vendoring(folder: Path, dependencies) -> Build:
    root = write_project(folder, dependencies=sorted(dependencies), files=ASKED)
    return build(root, env=environment(pip=True)).succeeded()


@pytest.fixture(scope="module")
def curated(tmp_path_factory):
    """A program with everything that is known, which runs what it is sent."""
    return vendoring(
        tmp_path_factory.mktemp("curated"), {*optional_extensions(), *incompatibilities(), *environment_hints()}
    )


def ran(built: Build, python: str, code: str, **variables: str):
    payload = json.loads(built[".offer.json"])["payload"]
    _, *arguments = payload["exec"]["args"]
    body = code.encode()
    cgi = {"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(body))}
    env = payload["exec"]["env"] | cgi | variables
    return run_diskless(python, arguments, built[".stdin"] + body, env)


SPEEDUPS = {
    "markupsafe": "import markupsafe; print(markupsafe.escape('<'), markupsafe.Markup('<b>%s</b>') % '>')",
    "msgpack": "import msgpack; print(msgpack.unpackb(msgpack.packb({'a': [1, 2.5, b'x']})), msgpack.Packer.__module__)",
    "pyyaml": "import yaml; print(yaml.safe_load(yaml.safe_dump({'a': [1, None]})), yaml.__with_libyaml__)",
    "rapidfuzz": "from rapidfuzz import fuzz, process; print(fuzz.ratio('abc', 'abd') > 60, process.extractOne('a', ['b', 'a'])[0])",
    "tornado": "from tornado.util import _websocket_mask as mask; print(mask(b'abcd', b'xyz'))",
}
EXPECTED = {
    "markupsafe": "&lt; <b>&gt;</b>",
    "msgpack": "{'a': [1, 2.5, b'x']} msgpack.fallback",
    "pyyaml": "{'a': [1, None]} False",
    "rapidfuzz": "True a",
    "tornado": repr(bytes(a ^ b for a, b in zip(b"abcd", b"xyz", strict=False))),
}


@pytest.mark.parametrize("name", optional_extensions())
def test_a_speedup_may_be_left_out(curated, python312, name):
    (entry,) = [item for item in curated.record["distributions"] if item["name"] == name]
    assert (entry["treatment"], bool(entry["left_out"])) == ("stripped", True)
    run = ran(curated, python312.path, SPEEDUPS[name])
    assert (run.returncode, run.stderr) == (0, b""), run
    assert run.stdout.decode().strip() == EXPECTED[name]


TROUBLES = {
    "apscheduler": (
        (
            "from datetime import timezone\nfrom apscheduler.schedulers.background import BackgroundScheduler\n"
            "BackgroundScheduler(timezone=timezone.utc).start()"
        ),
        "can't start new thread",
    ),
    "diskcache": ("import diskcache; diskcache.Cache('folder')", "SQLite"),
    "gitpython": ("import git; git.Git().version()", "PermissionError"),
    "gunicorn": (
        (
            "from gunicorn.app.base import BaseApplication\nfrom gunicorn.arbiter import Arbiter\n"
            "class App(BaseApplication):\n    load_config = load = lambda self: None\nArbiter(App()).run()"
        ),
        "",
    ),
    "pexpect": ("import pexpect; pexpect.spawn('/bin/ls')", "ExceptionPexpect"),
    "python-magic": ("import sys; sys.modules['_ctypes'] = None; import magic", "ModuleNotFoundError"),
    "sympy": ("import sys; sys.modules['_ctypes'] = None; import sympy", "ModuleNotFoundError"),
    "sh": ("import sh; sh.ls()", "CommandNotFound"),
}


@pytest.mark.parametrize("name", incompatibilities())
def test_what_is_pure_and_cannot_do_its_work(curated, python312, name):
    assert incompatibilities()[name].covers(Version(curated.vendored[name]))
    (entry,) = [item for item in curated.record["distributions"] if item["name"] == name]
    assert entry["treatment"] == "pure"
    code, why = TROUBLES[name]
    run = ran(curated, python312.path, code, GIT_PYTHON_REFRESH="quiet")
    assert run.returncode != 0, run.stdout
    assert why in run.stderr.decode()


SWITCHES = {
    "joblib": "import joblib; print(joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(-i) for i in range(3)))",
    "gitpython": "import git; print(git.Git.__name__)",
}


@pytest.mark.parametrize("name", environment_hints())
def test_a_variable_that_helps(curated, python312, name):
    switch = environment_hints()[name]
    assert switch.covers(Version(curated.vendored[name]))
    without = ran(curated, python312.path, SWITCHES[name])
    assert without.stderr
    run = ran(curated, python312.path, SWITCHES[name], **switch.environment)
    assert (run.returncode, run.stderr) == (0, b""), run
    assert run.stdout.decode().strip() == {"joblib": "[0, 1, 2]", "gitpython": "Git"}[name]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """What makes the wheel of a project that requires something, and a folder for the resolver."""

    def make(*requires):
        folder = tmp_path_factory.mktemp("project")
        return read_wheel(make_wheel(folder, "app", "1.0", {"app.py": ""}, requires=requires)), folder

    return make


def test_what_has_a_replacement_has_no_pure_release_of_today(project):
    wheel, folder = project(*replacements())
    found = resolve_with_source(wheel, extras=frozenset(), groups=(), workdir=folder)
    pure = {pin.name for pin in found.pins if pin.filename.endswith("-none-any.whl")}
    assert not pure & replacements().keys()


def test_every_replacement_is_pure(tmp_path):
    wanted = {line for entry in replacements().values() for line in entry.require}
    built = vendoring(tmp_path, wanted)
    treatments = {item["name"]: item["treatment"] for item in built.record["distributions"]}
    assert {treatments[canonicalize_name(Requirement(line).name)] for line in wanted} == {"pure"}


@pytest.mark.parametrize("name", [name for name, entry in replacements().items() if entry.parents])
def test_its_parents_do_without_it(project, name):
    for line in replacements()[name].parents:
        wheel, folder = project(line)
        assert name not in {pin.name for pin in resolve(wheel, extras=frozenset(), groups=(), workdir=folder).pins}
