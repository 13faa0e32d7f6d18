"""Large, pure, well-known: nothing is said of them that a reader would call wrong."""

from __future__ import annotations

import pytest
from support.buildproject import write_project
from test_compiled import checked

pytestmark = pytest.mark.once

MODULES = {
    "babel": "babel.dates",
    "beautifulsoup4": "bs4",
    "boto3": "boto3",
    "django": "django.db.models",
    "flask": "flask",
    "openpyxl": "openpyxl",
    "requests": "requests",
    "rich": "rich.console",
    "sqlalchemy>=2.1": "sqlalchemy.orm",
    "sympy": "sympy",
}


@pytest.mark.network
def test_no_false_alarm(tmp_path):
    main = "".join(f"import {module}\n" for module in MODULES.values())
    root = write_project(
        tmp_path, dependencies=list(MODULES), files={"sample/__init__.py": "", "sample/__main__.py": main}
    )
    code, report = checked(root)
    assert code == 0
    # Since 1.13 sympy imports ctypes at its top, for the size of a type alone.
    found = [item for item in report["findings"] if item["code"] != "offer"]  # its price of 0 is hinted at
    assert [(item["level"], item["code"], item["distribution"]) for item in found] == [
        ("hint", "needs-ctypes", "sympy")
    ]
    (finding,) = found
    assert finding["places"][0]["path"] == "sympy/external/gmpy.py"
    assert finding["advice"] is None
