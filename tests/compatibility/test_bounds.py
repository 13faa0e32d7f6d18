from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.version import Version

from hatch_os402.compatibility.remedies.bounds import (
    as_declared,
    requirement_lines,
    unpinned,
    with_extras_and_marker,
    without_extra,
)


@pytest.mark.parametrize(
    ("unwanted", "wanted", "lines"),
    [
        ("2.14.4", "1.10.27", ["x<2", "x<1.11", "x<=1.10.27"]),
        ("4.26.0", "4.17.3", ["x<4.18", "x<4.17.4", "x<=4.17.3"]),
        ("2.0.58", "2.1.3", ["x>=2.1", "x>=2.1.3"]),
        ("1.0", "1.0.post1", ["x>=1.0.post1"]),
        ("1!1.0", "2.0", ["x<=2.0"]),
        ("3", "1.2", ["x<2", "x<1.3", "x<=1.2"]),
    ],
)
def test_the_roundest_comes_first(unwanted, wanted, lines):
    assert list(requirement_lines("x", Version(unwanted), Version(wanted))) == lines


VERSIONS = st.lists(st.integers(0, 30), min_size=1, max_size=4).map(lambda parts: Version(".".join(map(str, parts))))


@given(unwanted=VERSIONS, wanted=VERSIONS)
def test_a_line_is_for_the_one_and_against_the_other(unwanted, wanted):
    lines = list(requirement_lines("x", unwanted, wanted))
    assert bool(lines) == (unwanted != wanted)
    for line in lines:
        specifier = Requirement(line).specifier
        assert specifier.contains(wanted)
        assert not specifier.contains(unwanted)


def test_requirements_are_changed_and_not_their_markers():
    requirement = Requirement("x[a,b]>=2; python_version > '3'")
    assert str(unpinned(requirement)) == 'x[a,b]; python_version > "3"'
    assert str(without_extra(requirement, "a")) == 'x[b]>=2; python_version > "3"'
    assert str(with_extras_and_marker(requirement, "x<2")) == 'x[a,b]<2; python_version > "3"'


@pytest.mark.parametrize(
    ("metadata", "text", "extra"),
    [
        ("x>=2", "x>=2", ""),
        ("x>=2; extra == 'more'", "x>=2", "more"),
        ("x; python_version > '3' and extra == 'more'", 'x; python_version > "3"', "more"),
        (
            "x; (python_version > '3' or os_name == 'nt') and extra == 'more'",
            'x; (python_version > "3" or os_name == "nt")',
            "more",
        ),
        ("x; extra == 'a' or extra == 'b'", 'x; extra == "a" or extra == "b"', ""),
    ],
)
def test_a_requirement_as_its_author_wrote_it(metadata, text, extra):
    assert as_declared(Requirement(metadata)) == (str(Requirement(text)), extra)
