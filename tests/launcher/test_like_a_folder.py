"""A program in an archive and the same program in a folder: what it can see of itself is the same, but for the folder."""

from __future__ import annotations

import re
import sys

import pytest
from support import launching
from support.introspection import ATTRIBUTES, ERRORS, FILES, HEAD, MACHINERY, MAIN, MORE, RESOURCES, TRACEBACKS, WRONG

KINDS = ("source", "both", "bytecode")
"""What there is of each module. A folder has bytecode alone in the same place; that beside a source it does not look at."""


def program(body, files, kind):
    """Return the archive paths and contents of a program that prints facts about itself."""
    main = "\ndef main():\n    sys.stdout.write(json.dumps(facts(), default=repr, sort_keys=True))\n"
    everything = {path: launching.as_bytes(content) for path, content in files.items()}
    if kind == "bytecode":
        modules = {path: content for path, content in everything.items() if path.endswith(".py")}
        everything = {path: content for path, content in everything.items() if path not in modules}
        everything |= launching.bytecode(sys.executable, modules)
    return everything | {"app.py": (HEAD + body + main).encode()}


def in_archive(files, tmp_path, kind, **options):
    compiled_by = sys.executable if kind == "both" else None
    return launching.run(launching.archive(files, "app:main", compiled_by=compiled_by, **options), tmp_path).facts


def differences(ours, folders, path=()):
    """Return what differs between two results, by its place."""
    if isinstance(ours, dict) and isinstance(folders, dict) and ours.keys() == folders.keys():
        return {
            place: pair for key in ours for place, pair in differences(ours[key], folders[key], (*path, key)).items()
        }
    same = re.sub(" at 0x[0-9a-f]+", "", repr(ours)) == re.sub(" at 0x[0-9a-f]+", "", repr(folders))
    return {} if same else {"/".join(path): (ours, folders)}


def compare(body, files, kind, tmp_path):
    everything = program(body, files, kind)
    ours = in_archive(everything, tmp_path, kind)
    return differences(ours, launching.in_folder(everything, tmp_path))


@pytest.mark.parametrize("kind", KINDS)
def test_what_modules_say_of_themselves(kind, tmp_path):
    assert compare(ATTRIBUTES, FILES, kind, tmp_path) == {}


@pytest.mark.parametrize("kind", KINDS)
def test_tracebacks_and_warnings(kind, tmp_path):
    assert compare(TRACEBACKS, FILES, kind, tmp_path) == {}


def test_resources_and_distributions(tmp_path):
    assert compare(RESOURCES, FILES, "source", tmp_path) == {}


@pytest.mark.parametrize("kind", ["source", "both"])
def test_what_importlib_and_others_do_with_it(kind, tmp_path):
    assert compare(MACHINERY, FILES | MORE, kind, tmp_path) == {}


@pytest.mark.parametrize("kind", ["source", "both"])
def test_errors_pass_through(kind, tmp_path):
    # `broken` and `unreadable` have no bytecode: they cannot be compiled.
    files = {
        **FILES,
        **(WRONG if kind == "source" else {p: c for p, c in WRONG.items() if p not in {"broken.py", "unreadable.py"}}),
    }
    assert compare(ERRORS, files, kind, tmp_path) == {}


@pytest.mark.parametrize("module", ["pkg", "pkg.tool"])
@pytest.mark.parametrize("kind", KINDS[:2])
def test_main_is_what_python_m_makes_of_it(kind, module, tmp_path):
    files = {"pkg/__init__.py": b"value = 4\n", "pkg/__main__.py": MAIN.encode(), "pkg/tool.py": MAIN.encode()}
    compiled_by = sys.executable if kind == "both" else None
    ours = launching.run(launching.archive(files, module, compiled_by=compiled_by), tmp_path, "argument").facts
    folders = launching.in_folder(files, tmp_path, f"import runpy; runpy._run_module_as_main({module!r})")
    assert differences(ours, folders) == {}


def test_modules_that_the_program_writes(tmp_path):
    app = """
import importlib, json, os, pkgutil, sys, tempfile, zipfile
from importlib import util
def main():
    with tempfile.TemporaryDirectory() as folder:
        for name in ("generated.py", "other.py", "package/__init__.py", "space/part.py"):
            os.makedirs(os.path.join(folder, os.path.dirname(name)), exist_ok=True)
            with open(os.path.join(folder, name), "w") as file:
                file.write(f"name = {name!r}\\ndef fail(): raise LookupError(name)\\n")
        with zipfile.ZipFile(os.path.join(folder, "more.zip"), "w") as archive:
            archive.writestr("zipped.py", "name = 'zipped.py'\\n")
        sys.path += [folder, os.path.join(folder, "more.zip")]
        importlib.invalidate_caches()
        names = [importlib.import_module(name).name for name in ("generated", "package", "space.part", "zipped")]
        # As Mako, for one, loads what it has made of a template.
        spec = util.spec_from_file_location("by_path", os.path.join(folder, "other.py"))
        module = util.module_from_spec(spec)
        spec.loader.exec_module(module)
        listed = [module.name for module in pkgutil.walk_packages([folder])]
        json.dump([*names, module.name, listed], sys.stdout)
"""
    assert launching.run(launching.archive({"app.py": app}, "app:main"), tmp_path).facts == [
        "generated.py",
        "package/__init__.py",
        "space/part.py",
        "zipped.py",
        "other.py",
        ["generated", "other", "package"],
    ]
