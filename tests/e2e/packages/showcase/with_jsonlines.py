"""Reads the descriptor of a pipe by its path, as of a shell's `<(…)`, and writes to `/dev/null`."""

import os

import jsonlines


def facts():
    reading, writing = os.pipe()
    with jsonlines.Writer(os.fdopen(writing, "w"), flush=True) as writer:
        writer.write_all([{"a": 1}, ["ü"], 3])
        writer._fp.close()
    with jsonlines.open(f"/dev/fd/{reading}") as reader:
        found = list(reader)
    os.close(reading)
    with jsonlines.open(os.devnull, mode="w") as nowhere:
        written = nowhere.write({"a": [1, 2]})
    with jsonlines.open(os.devnull) as nothing:
        found += list(nothing)
    return [found, written]
