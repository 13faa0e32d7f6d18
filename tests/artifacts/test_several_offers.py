"""Builds whose tools have an offer each: replaced together, found by any of their names, checked."""

from __future__ import annotations

import json
import shutil

import pytest
from support.artifactcraft import STEM, write_artifacts

from hatch_os402.artifacts.choosing import choose
from hatch_os402.artifacts.names import OFFER, RECORD, SIGNED_SUFFIX, names
from hatch_os402.artifacts.record import record_text
from hatch_os402.artifacts.sets import all_in, locate
from hatch_os402.artifacts.writing import clean, staged
from hatch_os402.errors import ArtifactError

OLD, NEW = ("one", "two"), ("two", "three")


def record(stem, tools):
    listed = {name: {"size": 0, "sha256": ""} for name in names(stem, tools)[:-1]}
    stated = {"project": {}, "distributions": [], "bytecode": {}, "format": 1, "artifacts": listed}
    return json.dumps({**stated, **({"tools": {tool: {} for tool in tools}} if tools else {})})


def write(folder, tools, text, stem=STEM, without=""):
    with staged(folder, stem, tools=tools) as files:
        for name in names(stem, tools):
            if name != without:
                (files.folder / name).write_text(record(stem, tools) if name.endswith(RECORD) else text)


def listed(folder):
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize(("before", "after"), [(OLD, NEW), (OLD, ()), ((), NEW)])
def test_offers_that_there_are_no_more_go(before, after, tmp_path):
    write(tmp_path, before, "old")
    other = "greeter-0.1"  # whose names begin like those of the tools
    write(tmp_path, (), "other", stem=other)
    write(tmp_path, after, "new")
    assert listed(tmp_path) == {*names(STEM, after), *names(other)}
    assert (tmp_path / f"{other}.offer.json").read_text() == "other"


@pytest.mark.parametrize("missing", names(STEM, NEW))
def test_a_move_that_fails_is_taken_back(missing, tmp_path):
    write(tmp_path, OLD, "old")
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}
    with pytest.raises(ArtifactError, match="previous artifacts are as they were"):
        write(tmp_path, NEW, "new", without=missing)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before


def test_clean(tmp_path):
    write(tmp_path, OLD, "old")
    write(tmp_path, (), "other", stem=f"{STEM}.1")
    for name in (f"{STEM}.one{SIGNED_SUFFIX}", f"{STEM}.four{OFFER}"):
        (tmp_path / name).write_text("")
    clean(tmp_path, STEM)
    # What no record names is somebody else's.
    assert listed(tmp_path) == {*names(f"{STEM}.1"), f"{STEM}.four{OFFER}"}


@pytest.fixture
def build(tmp_path):
    """A build of two tools, from a small one with one offer."""
    files = write_artifacts(tmp_path)
    stated = json.loads(files[RECORD].read_bytes())
    offer = files[OFFER].read_bytes()
    measured = stated["artifacts"].pop(files[OFFER].name)
    files[OFFER].unlink()
    files[SIGNED_SUFFIX].unlink()
    for tool in OLD:
        (tmp_path / f"{STEM}.{tool}{OFFER}").write_bytes(offer)
        stated["artifacts"][f"{STEM}.{tool}{OFFER}"] = measured
    stated["tools"] = {tool: {"function": "a:b", "offer": stated["offer"]["sha256"]} for tool in OLD}
    del stated["offer"], stated["sha256"]
    files[RECORD].write_bytes(record_text(stated))
    return tmp_path


@pytest.mark.parametrize("name", [STEM, f"{STEM}.pyz", f"{STEM}.stdin", f"{STEM}.build.json", f"{STEM}.", ""])
def test_what_names_the_build_means_every_tool(name, build):
    chosen = choose(build / name)
    found = chosen.all()
    assert [(one.stem.name, one.tool, one.name) for one in found] == [(STEM, tool, f"{STEM}.{tool}") for tool in OLD]
    assert [one.require_offer().path.name for one in found] == [f"{STEM}.{tool}{OFFER}" for tool in OLD]
    assert chosen.one(tool="two").tool == "two"
    assert chosen.build().tool == ""
    with pytest.raises(
        ArtifactError, match=r"(?s)there are several tools .*greeter-0\.1\.0\.one\n.*greeter-0\.1\.0\.two"
    ):
        chosen.one()
    with pytest.raises(ArtifactError, match=r"name one of them:\n  --tool one\n  --tool two$"):
        chosen.one(option="--tool")
    with pytest.raises(ArtifactError, match="has no tool 'three'; its tools: one, two"):
        chosen.one(tool="three")


@pytest.mark.parametrize("name", [f"{STEM}.one.offer.json", f"{STEM}.one", f"{STEM}.one."])
def test_what_names_a_tool_means_it(name, build):
    found = choose(build / name).one()
    assert (found.stem.name, found.tool) == (STEM, "one")
    assert found.path(".stdin").name == f"{STEM}.stdin"
    assert choose(build / name).one(tool="one").tool == "one"


def test_an_offer_of_another_build_is_its_own(build, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    write_artifacts(other)
    for path in other.iterdir():
        shutil.copy(path, build / path.name.replace(STEM, f"{STEM}.post1"))
    assert locate(build / f"{STEM}.post1.offer.json").tool == ""
    assert {one.stem.name for one in all_in(build)} == {STEM, f"{STEM}.post1"}
    with pytest.raises(ArtifactError, match="there are several builds"):
        choose(build).one()


@pytest.mark.parametrize("lost", [f"{STEM}.build.json", f"{STEM}.two.offer.json"])
def test_an_interrupted_build_is_refused(lost, build):
    if lost.endswith(RECORD):
        (build / lost).unlink()
    else:
        (build / lost).write_text("{}")
    with pytest.raises(ArtifactError, match="interrupted build"):
        choose(build / f"{STEM}.one.offer.json").all()
    with pytest.raises(ArtifactError, match="interrupted build"):
        choose(build / f"{STEM}.pyz").all()


def test_a_build_with_one_offer_has_no_tools(tmp_path):
    write_artifacts(tmp_path)
    with pytest.raises(ArtifactError, match="has no tool 'one'; its tools: none: it has one offer"):
        choose(tmp_path).one(tool="one")


@pytest.mark.parametrize("tool", ["x/../../victim", "", "..", "a\\b", "a\0", "a" * 65, "\u202e", "a\n"])
def test_a_record_with_a_name_that_no_tool_can_have_is_damaged(tool, build):
    """It would be a part of the names of files that are read, and written by `sign`."""
    path = build / f"{STEM}{RECORD}"
    stated = json.loads(path.read_bytes())
    stated["tools"] = {tool: stated["tools"]["one"]}
    path.write_bytes(record_text(stated))
    with pytest.raises(ArtifactError, match="a tool in it has a name that no tool can have"):
        choose(path).all()[0].check()
