"""What the shim relies on, in every release of pip that may be installed beside the package."""

from __future__ import annotations

import ast
import functools
import zipfile
from typing import TYPE_CHECKING

import pytest
from support.localindex import serving
from support.pips import floor, released
from support.wheelcraft import make_wheel

from hatch_os402.resolution import pip_job, pip_process
from hatch_os402.resolution.fetch import fetch
from hatch_os402.resolution.pip_session import PipSession
from hatch_os402.resolution.resolve import ResolveOptions, resolve
from hatch_os402.resolution.shim import _pip_internals
from hatch_os402.wheels.reading import read_wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from packaging.version import Version

pytestmark = [pytest.mark.once, pytest.mark.network]

OF_ALL = 4
"""So many releases resolve and fetch: the oldest, the newest, and those between them at equal distances."""


@pytest.fixture(scope="module")
def pips(tmp_path_factory) -> dict[Version, Path]:
    return released(tmp_path_factory.mktemp("pips"))


def lacking(read: Callable[[str], str]) -> list[str]:
    """Return what of the shim's names is not in a pip, by its source, without an import; `read` gives that of a module.

    To import twenty releases out of their wheels compiles each of them whole, which takes a minute.
    """
    found = []
    for key, (module, within, used) in {**_pip_internals.FIRST, **_pip_internals.OTHERS}.items():
        body = names_in(read(module))
        body |= {
            name: names_in(read(node.module)).get(name)  # it is defined elsewhere, and pip uses the copy here
            for name, node in body.items()
            if isinstance(node, ast.ImportFrom) and name in {within, *used}
        }
        owner = body.get(within) if within else body
        if isinstance(owner, ast.Assign):  # an instance
            owner = names_in(read("pip._internal.vcs.versioncontrol"))[owner.value.func.id]
        if owner is None:
            found.append(f"{module} has no {within}")
            continue
        inside = body if owner is body else members_of(owner)
        found += [fault for name, parameters in used.items() if (fault := differing(inside, name, parameters))]
        made = ast.dump(inside["__init__"]) if key in _pip_internals.ATTRIBUTES else ""
        found += [
            f"{within} has no {name}" for name in _pip_internals.ATTRIBUTES.get(key, ()) if f"'{name}'" not in made
        ]
    return found


def names_in(source: str) -> dict[str, ast.AST]:
    return members_of(parsed(source))


parsed = functools.cache(ast.parse)


def members_of(tree: ast.AST) -> dict[str, ast.AST]:
    found = {}
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found[node.name] = node
        elif isinstance(node, ast.ImportFrom):
            found.update({alias.asname or alias.name: node for alias in node.names})
        elif isinstance(node, ast.Assign):
            found.update({target.id: node for target in node.targets if isinstance(target, ast.Name)})
    return found


def differing(inside: dict[str, ast.AST], name: str, parameters: tuple[str, ...] | None) -> str:
    node = inside.get(name)
    if node is None:
        return f"{name} is not there"
    if parameters is None:
        return ""
    function = members_of(node)["__init__"] if isinstance(node, ast.ClassDef) else node
    takes = tuple(argument.arg for argument in function.args.args if argument.arg not in {"self", "cls"})
    return "" if takes[: len(parameters)] == parameters else f"{name} takes {takes}, not {parameters}"


def in_wheel(archive: zipfile.ZipFile) -> Callable[[str], str]:
    def read(module: str) -> str:
        path, names = module.replace(".", "/"), set(archive.namelist())
        return archive.read(f"{path}.py" if f"{path}.py" in names else f"{path}/__init__.py").decode()

    return read


def test_every_release_has_what_the_shim_uses(pips):
    oldest, *_, newest = pips
    assert f">={oldest}" in str(floor().specifier)
    assert newest > oldest
    missing = {}
    for version, path in pips.items():
        with zipfile.ZipFile(path) as archive:
            if faults := lacking(in_wheel(archive)):
                missing[str(version)] = faults
    assert not missing


def test_a_release_that_lacks_something_is_found(pips):
    """The comparison can fail, and what runs in pip's process says the same (`test_pip_process.py`)."""
    with zipfile.ZipFile(list(pips.values())[-1]) as archive:
        whole = in_wheel(archive)
        changes = {
            "def make_link_evaluator(self, project_name": "def make_link_evaluator(self, name",
            "self._formats": "self._kinds",
        }

        def changed(module: str) -> str:
            source = whole(module)
            for old, new in changes.items():
                source = source.replace(old, new)
            return source

        assert lacking(changed) == [
            "make_link_evaluator takes ('name',), not ('project_name',)",
            "LinkEvaluator has no _formats",
        ]


@pytest.fixture
def index(tmp_path, monkeypatch):
    folder = tmp_path / "index"
    folder.mkdir()
    make_wheel(
        folder, "a", "1.0", {"a.py": ""}, requires=["b>1; python_full_version == '3.12.3'", "gone; os_name == 'nt'"]
    )
    make_wheel(folder, "b", "2.0", {"b.py": ""})
    make_wheel(folder, "b", "2.0", {"b.py": ""}, tag="cp312-cp312-manylinux_2_17_x86_64")
    make_wheel(folder, "b", "3.0", {"b.py": ""}, requires_python="<3.12.3")
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    with serving(folder, metadata=True) as served:
        monkeypatch.setenv("PIP_INDEX_URL", served.url)
        yield served


def test_some_releases_resolve_and_fetch(pips, index, tmp_path, monkeypatch):
    """One process each, for the target, from an index that has metadata: no wheel is read to resolve."""
    step = (len(pips) - 1) / (OF_ALL - 1)
    versions = list(pips)
    for version in dict.fromkeys(versions[round(step * number)] for number in range(OF_ALL)):
        work = tmp_path / str(version)
        with zipfile.ZipFile(pips[version]) as archive:
            archive.extractall(work / "pip")
        monkeypatch.setattr(pip_job, "_folder_of_pip", lambda folder=str(work / "pip"): folder)
        project = read_wheel(make_wheel(work, "app", "1.0", {"app.py": ""}, requires=["a"]))
        index.requests.clear()
        with PipSession() as session:
            options = ResolveOptions(("x86_64",), session=session)
            found = resolve(project, extras=frozenset(), groups=(), workdir=work, resolve_options=options)
            with monkeypatch.context() as context:
                context.setattr(pip_process, "run_python", None)  # no other process is started
                wheels = fetch(found.pins, cache=work / "cache", workdir=work, machine="x86_64", session=session)
        assert [wheel.filename for wheel in wheels] == ["a-1.0-py3-none-any.whl", "b-2.0-py3-none-any.whl"]
        fetched = [path for path in index.requests if path.endswith(".whl")]
        assert sorted(fetched) == ["/files/a-1.0-py3-none-any.whl", "/files/b-2.0-py3-none-any.whl"], version
        assert [path for path in index.requests if path.endswith(".metadata")]
