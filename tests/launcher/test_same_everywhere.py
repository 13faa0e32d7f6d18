"""One archive says the same under every launcher and on every CPython from 3.10."""

from __future__ import annotations

import itertools
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from support import launching
from support.buildproject import interpreters

pytestmark = pytest.mark.once

FACTS = r"""
import dataclasses, glob, importlib, importlib.metadata, importlib.resources, inspect, io, json, linecache, os, pathlib
import pickle, pkgutil, runpy, shutil, sys, tokenize, traceback, typing

import shop
from shop.deep import inner
from spaces.one import thing as one
from spaces.two import thing as two


@dataclasses.dataclass
class Point:
    x: "int"
    y: "inner.Deep | None" = None


def fail():
    raise LookupError("für alle")  # this very line


def trace():
    try:
        fail()
    except LookupError as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        return [frame.filename, frame.lineno, frame.name, frame.line]


def facts():
    folder = pathlib.Path(shop.__file__).parent
    own = importlib.metadata.distribution("shop")
    try:
        (folder / "data/text.txt").write_text("no")
    except OSError as error:
        refused = error.strerror
    try:
        importlib.import_module("shop.absent")
    except ModuleNotFoundError as error:
        absent = [str(error), error.name]
    with tokenize.open(folder / "latin.py") as file:
        coded = [file.encoding, file.readline()]
    return {
        "arguments": sys.argv[1:],
        "main": importlib.import_module("__main__").__file__,
        "files": [inner.__file__, inner.__spec__.origin, list(shop.__path__), shop.latin.__file__],
        "text": [importlib.resources.files("shop").joinpath("data/text.txt").read_text(encoding="utf-8"), shop.latin.word],
        "bytes": list(pkgutil.get_data("shop", "data/bytes.bin")),
        "opened": [open(folder / "data/text.txt", encoding="utf-8").read(), coded, linecache.getline(shop.latin.__file__, 2)],
        "folder": [sorted(os.listdir(folder / "data")), sorted(glob.glob(str(folder / "d*/*.t*"))), os.path.getsize(folder / "data/bytes.bin")],
        "copied": shutil.copyfileobj(open(folder / "data/bytes.bin", "rb"), copy := io.BytesIO()) or list(copy.getvalue()),
        "refused": refused,
        "spaces": [one.value, two.value],
        "modules": [module.name for module in pkgutil.walk_packages(shop.__path__, "shop.") if module.name != "shop.__main__"],
        "metadata": [own.version, own.metadata["Summary"], [str(file) for file in own.files], [point.value for point in own.entry_points]],
        "script": [point.load() for point in own.entry_points] == [sys.modules["shop.cgi"].main],
        "source": [inspect.getsource(inner.Deep), inspect.getsource(fail)],
        "trace": trace(),
        "pickled": [pickle.loads(pickle.dumps(Point(1, inner.Deep(2)))) == Point(1, inner.Deep(2)), str(typing.get_type_hints(Point)["x"])],
        "run": runpy.run_module("spaces.run")["ran"],
        "reloaded": importlib.reload(inner) is inner,
        "absent": absent,
    }


def main():
    print(json.dumps(facts(), ensure_ascii=False, indent=1))
    print("told \N{SNOWMAN} \udc80", file=sys.stderr)
    return 3
"""
METADATA = "Metadata-Version: 2.1\nName: shop\nVersion: 1.5\nSummary: für alle\n"
RECORD = "shop/__init__.py,,\nshop/cgi.py,,\nshop-1.5.dist-info/METADATA,,\n"
SHOP = {
    "shop/__init__.py": "from shop import latin\n",
    "shop/__main__.py": "from shop import cgi\nimport sys\nsys.exit(cgi.main())\n",
    "shop/cgi.py": FACTS,
    "shop/latin.py": "# coding: latin-1\nword = 'für'\n".encode("latin-1"),
    "shop/deep/__init__.py": "",
    "shop/deep/inner.py": "import dataclasses\n\n\n@dataclasses.dataclass\nclass Deep:\n    z: int\n",
    "shop/data/text.txt": "für alle\n",
    "shop/data/bytes.bin": bytes((0, 255)),
    "shop-1.5.dist-info/METADATA": METADATA,
    "shop-1.5.dist-info/RECORD": RECORD,
    "shop-1.5.dist-info/entry_points.txt": "[console_scripts]\nshop = shop.cgi:main\n",
    "spaces/one/thing.py": "value = 'one'\n",
    "spaces/run.py": "ran = __name__\n",
    "spaces/two/thing.py": "value = 'two'\n",
}
ROOT = "/os402/app"
LINE = '    raise LookupError("für alle")  # this very line'
EXPECTED = {
    "arguments": ["a b", "ü"],
    "files": [f"{ROOT}/shop/deep/inner.py"] * 2 + [[f"{ROOT}/shop"], f"{ROOT}/shop/latin.py"],
    "text": ["für alle\n", "für"],
    "bytes": [0, 255],
    "opened": ["für alle\n", ["iso-8859-1", "# coding: latin-1\n"], "word = 'für'\n"],
    "folder": [["bytes.bin", "text.txt"], [f"{ROOT}/shop/data/text.txt"], 2],
    "copied": [0, 255],
    "refused": "Read-only file system",
    "spaces": ["one", "two"],
    "modules": ["shop.cgi", "shop.deep", "shop.deep.inner", "shop.latin"],
    "metadata": ["1.5", "für alle", [line.partition(",")[0] for line in RECORD.splitlines()], ["shop.cgi:main"]],
    "script": True,
    "source": [
        "@dataclasses.dataclass\nclass Deep:\n    z: int\n",
        'def fail():\n    raise LookupError("für alle")  # this very line\n',
    ],
    "pickled": [True, "<class 'int'>"],
    "trace": [f"{ROOT}/shop/cgi.py", FACTS.splitlines().index(LINE) + 1, "fail", LINE.strip()],
    "run": "spaces.run",
    "reloaded": True,
    "absent": ["No module named 'shop.absent'", "shop.absent"],
}


@pytest.mark.parametrize(("entry_point", "bytecode"), [("shop.cgi:main", True), ("shop", False)])
def test_every_launcher_on_every_python(python312, tmp_path, entry_point, bytecode):
    """Bytecode is that of 3.12, as in every build: the others compile the sources beside it."""
    data = launching.archive(SHOP, entry_point, compiled_by=python312.path if bytecode else None)
    found = interpreters(python312.path)
    assert len(found) >= 2, f"these tests compare Pythons, and only {found} was found: `hatch python install 3.11 3.13`"

    def run(who: tuple[str, str]) -> launching.Result:
        folder = tmp_path / "-".join(who)
        folder.mkdir()
        return launching.run(data, folder, "a b", "ü", how=who[0], python=found[who[1]])

    runs = list(itertools.product(launching.LAUNCHERS, found))
    with ThreadPoolExecutor() as pool:
        gave = dict(zip(runs, pool.map(run, runs), strict=True))
    first = gave["ours", "3.12"]
    assert {who: result for who, result in gave.items() if result != first} == {}
    assert (first.code, first.err) == (3, "told ☃ \\udc80\n")
    main = f"{ROOT}/__main__.py" if ":" in entry_point else f"{ROOT}/shop/__main__.py"
    assert json.loads(first.out) == {**EXPECTED, "main": main}
