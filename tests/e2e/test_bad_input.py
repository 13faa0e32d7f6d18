"""Whatever is wrong ends in one message, exit status 1, and a folder that is as it was."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest
from support.buildproject import FILES, build, contents, copy_fixture, environment, offline, write, write_project
from support.localindex import closed_port, serving
from support.once import once_but
from support.wheelcraft import ELF, make_wheel, write_zip

from hatch_os402.artifacts.names import SIGNED_SUFFIX, names
from hatch_os402.offer.prices import survives

PREVIOUS = {f"dist/{name}": f"previous {name}" for name in (*names("sample-0.1.0"), f"sample-0.1.0{SIGNED_SUFFIX}")}
LIMITED = (
    "import os, resource, sys; size = int(sys.argv[1]); resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)); "
    "os.execv(sys.argv[2], sys.argv[2:])"
)
"""Python ignores SIGXFSZ, so that a file above the limit is an OSError: what a full disk is, without one."""


def refused(root: Path, *arguments: str, previous=PREVIOUS, **more) -> str:
    """Build in `root`, where `previous` artifacts lie, and return the message; nothing at all may have changed."""
    write(root, previous)
    before = contents(root)
    reported = build(root, *arguments, **more).refused()
    after = contents(root)
    assert sorted(after) == sorted(before)
    assert after == before
    return reported


WRONG_OPTIONS = {
    "unknown": ("byte-code = true", "", ("os402.byte-code", "`bytecode`")),
    "unknown in the offer": ("", "ownr = '0x0'", ("offer.ownr", "`owner`")),
    "not a boolean": ("sources = 'yes'", "", ("os402.sources", "boolean")),
    "not an array": ("features = 'all'", "", ("os402.features", "array")),
    "not strings": ("exclude = [1]", "", ("#1", "os402.exclude", "string")),
    "not a choice": ("compression = 'zstd'", "", ("os402.compression", '"stored"', "'zstd'")),
    "neither boolean nor auto": ("bytecode = 'perhaps'", "", ("os402.bytecode", '"auto"')),
    "not an entry point": ("entry-point = 'sample cgi'", "", ("os402.entry-point", "module:callable")),
    "not a runtime": ("runtime = 'nowhere/python'", "", ("os402.runtime", "nowhere/python")),
    "not an address": ("", "owner = '0x123'", ("offer.owner", "40 hex digits")),
    "not a number": ("", "price = 'free'", ("offer.price", "number")),
    "negative": ("", "price = -1", ("offer.price", "-1")),
    "not a size": ("", "ram = '1 lot'", ("offer.ram", "256mb")),
    "not a date": ("", "valid-until = 'tomorrow'", ("offer.valid-until", "tomorrow")),
    "a date that never was": ("", "valid-until = '2027-02-30T00:00:00Z'", ("offer.valid-until", "exists")),
    "a local date": ("", "valid-until = 2030-01-01T00:00:00", ("offer.valid-until", "UTC")),
}


@pytest.mark.once
@pytest.mark.parametrize(("options", "offer", "reported"), WRONG_OPTIONS.values(), ids=WRONG_OPTIONS)
def test_options(tmp_path, options, offer, reported):
    text = refused(write_project(tmp_path, options=options, offer=offer))
    assert all(word in text for word in reported), text


@pytest.mark.once
def test_a_price_that_does_not_survive_names_one_that_does(tmp_path):
    """What the message proposes must be taken."""
    offer = "price-per-second = {}\ntestnet = true\nvalid-until = 2030-01-01T00:00:00Z"
    price = next(number for number in (0.1 + digit / 1e16 for digit in range(1000)) if not survives(number))
    reported = refused(write_project(tmp_path, offer=offer.format(repr(price))))
    assert "offer.price-per-second" in reported
    better = reported.partition("`price-per-second = ")[2].partition("`")[0]
    build(write_project(tmp_path, offer=offer.format(better))).succeeded()


TWO_SCRIPTS = "[project.scripts]\nfirst = 'sample:first'\nsecond = 'sample:second'\n"
ENTRY_POINTS = {
    "none": ({"project": "", "files": {"sample/__init__.py": ""}}, ("entry-point", "sample.cgi:main")),
    "two scripts": ({"project": TWO_SCRIPTS}, ("entry-point", "sample:first", "sample:second")),
    "not in the archive": (
        {"options": "entry-point = 'sample.web:main'", "files": {**FILES, "sample/inner/web.py": ""}},
        ("sample.web:main", "sample/web.py", "sample/inner/web.py"),
    ),
    "excluded": ({"options": "exclude = ['__main__.py']"}, ("sample/__main__.py",)),
    "two packages": (
        {
            "files": {**FILES, "other/__init__.py": "", "other/__main__.py": ""},
            "extra": "[tool.hatch.build.targets.wheel]\npackages = ['sample', 'other']",
        },
        ("entry-point", "other, sample"),
    ),
}


@pytest.mark.once
@pytest.mark.parametrize(("project", "reported"), ENTRY_POINTS.values(), ids=ENTRY_POINTS)
def test_entry_points(tmp_path, project, reported):
    text = refused(write_project(tmp_path, **project))
    assert all(word in text for word in reported), text


@pytest.mark.parametrize(
    ("identity", "reported"),
    [('version = "0.1.0"\n', "name"), ('name = "sample"\n', "version"), ('name = "sample"\nversion = "one"\n', "one")],
)
def test_a_project_without_name_or_version(tmp_path, identity, reported):
    text = refused(write_project(tmp_path, identity=identity))
    assert reported in text
    assert text.startswith("os402: ")


@pytest.mark.once
def test_a_long_requirement_is_not_shown_whole(tmp_path):
    extras = ",".join(f"extra{number}" for number in range(3000))
    text = refused(write_project(tmp_path, dependencies=[f"upper[{extras}]>=1,<"]))
    assert "`project.dependencies`" in text
    assert "extra9" in text
    assert len(text) < 2000


@pytest.mark.once
def test_a_project_for_other_pythons(tmp_path):
    text = refused(write_project(tmp_path, project="requires-python = '>=3.13'"))
    assert "requires-python" in text
    assert "3.12.3" in text


@pytest.mark.once
def test_a_requirement_that_does_not_exist(find_links, tmp_path):
    root = write_project(tmp_path / "project", dependencies=["unheard-of>=2"])
    assert "unheard-of>=2" in refused(root, env=environment(**offline(find_links)))


@pytest.mark.once
def test_requirements_that_contradict_each_other(find_links, tmp_path):
    make_wheel(find_links, "lower", "1.0", {"lower.py": ""})
    make_wheel(find_links, "lower", "2.0", {"lower.py": ""})
    make_wheel(find_links, "upper", "1.0", {"upper.py": ""}, requires=["lower<2"])
    root = write_project(tmp_path / "project", dependencies=["upper", "lower>=2"])
    reported = refused(root, env=environment(**offline(find_links)))
    assert "contradict" in reported
    assert "upper 1.0 depends on lower<2" in reported


@pytest.mark.parametrize("retries", ["0", pytest.param("1", marks=pytest.mark.once)])
def test_an_index_that_cannot_be_reached(tmp_path, retries):
    root = write_project(tmp_path / "project", dependencies=["upper"])
    with closed_port() as port:
        settings = {"PIP_INDEX_URL": f"http://127.0.0.1:{port}/simple/", "PIP_RETRIES": retries}
        reported = refused(root, env=environment(**settings))
    assert "could not be reached" in reported
    assert "upper" in reported
    assert "PIP_INDEX_URL" in reported


@pytest.mark.once
def test_a_wheel_that_is_not_what_the_index_promised(find_links, tmp_path):
    make_wheel(find_links, "upper", "1.0", {"upper.py": ""})
    root = write_project(tmp_path / "project", dependencies=["upper"])
    wrong = hashlib.sha256(b"another file").hexdigest()
    with serving(find_links, digest=lambda _: wrong) as index:
        reported = refused(root, env=environment(PIP_INDEX_URL=index.url, PIP_NO_CACHE_DIR="1"))
    assert "upper" in reported
    assert wrong in reported
    assert "not the one that was promised" in reported


def damaged_member(find_links: Path) -> None:
    wheel = make_wheel(find_links, "upper", "1.0", {"upper.py": "answer = 42\n"})
    wheel.write_bytes(wheel.read_bytes().replace(b"answer = 42", b"answer = 43", 1))


def truncated(find_links: Path) -> None:
    wheel = make_wheel(find_links, "upper", "1.0", {"upper.py": "answer = 42\n"})
    wheel.write_bytes(wheel.read_bytes()[:-100])


def not_a_zip(find_links: Path) -> None:
    (find_links / "upper-1.0-py3-none-any.whl").write_bytes(b"404 not found\n")


def climbing(find_links: Path) -> None:
    make_wheel(find_links, "upper", "1.0", {"../evil.py": "", "upper.py": ""})


def absolute(find_links: Path) -> None:
    make_wheel(find_links, "upper", "1.0", {"/tmp/evil.py": ""})


def lying_record(find_links: Path) -> None:
    make_wheel(find_links, "upper", "1.0", {"upper.py": ""}, record="upper.py,sha256=AAAA,7\n")


def without_metadata(find_links: Path) -> None:
    write_zip(find_links / "upper-1.0-py3-none-any.whl", [("upper.py", b"")])


@pytest.mark.parametrize(
    "craft",
    once_but((damaged_member, truncated, not_a_zip, climbing, absolute, lying_record, without_metadata), truncated),
)
def test_wheels_that_cannot_be_trusted(find_links, tmp_path, craft):
    craft(find_links)
    root = write_project(tmp_path / "project", dependencies=["upper"])
    reported = refused(root, env=environment(**offline(find_links)))
    assert "upper" in reported
    assert not list(tmp_path.rglob("evil.py"))


@pytest.mark.once
def test_compiled_code_of_the_project_itself(tmp_path):
    extra = "[tool.hatch.build.targets.wheel.force-include]\n'native.bin' = 'sample/fast.so'\n"
    reported = refused(write_project(tmp_path, files={**FILES, "native.bin": ELF}, extra=extra))
    assert "sample/fast.so" in reported
    assert "the project itself" in reported


@pytest.mark.once
def test_all_compiled_dependencies_are_named_at_once(find_links, tmp_path):
    for name in ("fast", "faster"):
        make_wheel(find_links, name, "1.0", {f"{name}.cpython-312-x86_64-linux-gnu.so": ELF})
    make_wheel(find_links, "upper", "1.0", {"upper.py": ""}, requires=["fast"])
    root = write_project(tmp_path / "project", dependencies=["upper", "faster"])
    reported = refused(root, env=environment(**offline(find_links)))
    assert "sample -> upper -> fast" in reported
    assert "sample -> faster" in reported


@pytest.mark.once
@pytest.mark.network
def test_the_compiled_fixture(tmp_path):
    root = copy_fixture("compiled", tmp_path / "compiled")
    pyproject = root / "pyproject.toml"
    table = "[tool.hatch.build.targets.os402"
    # Fixes are searched in test_compiled.py.
    pyproject.write_text(
        pyproject.read_text().replace(f"{table}.offer]", f"{table}]\nremedies = false\n\n{table}.offer]")
    )
    previous = {f"dist/{name}": "previous" for name in names("compiled-0.1.0")}
    reported = refused(root, env=environment(pip=True), previous=previous)
    assert "orjson" in reported
    assert "compiled -> orjson" in reported
    assert "required by compiled -> pydantic -> pydantic-core" in reported
    assert "simplejson" in reported


HOOK = "[tool.hatch.build.targets.wheel.hooks.custom]\n"
RAISING = """
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

class Hook(BuildHookInterface):
    def initialize(self, version, build_data):
        raise RuntimeError("the generator broke")
"""
FAILING = {
    "raises": (RAISING, "the generator broke"),
    "misses a module": (f"import unheard_of\n{RAISING}", "unheard_of"),
}


@pytest.mark.parametrize(("source", "reported"), once_but(FAILING, "raises"))
def test_a_hook_of_the_wheel_that_fails(tmp_path, source, reported):
    """The reason is told plainly; where it came from, when more is asked for."""
    root = write_project(tmp_path, files={**FILES, "hatch_build.py": source}, extra=HOOK)
    text = refused(root, env=environment(PYTHONDONTWRITEBYTECODE="1"))
    assert reported in text
    assert "hatch build -t wheel" in text
    verbose = build(root, env=environment(PYTHONDONTWRITEBYTECODE="1", HATCH_VERBOSE="1"))
    assert verbose.code == 1
    assert "hatch_build.py" in verbose.err
    assert reported in verbose.err


@pytest.mark.once
def test_more_is_told_when_it_is_asked_for(find_links, tmp_path):
    root = write_project(tmp_path / "project", dependencies=["unheard-of"])
    plain = refused(root, env=environment(**offline(find_links)))
    verbose = build(root, env=environment(**offline(find_links), HATCH_VERBOSE="1"))
    assert verbose.code == 1
    assert "Looking in links" in verbose.err
    assert "Looking in links" not in plain
    assert [line for line in plain.splitlines() if line not in verbose.err] == []


@pytest.mark.once
@pytest.mark.parametrize("what", ["the archive", "the bytecode", "the wheel"])
def test_a_full_disk(tmp_path, python312, what):
    """Files above 400 kB cannot be written: the zipapp, then a module's bytecode, then already the project's own wheel."""
    large = {
        "the archive": {"sample/data.txt": "a line that compresses well\n" * 40_000},
        "the bytecode": {"sample/large.py": "".join(f"x{number} = {number!r}, 'y'\n" for number in range(30_000))},
        "the wheel": {"sample/noise.bin": b"".join(hashlib.sha512(b"%d" % n).digest() for n in range(8_000))},
    }[what]
    root = write_project(tmp_path, files={**FILES, **large}, options="bytecode = true\ncompression = 'stored'\n")
    limited = (python312.path, "-c", LIMITED, "400000")
    env = environment(PIP_NO_INDEX="1", HATCH_OS402_CACHE_DIR=str(tmp_path.parent / f"cache of {tmp_path.name}"))
    reported = refused(root, wrapper=limited, env=env)
    assert "too large" in reported.lower()  # EFBIG, as strerror says it


@pytest.mark.once
def test_a_disk_that_is_full_of_wheels(find_links, tmp_path, python312):
    noise = b"".join(hashlib.sha512(b"%d" % number).digest() for number in range(8_000))
    make_wheel(find_links, "noise", "1.0", {"noise.bin": noise})
    root = write_project(tmp_path / "project", dependencies=["noise"])
    limited = (python312.path, "-c", LIMITED, "400000")
    assert "too large" in refused(root, wrapper=limited, env=environment(**offline(find_links))).lower()


@pytest.mark.once
@pytest.mark.parametrize("way", ["the default", "-d"])
def test_a_folder_that_is_a_file(tmp_path, way):
    root = write_project(tmp_path / "project")
    place = root / "dist" if way == "the default" else tmp_path / "place"
    place.write_text("not a folder\n")
    arguments = () if way == "the default" else ("-t", "os402", "-d", str(place))
    reported = refused(root, *arguments, previous={})
    assert place.name in reported
    assert place.read_text() == "not a folder\n"


@pytest.mark.once
def test_nothing_is_left_where_nothing_was(tmp_path):
    root = write_project(tmp_path, dependencies=["unheard-of"])
    build(root).refused()
    assert not (root / "dist").exists()


@pytest.mark.once
def test_an_unknown_version_of_the_target(tmp_path):
    assert "nightly" in refused(write_project(tmp_path), "-t", "os402:nightly")


@pytest.fixture
def another_python(request) -> str:
    """A Python with the plugin that is no 3.12; the running one, where it can be, for it need not be made."""
    if sys.version_info[:2] != (3, 12):
        return sys.executable
    return next(path for minor, path in request.getfixturevalue("hosts").items() if minor != "3.12")


@pytest.mark.once
@pytest.mark.network
def test_no_bytecode_where_it_is_required(tmp_path, another_python):
    """A host without a CPython 3.12 anywhere says so."""
    (tmp_path / "home").mkdir()
    empty = {"PATH": str(Path(sys.prefix) / "nowhere"), "HOME": str(tmp_path / "home")}
    env = environment(PIP_NO_INDEX="1", **empty)
    for name in ("PYENV_ROOT", "XDG_DATA_HOME"):
        env.pop(name, None)
    reported = refused(write_project(tmp_path / "project", options="bytecode = true"), python=another_python, env=env)
    assert "CPython 3.12" in reported
    root = write_project(tmp_path / "other", options="bytecode = 'auto'")
    automatic = build(root, python=another_python, env=env).succeeded()
    assert "no CPython 3.12 was found" in automatic.err
    assert automatic.record["bytecode"] == {"compiled": False}


@pytest.mark.once
def test_a_wheel_that_was_published_with_a_wrong_record(find_links, tmp_path):
    """The message gives the option that lets it through, which is told and recorded; what is staged has a true one."""
    make_wheel(find_links, "upper", "1.0", {"upper.py": ""}, record="upper.py,sha256=AAAA,7\n")
    root = write_project(tmp_path / "project", dependencies=["upper"])
    option = 'accept-broken-record = ["upper"]'
    assert option in refused(root, env=environment(**offline(find_links)))
    write_project(root, dependencies=["upper"], options=f"bytecode = false\n{option}\n")
    done = build(root, env=environment(**offline(find_links))).succeeded()
    assert "upper-1.0-py3-none-any.whl is taken as `accept-broken-record` asks: RECORD " in done.err
    assert done.record["distributions"][0]["accepted"].startswith("RECORD ")
    assert (
        b"upper.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0" in done.members["upper-1.0.dist-info/RECORD"]
    )
