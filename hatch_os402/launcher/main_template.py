"""The archive's `__main__.py`. It is compiled at every start: what is seldom needed is text until then."""

from _frozen_importlib_external import MAGIC_NUMBER
from marshal import loads

SETTINGS = {}  # what `start` takes as keywords: a literal, in one line
FALLBACK = ""
if __name__ == "__main__":
    names = {"__name__": "_os402.start", "__package__": "_os402"}
    data = globals().get("zb", b"")  # where the bootstraps leave the archive
    at = data.find(b"\0\0_os402/start.pyc") + 2  # its name in the local header (APPNOTE 4.3.7)
    pyc = data[at + 16 : at + 16 + int.from_bytes(data[at - 12 : at - 8], "little")]
    crc = int.from_bytes(data[at - 16 : at - 12], "little")
    if at > 1 and pyc[:4] == MAGIC_NUMBER and __import__("zlib").crc32(pyc) == crc:
        exec(loads(pyc[16:]), names)
        names["start"](data, None, **SETTINGS)
    else:
        exec(FALLBACK)
