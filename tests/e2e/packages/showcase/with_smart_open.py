"""Asks for the home folder when it is imported: a file compressed on the way out and in, and standard output."""

import tempfile

import smart_open


def facts():
    with tempfile.TemporaryDirectory() as folder:
        with smart_open.open(folder + "/x.gz", "w") as file:
            file.write("grüße\n")
        with smart_open.open(folder + "/x.gz") as file:
            return [file.read(), smart_open.parse_uri("file:///tmp/x").scheme]
