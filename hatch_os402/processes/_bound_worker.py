"""Run a script that ends when its parent does: `python _bound_worker.py SCRIPT ARGUMENTS`, stdin a pipe of the parent.

The pipe ends when the parent has ended, even by SIGKILL, and then this process and all that it has started (its process
group, which it leads) are killed. The script's own standard input is empty; with `--input` before SCRIPT it is what the
parent writes into the pipe. The standard library is all that is used, of any Python.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading

INPUT = "--input"


def _watch(pipe: int, script: int | None) -> None:
    while data := os.read(pipe, 4096):
        if script is not None:
            os.write(script, data)
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)


def main() -> None:
    """Watch the parent, and run the script as `__main__`."""
    pipe = os.dup(0)
    os.set_inheritable(pipe, False)  # noqa: FBT003 - it takes no name
    del sys.argv[0]
    script = None
    if sys.argv[0] == INPUT:
        del sys.argv[0]
        reading, script = os.pipe()
    else:
        reading = os.open(os.devnull, os.O_RDONLY)
    os.dup2(reading, 0)
    os.close(reading)
    threading.Thread(target=_watch, args=(pipe, script), daemon=True).start()
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
