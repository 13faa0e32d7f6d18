from __future__ import annotations

import json
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from hatch_os402.installation import origin as module
from hatch_os402.installation.origin import Origin, find_origin


@pytest.fixture
def recorded(monkeypatch):
    """Let the installation have this `direct_url.json`."""

    class Installed:
        def __init__(self, text):
            self.text = text

        def read_text(self, name):
            return self.text if name == "direct_url.json" else None

    def record(content):
        text = content if content is None or isinstance(content, str) else json.dumps(content)
        monkeypatch.setattr(module, "distribution", lambda _name: Installed(text))
        return find_origin()

    return record


def test_an_index_leaves_no_address(recorded, tmp_path):
    origin = recorded(None)
    assert (origin.requirement(["serve", "cli"]), origin.arguments()) == ("hatch-os402[cli,serve]", ["hatch-os402"])
    assert origin.near(tmp_path) is None
    assert origin.exists
    assert not origin.is_local


def test_a_wheel_file(recorded, tmp_path):
    wheel = tmp_path / "with space" / "hatch_os402-1-py3-none-any.whl"
    origin = recorded({"url": wheel.as_uri(), "archive_info": {"hash": "sha256=00"}})
    assert origin.arguments(["cli"]) == [f"{wheel}[cli]"]
    assert origin.is_local
    assert not origin.exists
    assert Requirement(origin.requirement(["cli"])).url == wheel.as_uri()
    near = "{root:parent:uri}/with%20space/hatch_os402-1-py3-none-any.whl"
    assert origin.near(tmp_path / "project") == f"hatch-os402 @ {near}"
    inside = "{root:uri}/hatch_os402-1-py3-none-any.whl"
    assert origin.near(wheel.parent) == f"hatch-os402 @ {inside}"


def test_a_clone(recorded, tmp_path):
    origin = recorded({"url": tmp_path.as_uri(), "dir_info": {"editable": True}})
    assert origin.arguments(["cli"]) == ["--editable", f"{tmp_path}[cli]"]
    assert origin.near(tmp_path / "fixtures" / "one") == "hatch-os402 @ {root:parent:parent:uri}"
    deep = tmp_path / "one" / "two" / "three"
    assert origin.near(deep) is None
    assert recorded({"url": tmp_path.as_uri(), "dir_info": {}}).arguments() == [str(tmp_path)]


def test_what_only_the_root_of_the_file_system_joins_is_not_near():
    origin = Origin("file:///opt/hatch-os402", Path("/opt/hatch-os402"))
    assert origin.near(Path("/srv")) is None


def test_addresses(recorded):
    origin = recorded(
        {"url": "https://example.org/os402", "vcs_info": {"vcs": "git", "commit_id": "ab12"}, "subdirectory": "x"}
    )
    assert origin.requirement() == "hatch-os402 @ git+https://example.org/os402@ab12#subdirectory=x"
    assert not origin.is_local
    url = "https://example.org/hatch_os402-1-py3-none-any.whl"
    assert recorded({"url": url, "archive_info": {}}).requirement(["cli"]) == f"hatch-os402[cli] @ {url}"


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"url": "https://example.org", "vcs_info": 3}'])
def test_what_cannot_be_read_says_nothing(recorded, text):
    assert recorded(text) == Origin()


def test_a_clone_that_is_not_installed(monkeypatch):
    def missing(name):
        raise module.PackageNotFoundError(name)

    monkeypatch.setattr(module, "distribution", missing)
    root = Path(__file__).parents[2]
    assert find_origin() == Origin(root.as_uri(), root, editable=True)
