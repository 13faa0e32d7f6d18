"""A build in which nothing, or one file, changed: what is made anew, and that nothing stale is ever answered."""

from __future__ import annotations

import os
import re
import sys
import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.buildproject import build, environment, write_project
from support.elfcraft import AARCH64, X86_64, elf_of
from support.localindex import serving
from support.wheelcraft import make_wheel

from hatch_os402.build.unchanged import KNOWN
from hatch_os402.cache import PARTS
from hatch_os402.config.options import Options

if TYPE_CHECKING:
    from support.buildproject import Build
    from support.localindex import Index

pytestmark = pytest.mark.once

UNCHANGED = "nothing changed: the artifacts are those of the last build"


def test_every_option_is_known_or_built_anew():
    """Whoever adds an option decides whether its whole effect is in the artifacts and in the digest of the inputs."""
    options = {name.replace("_", "-") for name, value in vars(Options).items() if isinstance(value, cached_property)}
    assert options <= KNOWN


class World:
    """A project, an index whose pages may be kept, and caches of their own."""

    def __init__(self, folder: Path, index: Index) -> None:
        self.index = index
        self.root = write_project(folder / "project", dependencies=["used"])
        self.schema = self.root / "schema.json"
        self.environment = environment(
            PIP_INDEX_URL=index.url,
            PIP_TRUSTED_HOST=index.url.split("/")[2],
            PIP_CACHE_DIR=str(folder / "pip"),
            HATCH_OS402_CACHE_DIR=str(folder / "os402"),
            HOME=str(folder),
        )

    def build(self, **variables: str) -> Build:
        self.index.requests.clear()
        return build(self.root, env=self.environment | variables).succeeded()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    (folder / "index").mkdir()
    make_wheel(folder / "index", "used", "1.0", {"used.py": "VALUE = 1\n"})
    with serving(folder / "index") as index:
        index.max_age = 600
        made = World(folder, index)
        made.first = made.build()
        yield made


def again(world: World) -> Build:
    """Build until the last build is of the project as it is."""
    world.build()
    return world.build()


def test_nothing_changed(world):
    world.build()
    (record,) = world.first.dist.glob("*.build.json")
    saved = time.time_ns()
    os.utime(record, ns=(saved - 10**9,) * 2)
    found = world.build()
    assert UNCHANGED in found.err
    assert record.stat().st_mtime_ns > saved  # as after any build: it is newer than what was saved before
    assert found.ours == world.first.ours
    assert not world.index.requests
    assert "resolved" in found.err
    assert [line for line in found.out.splitlines() if line] == [line for line in world.first.out.splitlines() if line]


NEEDLESS = re.compile(
    r"\| +(filelock|platformdirs|httpx|ssl|http\.client|packaging\.metadata|hatch_os402\.(?:archive|compatibility|launcher"
    r"|build\.pipeline|config\.options|resolution\.(?:resolver|lock\.model)|wheels))\b"
)
"""What a build in which nothing changed has no use for: most of its time is the import of modules."""


def test_nothing_is_imported_when_nothing_changed(world):
    again(world)
    found = world.build(PYTHONPROFILEIMPORTTIME="1")
    assert UNCHANGED in found.err
    assert "hatch_os402.build.unchanged" in found.err
    assert NEEDLESS.findall(found.err) == []


@pytest.mark.parametrize("suffix", [".pyz", ".stdin", ".offer.json", ".build.json"])
def test_an_artifact_that_changed_is_made_again(world, suffix):
    again(world)
    (path,) = world.first.dist.glob(f"*{suffix}")
    content = path.read_bytes()
    stated = path.stat()
    path.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    os.utime(path, ns=(stated.st_atime_ns, stated.st_mtime_ns))
    found = world.build()
    assert UNCHANGED not in found.err
    assert found.ours == world.first.ours
    path.unlink()
    assert world.build().ours == world.first.ours


def test_one_file_changed(world):
    again(world)
    source = world.root / "sample/__main__.py"
    before = source.read_text()
    source.write_text('print("it runs differently")\n')
    found = world.build()
    assert not world.index.requests
    assert UNCHANGED not in found.err
    assert " ago (`HATCH_OS402_FRESH=1` resolves again)" in found.err
    assert found.members["sample/__main__.py"] == source.read_bytes()
    fresh = world.build(HATCH_OS402_FRESH="1")
    assert world.index.requests
    assert fresh.ours == found.ours
    source.write_text(before)
    assert world.build().ours == world.first.ours


def test_whatever_a_build_keeps_is_known_to_the_cache(world):
    """Else it is in no `cache info`, and grows for ever."""
    again(world)
    kept = {path.name for path in Path(world.environment["HATCH_OS402_CACHE_DIR"]).iterdir() if path.is_dir()}
    assert {"wheels", "builds", "resolutions", "verdicts", "options"} <= kept
    assert kept - {"locks"} <= PARTS.keys()


@pytest.mark.skipif(sys.version_info[:2] == (3, 12), reason="the Python that runs compiles")
def test_no_python_is_asked_again_what_it_is(world):
    pyproject = world.root / "pyproject.toml"
    before = pyproject.read_text()
    pyproject.write_text(before.replace("bytecode = false", 'bytecode = "auto"'))
    assert pyproject.read_text() != before
    kept = Path(world.environment["HATCH_OS402_CACHE_DIR"], "interpreters")
    again(world)
    stated = {path: path.stat().st_mtime_ns for path in kept.rglob("*.json")}
    assert stated
    assert UNCHANGED in world.build().err
    assert {path: path.stat().st_mtime_ns for path in kept.rglob("*.json")} == stated
    pyproject.write_text(before)
    again(world)


def test_a_required_lock_is_required_although_nothing_changed(world):
    again(world)
    found = build(world.root, env=world.environment | {"HATCH_OS402_LOCKED": "1"})
    assert found.code
    assert "a lock is required" in found.err
    assert world.build().ours == world.first.ours


def test_a_saved_profile_counts(world):
    again(world)
    profile = world.root / "os402-profile.json"
    profile.write_text('{"format": 1, "modules": [], "patterns": []}\n')
    assert UNCHANGED not in world.build().err
    profile.write_text("{")
    found = build(world.root, env=world.environment)
    assert found.code
    assert "os402-profile.json" in found.err
    profile.unlink()
    assert world.build().ours == world.first.ours


def test_private_values_of_the_environment_count(world):
    pyproject = world.root / "pyproject.toml"
    text = pyproject.read_text()
    pyproject.write_text(text.replace("price = 0", 'price = 0\nenv-private = true\nenv = { KEY = "{env:SOME_KEY}" }'))
    one, other = (world.build(SOME_KEY=value) for value in ("one", "other"))
    assert one.ours != other.ours
    assert UNCHANGED not in other.err
    pyproject.write_text(text)
    assert world.build().ours == world.first.ours


CHANGES = {
    "an option": ("bytecode = false", 'bytecode = false\ncompression = "stored"'),
    "an option of the offer": ("price = 0", "price = 0\nram = '64M'"),
    "the end of the offer": ("2030-01-01", "2031-01-01"),
    "the version": ('version = "0.1.0"', 'version = "0.1.0"\ndescription = "another"'),
    "a requirement": ('["used"]', '["used>=1"]'),
}


@pytest.mark.parametrize(("old", "new"), CHANGES.values(), ids=CHANGES)
def test_what_pyproject_says_counts(world, old, new):
    again(world)
    pyproject = world.root / "pyproject.toml"
    text = pyproject.read_text()
    assert old in text
    pyproject.write_text(text.replace(old, new))
    found = world.build()
    assert UNCHANGED not in found.err
    assert found.ours != world.first.ours
    assert found.ours == world.build(HATCH_OS402_FRESH="1").ours
    pyproject.write_text(text)
    assert world.build().ours == world.first.ours


@pytest.mark.parametrize("name", ["schema.json", " schema.json\\n", "~/project/schema.json"])
def test_a_file_that_an_option_names_counts(world, name):
    pyproject, text = world.root / "pyproject.toml", (world.root / "pyproject.toml").read_text()
    pyproject.write_text(text.replace("price = 0", f'price = 0\ninput-schema = "{name}"'))
    before = time.time() - 100
    for kind in ("object", "array"):
        world.schema.write_text(f'{{"type": "{kind}"}}')
        os.utime(world.schema, (before, before))
        found = world.build()
        assert UNCHANGED not in found.err
        assert f'"type":"{kind}"' in found[".offer.json"].decode().replace(" ", "").replace("\\", "")
        assert UNCHANGED in world.build().err
    pyproject.write_text(text)


def test_the_architecture_of_a_local_runtime_counts(world):
    """Its path is the same: what has to be resolved is not."""
    make_wheel(world.index.folder, "arm", "1.0", {"arm.py": ""})
    requirements = ["used", "arm; platform_machine == 'aarch64'"]
    write_project(world.root, dependencies=requirements, options='bytecode = false\nruntime = "python"\n')
    for machine, expected in ((X86_64, {"used"}), (AARCH64, {"used", "arm"})):
        (world.root / "python").write_bytes(elf_of(b"code", machine))
        assert again(world).vendored.keys() == expected
    write_project(world.root, dependencies=["used"])
    assert world.build().ours == world.first.ours


def test_a_newer_release_is_found_when_the_index_lets_no_page_be_kept(world):
    """And with one that does, as soon as the user asks for it."""
    again(world)
    newer = make_wheel(world.index.folder, "used", "2.0", {"used.py": "VALUE = 2\n"})
    assert world.build().vendored == {"used": "1.0"}
    assert world.build(HATCH_OS402_FRESH="1", PIP_NO_CACHE_DIR="1").vendored == {"used": "2.0"}
    newer.unlink()
    world.index.max_age = None
    one = {"PIP_CACHE_DIR": str(world.root.parent / "pip-of-its-own")}
    assert world.build(**one).vendored == {"used": "1.0"}
    make_wheel(world.index.folder, "used", "3.0", {"used.py": "VALUE = 3\n"})
    assert world.build(**one).vendored == {"used": "3.0"}
