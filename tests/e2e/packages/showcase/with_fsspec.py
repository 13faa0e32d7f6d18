"""Files in memory, found by address, and an archive as a file system."""

import io
import zipfile

import fsspec


def facts():
    with fsspec.open("memory://folder/a.txt", "wt") as file:
        file.write("hello")
    memory = fsspec.filesystem("memory")
    memory.pipe("/folder/deep/b.bin", b"\x00\x01")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("inside/c.txt", "zipped")
    buffer.seek(0)
    return {
        "found": memory.find("/folder"),
        "read": fsspec.open("memory://folder/a.txt", "rt").open().read(),
        "size": memory.info("/folder/deep/b.bin")["size"],
        "zipped": fsspec.filesystem("zip", fo=buffer).cat("inside/c.txt").decode(),
        "glob": memory.glob("/folder/**/*.bin"),
    }
