"""CPython 3.12's own cases for `re`, in an archive in which their patterns are prepared."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import launching, patterncraft
from test_cpython import library_of

pytestmark = pytest.mark.once

CASES = Path(__file__).with_name("re_cases.py").read_bytes()


def test_cases_of_re(python312, tmp_path):
    library = library_of(python312.path)
    sources = {name: library.joinpath(name).read_bytes() for name in ("test_re.py", "re_tests.py")}
    listed = "import re\n" + "".join(
        f"re.compile({pattern!r})\nre.compile({pattern!r}.encode())\n"
        for pattern in patterns_of(sources["re_tests.py"])
    )
    prepared = patterncraft.prepared(python312, {"listed.py": listed, "test/test_re.py": sources["test_re.py"]})
    assert prepared.count > 500
    outcomes = []
    for table in (b"", prepared.table):
        files = {"re_cases.py": CASES, **({"_os402/patterns": table} if table else {})}
        data = launching.archive(files, "re_cases:main")
        outcomes.append(launching.run(data, tmp_path, python=python312.path).facts)
    plain, found = outcomes
    assert (plain.pop("cache"), found.pop("cache")) == ("dict", "_Cache")
    assert found == plain
    assert found["ran"] > 100
    assert found["bad"] == []


def patterns_of(source: bytes) -> list[str]:
    names: dict = {}
    exec(compile(source, "re_tests.py", "exec"), names)  # noqa: S102 - CPython's own
    return sorted({case[0] for case in names["tests"]})
