"""What a rewritten module does: nothing is different but when something is imported."""

from __future__ import annotations

import ast
import importlib
import sys
import textwrap

import pytest

from hatch_os402.archive.rewriting.lazy_names import put_off
from hatch_os402.launcher.inside import lazy

USES = "def f():\n    return {}\n"


def rewritten(source, module="app", *, is_package=False, names=("dep",), submodules=()):
    tree = ast.parse(textwrap.dedent(source))
    changed = put_off(tree, module, is_package=is_package, lazy=frozenset(names), submodules=frozenset(submodules))
    return tree if changed else None


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    """Return what imports a rewritten `app` beside a `dep`, and tells whether that is imported."""
    (tmp_path / "dep").mkdir()
    (tmp_path / "dep" / "__init__.py").write_text(
        "class Error(Exception):\n    pass\n\ndef name():\n    return 'dep'\n"
    )
    (tmp_path / "dep" / "part.py").write_text("VALUE = 7\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "_os402.lazy", lazy)
    monkeypatch.setitem(sys.modules, "_os402", type(sys)("_os402"))

    def load(source):
        tree = rewritten(source)
        assert tree is not None
        module = type(sys)("app")
        monkeypatch.setitem(sys.modules, "app", module)
        exec(compile(tree, "app.py", "exec", dont_inherit=True), vars(module))  # noqa: S102 - what importing is
        assert "dep" not in sys.modules
        return module

    yield load
    for name in [name for name in sys.modules if name.partition(".")[0] == "dep"]:
        del sys.modules[name]


def test_the_first_use_imports(loaded):
    app = loaded(
        "from dep import name, Error as E\ndef f():\n    try:\n        raise E\n    except E:\n        return name()\n"
    )
    assert app.f() == "dep"
    assert "dep" in sys.modules
    app.name = lambda: "patched"
    assert app.f() == "patched"


def test_a_text_that_is_a_type_names_what_is_imported_at_once():
    source = "from typing import Optional\nfrom dep import name\nAlias = Optional['name']\n" + USES.format("name")
    assert rewritten(source) is None
    assert rewritten(source.replace("Optional['name']", "['name']")) is not None


def test_others_see_the_name(loaded):
    app = loaded("from dep import name\n")
    assert "name" in dir(app)
    assert not [key for key in dir(app) if "@" in key]
    assert app.name() == "dep"
    with pytest.raises(AttributeError, match="module 'app' has no attribute 'other'"):
        app.other  # noqa: B018 - asking is the point


def test_a_star_takes_it_along(loaded):
    loaded("from dep import name\n")
    found: dict[str, object] = {}
    exec("from app import *", found)  # noqa: S102 - nowhere else is it allowed
    assert found["name"]() == "dep"
    assert not [key for key in found if "@" in key]


def test_what_was_set_before_stays(loaded):
    app = loaded("from dep import name\n" + USES.format("name()"))
    app.name = lambda: "other"
    assert app.f() == "other"
    assert "dep" not in sys.modules


@pytest.mark.skipif(sys.version_info < (3, 11), reason="notes came with 3.11; bytecode is 3.12's")
def test_a_failure_says_where_the_import_is(loaded):
    app = loaded("import sys\nfrom dep import nothing\n" + USES.format("nothing()"))
    for _ in range(2):
        with pytest.raises(ImportError, match="cannot import name 'nothing' from 'dep'") as caught:
            app.f()
        assert caught.value.__notes__ == ["nothing is imported on first use, as line 2 of app says"]
        frame = caught.traceback[1]
        assert (frame.path.name if hasattr(frame.path, "name") else frame.path, frame.lineno + 1) == ("app.py", 4)


def test_submodules(loaded):
    app = loaded("from dep.part import VALUE\nfrom dep import part as p\n" + USES.format("VALUE, p.VALUE"))
    assert app.f() == (7, 7)
    assert app.p is importlib.import_module("dep.part")


@pytest.mark.parametrize(
    "source",
    [
        "from dep import a\na()\n",
        "from dep import a\n@a\ndef f():\n    pass\n",
        "from dep import a\ndef f(x=a):\n    pass\n",
        "from dep import a\ndef f(x: a):\n    pass\n",
        "from dep import a\ndef f() -> 'list[a]':\n    pass\n",
        "from dep import a\nclass C(a):\n    pass\n",
        "from dep import a\nclass C:\n    x = a\n",
        "from dep import a\nX = [a for _ in ()]\n",
        "from dep import a\ndef f():\n    global a\n    a = 1\n",
        "from dep import a\ndef f(a):\n    return a\n",
        "from dep import a\na = 1\n",
        "from dep import a\ndel a\n",
        "from dep import a, b\nb()\n",
        "from dep import *\n",
        "from dep import a\nglobals()['a']\n",
        "from dep import a\nimport sys\nsys.modules[__name__].a\n",
        "from dep import a\ndef __getattr__(name):\n    pass\n",
        "from dep import a\ndef f(x):\n    match x:\n        case a():\n            pass\n",
        "try:\n    from dep import a\nexcept ImportError:\n    pass\n",
        "if x:\n    from dep import a\n",
        "from other import a\n",
        "from .dep import a\n",
        "import dep\n",
        "from __future__ import annotations\n",
    ],
)
def test_what_stays_as_it_is(source):
    assert rewritten(source) is None


@pytest.mark.parametrize(
    ("source", "module", "is_package", "names", "submodules", "changes"),
    [
        ("from .part import a\n", "dep.other", False, ["dep.part"], [], True),
        ("from .part import a\n", "dep", True, ["dep.part"], [], True),
        ("from .part import a\n", "dep", True, ["dep"], [], False),
        ("from dep.part import a\n", "dep.part.deeper", False, ["dep.part"], [], False),
        ("from . import part\n", "dep.other", False, ["dep.part"], [], True),
        ("from . import part\n", "dep", True, ["dep.part"], ["part"], True),
        ("from .part import part\n", "dep", True, ["dep.part"], ["part"], False),
        ("from ..part import a\n", "dep.sub.other", False, ["dep.part"], [], True),
    ],
)
def test_which_imports_count(source, module, is_package, names, submodules, changes):
    found = rewritten(source, module, is_package=is_package, names=names, submodules=submodules)
    assert (found is not None) is changes
