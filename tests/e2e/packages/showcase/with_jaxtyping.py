"""An import hook that decorates what a package has: shapes and types of arrays, checked by beartype."""

from importlib import import_module

from jaxtyping import TypeCheckError, install_import_hook


def facts():
    with install_import_hook("showcase.hooked.shapes", "beartype.beartype"):
        module = import_module("showcase.hooked.shapes")
    shapes = [module.product(module.Array(2, 3), module.Array(3, 4)).shape, type(module.__loader__).__name__]
    try:
        module.product(module.Array(2, 3), module.Array(4, 5))
    except TypeCheckError as error:
        return [*shapes, "Type-check error" in str(error), error.__notes__[:1] if hasattr(error, "__notes__") else []]
    return "not checked"
