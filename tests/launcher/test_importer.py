"""What importing from the archive must do as importing from a folder does."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support import launching

from hatch_os402 import launcher

HEAD = "import importlib, json, sys\ndef say(**facts): json.dump(facts, sys.stdout)\n"


@pytest.fixture
def facts(tmp_path):
    """Run a body of `main()` in an archive with these files and return the keywords it says."""

    def run(files, body, *arguments, how="ours", **options):
        main = HEAD + "def main():\n" + "".join(f"    {line}\n" for line in body.strip().splitlines())
        variables = {name: options.pop(name) for name in list(options) if name.isupper()}
        data = launching.archive({**files, "app.py": main}, "app:main", **options)
        return launching.run(data, tmp_path, *arguments, how=how, **variables).facts

    return run


def test_bytecode_comes_before_source(facts):
    stale = launching.bytecode(sys.executable, {"thing.py": b"made = 'bytecode'\n"})
    code = "import thing; say(made=thing.made, file=(lambda: 0).__code__.co_filename)"
    result = facts({"thing.py": "made = 'source'\n", **stale}, code, compiled_by=None)
    assert result["made"] == "bytecode"


@pytest.mark.parametrize("start", [b"\0\0\r\n\1\0\0\0", None])
def test_bytecode_that_may_not_fit_gives_way_to_source(start, facts):
    # Another interpreter's magic; or a kind that asks to be compared with the source's time (PEP 552, flags 0).
    (stale,) = launching.bytecode(sys.executable, {"thing.py": b"made = 'bytecode'\n"}).values()
    stale = (start or stale[:4] + bytes(4)) + stale[8:]
    result = facts({"thing.py": "made = 'source'\n", "thing.pyc": stale}, "import thing; say(made=thing.made)")
    assert result == {"made": "source"}


def test_bytecode_of_another_python_alone_is_an_import_error(facts):
    code = """
try:
    import thing
except ImportError as error:
    say(text=str(error), name=error.name, path=error.path)
"""
    result = facts({"thing.pyc": b"\0\0\r\n\1\0\0\0" + bytes(9)}, code)
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert result["text"].startswith("thing comes as bytecode of another Python")
    assert version in result["text"]
    assert (result["name"], result["path"]) == ("thing", "/os402/app/thing.pyc")


def test_the_launcher_is_compiled_and_falls_back_too(tmp_path):
    files = {
        "app.py": "import sys\ndef main(): print(getattr(sys.modules['_os402.streams'], 'made', 'source'), sys.made)\n",
    }
    inside = launcher.inside_files()
    changed = {
        "_os402/streams.py": inside["_os402/streams.py"] + b"made = 'bytecode'\n",
        "_os402/start.py": inside["_os402/start.py"].replace(b"\nif __name__", b"\nsys.made = 'bytecode'\nif __name__"),
    }
    made = launching.bytecode(sys.executable, changed)
    good = launching.archive({**files, **made}, "app:main")
    assert launching.run(good, tmp_path).out == b"bytecode bytecode\n"
    stale = {path: b"\0\0\r\n" + pyc[4:] for path, pyc in made.items()}
    result = launching.run(launching.archive({**files, **stale}, "app:main"), tmp_path)
    assert "module 'sys' has no attribute 'made'" in result.err


def test_virtual_file_names_in_compiled_code(facts):
    code = "import thing; say(file=thing.f.__code__.co_filename, at=thing.__file__)"
    (moved,) = launching.bytecode(sys.executable, {"built/elsewhere.py": b"def f(): pass\n"}).values()
    result = facts({"thing.pyc": moved}, code)
    assert result == {"file": "/os402/app/thing.py", "at": "/os402/app/thing.pyc"}


def test_the_loader_protocol(facts):
    code = """
import pkg.mod, pkg
loader, package = pkg.mod.__loader__, pkg.__loader__
def error(call, *arguments):
    try: call(*arguments)
    except Exception as error: return type(error).__mro__[-4 if isinstance(error, OSError) else 0].__name__
say(
    source=loader.get_source("pkg.mod"), name=loader.get_filename("pkg.mod"), package=package.is_package("pkg"),
    module=loader.is_package("pkg.mod"), data=loader.get_data("/os402/app/pkg/../pkg//data.txt").decode(),
    code=loader.get_code("pkg.mod").co_name, spec=pkg.mod.__spec__.loader is loader,
    wrong=error(loader.get_code, "pkg.other"), missing=error(loader.get_data, "/os402/app/none"),
    outside=error(loader.get_data, "/etc/passwd"), zip=[hasattr(loader, name) for name in ("archive", "prefix", "_files")],
    located=pkg.mod.__spec__.has_location, parent=pkg.mod.__package__,
)
"""
    files = {"pkg/__init__.py": "", "pkg/mod.py": b"x = 1\r\n", "pkg/data.txt": "content"}
    assert facts(files, code) == {
        "source": "x = 1\n",
        "name": "/os402/app/pkg/mod.py",
        "package": True,
        "module": False,
        "data": "content",
        "code": "<module>",
        "spec": True,
        "wrong": "ImportError",
        "missing": "OSError",
        "outside": "OSError",
        "zip": [False, False, False],
        "located": True,
        "parent": "pkg",
    }


def test_source_in_another_encoding(facts):
    code = "import thing, inspect; say(text=thing.text, source=inspect.getsource(thing))"
    source = "# -*- coding: latin-1 -*-\ntext = 'é'\n"
    assert facts({"thing.py": source.encode("latin-1")}, code) == {"text": "é", "source": source}


def test_inspect_finds_source_of_compiled_modules(facts):
    code = "import thing, inspect; say(source=inspect.getsource(thing.second), file=inspect.getfile(thing.second))"
    files = {"thing.py": "def first(): pass\n\ndef second():\n    return 2\n"}
    result = facts(files, code, compiled_by=sys.executable)
    assert result == {"source": "def second():\n    return 2\n", "file": "/os402/app/thing.py"}


def test_import_errors_pass_through(facts):
    code = """
found = []
for name in ("broken", "absent", "pkg.absent", "plain.absent", "missing_inside"):
    try:
        importlib.import_module(name)
    except Exception as error:
        found.append([type(error).__name__, str(error)])
say(found=found)
"""
    files = {
        "broken.py": "raise LookupError('its own')\n",
        "pkg/__init__.py": "",
        "plain.py": "",
        "missing_inside.py": "import no_such_dependency\n",
    }
    assert facts(files, code)["found"] == [
        ["LookupError", "its own"],
        ["ModuleNotFoundError", "No module named 'absent'"],
        ["ModuleNotFoundError", "No module named 'pkg.absent'"],
        ["ModuleNotFoundError", "No module named 'plain.absent'; 'plain' is not a package"],
        ["ModuleNotFoundError", "No module named 'no_such_dependency'"],
    ]


def test_a_package_comes_before_a_module_and_a_namespace(facts):
    files = {
        "a/__init__.py": "kind = 'package'\n",
        "a.py": "kind = 'module'\n",
        "b.py": "kind = 'module'\n",
        "b/c.py": "",
    }
    assert facts(files, "import a, b; say(a=a.kind, b=b.kind)") == {"a": "package", "b": "module"}


def test_namespace_packages_look_as_those_in_folders(facts):
    code = """
import space.inner.thing
say(path=[*space.__path__], inner=[*space.inner.__path__], file=space.__file__, thing=space.inner.thing.__file__,
    kind=type(space.__path__).__name__, origin=space.__spec__.origin)
"""
    assert facts({"space/inner/thing.py": ""}, code) == {
        "path": ["/os402/app/space"],
        "inner": ["/os402/app/space/inner"],
        "file": None,
        "thing": "/os402/app/space/inner/thing.py",
        "kind": "_NamespacePath",
        "origin": None,
    }


@pytest.mark.parametrize("late", [False, True])
def test_a_namespace_split_between_archive_and_folder(late, facts, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "space" / "inner").mkdir(parents=True)
    (elsewhere / "space" / "outside.py").touch()
    (elsewhere / "space" / "inner" / "deep.py").touch()
    first = "import space.inner.mine" if late else ""
    code = f"""
{first}
sys.path.append({str(elsewhere)!r})
import space.mine, space.inner.mine, space.outside, space.inner.deep
say(path=[*space.__path__], inner=[*space.inner.__path__], mine=space.inner.mine.__file__,
    deep=space.inner.deep.__file__)
"""
    assert facts({"space/mine.py": "", "space/inner/mine.py": ""}, code, how="pyz") == {
        "path": ["/os402/app/space", str(elsewhere / "space")],
        "inner": ["/os402/app/space/inner", str(elsewhere / "space" / "inner")],
        "mine": "/os402/app/space/inner/mine.py",
        "deep": str(elsewhere / "space" / "inner" / "deep.py"),
    }


def test_the_order_of_a_split_namespace_counts(facts, tmp_path):
    (tmp_path / "space").mkdir()
    (tmp_path / "space" / "mine.py").write_text("where = 'folder'\n")
    code = f"sys.path.insert(0, {str(tmp_path)!r}); import space.mine; say(where=space.mine.where)"
    assert facts({"space/mine.py": "where = 'archive'\n"}, code, how="pyz") == {"where": "folder"}


def test_extended_search_paths(facts):
    code = """
import os, pkg
pkg.__path__.append(os.path.join(os.path.dirname(pkg.__file__), "..", "vendor"))
sys.path.append("/os402/app/vendor/")
import pkg.extra, extra, declared
from declared import part
say(sub=pkg.extra.__file__, top=extra.__file__, name=pkg.extra.__spec__.name, declared=declared.__path__)
"""
    files = {
        "pkg/__init__.py": "",
        "vendor/extra.py": "",
        "declared/__init__.py": "import pkgutil\n__path__ = pkgutil.extend_path(__path__, __name__)\n",
        "declared/part.py": "",
    }
    assert facts(files, code) == {
        "sub": "/os402/app/vendor/extra.py",
        "top": "/os402/app/vendor/extra.py",
        "name": "pkg.extra",
        "declared": ["/os402/app/declared"],
    }


def test_what_comes_first_on_the_path(facts, tmp_path):
    host = tmp_path / "site-packages"
    host.mkdir()
    for name in ("sample.py", "only_host.py"):
        (host / name).write_text("where = 'host'\n")
    code = """
import csv, sample, only_host
from importlib.machinery import PathFinder
say(standard=hasattr(csv, "where"), vendored=sample.where, host=only_host.where,
    by_path=PathFinder.find_spec("sample").origin, std_by_path=PathFinder.find_spec("csv").origin.startswith("/os402"))
"""
    files = {"sample.py": "where = 'archive'\n", "csv.py": "where = 'archive'\n"}
    assert facts(files, code, how="pyz", PYTHONPATH=str(host)) == {
        "standard": False,
        "vendored": "archive",
        "host": "host",
        "by_path": str(host / "sample.py"),  # a PYTHONPATH comes before everything
        "std_by_path": False,
    }


def test_the_archive_stands_between_the_standard_library_and_site_packages(facts):
    code = "import os; say(path=sys.path, own=sys.path.index('/os402/app'), standard=os.path.dirname(os.__file__))"
    assert facts({}, code)["path"][-1] == "/os402/app"  # what is installed on the machine takes no part
    result = facts({}, code, how="readme")
    assert result["path"].index(result["standard"]) < result["own"]
    sites = [place for place, entry in enumerate(result["path"]) if entry.endswith("site-packages")]
    assert sites
    assert result["own"] < min(sites)


def test_pkgutil_lists_modules(facts):
    code = """
import pkgutil, pkg
say(iter=[[m.name, m.ispkg] for m in pkgutil.iter_modules(pkg.__path__, "x.")],
    walk=[m.name for m in pkgutil.walk_packages(pkg.__path__, "pkg.")],
    data=pkgutil.get_data("pkg", "data/a.txt").decode(),
    top=[m.name for m in pkgutil.iter_modules(["/os402/app"])])
"""
    files = {
        "pkg/__init__.py": "",
        "pkg/both.py": "",
        "pkg/both.pyc": b"",
        "pkg/only.pyc": b"",
        "pkg/sub/__init__.py": "",
        "pkg/sub/leaf.py": "",
        "pkg/data/a.txt": "text",
        "pkg/not.a.module.py": "",
        "pkg/not.a.package/__init__.py": "",
        "pkg/module.py": "",
        "pkg/module/space.py": "",
        "pkg/space/leaf.py": "",
        "pkg/folder.py/leaf.txt": "",
    }
    # A folder with the name of a module is one to pkgutil, which lists folders itself.
    folder = [["x.folder", False]]
    assert facts(files, code) == {
        "iter": [["x.both", False], *folder, ["x.module", False], ["x.only", False], ["x.sub", True]],
        "walk": [
            "pkg.both",
            *(name.replace("x", "pkg") for name, _ in folder),
            "pkg.module",
            "pkg.only",
            "pkg.sub",
            "pkg.sub.leaf",
        ],
        "data": "text",
        "top": ["__main__", "_os402", "app", "pkg"],
    }


def test_reload_and_find_spec(facts):
    code = """
import pkg.mod, importlib.util
first = pkg.mod.token
again = importlib.reload(pkg.mod)
importlib.invalidate_caches()
say(new=again.token is not first, same=again is pkg.mod, spec=importlib.util.find_spec("pkg.mod").origin,
    none=importlib.util.find_spec("pkg.none"))
"""
    result = facts({"pkg/__init__.py": "", "pkg/mod.py": "token = object()\n"}, code)
    assert result == {"new": True, "same": True, "spec": "/os402/app/pkg/mod.py", "none": None}


def test_imports_still_work_at_exit(tmp_path):
    app = "import atexit\ndef late():\n    import other\n    print(other.__name__)\ndef main(): atexit.register(late)\n"
    assert launching.run(launching.archive({"app.py": app, "other.py": ""}, "app:main"), tmp_path).out == b"other\n"


def test_importing_from_threads(facts):
    code = """
import threading
def work(n):
    seen.append(importlib.import_module(f"pkg.m{n % 20}").value)
seen = []
threads = [threading.Thread(target=work, args=(n,)) for n in range(60)]
for thread in threads: thread.start()
for thread in threads: thread.join()
say(seen=sorted(seen))
"""
    files = {"pkg/__init__.py": "", **{f"pkg/m{n}.py": f"import pkg.m{(n + 1) % 20}\nvalue = {n}\n" for n in range(20)}}
    assert facts(files, code)["seen"] == sorted([*range(20)] * 3)


def test_the_main_module_is_real(tmp_path):
    main = """
import inspect, json, pickle, sys, linecache
class Thing:
    pass
def facts():
    import __main__
    return {
        "pickled": type(pickle.loads(pickle.dumps(Thing()))) is Thing,
        "same": __main__.__dict__ is globals(),
        "source": inspect.getsource(Thing),
        "spec": [__spec__.name, __spec__.origin, __package__, __file__],
        "relative": value,
        "names": sorted(name for name in globals() if name.startswith("_")),
    }
from . import value
if __name__ == "__main__":
    json.dump(facts(), sys.stdout)
"""
    data = launching.archive({"pkg/__init__.py": "value = 4\n", "pkg/__main__.py": main}, "pkg")
    dunder = ["builtins", "cached", "doc", "file", "loader", "name", "package", "spec"]
    assert launching.run(data, tmp_path).facts == {
        "pickled": True,
        "same": True,
        "source": "class Thing:\n    pass\n",
        "spec": ["pkg.__main__", "/os402/app/pkg/__main__.py", "pkg", "/os402/app/pkg/__main__.py"],
        "relative": 4,
        "names": [f"__{name}__" for name in dunder],
    }


def test_runpy_runs_modules_of_the_archive(facts):
    files = {"pkg/__init__.py": "", "pkg/tool.py": "name = __name__\n"}
    assert facts(files, "import runpy; say(name=runpy.run_module('pkg.tool')['name'])") == {"name": "pkg.tool"}


@pytest.mark.parametrize("entry_point", ["app:main", "app"])
def test_nothing_needless_is_imported_before_the_program(entry_point, tmp_path):
    app = "import sys\nprint(*sys.modules)\ndef main(): pass\n"
    data = launching.archive({"app.py": app}, entry_point, compiled_by=sys.executable)
    bare = subprocess.run(
        [sys.executable, *launcher.ARGS[1:-1], "import os, sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    extra = set(launching.run(data, tmp_path).out.decode().split()) - set(bare.stdout.split())
    ours = set() if ":" in entry_point else {"_os402.entry", "_os402.own"}
    ours |= {"_os402.index", "_os402.importer", "_os402.vfs.patches", "_os402.streams"}
    assert extra - {"app"} == ours | {"atexit", "gc", "zlib"}
