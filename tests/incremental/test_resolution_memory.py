from __future__ import annotations

import os
import time
from dataclasses import replace

import pytest

from hatch_os402.incremental import resolutions, store
from hatch_os402.incremental.resolutions import ResolutionMemory, is_fresh
from hatch_os402.resolution.graph import Graph, Pin
from hatch_os402.resolution.resolution import Resolution, ResolutionSources

METADATA = "Metadata-Version: 2.4\nName: app\nVersion: 1.0\nRequires-Dist: a>=1"
PIN = Pin("a", "1.0", "a-1.0-py3-none-any.whl", "0" * 64, "https://user:secret@host/a", False, ("b; x",), ">=3.8", True)
FOUND = Resolution(
    (PIN,),
    Graph("app", {"a": frozenset({"app"})}),
    passed_over={"a": "2.0"},
    sources=ResolutionSources(fresh_until=time.time() + 900),
)
PASSWORD = "pass-word-of-nobody"  # noqa: S105


@pytest.fixture(autouse=True)
def settled(monkeypatch, tmp_path):
    """An environment in which nothing was changed within the last seconds."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("PIP_CONFIG_FILE", "NETRC", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)


def memory(tmp_path, **changes):
    given = {"root": tmp_path, "metadata": METADATA, "groups": [], "others": []}
    return ResolutionMemory(tmp_path / "memory", **{**given, **changes})


def old(path, seconds=100):
    os.utime(path, (time.time() - seconds,) * 2)


def test_what_was_remembered(tmp_path):
    assert memory(tmp_path).recall() is None
    memory(tmp_path).remember(FOUND)
    found, age = memory(tmp_path).recall()
    assert found == replace(FOUND, pins=(replace(PIN, url=""),), sources=None)
    assert 0 <= age < 60


@pytest.mark.parametrize(
    "changes",
    [
        {"metadata": METADATA.replace("a>=1", "a>=2")},
        {"groups": ["more"]},
        {"others": ["aarch64"]},
        {"root": "elsewhere"},
    ],
    ids=str,
)
def test_other_conditions_are_another_resolution(tmp_path, changes):
    memory(tmp_path).remember(FOUND)
    assert memory(tmp_path, **changes).recall() is None


@pytest.mark.parametrize(
    "name", ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_UPLOADED_PRIOR_TO", "HTTPS_PROXY", "PIP_NO_INDEX"]
)
def test_another_environment_is_another_resolution(tmp_path, monkeypatch, name):
    memory(tmp_path).remember(FOUND)
    monkeypatch.setenv(name, "https://other/simple")
    assert memory(tmp_path).recall() is None


def test_another_program_is_another_resolution(tmp_path, monkeypatch):
    memory(tmp_path).remember(FOUND)
    monkeypatch.setattr(resolutions, "program", lambda: "another")
    assert memory(tmp_path).recall() is None


@pytest.mark.parametrize(
    ("fresh_for", "later", "known"),
    [
        (900, 500, True),
        (900, 599, True),
        (900, 601, False),
        (30, 29, True),
        (30, 31, False),
        (0, 0, False),
        (900, -10, False),
    ],
)
def test_it_lasts_as_long_as_the_pages_of_the_index(tmp_path, monkeypatch, fresh_for, later, known):
    now = time.time()
    monkeypatch.setattr(resolutions.time, "time", lambda: now)
    memory(tmp_path).remember(replace(FOUND, sources=ResolutionSources(fresh_until=now + fresh_for)))
    monkeypatch.setattr(resolutions.time, "time", lambda: now + later)
    assert (memory(tmp_path).recall() is not None) is known


def test_a_file_of_settings_that_changes_ends_it(tmp_path):
    settings = tmp_path / "pip.conf"
    settings.write_text("[global]\nindex-url = https://one/simple\n")
    old(settings)
    sources = replace(FOUND.sources, settings=frozenset({str(settings), str(tmp_path / "not-there")}))
    memory(tmp_path).remember(replace(FOUND, sources=sources))
    assert memory(tmp_path).recall() is not None
    settings.write_text("[global]\nindex-url = https://two/simple\n")
    old(settings)
    assert memory(tmp_path).recall() is None


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"PIP_CONFIG_FILE": "pip.conf"}, "pip.conf"),
        ({"NETRC": "netrc"}, "netrc"),
        ({"NETRC": "~/netrc"}, "home/netrc"),
        ({}, "home/.netrc"),
        ({"HOME": "here"}, "here/_netrc"),
    ],
    ids=str,
)
def test_a_file_of_settings_is_looked_for_where_pip_is(tmp_path, monkeypatch, variables, name):
    """pip runs in the project's folder, whoever builds stands elsewhere."""
    settings = tmp_path / name
    settings.parent.mkdir(exist_ok=True)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for key, value in variables.items():
        monkeypatch.setenv(key, value)
    settings.write_text("one")
    old(settings)
    memory(tmp_path).remember(FOUND)
    assert memory(tmp_path).recall() is not None
    settings.write_text("two")
    old(settings)
    assert memory(tmp_path).recall() is None


def test_a_link_that_leads_nowhere_hides_nothing_beside_it(tmp_path):
    """An editor leaves such links as locks: in a folder of wheels, and in a checkout of this package."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    (folder / PIN.filename).write_bytes(b"1")
    (folder / "nowhere").symlink_to("not-there")
    (folder / "loop").symlink_to("loop")
    before = store.folder_state(str(folder))
    assert [name for name, _, _ in before] == sorted([PIN.filename, "nowhere", "loop"])
    assert len(list(store._stamps(folder))) == 3
    assert time.time() - store.newest([str(folder)]) < 60
    (folder / PIN.filename).write_bytes(b"other")
    (folder / "not-there").write_bytes(b"there now")
    after = store.folder_state(str(folder))
    assert {name for name, size, changed in set(after) - set(before)} == {PIN.filename, "nowhere", "not-there"}


@pytest.mark.parametrize("change", ["another wheel", "a wheel that is gone", "a wheel that is written over"])
def test_a_folder_of_wheels_that_changes_ends_it(tmp_path, change):
    folder = tmp_path / "wheels"
    folder.mkdir()
    wheel = folder / PIN.filename
    wheel.write_bytes(b"1")
    old(wheel)
    old(folder)
    memory(tmp_path).remember(replace(FOUND, sources=ResolutionSources(folders=frozenset({str(folder)}))))
    assert memory(tmp_path).recall() is not None
    if change == "another wheel":
        (folder / "a-2.0-py3-none-any.whl").write_bytes(b"2")
    elif change == "a wheel that is gone":
        wheel.unlink()
    else:
        wheel.write_bytes(b"2")
    assert memory(tmp_path).recall() is None


def test_what_changed_a_moment_ago_is_not_trusted(tmp_path):
    folder = tmp_path / "wheels"
    folder.mkdir()
    memory(tmp_path).remember(replace(FOUND, sources=ResolutionSources(folders=frozenset({str(folder)}))))
    assert memory(tmp_path).recall() is None


UNKNOWABLE = {
    "an index that is a folder": replace(FOUND, sources=ResolutionSources(local=True)),
    "sources that nobody knows": replace(FOUND, sources=None),
    "a wheel that was built here": replace(FOUND, built={"a": PIN}),
    "an address": replace(FOUND, pins=(replace(PIN, direct=True),)),
    "an address in a dependency": replace(FOUND, pins=(replace(PIN, requires_dist=("c @ https://host/c.whl; x",)),)),
    "source": replace(FOUND, pins=(replace(PIN, filename="a-1.0.tar.gz"),)),
}


@pytest.mark.parametrize("found", UNKNOWABLE.values(), ids=UNKNOWABLE)
def test_what_nothing_tells_the_state_of_is_not_remembered(tmp_path, found):
    memory(tmp_path).remember(found)
    assert memory(tmp_path).recall() is None


def test_addresses_of_the_project_are_not_remembered(tmp_path):
    addressed = {"metadata": METADATA.replace("a>=1", "a @ https://host/a.whl")}
    memory(tmp_path, **addressed).remember(FOUND)
    assert memory(tmp_path, **addressed).recall() is None


def test_no_secret_is_kept(tmp_path, monkeypatch):
    settings = tmp_path / "pip.conf"
    settings.write_text(f"[global]\nindex-url = https://u:{PASSWORD}@one/simple\n")
    old(settings)
    monkeypatch.setenv("PIP_INDEX_URL", f"https://u:{PASSWORD}@host/simple")
    memory(tmp_path).remember(replace(FOUND, sources=replace(FOUND.sources, settings=frozenset({str(settings)}))))
    written = [path for path in (tmp_path / "memory").rglob("*") if path.is_file()]
    assert written
    for path in written:
        assert PASSWORD not in path.read_text()
        assert "://" not in path.read_text()


def test_a_damaged_one_is_none(tmp_path):
    memory(tmp_path).remember(FOUND)
    (path,) = (path for path in (tmp_path / "memory").rglob("*.json"))
    content = path.read_bytes()
    for at in range(0, len(content), 7):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        assert memory(tmp_path).recall() is None
    path.write_bytes(content[:-1])
    assert memory(tmp_path).recall() is None


def test_one_that_stands_under_another_key_is_none(tmp_path):
    store.remember(tmp_path, "a" * 64, {"x": 1})
    (tmp_path / "bb").mkdir()
    (tmp_path / "aa" / f"{'a' * 62}.json").rename(tmp_path / "bb" / f"{'b' * 62}.json")
    assert store.recall(tmp_path, "b" * 64) is None


@pytest.mark.parametrize(
    ("variables", "fresh"),
    [
        ({}, False),
        ({"HATCH_OS402_FRESH": "1"}, True),
        ({"HATCH_OS402_FRESH": "0"}, False),
        ({"PIP_NO_CACHE_DIR": "true"}, True),
    ],
)
def test_the_user_decides(variables, fresh):
    assert is_fresh(variables) is fresh
