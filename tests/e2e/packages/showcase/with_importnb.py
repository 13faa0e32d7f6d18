"""An import hook among the path hooks, for other suffixes: a notebook as a module, its source lines, and tests of it."""

import doctest
import inspect
from importlib import import_module

from importnb import Notebook


def facts():
    with Notebook():
        module = import_module("showcase.hooked.sheet")
    found = [module.value, module.area(2), inspect.getsource(module.area).splitlines()[0].strip()]
    found += [module.__file__.rpartition("/")[2], doctest.testmod(module).attempted]
    try:
        import_module("showcase.hooked.other_sheet")
    except ModuleNotFoundError as error:
        found.append(error.name)
    return found
