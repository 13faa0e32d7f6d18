"""An import hook on `sys.meta_path`: the functions of a package check what they are given."""

from importlib import import_module

from typeguard import TypeCheckError, install_import_hook


def facts():
    with install_import_hook("showcase.hooked.checked"):
        module = import_module("showcase.hooked.checked")
    try:
        module.half("x")
    except TypeCheckError as error:
        return [module.half(4.0), str(error)]
    return "not checked"
