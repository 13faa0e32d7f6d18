"""Real packages do what they are for without a disk, and the page in the docs says so."""

from __future__ import annotations

import sys

import pytest
import showcase

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def results(tmp_path_factory, python312):
    built = showcase.build_all(tmp_path_factory.mktemp("showcase") / "packages")
    return showcase.run_all(built, python312.path, showcase.expected())


@pytest.mark.network
@pytest.mark.parametrize("package", showcase.expected())
def test_a_package_does_what_it_is_for(results, package):
    row, answer = results[package]
    assert answer == showcase.expected()[package], row
    assert row.steady in showcase.read(showcase.PAGE.read_text(encoding="utf-8"))[showcase.kind_of(package)]
    assert row.does
    assert row.result == showcase.WORKS


def test_the_page_has_every_program_below_its_kind():
    """Those of the extra `recorded` are run by the tool that writes the page alone."""
    everything = [*showcase.expected(), *showcase.expected("recorded")]
    wanted = {kind: [] for kind in (*showcase.KINDS, "Others")}
    for package in sorted(everything):
        wanted[showcase.kind_of(package)].append((package, showcase.what_it_does(package), showcase.WORKS))
    assert showcase.read(showcase.PAGE.read_text(encoding="utf-8")) == wanted
    assert set(everything) >= {package for packages in showcase.KINDS.values() for package in packages}


def test_the_extra_has_what_is_recorded():
    pyproject = tomllib.loads((showcase.PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = {name.replace("-", "_") for name in pyproject["optional-dependencies"]["recorded"]}
    assert extra - {"beartype"} == set(showcase.expected("recorded"))
