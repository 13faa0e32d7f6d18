"""`verify --rebuild`: identical when nothing differs, and each made difference named rightly."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest
from support.buildproject import build, environment, offline, write_project
from support.commandline import call
from support.documented import check_described
from support.offercraft import GOLDEN_TEXT
from support.wheelcraft import make_wheel

from hatch_os402.archive.frame import write_frame
from hatch_os402.archive.pack import Member, pack
from hatch_os402.artifacts.record import record_text

pytestmark = pytest.mark.once

GIT = {"GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z"}
CLI = "import sys\n\nfrom sample import other\n\n\ndef main():\n    print(other.TEXT, sys.version_info[:2])\n"
FILES = {
    "sample/__init__.py": "",
    "sample/cli.py": CLI,
    "sample/other.py": 'TEXT = "it runs"\n',
    ".gitignore": "dist\n",
}
OPTIONS = 'bytecode = "auto"\n'


@pytest.fixture(scope="module")
def shelf(tmp_path_factory) -> Path:
    """A folder with two releases of a dependency; the project was built when there was one."""
    folder = tmp_path_factory.mktemp("shelf")
    for version in ("1.0", "1.1"):
        make_wheel(folder, "dep", version, {"dep/__init__.py": f"V = '{version}'\n"})
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory, shelf, python312):
    """The project in a repository of its own, and its build."""
    folder = tmp_path_factory.mktemp("rebuilt")
    old = folder / "old"
    old.mkdir()
    shutil.copy(shelf / "dep-1.0-py3-none-any.whl", old)
    root = write_project(
        folder / "project",
        files=FILES,
        dependencies=["dep"],
        project='[project.scripts]\nsample = "sample.cli:main"\n',
        options=OPTIONS,
        offer="price = 0\ntestnet = true\nvalid-for = 2000000000\n",
    )
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *command], cwd=root, env=environment(**GIT), check=True)
    path = os.pathsep.join([str(Path(python312.path).parent), os.environ["PATH"]])
    done = build(root, env=environment(**offline(old), PATH=path)).succeeded()
    assert done.record["valid_until"]["from"] == "commit"
    return root, done


@pytest.fixture
def rebuild(built, shelf, tmp_path, capsys, monkeypatch, python312):
    """Return what `verify --rebuild` says of a copy of the project, and artifacts, once something was changed."""
    root, done = built
    for name, value in offline(shelf).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(python312.path).parent), os.environ["PATH"]]))
    copy = shutil.copytree(root, tmp_path / "copy", ignore=shutil.ignore_patterns("dist"))
    artifacts = shutil.copytree(done.dist, tmp_path / "theirs")

    def run(change=None, tamper=None, *, suffix=".pyz"):
        if change is not None:
            change(copy)
        if tamper is not None:
            tamper(artifacts)
        named = artifacts / f"sample-0.1.0{suffix}"
        code, out, err = call(capsys, "verify", named, "--rebuild", copy, "--json")
        assert "Traceback" not in err
        assert os.listdir(copy / "sample").count("__pycache__") == 0  # noqa: PTH208
        assert not (copy / "dist").exists()
        answer = json.loads(out)
        check_described("verify", answer)
        assert code == (0 if answer["holds"] else 1), err
        if change is tamper is None:
            assert answer["holds"], answer["links"]  # the whole chain, and not the rebuild alone
        link = next(link for link in answer["links"] if link["name"] == "rebuild")
        assert link["holds"] == answer["rebuild"]["identical"] == (not answer["rebuild"]["differences"])
        return answer["rebuild"]

    return run


def edit(name, old, new):
    def change(root):
        path = root / name
        text = path.read_bytes()
        assert old.encode() in text
        path.write_bytes(text.replace(old.encode(), new.encode()))

    return change


def option(line):
    return edit("pyproject.toml", OPTIONS, OPTIONS + line + "\n")


def move(root):
    (root / "sample" / "more").mkdir()
    (root / "sample" / "other.py").rename(root / "sample" / "more" / "other.py")


def crlf(root):
    path = root / "sample" / "cli.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


def repacked(change, record=None, write=None):
    """Return what packs the archive again with other files, and makes the other artifacts fit it."""

    def tamper(folder):
        paths = {suffix: folder / f"sample-0.1.0{suffix}" for suffix in (".pyz", ".stdin", ".build.json")}
        with zipfile.ZipFile(paths[".pyz"]) as archive:
            infos = {info.filename: info for info in archive.infolist()}
            files = change({name: archive.read(name) for name in infos if name != "_os402/index"})
        with paths[".pyz"].open("wb") as file:
            members = [
                Member(name, partial(bytes, content), name not in infos or infos[name].compress_type == 8)
                for name, content in files.items()
            ]
            (write or pack)(members, file)
        content = paths[".pyz"].read_bytes()
        with paths[".stdin"].open("wb") as file:
            write_frame(BytesIO(content), len(content), file)
        if record is not None:
            stated = json.loads(paths[".build.json"].read_bytes())
            record(stated)
            paths[".build.json"].write_bytes(record_text(stated))

    return tamper


def changed(name, old, new):
    def change(files):
        assert old in files[name]
        return {**files, name: files[name].replace(old, new)}

    return change


def other_bytecode(files):
    return {name: content + b"N" if name.endswith(".pyc") else content for name, content in files.items()}


def by_other_patch(stated):
    stated["bytecode"]["python"] = "3.12.99"


def reordered(files):
    first, *rest = files
    return {name: files[name] for name in (first, *rest[::-1])}


def by_zipfile(members, file):
    with zipfile.ZipFile(file, "w") as archive:
        for member in members:
            archive.writestr(member.path, member.read(), zipfile.ZIP_DEFLATED if member.deflate else None)


def alone(*suffixes):
    def tamper(folder):
        for path in folder.iterdir():
            if not path.name.endswith(suffixes):
                path.unlink()

    return tamper


INFO = "sample-0.1.0.dist-info"
HATCHLING = repacked(changed(f"{INFO}/METADATA", b"Metadata-Version: 2.", b"Metadata-Version: 1."))
GENERATOR = repacked(changed(f"{INFO}/WHEEL", b"Generator: hatch-os402 (", b"Generator: hatch-os402 (0.0."))
PATCH = repacked(other_bytecode, by_other_patch)
CASES = {
    "one byte of source": (edit("sample/cli.py", "sys\n", "sys \n"), None, "source", "sample/cli.py", "another commit"),
    "a moved file": (move, None, "file", "sample/other.py", "moved"),
    "another release": (None, alone(".pyz"), "release", "dep", "newer or older"),
    "another patch release of 3.12": (None, PATCH, "bytecode", "", "3.12.99 compiled the artifact"),
    "bytecode of another source": (None, repacked(other_bytecode), "bytecode", "", "changed after the build"),
    "line endings": (crlf, None, "line endings", "sample/cli.py", "core.autocrlf"),
    "sources": (option("sources = false"), None, "option", "", "`sources`"),
    "compression": (option('compression = "stored"'), None, "option", "", "`compression`"),
    "lazy-imports": (option('lazy-imports = ["dep"]'), None, "option", "__main__.py", "`lazy-imports`"),
    "bytecode": (edit("pyproject.toml", '"auto"', "false"), None, "bytecode", "", "`bytecode`"),
    "exclude": (option('exclude = ["/dep/__init__.py"]'), None, "file", "dep/__init__.py", "`exclude`"),
    "valid-for": (edit("pyproject.toml", "2000000000", "2000086400"), None, "offer", "valid_until", "`valid-for`"),
    "price": (edit("pyproject.toml", "price = 0", "price = 1"), None, "offer", "price.0.per_second", "`offer.price`"),
    "ram": (edit("pyproject.toml", "testnet", "ram = '1gb'\ntestnet"), None, "offer", "limits.ram_kb", "`offer.ram`"),
    "a requirement": (edit("pyproject.toml", '"dep"', '"dep>1"'), None, "requirements", "", "another commit"),
    "another hatchling": (None, HATCHLING, "metadata", f"{INFO}/METADATA", "another hatchling"),
    "keywords": (
        edit("pyproject.toml", 'name = "s', 'keywords = ["new"]\nname = "s'), None, "metadata", f"{INFO}/METADATA", "pyproject.toml"
    ),
    "another hatch-os402": (None, GENERATOR, "launcher", "WHEEL", "another release of hatch-os402"),
    "order": (None, repacked(reordered), "order", "", "packed again"),
    "another zip": (None, repacked(dict, write=by_zipfile), "packing", "", "another tool"),
}  # fmt: skip


def test_nothing_differs(rebuild):
    """The shelf has a newer release by now, and the record keeps the old one."""
    found = rebuild()
    assert found["identical"], found
    assert found["compared"] == [f"sample-0.1.0{suffix}" for suffix in (".pyz", ".stdin", ".offer.json", ".build.json")]


@pytest.mark.parametrize("case", CASES)
def test_each_difference_is_named(rebuild, case):
    change, tamper, kind, where, cause = CASES[case]
    found = rebuild(change, tamper)["differences"]
    assert found, case
    assert (found[0]["kind"], found[0]["where"] if where else "") == (kind, where), found
    assert cause in found[0]["cause"], found
    # What follows from it (RECORD, bytecode, the frame's hash in the offer) is no difference of its own.
    assert len(found) == 1, [(one["kind"], one["where"]) for one in found]


def test_a_readable_diff(rebuild):
    (found,) = rebuild(edit("sample/cli.py", "print(", "print( "))["differences"]
    assert found["diff"][:2] == ["--- artifact/sample/cli.py", "+++ rebuild/sample/cli.py"]
    assert "-    print(other.TEXT, sys.version_info[:2])" in found["diff"]
    assert "+    print( other.TEXT, sys.version_info[:2])" in found["diff"]


def test_a_frame_alone_is_enough(rebuild):
    found = rebuild(edit("sample/cli.py", "sys\n", "sys \n"), alone(".stdin", ".build.json"), suffix=".stdin")
    assert [one["where"] for one in found["differences"]] == ["sample/cli.py"]


def test_an_offer_alone_shows_that_the_frame_differs(rebuild):
    found = rebuild(edit("sample/cli.py", "sys\n", "sys \n"), alone(".offer.json", ".build.json"), suffix=".offer.json")
    assert [one["where"] for one in found["differences"]] == ["exec.stdin_sha256"]


def test_a_record_that_names_no_file_of_its_distribution_is_refused(built, tmp_path, capsys, monkeypatch):
    root, done = built
    artifacts = shutil.copytree(done.dist, tmp_path / "theirs")
    path = artifacts / "sample-0.1.0.build.json"
    for wheel in ("../../dep-1.0-py3-none-any.whl", "other-1.0-py3-none-any.whl", "dep-1.1-py3-none-any.whl"):
        stated = json.loads(path.read_bytes())
        stated["distributions"][0]["wheel"] = wheel
        path.write_bytes(record_text(stated))
        code, _, err = call(capsys, "verify", path, "--rebuild", root)
        assert code == 1
        assert "does not say which file 'dep' is" in err


def test_what_a_server_serves(built, rebuild, tmp_path, capsys, monkeypatch):
    from support.os402server import Os402Server

    from hatch_os402.artifacts.signed import signed_path
    from hatch_os402.offer.keys import Key

    root, done = built
    key = Key((7).to_bytes(32, "big"))
    artifacts = shutil.copytree(done.dist, tmp_path / "published")
    monkeypatch.setenv("X402_KEY", "7".rjust(64, "0"))
    offer = artifacts / "sample-0.1.0.offer.json"
    assert call(capsys, "sign", offer)[0] == 0
    with Os402Server(key.address) as server:
        for one in done.record["target"]["executables"].values():
            server.executables[one["sha256"]] = b"it is there"
        code, _, err = call(capsys, "publish", artifacts / "sample-0.1.0.pyz", "--url", server.url, "--no-prompt")
        assert code == 0, err
        sha256 = json.loads(signed_path(offer).read_bytes())["sha256"]
        url = f"{server.url}/{sha256}"
        code, out, err = call(capsys, "verify", "--offer", url, "--rebuild", root, "--json")
        answer = json.loads(out)
        # Without the record, the newer release is taken.
        assert [one["where"] for one in answer["rebuild"]["differences"]] == ["exec.stdin_sha256"], err
        code, out, err = call(capsys, "verify", artifacts / "sample-0.1.0.pyz", "--offer", url, "--rebuild", root)
        assert code == 0, out + err
        assert "served and built offer" in out
        other = tmp_path / "other.json"
        other.write_bytes(GOLDEN_TEXT if isinstance(GOLDEN_TEXT, bytes) else GOLDEN_TEXT.encode())
        code, out, _ = call(capsys, "verify", other, "--offer", url)
        assert code == 1
        assert "the artifact's offer is" in out
        code, _, err = call(capsys, "verify", "--offer", f"{server.url}/{'0' * 64}")
        assert code == 1
        assert "answers 404" in err
