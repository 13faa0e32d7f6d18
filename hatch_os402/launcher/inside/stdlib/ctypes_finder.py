"""`ctypes` for a runtime without `_ctypes`: the package `foreign`, under its name. Imported when `ctypes` is."""

from _frozen_importlib import _find_spec  # type: ignore[attr-defined]  # not listed by typeshed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def find_spec(find: "Callable[[str, str], Any]") -> "Any":
    """Return the spec of the stand-in, `None` where the runtime has `_ctypes` or the archive has no stand-in.

    `find` returns the spec of a module in a folder (an archive path), or `None`.
    """
    try:
        if _find_spec("_ctypes", None) is not None:
            return None
    except ImportError:  # of a finder that conceals it
        pass
    if spec := find("_os402/stdlib", "foreign"):
        spec.name = spec.loader.name = "ctypes"
    return spec
