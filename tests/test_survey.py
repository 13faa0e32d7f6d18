"""The survey of the most downloaded distributions: what it asks, what it makes of the answers, and its page."""

from __future__ import annotations

import json

import pytest
import survey as script
from support import surveying, surveypage
from support.buildproject import REPOSITORY
from support.surveying import (
    BUILT,
    FAILS,
    NOTHING,
    OUTCOMES,
    REFUSED,
    UNDECIDED,
    WORKS,
    Surveyed,
    own_modules,
    survey,
    why_not,
)

from hatch_os402.substitutes import substitutes

pytestmark = pytest.mark.once


LEAST = {"as they come": 271, "with substitutes": 279, "with what a build suggests": 297}


def members(stem, *paths, also=()):
    record = "".join(f"{path},,\n" for path in (*paths, f"{stem}.dist-info/RECORD"))
    return {f"{stem}.dist-info/RECORD": record.encode(), **dict.fromkeys((*paths, *also), b"")}


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["six.py"], ("six",)),
        (["a/__init__.py", "a/b.py", "a/c/__init__.py", "_a.py"], ("_a", "a")),
        (["ns/one/__init__.py", "ns/one/x.py", "ns/two.py"], ("ns.one", "ns.two")),
        (
            ["google/api/http_pb2.py", "google/cloud/storage/__init__.py"],
            ("google.api.http_pb2", "google.cloud.storage"),
        ),
        (["six-stubs/__init__.pyi", "a/data-files/x.py", "a/__main__.py", "a/py.typed"], ()),
    ],
    ids=["module", "package", "namespace", "both", "none"],
)
def test_what_is_imported_is_what_its_own_record_has_at_the_top(paths, expected):
    other = members("other-1.0", "other/__init__.py")
    assert own_modules("it-s", members("it_s-1.0", *paths) | other) == expected


def test_a_name_is_found_however_its_folder_spells_it():
    assert own_modules("zope-interface", members("zope.interface-8.0", "zope/interface/__init__.py")) == (
        "zope.interface",
    )


def test_files_that_were_left_out_of_the_archive_are_not_imported():
    found = members("a-1.0", "a.py", "b.py")
    del found["b.py"]
    assert own_modules("a", found) == ("a",)


def test_the_same_error_is_told_once():
    failed = {"a": ["ImportError", "no x", ""], "b": ["ImportError", "no x", ""], "c": ["OSError", "no y", ""]}
    assert why_not(failed) == "a, b: ImportError: no x; c: OSError: no y"


def test_a_run_goes_on_where_another_was_ended(tmp_path, monkeypatch, capsys):
    asked = []

    def surveyed(name, _python, **_variables):
        asked.append(name)
        if name == "certifi" and asked.count("certifi") == 1:
            raise KeyboardInterrupt
        return Surveyed(name, WORKS, version="1.0")

    monkeypatch.setattr(script, "survey", surveyed)
    monkeypatch.setattr(script, "AT_ONCE", 1)
    monkeypatch.setattr(surveypage, "DATA", tmp_path / "packages.json")
    monkeypatch.setattr(surveypage, "PAGE", tmp_path / "packages.md")
    monkeypatch.setattr(script.sys, "argv", ["survey", "--first", "5", "--cache", str(tmp_path)])
    first = list(surveypage.names())[:5]
    assert first[3] == "certifi"
    with pytest.raises(SystemExit, match="goes on"):
        script.main()
    assert not (tmp_path / "packages.md").exists()
    done = len(script.results(tmp_path)[0])
    assert done == 3
    script.main()
    assert [asked.count(name) for name in first[:4]] == [1, 1, 1, 2]
    assert [item.name for item in surveypage.read()[0]] == first
    assert "2 to survey, 3 are known" in capsys.readouterr().out
    assert surveypage.page(*surveypage.read()) == (tmp_path / "packages.md").read_text(encoding="utf-8")


class Refused:
    """A build that ended with an error."""

    code, err = 1, ""


class Passed:
    """A build of `a` in a release."""

    code = 0

    def __init__(self, version):
        self.vendored = {"a": version}


def refusing(monkeypatch, findings, together, builds):
    """Survey `a`, which is refused with `findings`; `builds` has what comes of each fix."""
    report = {"findings": findings, "together": together, "distributions": [{"name": "a", "version": "3"}]}
    monkeypatch.setattr(surveying, "_built", lambda _folder, lines, _variables: builds.get(tuple(lines), Refused()))
    monkeypatch.setattr(surveying, "_checked", lambda _folder, _variables: report)
    monkeypatch.setattr(surveying, "_imported", lambda name, _built, _python: Surveyed(name, WORKS))
    return survey("a", "python")


def finding(name, *remedies):
    items = [{"kind": kind, "table": table, "lines": [line]} for kind, table, line in remedies]
    return {"level": "error", "distribution": name, "message": "m", "advice": "", "searched": "", "remedies": items}


OLDER = ("parent", "project.dependencies", "a<3")
OPTION = ("substitute", "tool.hatch.build.targets.os402", 'substitutes = ["b"]')


@pytest.mark.parametrize(
    ("works", "expected", "gives"),
    [
        ({("a<3",): "2", ("a", OPTION[2]): "3"}, ("a", OPTION[2]), "a 3"),
        ({("a<3",): "2"}, ("a<3",), "a 2"),
        ({("a", OPTION[2]): "3"}, ("a", OPTION[2]), "a 3"),
        ({}, (), ""),
    ],
    ids=["both", "the release", "the option", "none"],
)
def test_the_fix_that_keeps_the_newest_release_is_told(monkeypatch, works, expected, gives):
    builds = {lines: Passed(version) for lines, version in works.items()}
    found = refusing(monkeypatch, [finding("b", OLDER, OPTION)], [], builds)
    assert (found.outcome, found.fix, found.fix_gives) == (REFUSED, expected, gives)


def test_of_several_only_what_fixes_all_is_tried(monkeypatch):
    builds = {("a", "c<2", OPTION[2]): Passed("3"), ("a<3",): Passed("2")}
    found = refusing(monkeypatch, [finding("b", OLDER), finding("c", OPTION)], ["c<2", OPTION[2]], builds)
    assert found.fix == ("a", "c<2", OPTION[2])


def test_what_comes_back_from_json_is_what_went_in():
    item = Surveyed(
        "a", FAILS, "1.0", "why", ("b",), "do", ("c<2",), "c 1", ("m",), {"m": ["E", "t", ""]}, {"a": "1.0"}
    )
    text = json.dumps(item.to_json())
    assert json.dumps(Surveyed.from_json(json.loads(text)).to_json()) == text
    assert len(json.loads(text)) == 11


def test_the_page_is_that_of_its_data():
    assert surveypage.PAGE.read_text(encoding="utf-8") == surveypage.page(*surveypage.read())


def test_at_least_as_many_are_built_as_were_seen_to_be():
    """A row that is lost shows here, and not only to those who read a table of four hundred."""
    found = surveypage.read()[0]
    numbers = surveypage.numbers(found)
    assert numbers["surveyed"] == 400
    assert not [item.name for item in found if item.outcome == UNDECIDED]
    assert not {name for name, least in LEAST.items() if numbers[name] < least}


def test_the_three_numbers_are_counted_from_what_was_tried():
    found = [
        Surveyed("a", WORKS),
        Surveyed("b", NOTHING),
        Surveyed("c", FAILS),
        Surveyed("d", REFUSED),
        Surveyed("e", REFUSED, fix=("e", OPTION[2])),
        Surveyed("f", REFUSED, fix=("f", "pydantic<2", OPTION[2])),
        Surveyed("g", REFUSED, fix=("g<3",)),
        Surveyed("h", UNDECIDED),
    ]
    assert surveypage.numbers(found) == {
        "surveyed": 8,
        "as they come": 3,
        "with substitutes": 4,
        "with what a build suggests": 6,
    }


def test_the_page_and_the_readme_answer_with_the_numbers_of_the_data():
    found = surveypage.read()[0]
    told = surveypage.answer(found)
    assert json.loads(surveypage.DATA.read_text(encoding="utf-8"))["numbers"] == surveypage.numbers(found)
    assert f"**Of the 400 most downloaded packages {told}.**" in surveypage.PAGE.read_text(encoding="utf-8")
    readme = " ".join((REPOSITORY / "README.md").read_text(encoding="utf-8").split())
    assert f"Of the 400 most [downloaded packages](docs/reference/packages.md) {told}." in readme


def test_whatever_needs_only_what_has_a_substitute_was_tried_with_it():
    found = [item for item in surveypage.read()[0] if item.blockers and set(item.blockers) <= substitutes().keys()]
    assert len(found) == 8
    assert not [item.name for item in found if not (item.needs_substitutes_alone and item.fix_gives)]


def test_the_page_says_what_changed_since_the_release_before():
    before = surveypage.names()
    fine = {WORKS, NOTHING}
    found, *_ = surveypage.read()
    text = surveypage.PAGE.read_text(encoding="utf-8")
    (works,) = [line for line in text.splitlines() if " work now: " in line]
    assert [f"`{item.name}`" in works for item in found] == [
        item.outcome in fine and before[item.name] not in fine for item in found
    ]
    content = json.loads(surveypage.DATA.read_text(encoding="utf-8"))["before"]
    assert content == {"release": "0.1.0", "outcomes": before}


def test_every_outcome_has_a_reason_that_a_reader_can_use():
    found, _, _ = surveypage.read()
    listed = surveypage.names()
    assert {item.name for item in found} <= listed.keys()
    assert len(found) == len(listed) == 400
    assert {item.outcome for item in found} <= OUTCOMES.keys()
    text = surveypage.PAGE.read_text(encoding="utf-8")
    for item in found:
        (row,) = [line for line in text.splitlines() if line.startswith(f"| `{item.name}` |")]
        assert item.outcome in {WORKS, NOTHING} or row.rpartition("|")[0].rpartition("| ")[2].strip(), row
        if item.outcome == FAILS:
            assert item.name in surveypage.notes(), item.reason


def test_notes_are_about_what_needs_one():
    found = {item.name: item.outcome for item in surveypage.read()[0]}
    assert not [name for name in surveypage.notes() if found.get(name) in {WORKS, NOTHING}]


PAGE = (
    "six", "google-crc32c", "huggingface-hub", "ruamel-yaml-clib", "types-requests", "jaraco-classes", "soupsieve", "numpy",
    "deepdiff", "referencing",
)  # fmt: skip
"""Some of each kind: pure, stripped, with something dropped, nothing to import, a namespace, in need of another one,
hopeless, with a fix by another release, with one by an option."""


@pytest.mark.network
@pytest.mark.parametrize("name", PAGE)
def test_a_page_of_the_survey_gives_what_its_data_has(name, python312):
    (known,) = [item for item in surveypage.read()[0] if item.name == name]
    found = survey(name, python312.path)
    assert found.outcome == known.outcome, found
    assert bool(found.fix) == bool(known.fix)
    options = [[line for line in item.fix if line.startswith("substitutes")] for item in (found, known)]
    assert options[0] == options[1]
    assert found.treated.keys() == known.treated.keys()
    assert found.modules == known.modules
    assert (found.size > 0) is (found.outcome in BUILT)
    assert bool(found.blockers) is (found.outcome == REFUSED)
