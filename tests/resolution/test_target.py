from __future__ import annotations

import pytest
from packaging.markers import Marker, default_environment
from packaging.tags import Tag

from hatch_os402.resolution.target import ARCHITECTURES, Target


@pytest.mark.parametrize("machine", ARCHITECTURES)
class TestTarget:
    def test_environment_has_every_marker(self, machine):
        assert Target(machine).environment.keys() == default_environment().keys()

    @pytest.mark.parametrize(
        ("marker", "holds"),
        [
            ("python_version == '3.12'", True),
            ("python_full_version < '3.12.4'", True),
            ("sys_platform == 'linux' and os_name == 'posix' and platform_system == 'Linux'", True),
            ("sys_platform == 'win32' or sys_platform == 'darwin'", False),
            ("implementation_name == 'cpython' and platform_python_implementation == 'CPython'", True),
            ("platform_python_implementation == 'PyPy'", False),
            ("platform_release >= '4' or platform_version != ''", False),
        ],
    )
    def test_markers(self, machine, marker, holds):
        assert Marker(marker).evaluate(Target(machine).environment) is holds

    def test_machine(self, machine):
        other = ARCHITECTURES[1 - ARCHITECTURES.index(machine)]
        environment = Target(machine).environment
        assert Marker(f"platform_machine == '{machine}'").evaluate(environment)
        assert not Marker(f"platform_machine == '{other}'").evaluate(environment)

    @pytest.mark.parametrize("tag", ["py3-none-any", "py312-none-any", "cp312-none-any", "py30-none-any"])
    def test_pure_tags_come_first(self, machine, tag):
        tags = Target(machine).tags
        first_compiled = next(index for index, found in enumerate(tags) if found.platform != "any")
        assert tags.index(Tag(*tag.split("-"))) < first_compiled
        assert all(found.platform != "any" for found in tags[first_compiled:])

    @pytest.mark.parametrize(
        "tag",
        [
            "cp312-cp312-manylinux_2_17_{}",
            "cp312-cp312-manylinux2014_{}",
            "cp39-abi3-musllinux_1_2_{}",
            "py3-none-linux_{}",
        ],
    )
    def test_compiled_tags_are_known_so_that_they_can_be_explained(self, machine, tag):
        other = ARCHITECTURES[1 - ARCHITECTURES.index(machine)]
        assert Tag(*tag.format(machine).split("-", 2)) in Target(machine).tags
        assert Tag(*tag.format(other).split("-", 2)) not in Target(machine).tags

    @pytest.mark.parametrize(
        "tag", ["cp313-none-any", "cp311-cp311-manylinux2014_x86_64", "py2-none-any", "pp310-none-any"]
    )
    def test_foreign_tags(self, machine, tag):
        assert Tag(*tag.split("-", 2)) not in Target(machine).tags


def test_legacy_tags_are_those_of_their_architectures():
    assert Tag("cp312", "cp312", "manylinux1_x86_64") in Target("x86_64").tags
    assert Tag("cp312", "cp312", "manylinux1_aarch64") not in Target("aarch64").tags
