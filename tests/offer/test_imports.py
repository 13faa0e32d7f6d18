from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.once

HEAVY = ("httpx", "eth_keys", "eth_keyfile", "click", "rich", "hatchling", "pip")
"""What the model of an offer, and a date, must not cost."""


def loaded_by(code):
    """Return which of `HEAVY` are loaded after `code`, in a process of its own."""
    code += f"\nimport sys; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return done.stdout.splitlines()[-1].split()


def test_the_model_imports_no_client():
    modules = "import pkgutil; [__import__(module.name) for module in pkgutil.iter_modules(path, 'hatch_os402.offer.')]"
    assert loaded_by(f"from hatch_os402.offer import __path__ as path; {modules}") == []


def test_printing_a_date_imports_no_client():
    assert loaded_by("from hatch_os402.formatting import utc_time; utc_time(0)") == []
    assert "httpx" not in loaded_by("import hatch_os402.inspection.terminal")


def test_what_publishes_imports_the_client():
    assert "httpx" in loaded_by("import hatch_os402.publishing.publish")
