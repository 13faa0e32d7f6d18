"""importlib.resources and importlib.metadata on the archive."""

from __future__ import annotations

import base64
import hashlib
import sys

import pytest
from support import launching

TOOLS = """
import importlib.metadata as metadata, importlib.resources as resources, json, sys
def say(**facts): json.dump(facts, sys.stdout)
def kind(call, *arguments, **options):
    try: return repr(call(*arguments, **options))
    except Exception as error: return type(error).__name__
"""
FILES = {
    "pkg/__init__.py": "",
    "pkg/module.py": "",
    "pkg/data.txt": "Zeile ☃\r\nzwei\n".encode(),
    "pkg/sub/deep/x.bin": b"\0\xff",
    "pkg/empty": b"",
    "space/only/notes.txt": "notes",
}


@pytest.fixture
def facts(tmp_path):
    def run(files, body, *, how="ours", python=sys.executable, **options):
        main = TOOLS + "def main():\n" + "".join(f"    {line}\n" for line in body.strip().splitlines())
        return launching.run(
            launching.archive({**files, "app.py": main}, "app:main", **options), tmp_path, how=how, python=python
        ).facts

    return run


@pytest.mark.parametrize("how", launching.LAUNCHERS)
def test_files_of_a_package(how, facts):
    code = """
top = resources.files("pkg")
text = top.joinpath("data.txt")
with text.open(encoding="utf-8", newline="") as file: raw = file.read()
with (top / "sub" / "deep" / "x.bin").open("rb") as file: binary = list(file.read())
say(
    names=sorted(entry.name for entry in top.iterdir()), text=text.read_text(encoding="utf-8"), raw=raw, binary=binary,
    kinds=[(entry.is_file(), entry.is_dir()) for entry in (text, top / "sub", top / "none")],
    nested=(top / "sub/deep/x.bin").is_file(), empty=(top / "empty").read_bytes().decode(),
    str=str(text), name=top.name,
    errors=[kind((top / "none").read_bytes), kind((top / "sub").read_text), kind(text.open, "w"),
            kind(lambda: list((top / "none").iterdir())), kind(lambda: list(text.iterdir()))],
    path=isinstance(top, __import__("pathlib").Path), out=kind(top.joinpath, "../../.."),
)
"""
    assert facts(FILES, code, how=how) == {
        "names": ["__init__.py", "data.txt", "empty", "module.py", "sub"],
        "text": "Zeile ☃\nzwei\n",
        "raw": "Zeile ☃\r\nzwei\n",
        "binary": [0, 255],
        "kinds": [[True, False], [False, True], [False, False]],
        "nested": True,
        "empty": "",
        "str": "/os402/app/pkg/data.txt",
        "name": "pkg",
        "errors": [
            "FileNotFoundError",
            "IsADirectoryError",
            "OSError",
            "FileNotFoundError",
            "NotADirectoryError",
        ],
        "path": True,
        "out": "PosixPath('/os402/app/pkg/../../..')",
    }


def test_the_older_functions(facts):
    code = """
import pkg.module
import warnings; warnings.simplefilter("ignore")
with resources.open_binary("pkg", "data.txt") as file: size = len(file.read())
with resources.as_file(resources.files("pkg") / "data.txt") as path: copied = path.read_bytes().decode()
say(size=size, text=resources.read_text("pkg", "data.txt", encoding="utf-8"), copied=copied,
    is_resource=[resources.is_resource("pkg", "data.txt"), resources.is_resource("pkg", "sub")],
    contents=sorted(resources.contents("pkg")),
    beside=(pkg.module.__loader__.get_resource_reader("pkg.module").files() / "empty").is_file())
"""
    assert facts(FILES, code) == {
        "size": 16,
        "text": "Zeile ☃\nzwei\n",
        "copied": "Zeile ☃\r\nzwei\n",
        "is_resource": [True, False],
        "contents": ["__init__.py", "data.txt", "empty", "module.py", "sub"],
        "beside": True,
    }


def test_files_of_a_namespace_package(facts):
    code = """
top = resources.files("space")
say(names=[entry.name for entry in top.iterdir()], text=(top / "only" / "notes.txt").read_text(),
    inner=resources.files("space.only").joinpath("notes.txt").read_text(encoding="utf-8"))
"""
    assert facts(FILES, code) == {"names": ["only"], "text": "notes", "inner": "notes"}


def test_files_of_a_split_namespace_package(facts, tmp_path, python312):
    elsewhere = tmp_path / "elsewhere"
    for name, text in (("only/more.txt", "more"), ("only/notes.txt", "not these"), ("top.txt", "top")):
        path = elsewhere / "space" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    code = f"""
sys.path.append({str(elsewhere)!r})
top = resources.files("space")
say(names=sorted(entry.name for entry in top.iterdir()), inner=sorted(entry.name for entry in (top / "only").iterdir()),
    text=[(top / name).read_text() for name in ("only/more.txt", "only/notes.txt", "top.txt")],
    kinds=[top.is_dir(), top.is_file(), (top / "none").is_file()], error=kind(top.read_bytes))
"""
    # Python itself merges the folders of the portions since 3.12.
    python = python312.path
    assert facts(FILES, code, how="pyz", python=python) == {
        "names": ["only", "top.txt"],
        "inner": ["more.txt", "notes.txt"],
        "text": ["more", "notes", "top"],
        "kinds": [True, False, False],
        "error": "FileNotFoundError",
    }


DIST = {
    "my_pkg/__init__.py": "x = 1\n",
    "My_Pkg-1.5.dist-info/METADATA": (
        "Metadata-Version: 2.1\nName: My.Pkg\nVersion: 1.5\nRequires-Dist: other>1\n\nText ☃\n"
    ),
    "My_Pkg-1.5.dist-info/entry_points.txt": "[console_scripts]\nrun = my_pkg:x\n[plug.ins]\na = my_pkg\n",
    "My_Pkg-1.5.dist-info/RECORD": "my_pkg/__init__.py,sha256={digest},6\nMy_Pkg-1.5.dist-info/METADATA,,\n",
    "other-2.dist-info/METADATA": "Metadata-Version: 2.1\nName: other\nVersion: 2\n\n",
}
DIGEST = base64.urlsafe_b64encode(hashlib.sha256(b"x = 1\n").digest()).rstrip(b"=").decode()
DIST["My_Pkg-1.5.dist-info/RECORD"] = DIST["My_Pkg-1.5.dist-info/RECORD"].format(digest=DIGEST)


@pytest.mark.parametrize("how", launching.LAUNCHERS)
def test_metadata_of_the_archives_distributions(how, facts):
    code = """
points = metadata.entry_points(group="plug.ins")
dist = metadata.distribution("my-pkg")
files = metadata.files("my_pkg")
say(
    versions=[metadata.version(name) for name in ("My.Pkg", "my_pkg", "MY-PKG", "other")],
    requires=metadata.requires("my-pkg"), points=[[p.name, p.value] for p in points],
    loaded=points["a"].load().__name__,
    script=[p.load() for p in metadata.entry_points(group="console_scripts", name="run")],
    files=[[str(f), f.size, f.hash.value if f.hash else None] for f in files],
    text=files[0].read_text(), located=str(files[0].locate()), name=dist.metadata["Name"],
    body=dist.read_text("METADATA").endswith("Text \\u2603\\n"), none=dist.read_text("none"),
    missing=kind(metadata.version, "absent"),
    all=sorted(d.metadata["Name"] for d in metadata.distributions() if str(d.locate_file("x")) == "/os402/app/x"),
    elsewhere=[d for d in metadata.distributions(path=["/nowhere"])],
    here=[d.version for d in metadata.distributions(name="other", path=["/os402/app", "/nowhere"])],
)
"""
    assert facts(DIST, code, how=how) == {
        "versions": ["1.5", "1.5", "1.5", "2"],
        "requires": ["other>1"],
        "points": [["a", "my_pkg"]],
        "loaded": "my_pkg",
        "script": [1],
        "files": [["my_pkg/__init__.py", 6, DIGEST], ["My_Pkg-1.5.dist-info/METADATA", None, None]],
        "text": "x = 1\n",
        "located": "/os402/app/my_pkg/__init__.py",
        "name": "My.Pkg",
        "body": True,
        "none": None,
        "missing": "PackageNotFoundError",
        "all": ["My.Pkg", "other"],
        "elsewhere": [],
        "here": ["2"],
    }
