"""Whatever is changed in the artifacts of a real build, `verify` finds it. The script `mutating.py` does more of it."""

from __future__ import annotations

import fnmatch
import hashlib
import io
import json
import os
import shutil
import zipfile
from functools import partial

import pytest
from support.buildproject import build, write_project
from support.mutating import CHANGES, found, mutate, rewrite

from hatch_os402 import launcher
from hatch_os402.archive.assemble import place
from hatch_os402.archive.bytecode import Compiler
from hatch_os402.archive.frame import write_frame
from hatch_os402.archive.index import NAME as INDEX
from hatch_os402.archive.pack import DEFLATED, Member, pack
from hatch_os402.archive.patterns import NAME as PATTERNS
from hatch_os402.artifacts.choosing import choose
from hatch_os402.artifacts.record import record_text
from hatch_os402.offer.payload import envelope_text
from hatch_os402.offer.reading import read_offer
from hatch_os402.runtime.interpreters import find_compiler
from hatch_os402.verification import artifacts as verification
from hatch_os402.wheels import record as wheel_record

STEM = "sample-0.1.0"
ROUNDS = 40
NOT_DERIVED = (
    "distributions.*.sha256",
    "distributions.*.left_out.*",
    "generator.version",
    "format",  # of another version, whose records this one does not know
    "bytecode.python",
    "target.runtime",
    "target.python",
    "bytecode.left_as_source.*",  # the reason; the path is derived
)


@pytest.fixture
def stem(sample_build, tmp_path):
    shutil.copytree(sample_build.dist, tmp_path / "dist")
    return tmp_path / "dist" / STEM


def broken(stem):
    links = verification.verify_artifacts(choose(stem).one(checked=False))
    return {link.name: link.detail for link in links if link.holds is False}


@pytest.mark.once
def test_every_link_of_a_real_build_holds(stem):
    links = {link.name: link for link in verification.verify_artifacts(choose(stem).one())}
    absent = {"signed offer", "same offer", "signature"}
    assert {name for name, link in links.items() if link.holds is None} == {*absent, "rest of the record"}
    assert {name for name, link in links.items() if link.holds is False} == set()
    assert "recorded, not derived" in links["rest of the record"].detail
    assert links["bytecode"].detail.startswith("CPython 3.12")


@pytest.mark.once
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_changed_bytes(stem, change):
    counts = mutate(stem, change, ROUNDS, seed=402)
    assert counts[""] == 0
    assert sum(counts.values()) == ROUNDS


@pytest.mark.once
def test_a_record_that_was_rewritten_with_its_checksum(stem):
    """Each value that something beside the record proves; the others are those that are said not to be derived."""
    reported = rewrite(stem)
    unseen = {way for way, link in reported.items() if not link}
    assert {way for way in unseen if not any(fnmatch.fnmatch(way, pattern) for pattern in NOT_DERIVED)} == set()
    assert len(unseen) < len(reported) / 2


@pytest.mark.once
@pytest.mark.parametrize(
    ("change", "listed", "link"),
    [
        ("sample/main.py", False, "distributions"),
        ("sample/main.pyc", False, "distributions"),
        ("sample/main.py", True, "bytecode"),
        ("sample/main.pyc", True, "bytecode"),
        ("_os402/start.pyc", False, "bytecode"),
        ("extra.py", False, "distributions"),
    ],
)
def test_an_archive_that_was_rewritten_with_everything_behind_it(stem, change, listed, link):
    """Frame, offer and record fit the changed archive; RECORD does if it is `listed` there."""
    with zipfile.ZipFile(f"{stem}.pyz") as archive:
        contents = {name: archive.read(name) for name in archive.namelist() if name != INDEX}
    contents[change] = contents.get(change, b"") + (b"\x00" if change.endswith("c") else b"\nVALUE = 1\n")
    if listed:
        listing = f"{STEM}.dist-info/RECORD"
        rows = [path for path in wheel_record.parse(contents[listing]) if path != listing]
        contents[listing] = wheel_record.write(
            listing, [(path, hashlib.sha256(contents[path]).hexdigest(), len(contents[path])) for path in rows]
        )
    repack(stem, {name: (content, False) for name, content in contents.items()})
    assert link in broken(stem)
    assert not broken(stem).keys() & {"archive", "frame", "offer", "program"}


def unpacked(stem):
    """Return path → content and whether it is deflated, of every file but the index."""
    with zipfile.ZipFile(f"{stem}.pyz") as archive:
        return {
            info.filename: (archive.read(info), info.compress_type == DEFLATED)
            for info in archive.infolist()
            if info.filename != INDEX
        }


def repack(stem, contents, **changes):
    """Pack `contents` in the order of a build, and make everything behind the archive fit; `changes` of the record."""
    zipapp, frame = io.BytesIO(), io.BytesIO()
    ordered = sorted(contents, key=place)
    pack((Member(name, partial(bytes, contents[name][0]), contents[name][1]) for name in ordered), zipapp)
    write_frame(io.BytesIO(zipapp.getvalue()), len(zipapp.getvalue()), frame)
    rechain(stem, zipapp.getvalue(), frame.getvalue(), **changes)


def compiled(path, source, folder, *, assertions=False):
    with Compiler(find_compiler(None, os.environ), folder) as compiler:
        digest = hashlib.sha256(source).hexdigest()
        made = compiler.compile(f"{launcher.ROOT}/{path}", digest, lambda: source, assertions=assertions)
    return made.path.read_bytes()


FORGED = {
    "a module and its bytecode": ("_os402/start.py", lambda source: source + b"\nprint(1)\n", "start.py is another"),
    "the first file": ("__main__.py", lambda source: b"print(1)\n" + source, "__main__.py is another"),
    "another main": ("__main__.py", lambda _: b"import sample.main\n", "none that hatch-os402 writes"),
    "a file more": ("_os402/evil.txt", lambda _: b"evil", "_os402/evil.txt is no file of the launcher"),
    "a module more": ("_os402/evil.py", lambda _: b"X = 1\n", "_os402/evil.py is no file of the launcher"),
    "a file less": ("_os402/excepthook.py", None, "_os402/excepthook.py is missing"),
}


@pytest.mark.once
@pytest.mark.parametrize("what", FORGED)
def test_a_launcher_that_was_forged_with_everything_behind_it(stem, what, tmp_path):
    """No RECORD lists the launcher: its files are compared with those of this version."""
    path, change, said = FORGED[what]
    contents = unpacked(stem)
    if change is None:
        del contents[path], contents[f"{path}c"]
    else:
        old, deflated = contents.get(path, (b"", False))
        contents[path] = change(old), deflated
        if path.endswith(".py") and path != "__main__.py":
            contents[f"{path}c"] = compiled(path, contents[path][0], tmp_path), False
    repack(stem, contents)
    found = broken(stem)
    assert found.keys() == {"launcher"}
    assert said in found["launcher"]
    record = json.loads(stem.with_name(f"{STEM}.build.json").read_bytes())
    repack(stem, contents, generator={**record["generator"], "version": "9.9"})
    links = {link.name: link for link in verification.verify_artifacts(choose(stem).one(checked=False))}
    assert links["launcher"].holds is None
    assert links["launcher"].detail.startswith("not compared: the launcher is of hatch-os402 9.9")
    assert links["rest of the record"].detail.endswith("not compared: the launcher is of hatch-os402 9.9")


@pytest.mark.once
@pytest.mark.parametrize("place_of", ["__main__.pyc", "_os402.py", "__main__/__init__.py"])
def test_a_file_of_a_distribution_in_the_place_of_the_launcher(stem, place_of, tmp_path):
    """`python X.pyz` would find it first, and a RECORD may list it."""
    contents = unpacked(stem)
    source = place_of.removesuffix("c")
    bytecode = compiled(source, b"print(1)\n", tmp_path, assertions=True)
    added = {place_of: b"print(1)\n"} if source == place_of else {}
    added[f"{source}c"] = bytecode
    contents |= {path: (content, False) for path, content in added.items()}
    listing = f"{STEM}.dist-info/RECORD"
    rows = [*(path for path in wheel_record.parse(contents[listing][0]) if path != listing), *added]
    sizes = [(path, hashlib.sha256(contents[path][0]).hexdigest(), len(contents[path][0])) for path in rows]
    contents[listing] = wheel_record.write(listing, sizes), contents[listing][1]
    repack(stem, contents)
    assert f"{place_of} takes the place of the launcher" in broken(stem)["launcher"]


@pytest.mark.once
def test_a_prepared_pattern_that_was_forged(tmp_path):
    """The program would match something else than its source says."""
    files = {
        "sample/__init__.py": "",
        "sample/main.py": 'import re\nR = re.compile("a+b")\n\n\ndef main():\n    pass\n',
    }
    options = 'bytecode = true\nentry-point = "sample.main:main"\nprepared-patterns = true\n'
    made = build(write_project(tmp_path, files=files, options=options))
    stem = made.dist / STEM
    (link,) = [link for link in verification.verify_artifacts(choose(stem).one()) if link.name == "bytecode"]
    assert link.holds
    assert "prepared regular expression" in link.detail
    contents = unpacked(stem)
    table, deflated = contents[PATTERNS]
    contents[PATTERNS] = table[:-1] + bytes([table[-1] ^ 1]), deflated
    repack(stem, contents)
    assert broken(stem).keys() == {"bytecode"}
    assert PATTERNS in broken(stem)["bytecode"]


@pytest.mark.once
def test_bytecode_that_loads_names_lazily_is_derived(tmp_path):
    """It is that of a rewritten source, and `__main__.py` says which modules are lazy."""
    source = "from sample.other import value\n\n\ndef main():\n    return value\n"
    files = {"sample/__init__.py": "", "sample/main.py": source, "sample/other.py": "value = 1\n"}
    options = 'bytecode = true\nentry-point = "sample.main:main"\nlazy-imports = ["sample.other"]\n'
    made = build(write_project(tmp_path, files=files, options=options))
    links = {link.name: link for link in verification.verify_artifacts(choose(made.dist / STEM).one())}
    assert {name for name, link in links.items() if link.holds is False} == set()
    assert links["bytecode"].holds


def rechain(stem, zipapp, frame, **changes):
    """Write frame, offer and record anew, as somebody who knows all about them would."""
    from dataclasses import replace

    path = {suffix: stem.with_name(stem.name + suffix) for suffix in (".pyz", ".stdin", ".offer.json", ".build.json")}
    path[".pyz"].write_bytes(zipapp)
    path[".stdin"].write_bytes(frame)
    offer = read_offer(path[".offer.json"]).offer
    offer = replace(offer, exec=replace(offer.exec, stdin_sha256=hashlib.sha256(frame).hexdigest()))
    path[".offer.json"].write_bytes(envelope_text(offer).encode())
    record = json.loads(path[".build.json"].read_bytes())
    record["offer"]["sha256"] = read_offer(path[".offer.json"]).sha256
    for suffix in (".pyz", ".stdin", ".offer.json"):
        content = path[suffix].read_bytes()
        record["artifacts"][path[suffix].name] = {
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
    with zipfile.ZipFile(io.BytesIO(zipapp)) as archive:
        record["bytecode"]["modules"] = sum(name.endswith(".pyc") for name in archive.namelist())
    record.update(changes)
    path[".build.json"].write_bytes(record_text(record))


@pytest.mark.once
def test_without_the_release_that_compiled_it_bytecode_is_said_to_be_recorded(stem, monkeypatch):
    monkeypatch.setattr(verification, "find_compiler", lambda *_: None)
    (link,) = [link for link in verification.verify_artifacts(choose(stem).one()) if link.name == "bytecode"]
    assert link.holds is None
    assert "recorded, not derived: there is no CPython 3.12" in link.detail


@pytest.mark.once
def test_a_build_without_docstrings(tmp_path):
    files = {"sample/__init__.py": '"""Package."""\n', "sample/main.py": 'def main():\n    """Function."""\n'}
    options = 'bytecode = true\ndocstrings = false\nfinalize = true\nentry-point = "sample.main:main"\n'
    made = build(write_project(tmp_path, files=files, options=options))
    assert made.record["bytecode"]["docstrings"] is False
    assert b"Function." not in made.members["sample/main.pyc"]
    assert b"'finalize': True" in made.members["__main__.py"]
    links = {link.name: link for link in verification.verify_artifacts(choose(made.dist / STEM).one())}
    assert {name for name, link in links.items() if link.holds is False} == set()
    assert links["bytecode"].holds is True
    record = made.dist / f"{STEM}.build.json"
    stated = json.loads(record.read_bytes())
    del stated["bytecode"]["docstrings"]
    record.write_bytes(record_text(stated))
    assert "compiles to something else" in broken(made.dist / STEM)["bytecode"]


@pytest.mark.once
def test_a_found_change_is_named(stem):
    path = stem.with_name(f"{STEM}.build.json")
    path.write_bytes(path.read_bytes() + b"\n")
    assert found(stem) == "record"
    assert "changed" in broken(stem)["record"]
