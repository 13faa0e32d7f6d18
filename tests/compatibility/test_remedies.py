"""Suggested fixes, found by pip among crafted wheels."""

from __future__ import annotations

import io
import os
import tarfile
import time
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from support.shelfresolver import Shelf
from support.wheelcraft import ELF, make_wheel

from hatch_os402.compatibility import render
from hatch_os402.compatibility.assess import assess
from hatch_os402.compatibility.imports.reach import Library
from hatch_os402.compatibility.remedies import extra, registry, release, trials
from hatch_os402.compatibility.remedies import search as remedy_search
from hatch_os402.compatibility.remedies.merging import tighter
from hatch_os402.compatibility.remedies.search import required_only_by, with_remedies
from hatch_os402.compatibility.remedies.trials import SearchContext
from hatch_os402.compatibility.vet import vet
from hatch_os402.errors import OutOfTimeError
from hatch_os402.resolution import fetch as fetching
from hatch_os402.resolution import resolve as resolving
from hatch_os402.resolution.fetch import fetch
from hatch_os402.resolution.graph import Graph
from hatch_os402.resolution.resolve import ResolveOptions, resolve_with_source
from hatch_os402.runtime.modules import facts
from hatch_os402.wheels.reading import read_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from hatch_os402.compatibility.findings import Assessment

pytestmark = pytest.mark.once

LIBRARY = Library(*(frozenset(facts()[key]) for key in ("modules", "missing", "undecided")))
LINUX = "cp312-cp312-manylinux_2_17_x86_64"


@pytest.fixture
def index(tmp_path, monkeypatch, request):
    """A folder that is the index: for pip itself in tests marked `real_pip`, else for a resolver in this process."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    if request.node.get_closest_marker("real_pip") is None:
        shelf = Shelf(folder)
        monkeypatch.setattr(resolving, "resolve_with_pip", shelf.resolve_with_pip)
        monkeypatch.setattr(fetching, "run_pip", shelf.run_pip)
    return folder


def pure(index: Path, name: str, version: str, *requires: str, **more) -> None:
    make_wheel(index, name, version, {f"{name}/__init__.py": ""}, requires=requires, **more)


def native(index: Path, name: str, version: str, *requires: str) -> None:
    make_wheel(index, name, version, {f"{name}/_x.abi3.so": ELF}, requires=requires, tag=LINUX)


def sdist(index: Path, name: str, version: str, metadata: str = "Metadata-Version: 2.2\n") -> None:
    text = f"{metadata}Name: {name}\nVersion: {version}\n"
    with tarfile.open(index / f"{name}-{version}.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo(f"{name}-{version}/PKG-INFO")
        info.size = len(text)
        archive.addfile(info, io.BytesIO(text.encode()))


def searched(
    tmp_path: Path, requires, *, extras=(), groups=(), seconds=200, machines=("x86_64", "aarch64")
) -> Assessment:
    provided = sorted({item.partition("extra == ")[2].strip("'\"") for item in requires if "extra ==" in item})
    own = make_wheel(tmp_path, "app", "1.0", {"app.py": ""}, requires=requires, extras=provided)
    project, cache, number = read_wheel(own), tmp_path / "cache", len(list(tmp_path.glob("work*")))
    (workdir := tmp_path / f"work{number}").mkdir()
    resolve_options = ResolveOptions(machines)
    groups = tuple(map(Requirement, groups))
    base = resolve_with_source(
        project, extras=frozenset(extras), groups=groups, workdir=workdir, resolve_options=resolve_options
    )
    wheels = [pin for pin in base.pins if not pin.is_sdist]
    vetted_wheels = [vet(wheel) for wheel in fetch(wheels, cache=cache, workdir=workdir, machine="x86_64")]
    found = assess(vet(project), vetted_wheels, base, {})
    incompatible = frozenset(finding.subject for finding in found.errors)
    context = SearchContext(
        project,
        frozenset(extras),
        groups,
        base,
        incompatible,
        resolve_options,
        vet,
        cache,
        workdir / "trials",
        seconds,
        time.monotonic() + seconds,
        LIBRARY,
    )
    return with_remedies(found, context, tmp_path / "memory")


def ways(found: Assessment) -> dict[str, list[tuple[str, ...]]]:
    return {item.subject: [(remedy.kind, *remedy.lines) for remedy in item.remedies] for item in found.errors}


@pytest.mark.real_pip
def test_several_at_once_and_what_comes_with_them(tmp_path, index):
    for version in ("1.0", "1.1"):
        pure(index, "a", version)
    for version in ("2.0", "3.0"):
        native(index, "a", version)
    native(index, "inner", "1.0")
    native(index, "core", "1.0", "inner")
    native(index, "core", "2.0", "inner")
    for version, requires in {"1.10": (), "1.11": (), "2.0": ("core==1.0",), "2.1": ("core==2.0",)}.items():
        pure(index, "parent", version, *requires)
    pure(index, "upper", "1.0", "parent")
    native(index, "hopeless", "1.0")
    sdist(index, "source", "2.0")
    pure(index, "source", "1.0")
    found = searched(tmp_path, ["upper", "a", "hopeless", "source==2.0"])
    assert ways(found) == {
        "a": [("release", "a<2")],
        "core": [("parent", "parent<2")],
        "hopeless": [],
        "inner": [],
        "source": [("release", "source<2")],
    }
    by_name = {item.subject: item for item in found.errors}
    assert by_name["source"].code == "source-only"
    assert by_name["inner"].searched == "It comes with core alone: what fixes that fixes this as well."
    assert by_name["hopeless"].searched.startswith("No other release of it")
    (remedy,) = by_name["a"].remedies
    assert (remedy.table, remedy.instead_of) == ("project.dependencies", ())
    assert remedy.gives == "a 1.1"
    assert by_name["core"].remedies[0].gives.startswith("parent 1.11, without core and inner")
    assert found.together == ("a<2", "parent<2", "source<2")


def test_what_a_round_number_gives_is_looked_at(tmp_path, index):
    """`a<2` would give 1.3, whose files are native; every wheel of b is pure by name alone."""
    pure(index, "a", "1.2")
    make_wheel(index, "a", "1.3", {"a/_x.so": ELF}, tag=LINUX)
    native(index, "a", "2.0")
    make_wheel(index, "b", "1.0", {"b/_x.so": ELF})
    native(index, "b", "2.0")
    assert ways(searched(tmp_path, ["a", "b"])) == {"a": [("release", "a<1.3")], "b": []}


@pytest.mark.parametrize("array", ["dependencies", "group", "extra"])
def test_a_requirement_that_forbids_it_is_replaced_where_it_is(tmp_path, index, array):
    native(index, "core", "1.0")
    pure(index, "parent", "1.0")
    pure(index, "parent", "2.0", "core")
    found = {
        "dependencies": lambda: searched(tmp_path, ["parent>=2; python_version > '3'"]),
        "group": lambda: searched(tmp_path, [], groups=["parent>=2"]),
        "extra": lambda: searched(tmp_path, ["parent>=2; extra == 'more'"], extras=["more"]),
    }[array]()
    (remedy,) = [remedy for remedy in found.errors[0].remedies if remedy.kind == "parent"]
    assert (remedy.table, remedy.lines, remedy.instead_of) == {
        "dependencies": (
            "project.dependencies",
            ('parent<2; python_version > "3"',),
            ('parent>=2; python_version > "3"',),
        ),
        "group": ("dependency-groups", ("parent<2",), ("parent>=2",)),
        "extra": ("project.optional-dependencies.more", ("parent<2",), ("parent>=2",)),
    }[array]


def test_a_newer_release_where_the_project_holds_to_an_old_one(tmp_path, index):
    native(index, "core", "1.0")
    pure(index, "parent", "2.0.5", "core")
    pure(index, "parent", "2.1.0")
    found = searched(tmp_path, ["parent<2.1"])
    assert ways(found) == {"core": [("parent", "parent>=2.1")]}


@pytest.mark.real_pip
def test_an_extra_that_brings_it(tmp_path, index):
    native(index, "core", "1.0")
    pure(index, "server", "3.0", "core; extra == 'fast'", "h11; extra == 'all'", extras=["fast", "all"])
    pure(index, "h11", "1.0")
    found = searched(tmp_path, ["server[all,fast]>=3"])
    assert ways(found) == {"core": [("extra", "server[all]>=3")]}


def test_a_feature_that_brings_it(tmp_path, index):
    native(index, "core", "1.0")
    pure(index, "other", "1.0")
    found = searched(tmp_path, ["core; extra == 'fast'", "other; extra == 'slow'"], extras=["fast", "slow"])
    assert ways(found) == {"core": [("option", 'features = ["slow"]')]}
    assert found.errors[0].remedies[0].table == "tool.hatch.build.targets.os402"


def test_what_replaces_it(tmp_path, index):
    native(index, "orjson", "3.0")
    pure(index, "simplejson", "3.20")
    (remedy,) = searched(tmp_path, ["orjson>=3"]).errors[0].remedies
    assert (remedy.kind, remedy.lines, remedy.instead_of) == ("replacement", ("simplejson",), ("orjson>=3",))


def test_releases_with_evidence(tmp_path, index):
    for version in ("3.0.4", "4.0"):
        files = {"markupsafe/__init__.py": "", "markupsafe/_speedups.abi3.so": ELF}
        make_wheel(index, "markupsafe", version, files, tag=LINUX)
    assert ways(searched(tmp_path, ["markupsafe"])) == {"markupsafe": [("release", "markupsafe<4,>=2.1.3")]}


def test_ways_that_contradict_each_other_are_not_shown_together(tmp_path, index):
    native(index, "a", "2.0")
    pure(index, "a", "1.0", "both<2")
    native(index, "b", "2.0")
    pure(index, "b", "1.0", "both>=2")
    for version in ("1.0", "2.0"):
        pure(index, "both", version)
    found = searched(tmp_path, ["a", "b"])
    assert ways(found) == {"a": [("release", "a<2")], "b": [("release", "b<2")]}
    assert found.together == ()


def test_a_way_that_brings_another_error_is_none(tmp_path, index):
    native(index, "core", "1.0")
    native(index, "older", "1.0")
    pure(index, "parent", "1.0", "older")
    pure(index, "parent", "2.0", "core")
    assert ways(searched(tmp_path, ["parent"])) == {"core": []}


def test_the_search_ends_in_time_and_says_so(tmp_path, index):
    native(index, "a", "2.0")
    pure(index, "a", "1.0")
    found = searched(tmp_path, ["a"], seconds=0)
    assert ways(found) == {"a": []}
    assert found.errors[0].searched == "The search for fixes was stopped after 0 seconds (`remedies` sets the limit)."
    assert ways(searched(tmp_path, ["a"])) == {"a": [("release", "a<2")]}, "what was cut short is not remembered"


@pytest.mark.real_pip
def test_a_search_that_takes_too_long_is_ended(tmp_path, index, monkeypatch):
    native(index, "a", "2.0")
    pure(index, "a", "1.0")
    monkeypatch.setattr(trials, "seconds_left", lambda _: 0.01)  # too short for any pip to start
    assert searched(tmp_path, ["a"]).errors[0].searched.startswith("The search for fixes was stopped")


def test_answers_are_remembered_until_something_changes(tmp_path, index, monkeypatch):
    native(index, "a", "2.0")
    native(index, "b", "2.0")
    pure(index, "a", "1.0")
    pure(index, "b", "1.0")
    first = searched(tmp_path, ["a", "b"])
    assert first.together == ("a<2", "b<2")
    with monkeypatch.context() as patch:
        patch.setattr(trials, "resolve", lambda *_, **__: pytest.fail("asked again"))
        assert searched(tmp_path, ["a", "b"]).to_json() == first.to_json()
    ran = []
    really = trials.resolve
    monkeypatch.setattr(trials, "resolve", lambda *a, **k: ran.append(1) or really(*a, **k))
    searched(tmp_path, ["a>=2", "b"])
    assert ran, "another requirement is another question"
    ran.clear()
    monkeypatch.setattr(remedy_search, "VALID", -1)
    searched(tmp_path, ["a", "b"])
    assert ran, "an old answer is asked again"


@pytest.mark.parametrize("damage", [b"", b"[{}]", b"{", b"[1]", b'{"a": 1}', b"\xff"])
def test_a_damaged_memory_is_none(tmp_path, damage):
    (tmp_path / "x.json").write_bytes(damage)
    assert remedy_search._remembered(tmp_path / "x.json") is None


def test_who_brings_whom():
    graph = Graph(
        "app",
        {
            "p": frozenset({"app"}),
            "q": frozenset({"app"}),
            "core": frozenset({"p"}),
            "inner": frozenset({"core"}),
            "both": frozenset({"core", "q"}),
        },
    )
    incompatible = ["core", "inner", "both"]
    assert required_only_by("core", incompatible, graph) == ()
    assert required_only_by("inner", incompatible, graph) == ("core",)
    assert required_only_by("both", incompatible, graph) == ()


def test_what_is_known_is_tried_first(tmp_path, index, monkeypatch):
    """Of pydantic-core it is known who does without; of `a` it has to be found out, and there is no time for that."""
    native(index, "a", "2.0")
    pure(index, "a", "1.0")
    native(index, "pydantic-core", "2.0")
    pure(index, "pydantic", "1.0")
    pure(index, "pydantic", "2.0", "pydantic-core")
    order, search = [], remedy_search.search

    def noted(name, context):
        order.append(name)
        return search(name, context)

    def too_late(*_arguments):
        raise OutOfTimeError("there is no time left.")

    monkeypatch.setattr(remedy_search, "AT_ONCE", 1)
    monkeypatch.setattr(remedy_search, "search", noted)
    monkeypatch.setattr(release, "discover", too_late)
    found = searched(tmp_path, ["a", "pydantic"])
    assert order == ["pydantic-core", "a"]
    assert ways(found) == {"a": [], "pydantic-core": [("parent", "pydantic<2")]}
    assert {item.subject: "was stopped" in item.searched for item in found.errors} == {
        "a": True,
        "pydantic-core": False,
    }


def test_extras_are_looked_through_while_there_is_time(tmp_path, index, monkeypatch):
    native(index, "core", "1.0")
    pure(index, "many", "1.0", *(f"core; extra == 'e{number}'" for number in range(3)))

    def walked(*_arguments):
        raise AssertionError("the graph was walked although there was no time")

    monkeypatch.setattr(extra, "walk", walked)
    (found,) = searched(tmp_path, ["many[e0,e1,e2]"], seconds=0).errors
    assert found.remedies == ()
    assert "was stopped after 0 seconds" in found.searched


def test_what_is_known_not_to_exist_is_not_looked_for(tmp_path, index, monkeypatch):
    """Of numpy nothing helps; cryptography has no pure release, and here the project itself requires it."""
    native(index, "numpy", "2.0")
    pure(index, "upper", "2.0", "numpy")
    pure(index, "upper", "1.0")
    native(index, "cryptography", "2.0")

    def asked(*_arguments):
        raise AssertionError("pip was asked for what is known not to exist")

    monkeypatch.setattr(release, "discover", asked)
    found = searched(tmp_path, ["upper", "cryptography"])
    assert ways(found) == {"numpy": [], "cryptography": []}
    assert {item.subject: "no fix was searched for" in item.searched for item in found.errors} == {
        "numpy": True,
        "cryptography": False,
    }


def test_the_registry_orders_every_kind_of_fix():
    """Those that change least of what the project uses are shown first; what is only tried is searched first."""
    shown = sorted(registry.KINDS, key=lambda kind: kind.display_order)
    assert list(dict.fromkeys(kind.names[0] for kind in shown)) == [
        "extra",
        "option",
        "release",
        "parent",
        "replacement",
        "substitute",
    ]
    assert {name for kind in registry.KINDS for name in kind.names} == {kind.names[0] for kind in registry.KINDS}
    assert max(registry.KINDS, key=lambda kind: kind.search_order).names == ("release", "parent")


IMPORTS = {
    "what Python 3.12 lost": ({"a/__init__.py": "from distutils.util import strtobool\n"}, False),
    "what it lost, deeper": ({"a/__init__.py": "from . import b\n", "a/b.py": "import asynchat, imp\n"}, False),
    "what it lost, in a function": ({"a/__init__.py": "def f(): import os, distutils.util\n"}, False),
    "in a function, guarded": ({"a/__init__.py": "def f(old):\n if old: import imp\n"}, True),
    "what nobody has": ({"a/__init__.py": "import unheard_of.deep\n"}, False),
    "what its own requirement has lost": ({"a/__init__.py": "import inner\n"}, False),
    "what the resolution has": ({"a/__init__.py": "import other, json, a.b\n", "a/b.py": ""}, True),
    "what it can do without": (
        {"a/__init__.py": "try: import distutils\nexcept ImportError: pass\ndef f(): import unheard_of\n"},
        True,
    ),
    "in modules that nobody imports": (
        {"a/__init__.py": "", "a/old.py": "import imp\n", "tests/__init__.py": "import nose"},
        True,
    ),
    "another module at its top works": ({"x.py": "import imp\n", "y.py": ""}, True),
    "none at its top works": ({"x.py": "import imp\n", "y.py": "import x\n"}, False),
}


@pytest.mark.parametrize(("files", "fits"), IMPORTS.values(), ids=IMPORTS)
def test_a_release_whose_imports_do_not_fit_is_not_offered(tmp_path, index, files, fits):
    pure(index, "other", "1.0")
    make_wheel(index, "inner", "1.0", {"inner.py": "import imp\n"})
    make_wheel(index, "a", "0.9", files, requires=["inner"])
    sdist(index, "a", "1.0")
    found = searched(tmp_path, ["a>=1", "other"])
    assert ways(found) == {"a": [("release", "a<1")] if fits else []}


def test_what_an_sdist_beside_it_may_bring_is_not_missed(tmp_path, index):
    make_wheel(index, "a", "0.9", {"a/__init__.py": "import of_the_sdist\n"})
    make_wheel(index, "b", "0.9", {"b/__init__.py": "import distutils\n"})
    for name in ("a", "b", "source"):
        sdist(index, name, "1.0")
    found = searched(tmp_path, ["a>=1", "b>=1", "source"])
    assert ways(found) == {"a": [("release", "a<1")], "b": [], "source": []}


@pytest.mark.real_pip
def test_a_release_for_an_older_python_is_not_offered(tmp_path, index):
    pure(index, "a", "0.9", requires_python="<3.12")
    pure(index, "a", "0.8", requires_python=">=3.8")
    native(index, "a", "1.0")
    pure(index, "b", "0.9", requires_python="<3.12")
    native(index, "b", "1.0")
    found = searched(tmp_path, ["a", "b"])
    assert ways(found) == {"a": [("release", "a<1")], "b": []}
    assert [remedy.gives for item in found.errors for remedy in item.remedies] == ["a 0.8"]


@pytest.mark.parametrize(("version", "offered"), [("0.30.0", True), ("2027.1", False)])
def test_a_substitute_is_offered_for_releases_that_it_is_for(tmp_path, index, version, offered):
    files = {"rpds/__init__.py": "from .rpds import *\n", "rpds/rpds.cpython-312-x86_64-linux-gnu.so": ELF}
    make_wheel(index, "rpds-py", version, files, tag=LINUX)
    pure(index, "parent", "1.0", "rpds-py")
    found = searched(tmp_path, ["parent"], machines=("x86_64",))
    wanted = [("substitute", 'substitutes = ["rpds-py"]')] if offered else []
    assert ways(found) == {"rpds-py": wanted}
    if offered:
        text = render.errors(found)
        assert (
            'Suggested fix: substitutes = ["rpds-py"] in tool.hatch.build.targets.os402 (gives rpds-py 0.30.0,' in text
        )


def substitutable(index: Path, name: str, version: str) -> None:
    folder = {"rpds-py": "rpds", "jiter": "jiter"}[name]
    files = {f"{folder}/__init__.py": "", f"{folder}/{folder}.cpython-312-x86_64-linux-gnu.so": ELF}
    make_wheel(index, name, version, files, tag=LINUX)


def test_a_substitute_and_other_requirements_are_one_fix(tmp_path, index):
    """As openai needs it: jiter is replaced, and pydantic is one that needs no compiled code."""
    substitutable(index, "jiter", "0.19.0")
    native(index, "pydantic-core", "2.0")
    pure(index, "pydantic", "1.0")
    pure(index, "pydantic", "2.0", "pydantic-core")
    pure(index, "client", "3.0", "jiter", "pydantic")
    found = searched(tmp_path, ["client"], machines=("x86_64",))
    assert found.together == ("pydantic<2", 'substitutes = ["jiter"]')
    text = render.errors(found)
    assert text.endswith('  pydantic<2\n  substitutes = ["jiter"]')
    assert "another distribution than client" not in text


def test_a_substitute_is_no_fix_for_a_release_that_another_fix_brings(tmp_path, index):
    substitutable(index, "jiter", "0.19.0")
    substitutable(index, "jiter", "0.5.0")
    native(index, "inner", "2.0")
    pure(index, "inner", "1.0", "jiter<0.6")
    found = searched(tmp_path, ["inner", "jiter"], machines=("x86_64",))
    assert ways(found) == {
        "inner": [("release", "inner<2")],
        "jiter": [("substitute", 'substitutes = ["jiter"]')],
    }
    assert found.together == ()


def test_of_two_bounds_of_one_distribution_the_tighter_is_the_fix(tmp_path, index):
    for name in ("x", "y"):
        native(index, name, "1.0")
    pure(index, "a", "3.0", "x", "y")
    pure(index, "a", "2.0", "y")
    pure(index, "a", "1.0")
    found = searched(tmp_path, ["a>=1"])
    assert ways(found) == {"x": [("parent", "a<3")], "y": [("parent", "a<2")]}
    assert found.together == ("a<2",)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("a<2", "a<1.5", "a<1.5"),
        ("a<=2", "a<2", "a<2"),
        ("a>2", "a>=2", "a>2"),
        ("a>=3", "a>2", "a>=3"),
        ("a", "a<2", "a<2"),
        ("A_b<2", "a-b<2.0", "A_b<2"),
        ("a<2", "a>1", None),
        ("a<2", "b<2", None),
        ("a[x]<2", "a<2", None),
        ("a<2,>1", "a<1.5", None),
        ("a<2", "a<1; python_version < '3'", None),
    ],
)
def test_which_requirement_is_tighter(one, other, expected):
    wanted = Requirement(expected) if expected else None
    assert tighter(Requirement(one), Requirement(other)) == wanted
    assert bool(tighter(Requirement(other), Requirement(one))) is bool(expected)


def test_a_prerelease_and_a_placeholder_are_no_fix(tmp_path, index):
    for name in ("early", "empty", "brave"):
        native(index, name, "1.0")
    native(index, "brave", "1.1a1")
    pure(index, "early", "0.1a1")
    pure(index, "brave", "0.9a1")
    make_wheel(index, "empty", "0.0.1", {"empty.txt": ""})
    assert ways(searched(tmp_path, ["early", "empty", "brave==1.1a1"])) == {
        "early": [],
        "empty": [],
        "brave": [("release", "brave<1")],
    }


def test_a_fix_names_what_becomes_of_the_project_s_own_requirements(tmp_path, index):
    native(index, "pydantic-core", "2.0")
    pure(index, "pydantic", "1.0")
    pure(index, "pydantic", "2.0", "pydantic-core")
    pure(index, "web", "1.0", "base")
    pure(index, "web", "2.0", "base", "pydantic>=2")
    pure(index, "base", "1.0", "pydantic")
    pure(index, "other", "1.0")
    found = searched(tmp_path, ["web", "other"])
    (remedy,) = found.errors[0].remedies
    assert (remedy.lines, remedy.gives) == (("pydantic<2",), "pydantic 1.0, web 1.0, without pydantic-core")


def test_what_comes_with_something_hopeless_is_not_searched_for(tmp_path, index, monkeypatch):
    native(index, "torch", "1.0")
    native(index, "x", "1.0")
    pure(index, "a", "2.0", "torch", "middle")
    pure(index, "middle", "1.0", "x")
    monkeypatch.setattr(release, "discover", lambda *_: pytest.fail("pip was asked"))
    found = {item.subject: item for item in searched(tmp_path, ["a"]).errors}
    assert found.keys() == {"torch", "x"}
    assert found["x"].searched == "What requires it here cannot run for torch anyway, so no fix was searched for."
    assert (found["x"].remedies, found["x"].advice) == ((), "")


def test_no_release_is_searched_of_what_brings_something_hopeless_itself(tmp_path, index, monkeypatch):
    """sglang is compiled, and so is torch, which every release of it requires."""
    native(index, "served", "2.0", "between")
    pure(index, "served", "1.0", "between")
    pure(index, "between", "1.0", "torch")
    native(index, "torch", "1.0")

    def asked(*_arguments):
        raise AssertionError("pip was asked for a release that would not help")

    with monkeypatch.context() as patched:
        patched.setattr(release, "discover", asked)
        found = {item.subject: item for item in searched(tmp_path, ["served"]).errors}
    assert {name: item.remedies for name, item in found.items()} == {"served": (), "torch": ()}
    assert found["served"].searched == (
        "It requires torch, pure Python in no release: no other release was searched for."
    )
    native(index, "extra", "2.0", "torch; extra == 'model'")
    pure(index, "extra", "1.0", "torch; extra == 'model'")
    found = {item.subject: item for item in searched(tmp_path, ["extra[model]"]).errors}
    assert [item.lines for item in found["extra"].remedies] == [("extra<2",)]


def test_what_comes_without_something_hopeless_as_well_is_searched_for(tmp_path, index):
    native(index, "torch", "1.0")
    native(index, "x", "1.0")
    pure(index, "a", "2.0", "torch", "x")
    pure(index, "b", "2.0", "x")
    pure(index, "b", "1.0")
    pure(index, "many", "1.0", "torch; extra == 'model'", "x")
    found = {item.subject: item for item in searched(tmp_path, ["a", "b", "many[model]"]).errors}
    assert "no fix was searched" not in found["x"].searched
    assert found["torch"].searched == (
        "None of its releases is pure Python, and nothing here that requires it is known to do without it: "
        "no fix was searched for."
    )


def test_an_extra_that_brings_what_is_hopeless_is_left_out_and_the_rest_is_searched_for(tmp_path, index):
    native(index, "torch", "1.0")
    native(index, "x", "2.0")
    pure(index, "x", "1.0")
    pure(index, "many", "1.0", "torch; extra == 'model'", "x")
    found = searched(tmp_path, ["many[model]"])
    assert ways(found) == {"torch": [("extra", "many")], "x": [("release", "x<2")]}
    assert found.together == ("many", "x<2")
