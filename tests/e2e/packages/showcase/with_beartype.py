"""An import hook: the hints of a package are checked at every call, by `beartype.claw`."""

from importlib import import_module

from beartype.claw import beartype_package
from beartype.roar import BeartypeCallHintParamViolation


def facts():
    beartype_package("showcase.hooked")
    module = import_module("showcase.hooked.hinted")
    try:
        module.double("x")
    except BeartypeCallHintParamViolation:
        return [module.double(2), "refused", type(module.__loader__).__name__]
    return "not checked"
