"""What `__main__.py` does when it finds no archive in `zb`, or no bytecode for this Python. Shares its global names."""

import sys

if (own := getattr(globals().get("__loader__"), "archive", None)) in sys.path:  # python X.pyz
    sys.path.remove(own)  # a zlib.py of a dependency must not stand in front of the standard library
from zlib import crc32


def failure(why):
    """Say in one line why the archive cannot start; return what to raise."""
    print("os402:", why, file=sys.stderr)
    return SystemExit(70)


def find_archive():
    """Return the archive's bytes and its path (`None` when it is nowhere on disk)."""
    # The bootstraps leave it in `zb`, here or, having given us a namespace of our own, in theirs.
    for known in globals(), vars(sys.modules["__main__"]):
        if isinstance(known.get("zb"), bytes):
            return known["zb"], None
    for finder in sys.meta_path:  # apploader
        if hasattr(finder, "zf"):
            finder.zf.fp.seek(0)
            return finder.zf.fp.read(), None
    path = getattr(globals().get("__loader__"), "archive", None)  # python X.pyz
    if path is None:
        raise failure("cannot find the archive: start it with its offer's bootstrap, or as `python FILE.pyz`")
    with open(path, "rb") as file:
        return file.read(), path


data, path = find_archive()
at = data.find(b"\0\0_os402/start.py") + 2
source = data[at + 15 : at + 15 + int.from_bytes(data[at - 12 : at - 8], "little")]
if (
    at == 1
    or data[at - 30 : at - 26] != b"PK\3\4"
    or crc32(source) != int.from_bytes(data[at - 16 : at - 12], "little")
):
    raise failure("damaged archive: its launcher is missing, or has another checksum")
exec(compile(source, "/os402/app/_os402/start.py", "exec", dont_inherit=True), names)
names["start"](data, path, **SETTINGS)
