"""Licenses as SPDX, from what METADATA says in its several ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_os402.provenance.licenses import License, read_license

CASES = {
    "License-Expression: mit or apache-2.0\n": License("MIT OR Apache-2.0"),
    "License-Expression: MIT\nLicense: other\nClassifier: License :: OSI Approved :: BSD License\n": License("MIT"),
    "License: BSD-3-Clause\n": License("BSD-3-Clause"),
    "License: LicenseRef-Own\n": License("LicenseRef-Own"),
    "Classifier: License :: OSI Approved :: MIT License\n": License("MIT"),
    "Classifier: License :: OSI Approved :: BSD License\n": License(name="BSD License"),
    "Classifier: License :: OSI Approved :: Apache Software License\n": License(name="Apache Software License"),
    "Classifier: License :: OSI Approved\n": License(),
    "License: Dual License\nClassifier: License :: OSI Approved :: MIT License\n": License("MIT"),
    "License: The license\n        of many lines\n": License(name="The license"),
    (
        "Classifier: License :: OSI Approved :: MIT License\n"
        "Classifier: License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)\n"
    ): License(name="MIT License, Mozilla Public License 2.0 (MPL 2.0)"),
    f"License: {'x' * 300}\n": License(name="x" * 100),
    "Name: a\n": License(),
    "License: Lizenz für alle\n": License(name="Lizenz für alle"),
}


@pytest.mark.parametrize("headers", CASES)
def test_each_way_to_say_it(headers):
    assert read_license(f"Metadata-Version: 2.1\n{headers}\nBody\n".encode()) == CASES[headers]


@given(st.binary(max_size=200))
def test_any_bytes_are_read(content):
    found = read_license(b"License: " + content)
    assert not (found.expression and found.name)
    assert "\n" not in found.name + found.expression
