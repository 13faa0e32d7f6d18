"""What `__main__.py` does when it finds no archive in `zb`, or no bytecode for this Python. Shares its global names."""

import os
import sys

loader = globals().get("__loader__")  # `python X.pyz` has its path, `python FOLDER` that of this file
own = getattr(loader, "archive", None) or os.path.dirname(getattr(loader, "path", ""))
if own and own in sys.path:
    sys.path.remove(own)  # a zlib.py of a dependency must not stand in front of the standard library
from zlib import crc32, decompress, error


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
    if own and os.path.isfile(os.path.join(own, "_os402", "start.py")):  # python FOLDER
        return pack(own), own
    if getattr(loader, "archive", None) is None:
        raise failure("cannot find the archive: start it with its offer's bootstrap, or as `python FILE.pyz`")
    with open(own, "rb") as file:
        return file.read(), own


def pack(folder):
    """Return what the launcher reads of an archive with the files of `folder`: local headers and index."""
    from marshal import dumps

    archive, index = bytearray(), bytearray()

    def add(path, prefix):
        files, folders = {}, {}
        for name in sorted(set(os.listdir(path)) - {"__pycache__"}):  # which Python itself writes here
            place = os.path.join(path, name)
            if os.path.isdir(place):
                folders[name] = add(place, f"{prefix}{name}/")
                continue
            with open(place, "rb") as file:
                content = file.read()
            member, crc, size = f"{prefix}{name}".encode(), crc32(content), len(content).to_bytes(4, "little")
            archive.extend(b"PK\3\4" + bytes(10) + crc.to_bytes(4, "little") + size + size)
            archive.extend(len(member).to_bytes(2, "little") + bytes(2) + member)
            files[name] = len(archive), len(content), crc
            archive.extend(content)
        entry = dumps((files, folders), 2)
        index.extend(entry)
        return len(index) - len(entry), len(entry), crc32(entry)

    root = add(folder, "")
    numbers = b"".join(number.to_bytes(4, "little") for number in (len(index), root[0], root[2]))
    return bytes(archive + index + b"402\1" + numbers + b"PK\5\6" + bytes(18))


data, path = find_archive()
at = data.find(b"\0\0_os402/start.py") + 2
source = data[at + 15 : at + 15 + int.from_bytes(data[at - 12 : at - 8], "little")]
if data[at - 22 : at - 21] == b"\10":  # deflated
    try:
        source = decompress(source, -15)
    except error:
        at = 1
if (
    at == 1
    or data[at - 30 : at - 26] != b"PK\3\4"
    or crc32(source) != int.from_bytes(data[at - 16 : at - 12], "little")
):
    raise failure("damaged archive: its launcher is missing, or has another checksum")
exec(compile(source, "/os402/app/_os402/start.py", "exec", dont_inherit=True), names)
names["start"](data, path, **SETTINGS)
