"""Tables from the descriptor of a pipe and from the temporary folder, sorted in chunks there, and to `/dev/null`."""

import os
import tempfile

import petl


def facts():
    reading, writing = os.pipe()
    os.write(writing, b"name,weight\ncod,3\neel,1\nray,2\n")
    os.close(writing)
    with open(f"/dev/fd/{reading}") as pipe:
        table = petl.fromcsv(petl.MemorySource(pipe.read().encode()))
    os.close(reading)
    table = petl.convert(table, "weight", int)
    petl.tocsv(table, os.devnull)
    petl.tojson(table, "/dev/null")
    ordered = petl.sort(table, "weight", buffersize=1, tempdir=tempfile.mkdtemp())
    path = os.path.join(tempfile.gettempdir(), "table.csv.gz")
    petl.tocsv(ordered, path)
    again = petl.fromcsv(path)
    return [list(map(list, ordered)), str(petl.look(again)), petl.header(again)]
