"""A shell in this process, with a profile in the home folder: cells, magics, a traceback with lines."""

import contextlib
import io
import os
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config


def facts():
    shell = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}), colors="nocolor")
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        shell.run_cell("x = [n * n for n in range(4)]\nx")
        shell.run_cell("%cd -q ~\n%pwd")
        shell.run_cell("%%writefile made.py\nvalue = 7")
        shell.run_cell("%run made.py")
        shell.run_cell("1 / 0")
    home = os.path.expanduser("~")
    InteractiveShell.clear_instance()
    return [
        shell.user_ns["x"], shell.user_ns["value"], shell.user_ns["_"] == home, "ZeroDivisionError" in out.getvalue(),
        "----> 1" in out.getvalue(), Path(shell.profile_dir.location).relative_to(home).as_posix(), "Writing made.py" in out.getvalue(),
    ]  # fmt: skip
