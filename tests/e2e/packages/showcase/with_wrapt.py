"""An import hook that calls back: what is done when a module is imported, and a wrapped function of it."""

import sys
from importlib import import_module

import wrapt


def facts():
    seen = []

    @wrapt.when_imported("showcase.hooked.late")
    def changed(module):
        seen.append([module.__name__, hasattr(module, "twice")])
        wrapt.wrap_function_wrapper(module, "twice", lambda real, _, args, kwargs: -real(*args, **kwargs))

    before = "showcase.hooked.late" in sys.modules
    late = import_module("showcase.hooked.late")

    @wrapt.decorator
    def loud(real, instance, args, kwargs):
        return [real.__name__, type(instance).__name__, real(*args, **kwargs)]

    class Thing:
        @loud
        def does(self, number):
            """Do."""
            return number + 1

    return [before, seen, late.twice(4), late.__spec__.origin.rpartition("/")[2], Thing().does(1), Thing.does.__doc__]
