"""`ctypes` for a runtime without `_ctypes`: the package `foreign`, under its name. Imported when `ctypes` is."""

from _frozen_importlib import _find_spec  # type: ignore[attr-defined]  # not listed by typeshed

from ..importer import ArchiveLoader, ArchiveSpec
from ..index import ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _frozen_importlib import ModuleSpec

    from ..index import Index

FOLDER = "_os402/stdlib/foreign"


def find_spec(index: "Index", fullname: str) -> "ModuleSpec | None":
    """Return the spec of the stand-in, `None` where the runtime has `_ctypes` or the archive has no stand-in."""
    if _find_spec("_ctypes", None) is not None or not index.is_folder(FOLDER):
        return None
    loader = ArchiveLoader(index, fullname, FOLDER + "/__init__")
    spec = ArchiveSpec(fullname, loader, origin=loader.path)
    spec.has_location = True
    spec.submodule_search_locations = [f"{ROOT}/{FOLDER}"]
    return spec
