"""Source of the archive's `__main__.py`. It is compiled at every start: keep it short."""

from __future__ import annotations

import marshal
import sys
from _frozen_importlib_external import MAGIC_NUMBER

ENTRY_POINT = "module:callable"
VIRTUAL_FILES = True
TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType


def failure(why: str) -> SystemExit:
    """Say in one line why the archive cannot start; return what to raise."""
    print("os402:", why, file=sys.stderr)  # noqa: T201 - nobody else could say it
    return SystemExit(70)


def find_archive() -> tuple[bytes, str | None]:
    """Return the archive's bytes and its path (`None` when it is nowhere on disk)."""
    # The bootstraps leave it in `zb`, here or, having given us a namespace of our own, in theirs.
    for names in globals(), vars(sys.modules["__main__"]):
        if isinstance(names.get("zb"), bytes):
            return names["zb"], None
    for finder in sys.meta_path:  # apploader
        if hasattr(finder, "zf"):
            finder.zf.fp.seek(0)
            return finder.zf.fp.read(), None
    path = getattr(globals().get("__loader__"), "archive", None)  # python X.pyz
    if path is None:
        raise failure("cannot find the archive: start it with its offer's bootstrap, or as `python FILE.pyz`")
    with open(path, "rb") as file:  # noqa: PTH123 - pathlib is slow to import
        return file.read(), path


def launch() -> None:
    """Find the launcher among the first members of the archive and hand over to it."""
    data, path = find_archive()
    inside = {}
    at = data.find(b"PK\3\4")  # a shebang line may come before
    while data[at : at + 4] == b"PK\3\4":
        end = at + 30 + data[at + 26] + data[at + 27] * 256
        name = data[at + 30 : end]
        start = end + data[at + 28] + data[at + 29] * 256
        at = start + int.from_bytes(data[at + 18 : at + 22], "little")
        if name.startswith(b"_os402/"):
            inside[name.decode()] = data[start:at]
        elif inside:
            break

    def load(name: str) -> ModuleType:
        module = sys.modules["_os402." + name] = type(sys)("_os402." + name)
        module.__package__ = "_os402"
        file = "_os402/" + name + ".py"
        bytecode = inside.get(file + "c", b"")
        if bytecode[:4] == MAGIC_NUMBER:
            code = marshal.loads(bytecode[16:])  # noqa: S302 - as trustworthy as the source beside it
        else:
            code = compile(inside[file], "/os402/app/" + file, "exec", dont_inherit=True)
        exec(code, vars(module))  # noqa: S102 - what importing is
        return module

    if "_os402/start.py" not in inside and "_os402/start.pyc" not in inside:
        raise failure("damaged archive: its launcher is missing")
    load("start").start(data, path, load, ENTRY_POINT, virtual_files=VIRTUAL_FILES)


if __name__ == "__main__":
    launch()
