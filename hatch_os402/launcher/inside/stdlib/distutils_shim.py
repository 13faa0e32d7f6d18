"""`distutils` as setuptools brings it along: what its `distutils-precedence.pth` arranges on a disk."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _frozen_importlib import ModuleSpec


def find_spec(fullname: str) -> "ModuleSpec | None":
    """Return the spec of `distutils`. The archive has `_distutils_hack`."""
    if os.environ.get("SETUPTOOLS_USE_DISTUTILS", "local") != "local":  # as the .pth asks
        return None
    hack = __import__("_distutils_hack")  # a package of the program's
    hack.add_shim()
    found: ModuleSpec | None = hack.DISTUTILS_FINDER.find_spec(fullname, None)
    return found
