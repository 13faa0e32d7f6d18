"""What uses rpds-py, with the substitute: jsonschema's own tests of the official JSON Schema test suite."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from importlib import metadata

import pytest

from hatch_os402.substitutes import substitutes

pytestmark = [pytest.mark.once, pytest.mark.network]

_RUN = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("rpds", sys.argv[1])
sys.modules["rpds"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules["rpds"])
import pytest, referencing._core
assert referencing._core.HashTrieMap is sys.modules["rpds"].HashTrieMap
tests = ["jsonschema.tests.test_jsonschema_test_suite", "jsonschema.tests.test_validators"]
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-k", "202012 or TestRefResolver", "--pyargs", *tests]))
"""


def test_jsonschema_passes_the_official_suite(tmp_path):
    wanted = f"jsonschema=={metadata.version('jsonschema')}"
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", "jsonschema", wanted]
    subprocess.run([*pip, "-d", str(tmp_path)], check=True)
    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (suite,) = tmp_path.glob("jsonschema-*/json")
    (source,) = substitutes()["rpds-py"].contents().values()
    module = tmp_path / "rpds.py"
    module.write_bytes(source)
    run = subprocess.run(
        [sys.executable, "-c", _RUN, str(module)],
        cwd=tmp_path,
        env={**os.environ, "JSON_SCHEMA_TEST_SUITE": str(suite)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-3000:]
    passed = re.search(r"(\d+) passed", run.stdout)
    assert int(passed[1]) > 1000, run.stdout[-500:]
