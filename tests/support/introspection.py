"""Programs that print what they can see of themselves, and the files that they look at."""

from __future__ import annotations

FILES = {
    "mod.py": "import warnings\n\nclass Thing:\n    value = 1\n\ndef fail():\n    raise LookupError('é')\n\ndef warn():\n    warnings.warn('careful', stacklevel=1)\n",
    "latin.py": "# -*- coding: latin-1 -*-\ndef fail():\n    raise LookupError('é')\n".encode("latin-1"),
    "pkg/__init__.py": "def fail():\n    1/0\n",
    "pkg/sub.py": "from . import __name__ as parent\n\ndef fail():\n    return [][parent]\n",
    "pkg/deep/__init__.py": "from .. import sub\n\ndef fail():\n    sub.fail()\n",
    "pkg/data.txt": b"a\r\nb",
    "pkg/deep/more.bin": b"\0\xff",
    # Two distributions have put their part of the namespace here, a third is vendored by the program.
    "space/one/__init__.py": "def fail():\n    raise KeyError(__name__)\n",
    "space/two.py": "def fail():\n    raise KeyError(__name__)\n",
    "space/notes.txt": "notes",
    "vendor/space/three.py": "def fail():\n    raise KeyError(__name__)\n",
    "vendor/space/three.txt": "3",
    "one-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: one\nVersion: 1.0\n\n",
    "one-1.0.dist-info/RECORD": "space/one/__init__.py,,\nspace/notes.txt,,\none-1.0.dist-info/METADATA,,\none-1.0.dist-info/RECORD,,\n",
}
HEAD = """
import importlib, importlib.metadata, importlib.resources, importlib.util, inspect, io, json, linecache, os, pickle, pkgutil, sys
import traceback, warnings
HERE = os.path.dirname(__file__)
def attempt(call, *arguments, **options):
    try:
        result = call(*arguments, **options)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return result if isinstance(result, (str, bool, int, list, tuple, dict, type(None))) else repr(result)
def read(path):
    with open(path, "rb") as file:
        return file.read().decode("latin-1")
"""
ATTRIBUTES = """
def facts():
    sys.path.append(os.path.join(HERE, "vendor"))
    return {name: about(importlib.import_module(name)) for name in NAMES}
NAMES = ["mod", "latin", "pkg", "pkg.sub", "pkg.deep", "space", "space.one", "space.two", "space.three"]
def about(module):
    spec, loader = module.__spec__, module.__loader__
    found = {
        "file": getattr(module, "__file__", "none"), "path": [*getattr(module, "__path__", ["none"])],
        "package": module.__package__, "origin": spec.origin, "located": spec.has_location, "parent": spec.parent,
        "again": attempt(lambda: importlib.util.find_spec(module.__name__) == spec),
        "is_package": attempt(loader.is_package, module.__name__),
    }
    if not spec.has_location:
        return found
    found |= {
        "filename": attempt(loader.get_filename, module.__name__), "wrong": attempt(loader.get_filename, "wrong")[:11],
        "unnamed": attempt(loader.get_filename),
        "source": attempt(loader.get_source, module.__name__), "code": loader.get_code(module.__name__).co_filename,
        "function": module.fail.__code__.co_filename, "repr": repr(module),
        "getfile": attempt(inspect.getfile, module), "getsourcefile": attempt(inspect.getsourcefile, module),
        "getmodule": attempt(inspect.getmodule, module.fail), "getsource": attempt(inspect.getsource, module),
        "getsource_of_function": attempt(inspect.getsource, module.fail),
        "data": attempt(loader.get_data, module.__file__),
    }
    if found:
        found |= {
            "exists": os.path.isfile(module.__file__), "listed": os.path.basename(module.__file__) in os.listdir(os.path.dirname(module.__file__)),
            "same": attempt(lambda: read(module.__file__) == loader.get_data(module.__file__).decode("latin-1")),
        }
    return found
"""
TRACEBACKS = """
def facts():
    sys.path.append(os.path.join(HERE, "vendor"))
    found = {}
    for name in ["mod", "latin", "pkg", "pkg.sub", "pkg.deep", "space.one", "space.two", "space.three"]:
        try:
            importlib.import_module(name).fail()
        except Exception as error:
            found[name] = "".join(traceback.format_tb(error.__traceback__.tb_next))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        sys.stderr = io.StringIO()
        sys.modules["mod"].warn()
        found["warning"] = sys.stderr.getvalue()
        sys.stderr = sys.__stderr__
    found["line"] = linecache.getline(sys.modules["mod"].__file__, 6)
    return found
"""
RESOURCES = """
def names(folder):
    return sorted(entry.name for entry in folder.iterdir() if entry.name != "__pycache__")
def facts():
    sys.path.append(os.path.join(HERE, "vendor"))
    files = importlib.resources.files
    dist = importlib.metadata.distribution("one")
    def opened(path):
        with importlib.resources.as_file(path) as file:
            return [file.read_bytes().decode("latin-1"), str(file)]
    found = {
        "get_data": [attempt(pkgutil.get_data, "pkg", "data.txt"), attempt(pkgutil.get_data, "pkg", "deep/more.bin"),
                     attempt(pkgutil.get_data, "pkg", "none"), attempt(pkgutil.get_data, "pkg", "deep"), attempt(pkgutil.get_data, "space", "notes.txt")],
        "files": [attempt(str, files("pkg")), attempt(str, files("pkg") / "deep" / "more.bin"), attempt(str, files("pkg.deep"))],
        "names": [names(files("pkg")), names(files("pkg.deep")), names(files("space")), names(files("space.one"))],
        "read": [(files("pkg") / "data.txt").read_text(), (files("space") / "three.txt").read_text(), (files("space") / "notes.txt").read_text()],
        "as_file": [opened(files("pkg") / "data.txt"), opened(files("space") / "three.txt")],
        "version": importlib.metadata.version("one"), "recorded": [str(file) for file in dist.files],
        "located": [str(dist.locate_file(file)) for file in dist.files], "notes": dist.files[1].read_text(),
        "walk": [module[1:] for module in pkgutil.walk_packages([HERE]) if "os402" not in module.name and module.name != "__main__"],
        "space": [module[1:] for module in pkgutil.walk_packages(importlib.import_module("space").__path__, "space.")],
    }
    found["exist"] = [os.path.isfile(dist.locate_file(file)) for file in dist.files]
    return found
"""
ERRORS = """
def facts():
    found = {}
    for statement in STATEMENTS:
        try:
            exec(statement, {"__name__": "somewhere"})
        except BaseException as error:
            found[statement] = [type(error).__name__, str(error), getattr(error, "name", 0), getattr(error, "path", 0),
                                getattr(error, "filename", 0), error is getattr(sys, "raised", None),
                                [name for name in ("raises", "broken", "around", "around.inner") if name in sys.modules]]
    return found
STATEMENTS = [
    "import absent", "import mod.absent", "import pkg.absent", "from pkg import absent", "from mod import absent",
    "import raises", "import broken", "import around", "from around import inner", "import around.inner", "from circular_a import x",
    "import leaves", "import unreadable", "from . import x",
]
"""
MACHINERY = """
def facts():
    import doctest, runpy, shutil, threading, unittest
    from importlib import machinery, resources, util
    def by_path(loader=None):
        spec = util.spec_from_file_location("given", os.path.join(HERE, "pkg", "sub.py"), loader=loader)
        module = util.module_from_spec(spec)
        module.__package__ = "pkg"
        spec.loader.exec_module(module)
        return [module.__file__, module.fail.__code__.co_filename, module.__spec__.origin, inspect.getsource(module.fail)]
    def lazily():
        spec = util.find_spec("latin")
        spec.loader = util.LazyLoader(spec.loader)
        module = util.module_from_spec(spec)
        sys.modules["latin"] = module
        spec.loader.exec_module(module)
        return [type(module).__name__, attempt(module.fail), type(module).__name__]
    def in_threads():
        seen = []
        def work(n):
            seen.append(importlib.import_module(f"many.m{n % 8}").value)
        threads = [threading.Thread(target=work, args=(n,)) for n in range(32)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        return sorted(seen)
    def reloaded(name):
        module = importlib.import_module(name)
        before = dict(vars(module))
        module.extra = 1
        again = importlib.reload(module)
        return [again is module, module.extra, module.fail is before["fail"], module.__file__]
    def tested():
        runner = unittest.TextTestRunner(stream=io.StringIO())
        result = runner.run(unittest.defaultTestLoader.discover(os.path.join(HERE, "checks"), top_level_dir=HERE))
        return [result.testsRun, len(result.errors), len(result.failures)]
    def vendored():
        sys.path.insert(0, os.path.join(HERE, "vendor"))
        import first
        try:
            return [first.where, first.__file__]
        finally:
            del sys.path[0]
    def run(how, *arguments, **options):
        names = how(*arguments, **options)
        return {name: repr(names.get(name)) for name in ("__name__", "__package__", "__file__", "__doc__", "ran")}
    found = {
        "by_path": attempt(by_path), "plugin": attempt(lambda: by_path(machinery.SourceFileLoader("given", os.path.join(HERE, "pkg", "sub.py")))),
        "lazily": lazily(), "threads": in_threads(), "reloaded": [reloaded(name) for name in ("mod", "pkg", "pkg.sub", "space.one")],
        "doctest": doctest.testmod(importlib.import_module("documented"))[:2], "unittest": tested(), "vendored": vendored(),
        "umlaut": importlib.import_module("gr\u00fcn.bl\u00e4tter").value,
        "module": run(runpy.run_module, "script"), "altered": run(runpy.run_module, "script", run_name="__main__", alter_sys=True),
        "package": run(runpy.run_module, "runs"), "path": run(runpy.run_path, os.path.join(HERE, "script.py")),
        "no main": attempt(runpy.run_module, "pkg"), "none": attempt(runpy.run_module, "pkg.none"),
        "copied": copied(shutil), "importers": [type(f).__name__ != "" for f in pkgutil.iter_importers("pkg.sub")],
        "dists": {k: v for k, v in importlib.metadata.packages_distributions().items() if v == ["one"]},
        "errors": walked(), "resolved": [attempt(pkgutil.resolve_name, name) for name in ("pkg.sub:parent", "pkg.sub.parent", "pkg.none")],
        "hash": hash(importlib.import_module("mod").__loader__) == hash(util.find_spec("mod").loader),
        "equal": importlib.machinery.PathFinder.find_spec("mod") == importlib.machinery.PathFinder.find_spec("mod"),
        "old": old(resources),
    }
    return found
def old(resources):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [sorted(name for name in resources.contents("pkg") if not name.endswith(("__pycache__", ".pyc"))), resources.is_resource("pkg", "data.txt"), resources.is_resource("pkg", "deep"),
                resources.read_text("pkg", "data.txt"), resources.read_binary("pkg.deep", "more.bin").hex(), attempt(resources.read_text, "pkg", "none")[:17]]
def walked():
    broken = []
    names = [module.name for module in pkgutil.walk_packages([os.path.join(HERE, "walk")], "", broken.append)]
    return [names, broken]
def copied(shutil):
    target = io.BytesIO()
    with open(os.path.join(HERE, "pkg", "data.txt"), "rb") as source:
        shutil.copyfileobj(source, target)
    return target.getvalue().decode()
"""
MORE = {
    **{f"many/m{n}.py": f"import many.m{n + 1}\nvalue = {n}\n" for n in range(8)},
    "many/m8.py": "",
    "documented.py": '"""\n>>> 1 + 1\n2\n"""\n',
    "checks/__init__.py": "",
    "checks/test_one.py": "import unittest\nclass T(unittest.TestCase):\n    def test(self): self.assertTrue(__file__)\n",
    "first.py": "where = 'top'\n",
    "vendor/first.py": "where = 'vendored'\n",
    "grün/blätter.py": "value = 'grün'\n",
    "script.py": "'says'\nimport sys\nran = [__name__, __name__ in sys.modules]\n",
    "runs/__init__.py": "",
    "runs/__main__.py": "ran = [__name__, __spec__.name]\n",
    "walk/good/__init__.py": "",
    "walk/good/leaf.py": "",
    "walk/bad/__init__.py": "import no_such_dependency\n",
}
WRONG = {
    "raises.py": "import sys\nsys.raised = ImportError('its own', name='given', path='given')\nraise sys.raised\n",
    "broken.py": "def f(:\n    pass\n",
    "around/__init__.py": "",
    "around/inner.py": "import no_such_dependency\n",
    "circular_a.py": "from circular_b import y\nx = 1\n",
    "circular_b.py": "from circular_a import x\ny = 1\n",
    "leaves.py": "raise SystemExit(4)\n",
    "unreadable.py": b"# -*- coding: no-such-coding -*-\n",
}
MAIN = """
from __future__ import annotations
import dataclasses, enum, inspect, json, pickle, sys, typing
from dataclasses import KW_ONLY, InitVar, dataclass, field
from typing import ClassVar, NamedTuple, TypedDict
from . import value

class Colour(enum.Enum):
    RED = 1

class Point(NamedTuple):
    x: int

class Keys(TypedDict, total=False):
    colour: Colour

@dataclass(frozen=True, slots=True)
class Item:
    first: Colour
    counted: ClassVar[int] = 3
    given: InitVar[int] = 0
    _: KW_ONLY
    points: list[Point] = field(default_factory=list)
    def __post_init__(self, given):
        object.__setattr__(self, "first", Colour(given))

def take(item: Item, *points: Point) -> Colour | None:
    raise ValueError("taken")

class Local:
    def __reduce__(self):
        return make, ()

def make():
    return Local()

def facts():
    item = Item(None, 1, points=[Point(2)])
    return {
        "pickled": [repr(pickle.loads(pickle.dumps(thing))) for thing in (item, Colour.RED, Point(1), take)],
        "made": type(pickle.loads(pickle.dumps(Local()))) is Local,
        "hints": [repr(typing.get_type_hints(thing)) for thing in (take, Point, Keys)],
        "fields": [f.name for f in dataclasses.fields(Item)], "replaced": repr(dataclasses.replace(item, given=1, points=[])),
        "source": inspect.getsource(Item), "comment": inspect.getsourcelines(take)[1], "module": inspect.getmodule(take).__name__,
        "signature": str(inspect.signature(take, eval_str=True)),
        "globals": {name: repr(globals()[name]) for name in ("__name__", "__package__", "__file__", "__doc__")},
        "spec": [__spec__.name, __spec__.parent, __spec__.origin, __spec__.has_location], "argv": sys.argv, "value": value,
        "loader": __spec__.loader is __loader__, "is": sys.modules["__main__"].__dict__ is globals(),
        "again": __spec__.name in sys.modules,
    }

if __name__ == "__main__":
    json.dump(facts(), sys.stdout, sort_keys=True)
"""
