"""What is said of a program that looked for a file in vain, and of one that was in time or not."""

from __future__ import annotations

import pytest

from hatch_os402.calls.cgi import Response
from hatch_os402.calls.explain import explain
from hatch_os402.errors import NoResponseError
from hatch_os402.sandbox.execute import Outcome
from hatch_os402.sandbox.limits import ResourceLimits

MISSING = b"FileNotFoundError: [Errno 2] No such file or directory: 'config.toml'\n"
SPAWNED = b'File "/x/subprocess.py", line 1955, in _execute_child\n' + MISSING
NONE = NoResponseError("CGI Script Produced No Output", "")


def outcome(stderr, code=1, **more):
    return Outcome(code, b"", stderr, 0, 0, 0, 0.1, **more)


@pytest.mark.parametrize(
    ("stderr", "code", "found", "helps"),
    [
        (MISSING, 1, NONE, True),
        (MISSING, 0, Response(500, (), b"Internal Server Error"), True),
        (MISSING, 1, Response(200, (), b"a part"), True),
        (MISSING, 0, Response(200, (), b"a log of what was expected"), False),
        (MISSING, 0, Response(404, (), b"no such page"), False),
        (SPAWNED, 1, NONE, False),
        (b"ValueError: no\n", 1, NONE, False),
    ],
)
def test_where_files_are(stderr, code, found, helps):
    said = explain(outcome(stderr, code), ResourceLimits(), found)
    assert ("os402 has no disk: a program finds what its archive has" in said) is helps


@pytest.mark.parametrize(("seconds", "said"), [(1, "1 second"), (5, "5 seconds"), (0.5, "0.5 seconds")])
def test_how_long_it_ran(seconds, said):
    limits = ResourceLimits(cpu=seconds, wall=seconds)
    assert f"killed after {said}, the whole time" in explain(outcome(b"", ended_by="wall"), limits, NONE)
    assert f"it had used {said} of CPU" in explain(outcome(b"", ended_by="cpu"), limits, NONE)
