"""Describes tools by importing them. Runs in an archive of its own, beside the project, in one process of the target.

stdin has a JSON object of names and functions, stdout gets one of names and what `describe` says, or
`{"error": {"path", "why"}}` for what has no counterpart in JSON, or `{"failed": …}` for what cannot be imported. What
the project prints goes to stderr.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from importlib import import_module
from typing import Any

from hatch_os402.launcher.inside.interfaces.mcp_types.common import AnnotationError
from hatch_os402.tools.describe import describe


def main() -> None:
    """Describe the functions that stdin names, as JSON; the answer goes to what was stdout."""
    answers = os.dup(1)
    os.dup2(2, 1)  # what extension modules print as well
    sys.stdout = sys.stderr
    tools = json.load(sys.stdin)
    text = json.dumps({name: _described(function) for name, function in tools.items()})
    with open(answers, "w", encoding="utf-8") as stream:  # noqa: PTH123 - a descriptor
        stream.write(text)


def _described(function: str) -> dict[str, Any]:
    module, _, attributes = function.partition(":")
    try:
        target: Any = import_module(module)
        for attribute in attributes.split("."):
            target = getattr(target, attribute)
    except BaseException as error:  # noqa: BLE001 - the project's own, whatever it is
        traceback.print_exc()
        return {"failed": f"{type(error).__name__}: {error}"}
    try:
        return describe(target)
    except AnnotationError as error:
        return {"error": {"path": ".".join(error.path), "why": error.why}}
