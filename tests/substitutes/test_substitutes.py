"""The room: its data, and what a build does with it."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from packaging.version import Version
from support.buildproject import build, environment, write_project
from support.wheelcraft import ELF, make_wheel

from hatch_os402.archive.staging import stage
from hatch_os402.compatibility.vet import vet
from hatch_os402.config.options import Options
from hatch_os402.errors import Os402Error
from hatch_os402.substitutes import substitutes
from hatch_os402.wheels.reading import read_wheel

LONGEST = 300
FILES = {"rpds/__init__.py": "from .rpds import *\n", "rpds/rpds.cpython-312-x86_64-linux-gnu.so": ELF}


def wheel_of(folder, version="2026.9.1", files=FILES):
    return read_wheel(make_wheel(folder, "rpds-py", version, files, tag="cp312-cp312-linux_x86_64"))


@pytest.mark.parametrize("name", substitutes())
def test_a_substitute_is_short_bounded_and_has_its_evidence(name):
    known = substitutes()[name]
    assert known.evidence
    assert known.differences
    assert any(one.operator.startswith("<") for one in known.versions)
    for path, content in known.contents().items():
        assert len(content.splitlines()) < LONGEST
        compile(content, path, "exec")


def test_compiled_code_is_replaced_where_the_option_says_so(tmp_path):
    wheel = wheel_of(tmp_path)
    verdict = vet(wheel, substitute={"rpds_py"})
    assert (verdict.verdict, verdict.native) == ("substituted", ())
    assert [file.path for file, _ in verdict.dropped] == ["rpds/rpds.cpython-312-x86_64-linux-gnu.so"]
    assert verdict.summary == "rpds-py 2026.9.1: 1 file of compiled code replaced by Python, as `substitutes` asks"
    entries = {entry.path: entry for entry in stage([verdict]).entries}
    assert entries["rpds/rpds.py"].content == substitutes()["rpds-py"].contents()["rpds/rpds.py"]
    assert entries["rpds/rpds.py"].owner == "rpds-py"
    assert "rpds_py-2026.9.1.dist-info/METADATA" in entries
    assert vet(wheel).verdict == "native"
    assert vet(wheel).added() == {}


def test_other_releases_and_other_files_stay_native(tmp_path):
    late = vet(wheel_of(tmp_path, "2027.1"), substitute={"rpds-py"})
    assert late.verdict == "native"
    assert late.warnings == (
        "rpds-py 2027.1: `substitutes` names it, and the substitute is for <2027,>=0.7 and compiled code.",
    )
    more = {**FILES, "rpds/_other.cpython-312-x86_64-linux-gnu.so": ELF}
    assert vet(wheel_of(tmp_path, files=more), substitute={"rpds-py"}).verdict == "native"
    assert not substitutes()["rpds-py"].replaces("other/rpds.so", Version("1"))


def test_the_option_takes_what_there_is(tmp_path):
    assert Options({"substitutes": ["RPDS_py"]}, tmp_path).substitutes == {"rpds-py"}
    with pytest.raises(Os402Error, match=r"names 'numpy', and there are substitutes for jiter and rpds-py alone"):
        _ = Options({"substitutes": ["numpy"]}, tmp_path).substitutes


@pytest.mark.once
def test_a_build_records_it_again_from_its_memory(tmp_path):
    folder = tmp_path / "wheels"
    folder.mkdir()
    make_wheel(folder, "rpds-py", "2026.9.1", FILES, tag="cp312-none-any")
    main = "import importlib.metadata, rpds\nprint(importlib.metadata.version('rpds-py'), rpds.List([1]).first)\n"
    root = write_project(
        tmp_path / "project",
        dependencies=["rpds-py"],
        files={"sample/__init__.py": "", "sample/__main__.py": main},
        options='bytecode = false\nsubstitutes = ["rpds-py"]\n',
    )
    cache = str(tmp_path / "cache")
    variables = environment(PIP_NO_INDEX="1", PIP_FIND_LINKS=str(folder), HATCH_OS402_CACHE_DIR=cache)
    built = [build(root, env=variables).succeeded() for _ in range(2)]
    assert built[0][".pyz"] == built[1][".pyz"]
    (entry,) = json.loads(built[1][".build.json"])["distributions"]
    assert "rpds/rpds.py" in zipfile.ZipFile(io.BytesIO(built[1][".pyz"])).namelist()
    assert entry["treatment"] == "substituted"
    assert entry["left_out"] == ["rpds/rpds.cpython-312-x86_64-linux-gnu.so"]
