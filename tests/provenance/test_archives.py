"""Archives that nobody built: whatever is in them is compared, or refused in plain words."""

from __future__ import annotations

import zipfile

import pytest

from hatch_os402.errors import ArtifactError
from hatch_os402.provenance.archives import archive_differences
from hatch_os402.provenance.contents import opened_contents

INFO = "own-1.dist-info"
OURS = {
    "__main__.py": b"",
    f"{INFO}/METADATA": b"Metadata-Version: 2.1\nName: own\nVersion: 1\n\nText",
    f"{INFO}/RECORD": f"own.py,,\n{INFO}/METADATA,,\n".encode(),
    "own.py": b"a\n",
}


def differences(tmp_path, theirs, ours=OURS, pythons=(None, None)):
    paths = []
    for number, files in enumerate((theirs, ours)):
        paths.append(tmp_path / f"{number}.pyz")
        with zipfile.ZipFile(paths[-1], "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
    with opened_contents(paths[0]) as one, opened_contents(paths[1]) as other:
        return [(found.kind, found.where) for found in archive_differences(one, other, "own", pythons)]


def test_the_same_files_have_no_difference(tmp_path):
    assert differences(tmp_path, dict(OURS)) == []


@pytest.mark.parametrize("record", [b"\0\xff\n", b'"' + b"x" * 200_000, b"own.py\n" * 1000, b""])
def test_any_record_is_read(tmp_path, record):
    assert differences(tmp_path, {**OURS, f"{INFO}/RECORD": record, "own.py": b"b\n"})[-1][1] == "own.py"


@pytest.mark.parametrize(
    ("metadata", "kind"),
    [
        (b"Metadata-Version: 2.1\r\nName: own\r\nVersion: 1\r\n\r\nText", "line endings"),
        (b"Name: own\nMetadata-Version: 2.1\nVersion: 1\n\nText", "metadata"),
        (b"\xff\0", "metadata"),
    ],
)
def test_metadata_of_every_kind(tmp_path, metadata, kind):
    assert differences(tmp_path, {**OURS, f"{INFO}/METADATA": metadata}) == [(kind, f"{INFO}/METADATA")]


def test_two_differences_come_in_the_order_of_the_archive(tmp_path):
    ours = {**OURS, "z.py": b"", "b.py": b"1"}
    found = differences(tmp_path, {**OURS, "own.py": b"c\n", "b.py": b"2"}, ours)
    assert found == [("source", "own.py"), ("file", "z.py"), ("source", "b.py")]


def test_what_is_no_archive_is_refused(tmp_path):
    path = tmp_path / "a.pyz"
    for content in (b"", b"PK\3\4" + bytes(40), b"nothing"):
        path.write_bytes(content)
        with pytest.raises(ArtifactError, match="hatch-os402 verify"), opened_contents(path):
            pass


def test_an_archive_that_would_fill_the_memory_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.pyz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(100 << 20))
    with pytest.raises(ArtifactError, match="expand"), opened_contents(tmp_path / "bomb.pyz"):
        pass
