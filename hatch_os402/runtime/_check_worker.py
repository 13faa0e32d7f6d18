"""Answers what a runtime is like. A script for the runtime itself: `python -I -B -c SOURCE MODULE…`.

One JSON value a line on stdout: an object about the interpreter, then for each module a list of its name and why it
cannot be imported, or null. Whoever asks sees from the last line which import ended the process.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys

_NOT_RUN = {"antigravity", "this"}
"""Importing them does something: they are only looked for."""

FOLDERS = ("/zip/usr/share/ssl", "/zip/share/ssl", "/zip/usr/share/zoneinfo")
"""Where certificates and time zones may lie."""


def _try(name: str) -> str | None:
    try:
        if name not in _NOT_RUN:
            importlib.import_module(name)
        elif importlib.util.find_spec(name) is None:
            return "not found"
    except BaseException as error:  # noqa: BLE001 - a module may end with anything, SystemExit included
        return f"{type(error).__name__}: {error}"
    return None


def main(names: list[str]) -> None:
    """Answer about the interpreter and each of `names`."""
    answers, sys.stdout = sys.stdout, sys.stderr  # a module may print
    about = {
        "implementation": sys.implementation.name,
        "version": "{}.{}.{}".format(*sys.version_info),
        "magic": importlib.util.MAGIC_NUMBER.hex(),
        "platform": sys.platform,
        "path": sys.path,
        "library": json.__file__,
        "memfd_create": hasattr(os, "memfd_create"),
        "folders": [folder for folder in FOLDERS if os.path.isdir(folder)],  # noqa: PTH112 - as little as possible
    }
    print(json.dumps(about), file=answers, flush=True)
    for name in names:
        print(json.dumps([name, _try(name)]), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
