from __future__ import annotations

import copy

import pytest
from packaging.requirements import Requirement
from support.wheelcraft import make_wheel

from hatch_os402.errors import ResolutionError
from hatch_os402.resolution.graph import Pin, Root
from hatch_os402.resolution.resolve import ResolveOptions, _as_required, read_report, resolve
from hatch_os402.resolution.target import Target
from hatch_os402.wheels.reading import read_wheel

X86 = Target("x86_64")
REPORT = {
    "version": "1",
    "environment": X86.environment,
    "install": [
        {
            "download_info": {
                "url": "file:///app-1.0-py3-none-any.whl",
                "archive_info": {"hashes": {"sha256": "0" * 64}},
            },
            "metadata": {"name": "app", "version": "1.0"},
        },
        {
            "download_info": {
                "url": "https://example.com/x/Foo.Bar-2.0%2Blocal-py3-none-any.whl#sha256=abc",
                "archive_info": {"hashes": {"sha256": "AB" * 32}},
            },
            "is_direct": True,
            "is_yanked": True,
            "metadata": {
                "name": "Foo.Bar",
                "version": "2.0+local",
                "requires_dist": ["x>1"],
                "requires_python": ">=3.8",
            },
        },
    ],
}


def changed(*path, value):
    report = copy.deepcopy(REPORT)
    place = report
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return report


class TestReport:
    def test_pins(self):
        (pin,) = read_report(REPORT, "app", X86)
        assert (pin.name, pin.version, pin.filename) == ("foo-bar", "2.0+local", "Foo.Bar-2.0+local-py3-none-any.whl")
        assert (pin.sha256, pin.direct, pin.yanked) == ("ab" * 32, True, True)
        assert (pin.requires_dist, pin.requires_python) == (("x>1",), ">=3.8")

    def test_another_format(self):
        with pytest.raises(ResolutionError, match="report of version '2'"):
            read_report(changed("version", value="2"), "app", X86)

    def test_made_for_another_machine(self):
        with pytest.raises(ResolutionError, match="another environment than the target's"):
            read_report(REPORT, "app", Target("aarch64"))

    @pytest.mark.parametrize(
        ("url", "hashes"),
        [
            ("https://example.com/foo-2.0.egg", {"sha256": "0" * 64}),
            ("https://example.com/foo-2.0-py3-none-any.whl", {}),
            ("https://example.com/foo-2.0-py3-none-any.whl", {"sha256": f"../{'0' * 61}"}),  # it becomes a path
            ("https://example.com/foo-2.0-py3-none-any.whl", {"sha256": 1}),
        ],
    )
    def test_not_a_wheel_with_a_hash(self, url, hashes):
        report = changed("install", 1, "download_info", value={"url": url, "archive_info": {"hashes": hashes}})
        with pytest.raises(
            ResolutionError, match=r"foo-bar 2\.0\+local resolved to 'foo-2\.0.*not a distribution with a SHA256"
        ):
            read_report(report, "app", X86)


@pytest.fixture
def index(tmp_path, monkeypatch):
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def resolved(tmp_path, requires, architectures=("x86_64", "aarch64"), **more):
    project = read_wheel(make_wheel(tmp_path, "app", "1.0", {"app.py": ""}, requires=requires, **more))
    workdir = tmp_path / "work"
    workdir.mkdir()
    found = resolve(
        project, extras=frozenset(), groups=(), workdir=workdir, resolve_options=ResolveOptions(architectures)
    )
    runs = sorted(path.name for path in workdir.glob("report-*"))
    return {pin.name: pin.version for pin in found.pins}, found, runs


def test_nothing_required_runs_no_pip(tmp_path):
    assert resolved(tmp_path, [])[0::2] == ({}, [])


def test_one_run_where_both_architectures_agree(tmp_path, index):
    make_wheel(index, "a", "1.0", {"a.py": ""}, requires=["b; platform_machine in 'x86_64 aarch64'"])
    make_wheel(index, "b", "1.0", {"b.py": ""})
    pins, found, runs = resolved(tmp_path, ["a"])
    assert (pins, runs) == ({"a": "1.0", "b": "1.0"}, ["report-x86_64.json"])
    assert found.graph.chains("b") == (("app", "a", "b"),)


def test_the_union_where_they_differ(tmp_path, index):
    for name in ("x", "y", "z"):
        make_wheel(index, name, "1.0", {f"{name}.py": ""})
    requires = ["x; platform_machine == 'x86_64'", "y; platform_machine == 'aarch64'", "z"]
    pins, _, runs = resolved(tmp_path, requires)
    assert (pins, runs) == ({"x": "1.0", "y": "1.0", "z": "1.0"}, ["report-aarch64.json", "report-x86_64.json"])


@pytest.mark.once
def test_one_architecture_alone(tmp_path, index):
    make_wheel(index, "y", "1.0", {"y.py": ""})
    requires = ["x; platform_machine == 'x86_64'", "y; platform_machine == 'aarch64'"]
    assert resolved(tmp_path, requires, ("aarch64",))[0] == {"y": "1.0"}


@pytest.mark.once
def test_two_versions_of_one_distribution(tmp_path, index):
    for version in ("1.0", "2.0"):
        make_wheel(index, "a", version, {"a.py": ""})
    with pytest.raises(ResolutionError, match=r"a: 2\.0 on x86_64, 1\.0 on aarch64"):
        resolved(tmp_path, ["a", "a<2; platform_machine == 'aarch64'"])


@pytest.mark.once
def test_the_newest_release_is_taken_although_it_is_compiled(tmp_path, index):
    make_wheel(index, "a", "1.0", {"a.py": ""})
    make_wheel(index, "a", "2.0", {"a.py": ""}, tag="cp312-cp312-manylinux_2_17_x86_64", purelib=False)
    assert resolved(tmp_path, ["a"])[0] == {"a": "2.0"}


@pytest.mark.once
def test_a_pure_wheel_comes_before_a_compiled_one_of_the_same_release(tmp_path, index):
    make_wheel(index, "a", "2.0", {"a.py": ""}, tag="cp312-cp312-manylinux_2_17_x86_64", purelib=False)
    make_wheel(index, "a", "2.0", {"a.py": ""})
    (pin,) = resolved(tmp_path, ["a"])[1].pins
    assert pin.filename == "a-2.0-py3-none-any.whl"


def test_a_project_for_another_python(tmp_path):
    with pytest.raises(
        ResolutionError, match=r"`project.requires-python` is '>=3\.13', but Python on os402 is 3\.12\.3"
    ):
        resolved(tmp_path, ["a"], requires_python=">=3.13")


def test_the_address_of_a_direct_requirement_is_kept_whole(tmp_path, index):
    wheel = make_wheel(index, "a", "1.0", {"a.py": ""}, requires=[f"b @ {(index / 'b-1.0-py3-none-any.whl').as_uri()}"])
    make_wheel(index, "b", "1.0", {"b.py": ""})
    address = wheel.as_uri().replace("file:///", "file://user:secret@localhost/")
    root = Root("app", (Requirement(f"a @ {address}"),))
    pins = tuple(
        Pin(name, "1.0", f"{name}-1.0-py3-none-any.whl", "0" * 64, "file:///shown", direct, requires, "")
        for name, direct, requires in [("a", True, (f"b @ {address}b",)), ("b", True, ()), ("c", False, ())]
    )
    assert [pin.url for pin in _as_required(pins, root)] == [address, f"{address}b", "file:///shown"]
