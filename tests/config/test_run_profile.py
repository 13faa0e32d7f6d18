"""os402-profile.json: written in one layout, read strictly."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_os402.config.run_profile import FILE, RunProfile, read_run_profile
from hatch_os402.errors import PatternsError

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
patterns = st.lists(
    st.tuples(st.one_of(texts, st.binary(max_size=8)), st.sampled_from([0, 2, 66, 258, 24])), max_size=5
)


@given(st.lists(texts.filter(bool), max_size=5), patterns)
def test_what_is_written_is_read(tmp_path_factory, modules, found):
    folder = tmp_path_factory.mktemp("project")
    profile = RunProfile.of(modules, found)
    (folder / FILE).write_bytes(profile.text())
    assert read_run_profile(folder) == profile
    assert profile.merged(profile) == RunProfile.of(reversed(modules), reversed(found)) == profile


def test_the_layout():
    profile = RunProfile.of(["b", "a.c", "a.c"], [("é\n", 66), (b"\xff", 0), ("x", 4), ("y", 128), ("\ud800", 0)])
    assert profile.text().decode("ascii").splitlines() == [
        "{",
        '  "format": 1,',
        '  "modules": [',
        '    "a.c",',
        '    "b"',
        "  ],",
        '  "patterns": [',
        r'    {"bytes": "\u00ff", "flags": []},',
        r'    {"str": "\u00e9\n", "flags": ["IGNORECASE", "VERBOSE"]}',
        "  ]",
        "}",
    ]
    assert json.loads(RunProfile().text()) == {"format": 1, "modules": [], "patterns": []}


def test_a_project_without_one(tmp_path):
    assert read_run_profile(tmp_path) is None


def test_both_have_what_either_has():
    one, other = RunProfile.of(["a"], [("x", 0)]), RunProfile.of(["b"], [(b"x", 0)])
    assert one.merged(other) == RunProfile(("a", "b"), (("bytes", "x", 0), ("str", "x", 0)))
    many = RunProfile.of([], [(str(number), 0) for number in range(5000)])
    with pytest.raises(PatternsError, match=r"os402-profile.json would have 5,001 patterns, and can have 5,000"):
        many.merged(one)


PATTERN = {"str": "a", "flags": []}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "not valid JSON"),
        ("[" * 10_000, "is not as"),
        ("[1]", "its `format` is not 1"),
        ('{"format": 2}', "its `format` is not 1"),
        ('{"format": 1, "modules": []}', "its keys are format, modules"),
        ({"modules": [""]}, "`modules` is not a list of names"),
        ({"modules": {}}, "`modules` is not a list of names"),
        ({"patterns": {}}, "`patterns` is not a list"),
        ({"patterns": ["a"]}, "pattern 1 is not an object"),
        ({"patterns": [PATTERN, PATTERN | {"bytes": "a"}]}, "pattern 2 is not an object"),
        ({"patterns": [{"str": "a"}]}, "pattern 1 is not an object"),
        ({"patterns": [{"str": 1, "flags": []}]}, "pattern 1 is not an object"),
        ({"patterns": [{"bytes": "\u0100", "flags": []}]}, "pattern 1 has characters that are no bytes"),
        ({"patterns": [{"str": "a", "flags": "ASCII"}]}, "the `flags` of pattern 1 are not a list"),
        ({"patterns": [{"str": "a", "flags": ["LOCALE"]}]}, "pattern 1 has the flag 'LOCALE'"),
    ],
)
def test_another_file_is_an_error_that_names_it(tmp_path, content, why):
    if isinstance(content, dict):
        content = json.dumps({"format": 1, "modules": [], "patterns": []} | content)
    (tmp_path / FILE).write_text(content, encoding="utf-8")
    with pytest.raises(PatternsError) as error:
        read_run_profile(tmp_path)
    assert error.value.message.startswith(str(tmp_path / FILE))
    assert why in error.value.message
    assert "\n" in error.value.message


def test_a_folder_in_its_place(tmp_path):
    (tmp_path / FILE).mkdir()
    with pytest.raises(PatternsError, match="cannot be read"):
        read_run_profile(tmp_path)
