"""An import hook on `sys.meta_path` that looks for files itself: exact fractions where a module divides."""

import contextlib
import io
import sys
from importlib import import_module

from ideas.included import fractions_ast


def facts():
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        hook = fractions_ast.add_hook()
        try:
            module = import_module("showcase.hooked.divided")
        finally:
            sys.meta_path.remove(hook.meta_path_finder)
    return [str(module.half), module.__file__.rpartition("/")[2], type(module.__loader__).__name__, said.getvalue()]
