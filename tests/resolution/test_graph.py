from __future__ import annotations

import pytest
from packaging.requirements import Requirement
from support.wheelcraft import make_wheel

from hatch_os402.errors import MarkerError, ResolutionError
from hatch_os402.resolution import resolve as resolving
from hatch_os402.resolution.graph import Graph, Pin, Root, check
from hatch_os402.resolution.markers import holds
from hatch_os402.resolution.target import Target
from hatch_os402.wheels.reading import read_wheel

X86 = Target("x86_64")


def pin(name, version="1.0", *requires, tag="py3-none-any", python="", filename=None):
    return Pin(
        name=name,
        version=version,
        filename=filename or f"{name.replace('-', '_')}-{version}-{tag}.whl",
        sha256="0" * 64,
        url="",
        direct=False,
        requires_dist=requires,
        requires_python=python,
    )


def root(*requirements, extras=(), groups=()):
    return Root("app", tuple(map(Requirement, requirements)), frozenset(extras), tuple(map(Requirement, groups)))


def edges(graph):
    return {name: sorted(parents) for name, parents in graph.required_by.items()}


def test_transitive():
    graph = check(root("a"), [pin("a", "1.0", "b>=1", "c"), pin("b", "1.0", "c"), pin("c")], X86)
    assert edges(graph) == {"a": ["app"], "b": ["a"], "c": ["a", "b"]}


def test_markers_and_extras_are_the_targets():
    pins = [pin("a", "1.0", "win; sys_platform == 'win32'", "b; extra == 'x' and python_version == '3.12'"), pin("b")]
    assert edges(check(root("a[X]"), pins, X86)) == {"a": ["app"], "b": ["a"]}
    with pytest.raises(ResolutionError, match=r"b 1\.0: resolved, but nothing requires it"):
        check(root("a"), pins, X86)


def test_extras_of_the_project_and_groups():
    project = root("a", "b; extra == 'more'", "c; extra == 'other'", extras=["more"], groups=["d"])
    assert edges(check(project, [pin("a"), pin("b"), pin("d")], X86)) == {"a": ["app"], "b": ["app"], "d": ["app"]}


def test_a_project_that_requires_its_own_extra():
    project = root("app[x]; extra == 'all'", "a; extra == 'x'", extras=["all"])
    assert edges(check(project, [pin("a")], X86)) == {"a": ["app"]}


def test_circles_end():
    pins = [pin("a", "1.0", "b"), pin("b", "1.0", "a", "app")]
    graph = check(root("a"), pins, X86)
    assert graph.chains("b") == (("app", "a", "b"),)


@pytest.mark.parametrize(
    ("requirements", "pins", "message"),
    [
        (["a"], [], "app requires a, which was not resolved"),
        (["a>=2"], [pin("a")], "app requires a>=2, but a 1.0 was resolved"),
        (["a"], [pin("a"), pin("b")], "b 1.0: resolved, but nothing requires it"),
        (["a"], [pin("a"), pin("a")], "a 1.0: resolved twice"),
        (["a"], [pin("a", python=">=3.12.4")], "a 1.0: requires Python >=3.12.4"),
        (["a"], [pin("a", python="nonsense")], "Invalid specifier"),
        (["a"], [pin("a", tag="cp313-cp313-manylinux2014_x86_64")], "is for another platform"),
        (["a"], [pin("a", filename="b-1.0-py3-none-any.whl")], "its wheel is named b-1.0"),
        (["a"], [pin("a", filename="a-1.0.egg")], "Invalid wheel filename"),
        (["a"], [pin("a", "1.0", "not a requirement!")], "Requires-Dist 'not a requirement!' is invalid"),
    ],
)
def test_what_does_not_hold_is_named(requirements, pins, message):
    with pytest.raises(ResolutionError, match=r"does not hold for CPython 3\.12\.3 on linux x86_64") as caught:
        check(root(*requirements), pins, X86)
    assert message in caught.value.message


def test_all_problems_at_once():
    with pytest.raises(ResolutionError) as caught:
        check(root("a", "b"), [pin("c"), pin("d")], X86)
    assert all(name in caught.value.message for name in ("requires a,", "requires b,", "c 1.0", "d 1.0"))


def test_prereleases_that_pip_chose_hold():
    check(root("a>=1"), [pin("a", "2.0rc1")], X86)


def test_chains_are_shortest_first_and_bounded():
    graph = Graph("app", {"x": frozenset("abcd") | {"app"}, **{name: frozenset({"app"}) for name in "abcd"}})
    assert graph.chains("x") == (("app", "x"), *(("app", name, "x") for name in "abcd"))
    assert graph.chains("x", most=2) == (("app", "x"), ("app", "a", "x"))


def test_a_dense_graph_ends():
    names = [f"n{number}" for number in range(40)]
    graph = Graph("app", {name: frozenset({*names} - {name}) for name in names} | {"far": frozenset(names)})
    assert graph.chains("far") == ()  # nobody requires any of them, and there are 40! ways to find out


def test_addresses_in_problems_have_no_password():
    requirement = Requirement("gone @ https://me:s3cret@host.invalid/gone-1.0-py3-none-any.whl?key=t0ken")
    with pytest.raises(ResolutionError) as refused:
        check(Root("sample", (requirement,)), (), Target("x86_64"))
    assert "gone @ https://****@host.invalid/gone-1.0-py3-none-any.whl?****, which was not resolved" in str(
        refused.value
    )
    assert "s3cret" not in str(refused.value)


UNDECIDABLE = ["b; os_name ~= 'x'", "b; 'x' in extras"]


@pytest.mark.parametrize("requirement", UNDECIDABLE)
def test_a_marker_that_nothing_decides_is_named(requirement):
    """It is a problem of what states it, as an unmet requirement is, and not an exception."""
    with pytest.raises(ResolutionError, match="what pip resolved does not hold") as caught:
        check(root("a"), [pin("a", "1.0", requirement), pin("b")], X86)
    assert f"of what a requires, the marker of {str(Requirement(requirement))!r} cannot be decided" in str(caught.value)


@pytest.mark.parametrize("requirement", UNDECIDABLE)
def test_a_marker_of_the_project_is_named_before_pip_is_started(requirement, tmp_path, monkeypatch):
    monkeypatch.setattr(resolving, "resolve_with_pip", lambda *_, **__: pytest.fail("pip was started"))
    project = read_wheel(make_wheel(tmp_path, "app", "1.0", {"app.py": ""}, requires=[requirement]))
    with pytest.raises(MarkerError, match=r"cannot be decided") as caught:
        resolving.resolve(project, extras=frozenset(), groups=(), workdir=tmp_path)
    assert str(Requirement(requirement)) in caught.value.message


def test_a_marker_of_this_python():
    assert holds(Requirement("a; python_version >= '3.10'"))
    assert not holds(Requirement("a; extra == 'x'"))
    assert holds(Requirement("a; extra == 'x'"), extras=["", "x"])
    with pytest.raises(MarkerError, match="os_name"):
        holds(Requirement("a; os_name ~= 'x'"))
