"""The backport of `importlib.resources`: files of a package, of a namespace package, as a path."""

import importlib_resources as resources


def facts():
    files = resources.files("showcase")
    with resources.as_file(files / "data" / "text.txt") as path:
        size = path.stat().st_size
    names = sorted(entry.name for entry in (files / "templates").iterdir())
    return [(files / "data" / "text.txt").read_text("utf-8").split()[0], size, names]
