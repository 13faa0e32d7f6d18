"""Run a script that ends when its parent does: `python _bound_worker.py SCRIPT ARGUMENTS`, stdin a pipe of the parent.

The parent writes nothing. The pipe ends when the parent has ended, even by SIGKILL, and then this process and all that
it has started (its process group, which it leads) are killed. The standard library is all that is used, of any Python.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading


def _watch(pipe: int) -> None:
    while os.read(pipe, 1):
        pass
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)


def main() -> None:
    """Watch the parent, and run the script as `__main__` with an empty standard input."""
    pipe = os.dup(0)
    os.set_inheritable(pipe, False)  # noqa: FBT003 - it takes no name
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    threading.Thread(target=_watch, args=(pipe,), daemon=True).start()
    del sys.argv[0]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
