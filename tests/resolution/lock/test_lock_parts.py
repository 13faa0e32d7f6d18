"""The parts of a lock by themselves: what it is made for, addresses, what is listed, and input of any bytes."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from hatch_os402.errors import LockError
from hatch_os402.resolution.graph import Graph, Pin, Root
from hatch_os402.resolution.lock.agreement import disagreements, made_for, without_secrets
from hatch_os402.resolution.lock.fetching import local_folders
from hatch_os402.resolution.lock.pylock import read_pylock
from hatch_os402.resolution.lock.requirements import read_requirements
from hatch_os402.resolution.lock.writing import IndexFile, LockContent, only_on, read_listing, utc
from hatch_os402.resolution.resolve import Resolution

BOTH = ("x86_64", "aarch64")
HERE = Path("/home/me/project")


def root(*requirements, extras=(), groups=()):
    return Root("sample", tuple(map(Requirement, requirements)), frozenset(extras), tuple(map(Requirement, groups)))


def wanted(found, **more):
    given = {"groups": (), "architectures": BOTH, "build_from_source": (), "folder": HERE, **more}
    return made_for(found, **given)


def test_only_what_holds_on_the_target_counts():
    found = root(
        "B>=1",
        "w; sys_platform == 'win32'",
        "arm; platform_machine == 'aarch64'",
        "more; extra == 'x'",
        "sample[y]; extra == 'x'",
        "most; extra == 'y'",
        "other; extra == 'z'",
        extras=["x"],
        groups=["grouped"],
    )
    assert wanted(found).requirements == (
        'arm; platform_machine == "aarch64"', "b>=1", "grouped", 'more; extra == "x"', 'most; extra == "y"',
    )  # fmt: skip


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("https://me:s3cret@host/a/b.whl?key=1#sha256=2", "https://host/a/b.whl"),
        ("https://host:8443/b.whl", "https://host:8443/b.whl"),
        ("file:///home/me/project/wheels/b%20c.whl", "file:wheels/b c.whl"),
        ("file:///home/me/other/b.whl", "file:../other/b.whl"),
        ("file:///b.whl", "file:../../../b.whl"),
        ("https://me:s3cret@[host/b.whl", "https:…"),
        ("FILE://[host/b.whl", "file:"),
    ],
)
def test_addresses_that_may_be_written_down(url, written):
    assert without_secrets(url, HERE) == written


def test_order_and_spelling_change_no_digest():
    one, other = root("B_b >=1,<2", "c"), root("c", "b-b<2,>=1")
    assert wanted(one).digest() == wanted(other).digest()
    for changed in (root("c"), root("c", "b-b<2,>=1", "d"), root("c", "b-b<2,>=1", extras=["x"])):
        assert wanted(changed).digest() != wanted(one).digest()
    assert wanted(one, architectures=["x86_64"]).digest() != wanted(one).digest()


class Made:
    """A lock that says what it was made for."""

    def __init__(self, made):
        self.made_for = made

    def select(self, *_):
        raise AssertionError("what was changed is reported first")


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (root("a"), ["pyproject.toml: 'b>=1' is no longer required, and the lock was made for it"]),
        (root("a", "b>=2"), ["pyproject.toml, line 2: 'b>=2' is required, and the lock was made for 'b>=1'"]),
        (root("a", "b>=1", "c"), ["pyproject.toml: 'c' is required, and the lock was made without c"]),
        (root("a", "b>=1", extras=["x"]), ["features: 'x', and the lock was made for none"]),
    ],
)
def test_disagreements_are_named(now, said):
    lock = Made(wanted(root("a", "b>=1")))
    pyproject = 'dependencies = [\n  \'a\', "b >= 2", # "c"\n]\n'
    assert disagreements(lock, wanted(now), now, (), pyproject) == said


def test_what_an_index_lists(tmp_path):
    """Another origin, what is late, yanked, for other Pythons or systems, or has no hash is left out."""
    rows = [
        ("b-1.0-py3-none-any.whl", "1", {}),
        ("b-1.0-py3-none-any.whl", "2", {"origin": "other"}),
        ("b-1.0-cp312-cp312-musllinux_1_2_aarch64.whl", "3", {"uploaded": "2025-05-01T12:00:00.5Z"}),
        ("b-1.0-cp312-cp312-win_amd64.whl", "4", {}),
        ("b-1.0-cp312-cp312-linux_x86_64.whl", "5", {"yanked": True}),
        ("b-1.0-cp311-abi3-linux_x86_64.whl", "6", {"requires_python": "<3.12"}),
        ("b-1.0-cp310-abi3-linux_x86_64.whl", "", {}),
        ("b-1.0-cp39-abi3-linux_x86_64.whl", "7", {"uploaded": "2025-07-01T00:00:00Z"}),
        ("b-1.0-cp38-abi3-linux_x86_64.whl", "8", {"uploaded": "some day"}),
    ]
    base = {
        "url": "https://x/b",
        "origin": "page",
        "requires_python": None,
        "yanked": False,
        "size": 1,
        "uploaded": None,
    }
    listed = [
        {**base, "filename": name, "sha256": digit * 64 or None, "url": f"https://x/{number}", **more}
        for number, (name, digit, more) in enumerate(rows)
    ]
    (tmp_path / "x86_64.json").write_text(json.dumps({"b": listed[1:]}))
    (tmp_path / "aarch64.json").write_text(json.dumps({"b": [*listed[::-1]]}))
    pin = Pin("b", "1.0", "b-1.0-py3-none-any.whl", "1" * 64, "https://x/0", False, (), "")
    resolution = Resolution((pin,), Graph("sample", {"b": frozenset({"sample"})}))
    found = root("b")
    content = LockContent(
        resolution, wanted(found), read_listing(tmp_path), HERE, before="2025-06-01T00:00:00Z", only_on={"b": "aarch64"}
    )
    lock = read_pylock(content.text(), name="x", folder=HERE, project="sample")
    (package,) = lock.pylock.packages
    assert {wheel.hashes["sha256"][0] for wheel in package.wheels} == {"1", "3", "8"}
    assert {wheel.upload_time for wheel in package.wheels} == {
        None, datetime(2025, 5, 1, 12, 0, 0, 500_000, tzinfo=timezone.utc),
    }  # fmt: skip
    assert str(package.marker) == 'platform_machine == "aarch64"'
    assert lock.made_for == wanted(found)
    assert lock.pylock.tool["hatch-os402"]["exclude-newer"] == "2025-06-01T00:00:00Z"


ODD = {
    "a hash that is a path": {"sha256": f"../{'1' * 61}"},
    "a hash that is no text": {"sha256": 1},
    "a name that is a path": {"filename": "../b-1.0-py3-none-any.whl"},
    "a name that is no text": {"filename": 1},
    "a Python that is no text": {"requires_python": [3]},
    "a size that is a truth value": {"size": True},
    "a size below nothing": {"size": -1},
    "a size that no TOML has": {"size": 1 << 63},
    "a time that is no text": {"uploaded": 1},
    "an address that is none": {"url": "https://[x/b.whl"},
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_index_may_say_anything(tmp_path, odd):
    """It is believed what PEP 503, 691 and 700 allow it to say; a lock comes of it, and pip can read that."""
    listed = {
        "filename": "b-1.0-py3-none-any.whl",
        "url": "https://x/b",
        "origin": "https://x/",
        "sha256": "1" * 64,
        "requires_python": None,
        "yanked": False,
        "size": 1,
        "uploaded": None,
    }
    (tmp_path / "x86_64.json").write_text(json.dumps({"b": [{**listed, **odd}]}))
    pin = Pin("b", "1.0", "b-1.0-py3-none-any.whl", "1" * 64, "https://x/b", False, (), "")
    resolution = Resolution((pin,), Graph("sample", {"b": frozenset({"sample"})}))
    content = LockContent(resolution, wanted(root("b")), read_listing(tmp_path), HERE, urls=True)
    lock = read_pylock(content.text(), name="x", folder=HERE, project="sample")
    ((wheel,),) = (package.wheels for package in lock.pylock.packages)
    assert (wheel.filename, wheel.hashes) == (pin.filename, {"sha256": pin.sha256})
    assert type(wheel.size) in {int, type(None)}
    assert wheel.size in {1, None}


def test_what_the_index_does_not_list_is_locked_alone():
    pin = Pin("b", "1.0", "b-1.0-py3-none-any.whl", "1" * 64, "https://x/0", False, (), "")
    resolution = Resolution((pin,), Graph("sample", {"b": frozenset({"sample"})}))
    other = IndexFile("b-1.0-py3-none-any.whl", "2" * 64, "https://y/0")
    content = LockContent(resolution, wanted(root("b")), {"b": (other,)}, HERE)
    assert f'sha256 = "{"1" * 64}"' in content.text().decode()
    assert "2" * 64 not in content.text().decode()


def test_what_only_one_architecture_needs():
    assert only_on({"x86_64": ["a", "b"], "aarch64": ["b", "c"]}, BOTH) == {"a": "x86_64", "c": "aarch64"}
    assert only_on({"x86_64": ["a"]}, ["x86_64"]) == {}


def test_local_folders(tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "there is").mkdir()
    text = f"here https://x.invalid/ {(tmp_path / 'there is').as_uri()} nowhere"
    assert local_folders({"PIP_FIND_LINKS": text}, tmp_path) == (tmp_path / "here", tmp_path / "there is")
    assert local_folders({}, tmp_path) == ()


LINE = st.lists(
    st.sampled_from(
        ["a", "==1.0", "==2", " ; ", "sys_platform == 'linux'", " @ ", "https://x/a.whl", "\\", "\n", "#", " "]
    )
    | st.just(f" --hash=sha256:{'0' * 64}")
    | st.sampled_from(["-e .", "-r x", "--hash", "[x]", "\r", "\x85", "é"])
).map("".join)


@given(st.binary() | LINE.map(str.encode))
def test_any_requirements_are_read_or_refused(content):
    with suppress(LockError):
        found = read_requirements(content, name="r.txt", folder=HERE, project="sample")
        assert all(len(item.sha256s) == len(set(item.sha256s)) for item in found.items)


VALUE = st.recursive(
    st.text(max_size=9) | st.integers() | st.booleans() | st.just("1.0"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["name", "path", "hashes"]), inner),
    max_leaves=4,
)
NAMES = ["lock-version", "created-by", "packages", "environments", "extras", "tool", "default-groups"]


@given(st.dictionaries(st.sampled_from(NAMES), VALUE))
def test_any_table_is_read_or_refused(table):
    import tomli_w

    content = tomli_w.dumps({"lock-version": "1.0", "created-by": "x", "packages": [], **table}).encode()
    with suppress(LockError):
        assert read_pylock(content, name="pylock.toml", folder=HERE, project="sample").versions() == {}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-01-31", "2026-01-31T00:00:00+00:00"),
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00+00:00"),
        ("2026-01-31t12:00:00.5z", "2026-01-31T12:00:00.500000+00:00"),
        ("2026-01-31 12:00:00.1234567+02:00", "2026-01-31T10:00:00.123456+00:00"),
        ("2026-01-31T12:00:00", "2026-01-31T12:00:00+00:00"),
    ],
)
def test_times_are_read_alike_by_every_python(text, meant):
    assert utc(text).isoformat() == meant


@pytest.mark.parametrize("text", ["", "soon", "P1D", "20260131", "2026-02-31", "2026-01-31T25:00:00Z", "2026-W05-1"])
def test_what_is_no_time(text):
    with pytest.raises(ValueError, match=r"."):
        utc(text)
