"""A stand-in for os402's reference `apploader`, written from its description: the `__main__.py` of a zipapp.

It reads a line of JSON with the archive's size, then the archive, to the end of stdin; puts a finder over the archive
before all others, which compiles each module from its source; and runs `__main__.py` in a namespace of its own. It
imports what the original imports.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import io
import json
import sys
import types  # noqa: F401 - as the original
import zipfile


class Importer(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds and loads the modules of one archive; knows no namespace packages, resources or metadata."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.modules = {}
        for path in archive.namelist():
            if path.endswith(".py"):
                name = path[:-3].replace("/", ".")
                self.modules[name.removesuffix(".__init__")] = path, name.endswith(".__init__")

    def find_spec(self, name, path, target=None):  # noqa: ANN001, ANN201, ARG002
        if name in self.modules:
            return importlib.machinery.ModuleSpec(name, self, is_package=self.modules[name][1])
        return None

    def create_module(self, spec):  # noqa: ANN001, ANN201, ARG002
        return None

    def exec_module(self, module):  # noqa: ANN001, ANN201
        path, _ = self.modules[module.__name__]
        source = self.archive.read(path).decode("utf-8")
        exec(compile(source, f"<zipapp>/{path}", "exec"), module.__dict__)  # noqa: S102


def main() -> None:
    """Read the archive and run it."""
    header, _, content = sys.stdin.buffer.read().partition(b"\n")
    if len(content) != json.loads(header)["size"]:
        sys.exit("the archive is incomplete")
    archive = zipfile.ZipFile(io.BytesIO(content))
    sys.meta_path.insert(0, Importer(archive))
    namespace = {"__name__": "__main__", "__file__": "<zipapp>/__main__.py", "__builtins__": __builtins__}
    exec(compile(archive.read("__main__.py"), "<zipapp>/__main__.py", "exec"), namespace)  # noqa: S102


if __name__ == "__main__":
    main()
