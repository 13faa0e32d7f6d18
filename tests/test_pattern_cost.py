"""Texts of others are searched in time that grows with their length: of any text, not only of those that one expects.

Each search runs in a process of its own with ten seconds of CPU. One that goes back from every place of the text takes
hours for it, and one that tries every way to divide it more than there is time.
"""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

pytestmark = pytest.mark.once

SECONDS = 10

SEARCHES = {
    "quotes of pyproject.toml": (
        "from hatch_os402.resolution.lock.agreement import _line",
        r"""_line(None, "'" + "\\\\" * 200)""",
    ),
    "many quotes of pyproject.toml": (
        "from hatch_os402.resolution.lock.agreement import _line",
        r"""_line(None, "'" + "\\'" * 40_000)""",
    ),
    "comments of requirements": (
        "from hatch_os402.resolution.lock.requirements import _logical_lines",
        """list(_logical_lines("a" + " " * 1_000_000 + "b"))""",
    ),
    "addresses in a message": (
        "from hatch_os402.formatting import without_passwords",
        """without_passwords("/" * 2_000_000)""",
    ),
    "addresses with a query in a message": (
        "from hatch_os402.formatting import without_passwords",
        """without_passwords("://a" * 500_000 + "?")""",
    ),
    "invalid metadata": (
        "from hatch_os402.resolution.pip_errors import explain",
        """explain("ERROR: No matching distribution found for a\\n" + "WARNING: Ignoring version 1 of a since it has "
        "invalid metadata:\\nx\\n" * 50_000, 1, "")""",
    ),
    "the end of invalid metadata": (
        "from hatch_os402.resolution.pip_errors import explain",
        """explain("ERROR: No matching distribution found for a\\nWARNING: Ignoring version 1 of a since it has invalid "
        "metadata:\\na has invalid metadata: b" + "\\n" * 300_000, 1, "")""",
    ),
    "diagnostics": (
        "from hatch_os402.resolution.pip_errors import explain",
        """explain("error: a-b x\\n" * 200_000, 1, "")""",
    ),
    "hashes": (
        "from hatch_os402.resolution.pip_errors import explain",
        """explain("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES\\n" * 100_000, 1, "")""",
    ),
    "uses of re": (
        "from hatch_os402.archive._pattern_worker import _uses",
        """_uses(b"from " * 400_000)""",
    ),
    "strings of JSON": (
        "from hatch_os402.foreign.strict_json import refuse_deep",
        r"""refuse_deep('"' + '\\"' * 300_000)""",
    ),
    "strings of a call": (
        "from hatch_os402.launcher.inside.interfaces.mcp_types.mismatch import _depth",
        r"""_depth('"' + '\\"' * 300_000)""",
    ),
    "types in a docstring": (
        "from hatch_os402.tools.docstrings import read",
        """read("Args:\\n    x (" + "(()" * 60)""",
    ),
    "roles in a docstring": (
        "from hatch_os402.tools.docstrings import read",
        """read(":" + "a" * 500_000)""",
    ),
}


def bounded() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


@pytest.mark.parametrize(("imports", "search"), SEARCHES.values(), ids=SEARCHES)
def test_a_search_ends(imports, search):
    done = subprocess.run(
        [sys.executable, "-c", f"{imports}\n{search}"], preexec_fn=bounded, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-1000:] or f"more than {SECONDS} seconds of CPU"
