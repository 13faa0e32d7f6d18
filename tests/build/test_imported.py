"""Which modules a build takes for imported, and so which bytecode it stores."""

from __future__ import annotations

import io
import zipfile

import pytest
from support.buildproject import build, environment, write_project

TEXT = "TEXT = '{}'\n".format("bytecode " * 500)
FILES = {
    "sample/__init__.py": "import sample.first\n\ndef main():\n    print('it runs')\n",
    "sample/__main__.py": f"import sample.second\n{TEXT}",
    "sample/first.py": TEXT,
    "sample/second.py": TEXT,
    "sample/never.py": f"if __name__ == '__main__':\n    import sample.second\n{TEXT}",
}
PROFILE = '{"format": 1, "modules": ["sample", "sample.never"], "patterns": []}\n'


@pytest.mark.once
@pytest.mark.parametrize(
    ("options", "files", "stored"),
    [
        ("entry-point = 'sample:main'", {}, {"sample.first"}),
        ("entry-point = 'sample'", {}, {"sample.first", "sample.second", "sample.__main__", "_os402.entry"}),
        (
            "entry-point = 'sample:main'\nlazy-imports = ['sample.first']",
            {"sample/other.py": "import sample.first\n"},
            {"_os402.lazy"},
        ),
        ("entry-point = 'sample:main'", {"os402-profile.json": PROFILE}, {"sample.never", "sample.__main__"}),
        (
            "entry-point = 'sample:main'",
            {"sample/first.py": f"import asyncio\n{TEXT}"},
            {"sample.first", "_os402.stdlib.threads"},
        ),
        ("entry-point = 'sample:main'\ncompression = 'stored'", {}, None),
    ],
    ids=["function", "module", "lazy", "profile", "threads", "stored"],
)
def test_what_is_stored(tmp_path, python312, options, files, stored):
    root = write_project(tmp_path / "project", files=FILES | files, options=f"bytecode = true\n{options}\n")
    built = build(root, env=environment(PIP_NO_INDEX="1")).succeeded()
    with zipfile.ZipFile(io.BytesIO(built[".pyz"])) as archive:
        kinds = {info.filename: info.compress_type for info in archive.infolist()}
    watched = {"sample.first", "sample.second", "sample.never", "sample.__main__", "_os402.entry", "_os402.lazy"}
    watched.add("_os402.stdlib.threads")
    found = {name for name in watched if kinds[f"{name.replace('.', '/')}.pyc"] == zipfile.ZIP_STORED}
    assert found == (watched if stored is None else stored)
