from __future__ import annotations

import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from hatch_os402.compatibility.curated import (
    droppable,
    environment_hints,
    incompatibilities,
    optional_extensions,
    replacements,
)
from hatch_os402.runtime.modules import facts
from hatch_os402.substitutes import substitutes

ENTRIES = [*optional_extensions().values(), *incompatibilities().values(), *environment_hints().values()]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_entry_says_what_was_run_and_with_which_versions(entry):
    assert entry.name == canonicalize_name(entry.name)
    assert "CPython 3.12" in entry.evidence
    assert ".py: " in entry.evidence, "which code it is"
    assert not entry.versions.contains(Version("0"))


@pytest.mark.parametrize("entry", optional_extensions().values(), ids=lambda entry: entry.name)
def test_a_speedup_is_known_for_releases_that_exist(entry):
    assert entry.files
    assert re.search(r"except( ImportError| ModuleNotFoundError| catch|:)|suppress\(ImportError\)", entry.evidence)
    # Bounded on both sides: a new major release may well need what it now can do without.
    assert not entry.versions.contains(Version("99"))


@pytest.mark.parametrize("entry", droppable().values(), ids=lambda entry: entry.name)
def test_what_may_be_dropped_is_known_for_releases_of_its_requirers(entry):
    assert entry.requirers
    assert "CPython 3.12" in entry.evidence
    assert re.search(r"\.pyi?: ", entry.evidence), "which code it is"
    assert entry.instead.startswith("for ")
    assert entry.through.keys() <= entry.requirers.keys()
    assert set().union(*entry.through.values()) <= entry.requirers.keys()
    for name, versions in entry.requirers.items():
        assert name == canonicalize_name(name)
        assert name in entry.instead
        assert not versions.contains(Version("0"))
        assert not versions.contains(Version("99"))


def test_what_is_hopeless_is_never_pure():
    for entry in replacements().values():
        assert entry.never_pure or not entry.hopeless


@pytest.mark.parametrize(
    "entry", [*incompatibilities().values(), *environment_hints().values()], ids=lambda entry: entry.name
)
def test_messages_are_sentences_about_it(entry):
    assert entry.message[0].islower()
    assert not entry.message.endswith(".")


@pytest.mark.parametrize("entry", replacements().values(), ids=lambda entry: entry.name)
def test_a_replacement_names_what_can_be_had(entry):
    assert entry.name == canonicalize_name(entry.name)
    # What requires it, and its substitute, are named by themselves where they are true.
    assert entry.sentence.endswith(".") or (not entry.sentence and entry.parents and entry.name in substitutes())
    assert entry.evidence.endswith(".")
    for line in entry.require:
        assert f'"{Requirement(line).name}' in entry.sentence
    for line in entry.parents:
        assert Requirement(line).specifier
    for module in entry.library:
        assert module.partition(".")[0] in facts()["modules"]
        assert module.rpartition(".")[2] in entry.sentence


def test_no_name_has_two_meanings():
    assert not optional_extensions().keys() & (replacements().keys() | incompatibilities().keys())
    assert not replacements().keys() & (incompatibilities().keys() | environment_hints().keys())
