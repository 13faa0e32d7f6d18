"""Distributions that there are only as source: refused, or built here without compilers when the user says so."""

from __future__ import annotations

import ast
import io
import tarfile
from typing import TYPE_CHECKING

import pytest
from support.buildproject import build, environment, offline, write_project
from support.commandline import call
from support.wheelcraft import ELF, make_wheel

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.once

BACKEND = """
import os, shutil, subprocess, sys, zipfile
open({evidence!r}, "a").close()


def found(*command):
    try:
        return subprocess.run(command, capture_output=True).returncode
    except OSError as error:
        return type(error).__name__


def build_wheel(folder, *_):
    told = {{
        "which": [shutil.which(name) for name in ("cc", "gcc", "clang", "rustc", "make", "git")],
        "CC": found(os.environ["CC"], "--version"),
        "gcc": found("gcc", "--version"),
        "version": sys.version_info[:2],
        "secrets": [value for value in os.environ.values() if "secret" in value],
        "hash": os.environ["PYTHONHASHSEED"], "epoch": os.environ["SOURCE_DATE_EPOCH"],
    }}
    info = "{name}-1.0.dist-info/"
    files = {{
        "{name}/__init__.py": f"TOLD = {{told!r}}\\n",
        info + "METADATA": "Metadata-Version: 2.1\\nName: {name}\\nVersion: 1.0\\n" + {requires!r},
        info + "WHEEL": "Wheel-Version: 1.0\\nGenerator: b\\nRoot-Is-Purelib: true\\nTag: cp310-cp310-os_of_this_machine\\n",
        **{files!r},
    }}
    name = "{name}-1.0-cp310-cp310-os_of_this_machine.whl"
    import base64, hashlib
    record = ""
    with zipfile.ZipFile(os.path.join(folder, name), "w") as archive:
        for path, content in files.items():
            content = content if isinstance(content, bytes) else content.encode()
            archive.writestr(path, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record += f"{{path}},sha256={{digest}},{{len(content)}}\\n"
        archive.writestr(info + "RECORD", record + info + "RECORD,,\\n")
    return name
"""


def sdist(
    folder: Path, name: str, *, requires="", files=None, metadata="Metadata-Version: 2.2\n", backend=BACKEND, more=None
) -> Path:
    """Write an sdist with a backend of its own, which needs nothing, into `folder`; return the file that it leaves."""
    evidence = folder / f"{name} was run"
    contents = {
        "PKG-INFO": f"{metadata}Name: {name}\nVersion: 1.0\n\nName: another\n\nVersion: 7\n",
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
        "backend.py": backend.format(name=name, requires=requires, files=files or {}, evidence=str(evidence)),
        **(more or {}),
    }
    with tarfile.open(folder / f"{name}-1.0.tar.gz", "w:gz") as archive:
        for path, text in contents.items():
            info = tarfile.TarInfo(f"{name}-1.0/{path}")
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return evidence


def built(tmp_path, find_links, dependencies, named, *, dist="dist", options="", **env):
    options = f"bytecode = false\nbuild-from-source = {named!r}\n{options}"
    root = write_project(tmp_path / "project", dependencies=dependencies, options=options)
    return build(root, env=environment(**offline(find_links), **env), dist=tmp_path / dist)


def test_source_is_refused_with_what_else_is_wrong(find_links, tmp_path):
    evidence = [sdist(find_links, "sourceful"), sdist(find_links, "another", metadata="Metadata-Version: 1.2\n")]
    make_wheel(find_links, "fast", "1.0", {"fast/_x.so": ELF}, tag="cp312-cp312-manylinux_2_17_x86_64")
    told = built(tmp_path, find_links, ["sourceful", "another", "fast"], []).refused()
    assert "3 distributions cannot run on os402" in told
    assert "sourceful-1.0.tar.gz is source" in told
    assert "`build-from-source` names distributions whose sdist may be built" in told
    assert not any(path.exists() for path in evidence)


def test_it_is_built_without_compilers_and_recorded(find_links, tmp_path):
    """What its wheel requires counts, even if the sdist did not say it; no byte depends on the machine's state."""
    evidence = sdist(find_links, "sourceful", requires="Requires-Dist: lower\n")
    make_wheel(find_links, "lower", "1.0", {"lower.py": ""})
    secrets = {"X402_KEY": "a secret", "AWS_SECRET_ACCESS_KEY": "a secret", "ANYTHING": "a secret"}
    done = built(tmp_path, find_links, ["sourceful"], ["Sourceful"], **secrets).succeeded()
    assert evidence.exists()
    assert done.vendored == {"lower": "1.0", "sourceful": "1.0"}
    told = ast.literal_eval(done.members["sourceful/__init__.py"].decode().removeprefix("TOLD = "))
    assert told == {
        "which": [None] * 6,
        "CC": "FileNotFoundError",
        "gcc": "FileNotFoundError",
        "version": (3, 12),
        "secrets": [],
        "hash": "0",
        "epoch": "315532800",
    }
    (entry,) = [item for item in done.record["distributions"] if item["name"] == "sourceful"]
    assert entry["sdist"] == "sourceful-1.0.tar.gz"
    assert "wheel" not in entry
    assert "building sourceful 1.0 from sourceful-1.0.tar.gz, without compilers" in done.err

    evidence.unlink()
    again = built(tmp_path, find_links, ["sourceful"], ["sourceful"], dist="again")
    assert again.artifacts == done.artifacts
    assert not evidence.exists(), "it was built before"
    cold = built(
        tmp_path, find_links, ["sourceful"], ["sourceful"], dist="cold", HATCH_OS402_CACHE_DIR=str(tmp_path / "c")
    )
    assert cold.artifacts == done.artifacts
    assert evidence.exists()


@pytest.mark.parametrize("dependency", ["sourceful", "sourceful>=0.5", "sourceful<1", "sourceful==0.9"])
def test_a_step_back_to_an_old_wheel_is_told(find_links, tmp_path, dependency):
    evidence = sdist(find_links, "sourceful")
    make_wheel(find_links, "sourceful", "0.9", {"sourceful.py": ""})
    done = built(tmp_path, find_links, [dependency], []).succeeded()
    assert done.vendored == {"sourceful": "0.9"}
    told = "sourceful 0.9 is taken, for of 1.0, which is newer, there is only source" in done.err
    assert told == (dependency in {"sourceful", "sourceful>=0.5"})
    assert not evidence.exists()


def test_what_build_from_source_names_is_the_newest(find_links, tmp_path):
    evidence = sdist(find_links, "sourceful")
    make_wheel(find_links, "sourceful", "0.9", {"sourceful.py": ""})
    done = built(tmp_path, find_links, ["sourceful"], ["sourceful"]).succeeded()
    assert done.vendored == {"sourceful": "1.0"}
    assert "is taken, for" not in done.err
    assert evidence.exists()


@pytest.mark.parametrize("damage", [lambda content: content[:-9] + b"!" + content[-8:], lambda _: b""])
def test_a_damaged_wheel_in_the_cache_is_built_again(find_links, tmp_path, damage):
    evidence = sdist(find_links, "sourceful")
    cache = {"HATCH_OS402_CACHE_DIR": str(tmp_path / "c")}
    done = built(tmp_path, find_links, ["sourceful"], ["sourceful"], **cache).succeeded()
    evidence.unlink()
    (kept,) = (tmp_path / "c" / "built").rglob("*.whl")
    kept.write_bytes(damage(kept.read_bytes()))
    again = built(tmp_path, find_links, ["sourceful"], ["sourceful"], dist="again", **cache).succeeded()
    assert evidence.exists()
    assert again.artifacts == done.artifacts


def test_its_wheel_is_vetted_like_every_other(find_links, tmp_path):
    sdist(find_links, "sourceful", files={"sourceful/_x.so": ELF})
    told = built(tmp_path, find_links, ["sourceful"], ["sourceful"], options="remedies = false\n").refused()
    assert "sourceful/_x.so (ELF x86_64 extension module)" in told


@pytest.mark.parametrize("way", ["a wheel is there", "nobody requires it"])
def test_a_name_without_effect_is_told(find_links, tmp_path, way):
    evidence = sdist(find_links, "sourceful")
    if way == "a wheel is there":
        make_wheel(find_links, "sourceful", "1.0", {"sourceful.py": ""})
    done = built(tmp_path, find_links, ["sourceful"] if way == "a wheel is there" else [], ["sourceful"]).succeeded()
    assert "`build-from-source` names sourceful, which " in done.err
    assert not evidence.exists()


def test_what_does_not_build_is_told_with_its_own_words(find_links, tmp_path):
    sdist(
        find_links, "sourceful", backend="def build_wheel(*_):\n    raise SystemExit('needs a compiler, says {name}')\n"
    )
    told = built(tmp_path, find_links, ["sourceful"], ["sourceful"]).refused()
    assert "sourceful-1.0.tar.gz could not be built without compilers" in told
    assert "needs a compiler, says sourceful" in told


METADATA = {
    "requirements as setuptools listed them": (
        "Metadata-Version: 1.2\n",
        {"sourceful.egg-info/requires.txt": "lower\n\n[more]\nunheard-of\n"},
        {"lower"},
    ),
    "a description that looks like headers": (
        "Metadata-Version: 2.2\nRequires-Dist: lower\n",
        {},
        {"lower"},
    ),
    "a name that leads elsewhere": ("Metadata-Version: 2.2\nName: ../../elsewhere\n", {}, None),
}


@pytest.mark.parametrize(("metadata", "files", "required"), METADATA.values(), ids=METADATA)
def test_what_an_sdist_says_of_itself_counts_and_nothing_is_run(find_links, tmp_path, metadata, files, required):
    evidence = sdist(find_links, "sourceful", metadata=metadata, more=files)
    make_wheel(find_links, "lower", "1.0", {"lower/_x.so": ELF})
    told = built(tmp_path, find_links, ["sourceful"], [], options="remedies = false\n").refused()
    assert ("sourceful-1.0.tar.gz is source" in told) == (required is not None)
    assert ("sample -> sourceful -> lower" in told) == (required is not None)
    assert not evidence.exists()


def source_folder(folder: Path, name: str, **more) -> Path:
    """Write what `sdist` packs into the folder `name` beside it; return the file that its backend leaves."""
    evidence = sdist(folder, name, **more)
    with tarfile.open(folder / f"{name}-1.0.tar.gz") as archive:
        for member in archive.getmembers():
            path = folder / name / member.name.partition("/")[2]
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(archive.extractfile(member).read())
    (folder / name / "PKG-INFO").unlink()
    (folder / f"{name}-1.0.tar.gz").unlink()
    return evidence


ALLOW_DIRECT = "[tool.hatch.metadata]\nallow-direct-references = true\n"


def built_by_address(tmp_path, find_links, dependencies, named, *, where="a", **more):
    root = write_project(
        tmp_path / where / "project",
        dependencies=dependencies,
        options=f"bytecode = false\nbuild-from-source = {named!r}\n",
        extra=ALLOW_DIRECT,
        **more,
    )
    return build(root, env=environment(**offline(find_links)))


def test_an_sdist_at_an_address_is_built_when_it_is_named(find_links, tmp_path):
    (tmp_path / "there").mkdir()
    evidence = sdist(tmp_path / "there", "sourceful", requires="Requires-Dist: lower\n")
    make_wheel(find_links, "lower", "1.0", {"lower.py": ""})
    requirement = f"sourceful @ {(tmp_path / 'there' / 'sourceful-1.0.tar.gz').as_uri()}"
    told = built_by_address(tmp_path, find_links, [requirement], ["another"]).refused()
    assert "is only to be had as source" in told
    assert not evidence.exists()
    done = built_by_address(tmp_path, find_links, [requirement], ["Sourceful"]).succeeded()
    assert evidence.exists()
    assert done.vendored == {"lower": "1.0", "sourceful": "1.0"}
    assert "building sourceful 1.0 from sourceful-1.0.tar.gz, without compilers" in done.err
    (entry,) = [item for item in done.record["distributions"] if item["name"] == "sourceful"]
    assert entry["sdist"] == "sourceful-1.0.tar.gz"


def test_a_folder_at_an_address_is_built_when_it_is_named(find_links, tmp_path):
    """One requires another. The record is the same wherever they are; METADATA, which has the address, is not."""
    records = []
    for where in "ab":
        (tmp_path / where).mkdir()
        inner = source_folder(tmp_path / where, "inner")
        address = (tmp_path / where / "inner").as_uri()
        outer = source_folder(tmp_path / where, "outer", requires=f"Requires-Dist: inner @ {address}\n")
        dependencies = ["outer @ {root:parent:uri}/outer"]
        told = built_by_address(tmp_path, find_links, dependencies, ["inner"], where=where).refused()
        assert "is a folder, and building it would run its code here" in told
        assert "PIP_FIND_LINKS" in told
        assert not outer.exists()
        told = built_by_address(tmp_path, find_links, dependencies, ["outer"], where=where).refused()
        assert "inner @ " in told
        assert "(required by outer) is a folder" in told
        assert not inner.exists()
        done = built_by_address(tmp_path, find_links, dependencies, ["outer", "inner"], where=where).succeeded()
        assert done.vendored == {"inner": "1.0", "outer": "1.0"}
        assert f"building inner from its folder, {address}, without compilers" in done.err
        assert str(tmp_path) not in done[".build.json"].decode()
        records.append({item["name"]: item for item in done.record["distributions"]})
    assert records[0]["inner"] == records[1]["inner"]
    assert records[0]["inner"]["sdist"] is None
    assert records[0]["outer"]["required_by"] == ["sample"]


@pytest.mark.parametrize("address", ["{folder}/sourceful", "{folder}/sourceful-1.0.tar.gz", "git+{folder}/sourceful"])
def test_only_the_project_chooses_an_address_that_is_built(find_links, tmp_path, address):
    """What a wheel of an index requires is refused, even by a name that the user gave; a repository always is."""
    evidence = source_folder(tmp_path, "sourceful")
    sdist(tmp_path, "sourceful")
    requirement = f"sourceful @ {address.format(folder=tmp_path.as_uri())}"
    make_wheel(find_links, "honest", "1.0", {"honest.py": ""}, requires=[requirement])
    told = built_by_address(tmp_path, find_links, ["honest"], ["sourceful"]).refused()
    assert "(required by honest)" in told
    if address.startswith("git+"):
        assert (
            "reading it would start a program"
            in built_by_address(tmp_path, find_links, [requirement], ["sourceful"]).refused()
        )
    assert not evidence.exists()


def test_a_folder_that_is_another_distribution(find_links, tmp_path):
    source_folder(tmp_path, "sourceful")
    told = built_by_address(tmp_path, find_links, [f"another @ {(tmp_path / 'sourceful').as_uri()}"], ["another"])
    assert "has inconsistent name" in told.refused()


def test_a_lock_names_the_sdist_and_its_wheel_is_built_from_that(find_links, tmp_path, monkeypatch, capsys):
    """The wheel may require more than the sdist says, and is built again only where the cache does not have it."""
    make_wheel(find_links, "needed", "1.0", {"needed.py": "x = 1"})
    evidence = sdist(find_links, "sourceful", requires="Requires-Dist: needed\n")
    options = 'bytecode = false\nbuild-from-source = ["sourceful"]\n'
    project = write_project(tmp_path / "project", dependencies=["sourceful"], options=options)
    for name, value in {**offline(find_links), "HATCH_OS402_CACHE_DIR": str(tmp_path / "cache")}.items():
        monkeypatch.setenv(name, value)
    code, _, err = call(capsys, "lock", "--project", project)
    assert code == 0, err
    text = (project / "pylock.os402.toml").read_text("utf-8")
    assert 'path = "wheels/sourceful-1.0.tar.gz"' in text
    evidence.unlink()
    env = environment(**offline(find_links), HATCH_OS402_CACHE_DIR=str(tmp_path / "other"))
    made = build(project, env=env).succeeded()
    assert made.vendored == {"needed": "1.0", "sourceful": "1.0"}
    assert made.record["distributions"][1]["sdist"] == "sourceful-1.0.tar.gz"
    assert "nothing was resolved" in made.err
    assert evidence.exists()
    again = build(project, env=environment(PIP_NO_INDEX="1", HATCH_OS402_CACHE_DIR=str(tmp_path / "other")))
    assert again.succeeded().ours == made.ours
    write_project(project, dependencies=["sourceful"], options="bytecode = false\n")
    refused = build(project, env=env).refused()
    assert "build-from-source: none, and the lock was made for 'sourceful'" in refused


def test_a_lock_of_addresses_has_paths_from_where_it_is(find_links, tmp_path, monkeypatch, capsys):
    """Of a folder, an sdist and a wheel beside the project; nothing of where they are on this machine."""
    there = tmp_path / "there"
    there.mkdir()
    source_folder(there, "folded")
    sdist(there, "sourceful")
    wheel = make_wheel(there, "wheeled", "1.0", {"wheeled.py": "x = 1"})
    addresses = {"folded": there / "folded", "sourceful": there / "sourceful-1.0.tar.gz", "wheeled": wheel}
    project = write_project(
        tmp_path / "project",
        dependencies=[f"{name} @ {path.as_uri()}" for name, path in addresses.items()],
        options='bytecode = false\nbuild-from-source = ["folded", "sourceful"]\n',
        extra=ALLOW_DIRECT,
    )
    for name, value in offline(find_links).items():
        monkeypatch.setenv(name, value)
    before = build(project, env=environment(**offline(find_links))).succeeded()
    code, _, err = call(capsys, "lock", "--project", project)
    assert code == 0, err
    text = (project / "pylock.os402.toml").read_text("utf-8")
    assert [line for line in text.splitlines() if line.startswith("path")] == [
        'path = "../there/folded"',
        'path = "../there/sourceful-1.0.tar.gz"',
        f'path = "../there/{wheel.name}"',
    ]
    assert str(tmp_path) not in text
    made = build(project, env=environment(**offline(find_links), HATCH_OS402_CACHE_DIR=str(tmp_path / "c"))).succeeded()
    assert "nothing was resolved" in made.err
    assert made.ours == before.ours
