"""What is vendored is what the target needs, and not what the host would: markers, extras, groups, and pip's settings."""

from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from support.buildproject import build, environment, offline, write, write_project
from support.localindex import PASSWORD, QUOTED, closed_port, serving
from support.wheelcraft import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.once

MARKERS = (
    ("minor-right", 'python_version == "3.12"'),
    ("minor-wrong", 'python_version != "3.12"'),
    ("full-right", 'python_full_version == "3.12.3"'),
    ("full-wrong", 'python_full_version != "3.12.3"'),
    ("platform-right", 'sys_platform == "linux"'),
    ("platform-wrong", 'sys_platform != "linux"'),
    ("os-right", 'os_name == "posix"'),
    ("os-wrong", 'os_name != "posix"'),
    ("system-right", 'platform_system == "Linux"'),
    ("system-wrong", 'platform_system != "Linux"'),
    ("machine-right", 'platform_machine == "x86_64" or platform_machine == "aarch64"'),
    ("machine-wrong", 'platform_machine != "x86_64" and platform_machine != "aarch64"'),
    ("implementation-right", 'implementation_name == "cpython" and platform_python_implementation == "CPython"'),
    ("implementation-wrong", 'implementation_name != "cpython"'),
)
WHAT_PACKAGING_SEES = "import json; from packaging.markers import default_environment as e; print(json.dumps(e()))"


def craft(find_links: Path, name: str, version: str = "1.0", **more) -> Path:
    return make_wheel(find_links, name, version, {f"{name.replace('-', '_')}.py": f"version = {version!r}\n"}, **more)


@pytest.mark.network
def test_markers_are_the_targets_on_every_host(hosts, find_links, tmp_path):
    """The project asks by markers and so does a dependency, so that pip and our own check both decide."""
    for name, _ in MARKERS:
        craft(find_links, name)
        craft(find_links, f"deep-{name}")
    craft(find_links, "deep", requires=[f"deep-{name}; {marker}" for name, marker in MARKERS])
    write_project(tmp_path, dependencies=["deep", *(f"{name}; {marker}" for name, marker in MARKERS)])
    right = {name for name, _ in MARKERS if name.endswith("right")}
    expected = {"deep", *right, *(f"deep-{name}" for name in right)}

    def on(host):
        minor, platform = host
        # Where Windows keeps its folders, for those who ask.
        folders = dict.fromkeys(("ALLUSERSPROFILE", "APPDATA", "LOCALAPPDATA", "USERPROFILE"), str(tmp_path))
        pretended = {"DISTURB_PLATFORM": platform, **folders} if platform else {}
        env = environment(**offline(find_links), **pretended)
        return build(tmp_path, python=hosts[minor], env=env, dist=tmp_path / f"dist {minor} {platform}")

    oldest, *_, newest = hosts
    builds = dict.fromkeys((minor, None) for minor in hosts)
    builds |= dict.fromkeys((minor, platform) for minor in (oldest, newest) for platform in ("win32", "darwin"))
    with ThreadPoolExecutor(2) as pool:
        builds = dict(zip(builds, pool.map(on, builds), strict=True))
    first = next(iter(builds.values()))
    for host, built in builds.items():
        assert set(built.succeeded().vendored) == expected, host
        assert built.artifacts == first.artifacts, host


@pytest.mark.network
def test_the_pretended_platforms_are_seen(hosts):
    """Without this the test above would prove nothing about Windows and macOS."""
    for python in hosts.values():
        for platform, name, system in (("win32", "nt", "Windows"), ("darwin", "posix", "Darwin")):
            for source in ("packaging", "pip._vendor.packaging"):
                script = WHAT_PACKAGING_SEES.replace("packaging", source)
                env = environment(DISTURB_PLATFORM=platform)
                seen = subprocess.check_output([python, "-I", "-c", script], env=env, text=True)
                assert f'"sys_platform": "{platform}"' in seen
                assert f'"os_name": "{name}"' in seen
                assert f'"platform_system": "{system}"' in seen


def test_what_one_architecture_needs_is_vendored_for_both(find_links, tmp_path):
    for name in ("everywhere", "on-arm", "on-intel", "below-arm"):
        craft(find_links, name, requires=["below-arm"] if name == "on-arm" else [])
    requires = [
        "everywhere",
        'on-arm; platform_machine == "aarch64"',
        'on-intel; platform_machine == "x86_64"',
    ]
    built = build(write_project(tmp_path, dependencies=requires), env=environment(**offline(find_links))).succeeded()
    assert set(built.vendored) == {"everywhere", "on-arm", "on-intel", "below-arm"}
    assert built.record["distributions"][0]["required_by"] == ["on-arm"]


def test_two_versions_for_two_architectures_are_refused(find_links, tmp_path):
    craft(find_links, "split", "1.0")
    craft(find_links, "split", "2.0")
    requires = ['split<2; platform_machine == "x86_64"', 'split>=2; platform_machine == "aarch64"']
    reported = build(write_project(tmp_path, dependencies=requires), env=environment(**offline(find_links))).refused()
    assert "split: 1.0 on x86_64, 2.0 on aarch64" in reported
    assert "`runtime`" in reported


EXTRAS_AND_GROUPS = {
    "project": '[project.optional-dependencies]\nUsed_One = ["wanted"]\nother = ["unwanted"]\n',
    "extra": '[dependency-groups]\nbase = ["deep"]\nserve = [{ include-group = "base" }, "shallow"]\ndev = ["unwanted"]\n',
}


def test_extras_and_groups_are_vendored_when_they_are_named(find_links, tmp_path):
    for name in ("wanted", "unwanted", "deep", "shallow", "always"):
        craft(find_links, name)
    options = 'features = ["used-one"]\ngroups = ["serve"]\n'
    root = write_project(tmp_path, dependencies=["always"], options=options, **EXTRAS_AND_GROUPS)
    built = build(root, env=environment(**offline(find_links))).succeeded()
    assert set(built.vendored) == {"always", "wanted", "deep", "shallow"}


@pytest.mark.parametrize(
    ("options", "reported"),
    [
        ('features = ["unusual"]', ("features", "'unusual'", "other, used-one")),
        ('groups = ["unheard"]', ("groups", "'unheard'", "base, dev, serve")),
    ],
)
def test_unknown_extras_and_groups_are_refused(tmp_path, options, reported):
    text = build(write_project(tmp_path, options=options, **EXTRAS_AND_GROUPS)).refused()
    assert all(word in text for word in reported), text


def test_a_dependency_may_require_the_project(find_links, tmp_path):
    """The index has another project of the same name: it must not be taken instead."""
    craft(find_links, "plugin", requires=["sample>=0.1", "sample[more]"])
    craft(find_links, "more")
    make_wheel(find_links, "sample", "9.0", {"sample/__init__.py": "raise SystemExit('not this one')\n"})
    root = write_project(
        tmp_path, dependencies=["plugin"], project='[project.optional-dependencies]\nmore = ["more"]\n'
    )
    built = build(root, env=environment(**offline(find_links))).succeeded()
    assert set(built.vendored) == {"plugin", "more"}
    assert built.members["sample/__init__.py"] == b""


def write_sdist(folder: Path, name: str, evidence: Path) -> Path:
    """Write an sdist whose every way to be built leaves `evidence`."""
    run = f"open({str(evidence)!r}, 'w').close()\n"
    files = {
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        "setup.py": f"{run}from setuptools import setup; setup(name={name!r}, version='1.0')\n",
        "backend.py": f"{run}raise SystemExit('built')\n",
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        f'[project]\nname = "{name}"\ndynamic = ["version"]\n',
    }
    path = folder / f"{name}-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for file, text in files.items():
            info = tarfile.TarInfo(f"{name}-1.0/{file}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    write(folder / name, files)
    return path


@pytest.mark.parametrize("way", ["name", "address", "folder"])
def test_source_is_refused_and_never_run(find_links, tmp_path, way):
    evidence = tmp_path / "evidence"
    sdist = write_sdist(find_links, "sourceful", evidence)
    requirement = {
        "name": "sourceful",
        "address": f"sourceful @ {sdist.as_uri()}",
        "folder": f"sourceful @ {(find_links / 'sourceful').as_uri()}",
    }[way]
    extra = "[tool.hatch.metadata]\nallow-direct-references = true\n"
    root = write_project(tmp_path / "project", dependencies=[requirement], extra=extra)
    reported = build(root, env=environment(**offline(find_links))).refused()
    assert not evidence.exists()
    assert "sourceful" in reported
    assert "source" in reported
    assert "wheel" in reported


def test_a_wheel_may_come_by_its_address(find_links, tmp_path):
    wheel = craft(find_links, "direct")
    extra = "[tool.hatch.metadata]\nallow-direct-references = true\n"
    root = write_project(tmp_path / "project", dependencies=[f"direct @ {wheel.as_uri()}"], extra=extra)
    built = build(root, env=environment(PIP_NO_INDEX="1")).succeeded()
    assert built.vendored == {"direct": "1.0"}
    assert str(tmp_path) not in built[".build.json"].decode()


DANGEROUS = {
    "TARGET": "elsewhere",
    "PREFIX": "elsewhere",
    "ROOT": "elsewhere",
    "USER": "1",
    "NO_DEPS": "1",
    "REQUIRE_HASHES": "1",
    "CONSTRAINT": "constraint.txt",
    "REQUIREMENT": "requirement.txt",
    "GROUP": "dev",
    "PYTHON": "/nowhere/python",
    "PYTHON_VERSION": "3.13",
    "PLATFORM": "win_amd64",
    "ABI": "abi3",
    "IMPLEMENTATION": "py",
    "NO_BINARY": ":all:",
    "PRE": "1",
    "QUIET": "3",
    "LOG": "pip.log",
    "DRY_RUN": "0",
    "REPORT": "elsewhere.json",
    "EXISTS_ACTION": "a",
    "IGNORE_REQUIRES_PYTHON": "1",
    "REQUIRE_VIRTUALENV": "1",
}


def stack(find_links: Path) -> None:
    """A dependency with one of its own, in releases that a changed setting would choose otherwise."""
    craft(find_links, "upper", requires=["lower"])
    craft(find_links, "lower", "1.0")
    craft(find_links, "lower", "2.0")
    craft(find_links, "lower", "3.0rc1")
    craft(find_links, "lower", "4.0", requires_python=">=3.13")


@pytest.mark.parametrize("way", ["environment", "configuration"])
def test_what_would_change_the_resolution_does_not_reach_pip(find_links, tmp_path, way):
    stack(find_links)
    root = write_project(tmp_path / "project", dependencies=["upper"])
    clean = build(root, env=environment(**offline(find_links)), dist=tmp_path / "clean").succeeded()
    assert clean.vendored == {"upper": "1.0", "lower": "2.0"}

    write(root, {"constraint.txt": "lower<2\n", "requirement.txt": "unheard-of\n"})
    if way == "environment":
        env = environment(**offline(find_links), **{f"PIP_{name}": value for name, value in DANGEROUS.items()})
    else:
        lines = [f"{name.lower().replace('_', '-')} = {value}" for name, value in DANGEROUS.items()]
        sections = (f"[{section}]\n" + "\n".join(lines) for section in ("global", "install", "download"))
        write(tmp_path, {"pip.conf": "\n".join(sections)})
        env = environment(**offline(find_links), PIP_CONFIG_FILE=str(tmp_path / "pip.conf"))
    built = build(root, env=env, dist=tmp_path / "disturbed").succeeded()
    assert built.artifacts == clean.artifacts
    assert not (root / "elsewhere").exists()


@pytest.mark.parametrize("way", ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "configuration", "credentials"])
def test_the_users_index_is_asked(find_links, tmp_path, way):
    stack(find_links)
    (empty := tmp_path / "empty").mkdir()
    root = write_project(tmp_path / "project", dependencies=["upper"])
    with serving(find_links, private=way == "credentials") as index, serving(empty) as other:
        settings = {
            "PIP_INDEX_URL": {"PIP_INDEX_URL": index.url},
            "PIP_EXTRA_INDEX_URL": {"PIP_INDEX_URL": other.url, "PIP_EXTRA_INDEX_URL": index.url},
            "configuration": {"PIP_CONFIG_FILE": str(tmp_path / "pip.conf")},
            "credentials": {"PIP_INDEX_URL": index.url_with_credentials},
        }[way]
        write(tmp_path, {"pip.conf": f"[global]\nindex-url = {index.url}\n"})
        built = build(root, env=environment(**settings, HATCH_VERBOSE="1", PIP_NO_CACHE_DIR="1")).succeeded()
    assert built.vendored == {"upper": "1.0", "lower": "2.0"}
    assert "/simple/upper/" in index.requests
    assert f"/files/{next(find_links.glob('upper*')).name}" in index.requests
    everything = b"".join([*built.artifacts.values(), built.err.encode()])
    for secret in (PASSWORD, QUOTED, "127.0.0.1"):
        assert secret.encode() not in everything


def test_a_refused_password_is_not_told(find_links, tmp_path):
    stack(find_links)
    root = write_project(tmp_path / "project", dependencies=["upper"])
    with serving(find_links, private=True) as index:
        url = index.url_with_credentials.replace(QUOTED, "another-secret")
        env = environment(PIP_INDEX_URL=url, HATCH_VERBOSE="1", PIP_RETRIES="0", PIP_NO_CACHE_DIR="1")
        reported = build(root, env=env).refused()
    assert "upper" in reported
    assert "another-secret" not in reported


def test_a_dead_proxy_is_named(find_links, tmp_path):
    """That it is asked shows that the setting arrives."""
    stack(find_links)
    root = write_project(tmp_path / "project", dependencies=["upper"])
    with serving(find_links) as index, closed_port() as port:
        env = environment(
            PIP_INDEX_URL=index.url.replace("127.0.0.1", "index.invalid"),
            PIP_TRUSTED_HOST="index.invalid",
            PIP_PROXY=f"http://127.0.0.1:{port}",
            PIP_RETRIES="0",
        )
        reported = build(root, env=env).refused()
    assert "could not be reached" in reported
    assert "proxy" in reported.lower()
    assert "upper" in reported
    assert index.requests == []


def test_an_index_that_pip_does_not_trust_is_named(find_links, tmp_path):
    root = write_project(tmp_path / "project", dependencies=["upper"])
    reported = build(root, env=environment(PIP_INDEX_URL="http://index.invalid/simple/", PIP_RETRIES="0")).refused()
    assert "index.invalid" in reported
    assert "trusted" in reported


def test_an_index_and_a_folder_give_the_same_bytes(find_links, tmp_path):
    """A mirror must not change the record."""
    stack(find_links)
    root = write_project(tmp_path / "project", dependencies=["upper"])
    with serving(find_links) as index:
        through = build(root, env=environment(PIP_INDEX_URL=index.url), dist=tmp_path / "index").succeeded()
    beside = build(root, env=environment(**offline(find_links)), dist=tmp_path / "folder").succeeded()
    assert through.artifacts == beside.artifacts
    wheel = next(find_links.glob("upper*"))
    (upper,) = [item for item in beside.record["distributions"] if item["name"] == "upper"]
    assert upper["sha256"] == hashlib.sha256(wheel.read_bytes()).hexdigest()


def test_a_folder_of_this_machine_in_a_requirement_is_told(find_links, tmp_path):
    address = make_wheel(find_links, "upper", "1.0", {"upper.py": ""}).as_uri()
    metadata = "[tool.hatch.metadata]\nallow-direct-references = true\n"
    root = write_project(tmp_path / "project", dependencies=[f"upper @ {address}"], extra=metadata)
    built = build(root, env=environment(**offline(find_links))).succeeded()
    assert "requirement of upper has a folder of this machine in its address" in built.err
    assert built.vendored == {"upper": "1.0"}
