"""When every import of an extension is expected to fail, that is proposed, with the places; else nothing is."""

from __future__ import annotations

import pytest
from support.wheelcraft import ELF, make_wheel

from hatch_os402.compatibility.assess import assess
from hatch_os402.compatibility.fallbacks import guards
from hatch_os402.compatibility.vet import vet
from hatch_os402.resolution.graph import Graph, Pin
from hatch_os402.resolution.resolve import Resolution
from hatch_os402.wheels.reading import read_wheel

LINUX = "cp312-cp312-manylinux_2_17_x86_64"
GUARDED = "try:\n    from . import _fast\nexcept ImportError:\n    _fast = None\n"


def vetted(folder, files, tag=LINUX):
    return vet(read_wheel(make_wheel(folder, "quick", "1.0", files, tag=tag)))


def places(folder, source, **more):
    files = {"quick/__init__.py": source, "quick/_fast.cpython-312-x86_64-linux-gnu.so": ELF, **more}
    return [str(place) for place in guards(vetted(folder, files))]


@pytest.mark.parametrize(
    "source",
    [
        GUARDED,
        "try:\n    from quick._fast import x\nexcept (ValueError, ImportError):\n    def x(): ...\n",
        "try:\n    import quick._fast as f\nexcept ModuleNotFoundError:\n    f = None\n",
        "try:\n    from ._fast import x\nexcept:\n    x = 1\n",
        "import contextlib\nwith contextlib.suppress(ImportError):\n    from ._fast import x\n",
        "def f():\n    try:\n        from ._fast import x\n    except ImportError:\n        return 1\n    return x\n",
        f"{GUARDED}from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ._fast import x\n",
    ],
)
def test_what_expects_its_extension_to_be_missing(tmp_path, source):
    (place,) = places(tmp_path, source)
    assert place.startswith("quick/__init__.py:")


@pytest.mark.parametrize(
    "source",
    [
        "from . import _fast\n",
        "from ._fast import x\n",
        f"{GUARDED}\ndef f():\n    import quick._fast\n",
        "try:\n    from . import _fast\nexcept ImportError:\n    raise RuntimeError('build it') from None\n",
        "try:\n    from . import _fast\nexcept ValueError:\n    _fast = None\n",
        "try:\n    pass\nexcept ImportError:\n    from . import _fast\n",
        "try:\n    def f():\n        from . import _fast\nexcept ImportError:\n    pass\n",
        f"{GUARDED}from importlib import import_module\ndef f():\n    return import_module('quick._fast')\n",
        f"{GUARDED}from importlib import import_module\ndef f():\n    return import_module('._fast', __package__)\n",
        "import sys\nif sys.platform == 'linux':\n    from . import _fast\n",
        "x = 1\n",
        f"{GUARDED}def broken(:\n",
    ],
)
def test_what_needs_it_or_may(tmp_path, source):
    assert places(tmp_path, source) == []


def test_every_file_counts_and_those_of_tests_do_not(tmp_path):
    other = {"quick/other.py": "from quick import _fast\n"}
    assert places(tmp_path, GUARDED, **other) == []
    (tmp_path / "tests").mkdir()
    assert places(tmp_path / "tests", GUARDED, **{"quick/tests/other.py": "from quick import _fast\n"})


def test_every_compiled_file_has_to_be_done_without(tmp_path):
    for number, path in enumerate(("quick/_slow.so", "quick/tool", "quick/libx.so", "quick-1.0.data/scripts/quick")):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert places(folder, GUARDED, **{path: ELF}) == []
    assert places(tmp_path, GUARDED, **{"quick.libs/libx.so": ELF})


def test_a_compiled_module_whose_source_is_beside_it(tmp_path):
    files = {
        "quick/__init__.py": "from quick import a\n",
        "quick/a.py": "x = 1\n",
        "quick/a.cpython-312-x86_64-linux-gnu.so": ELF,
        "0ab1__mypyc.cpython-312-x86_64-linux-gnu.so": ELF,
    }
    assert [str(place) for place in guards(vetted(tmp_path, files))] == ["quick/a.py:1"]
    (tmp_path / "cython").mkdir()
    files["quick/a.py"] = "from cython.cimports.libc import stdlib\n"
    assert guards(vetted(tmp_path / "cython", files)) == ()


def test_it_is_proposed_and_not_done(tmp_path):
    files = {"quick/__init__.py": GUARDED, "quick/_fast.so": ELF}
    own = vet(read_wheel(make_wheel(tmp_path, "app", "1.0", {"app.py": ""})))
    wheel = vetted(tmp_path, files)
    pin = Pin("quick", "1.0", wheel.wheel.filename, "0" * 64, "", False, (), "")
    found = assess(own, [wheel], Resolution((pin,), Graph("app", {"quick": frozenset({"app"})})), {})
    (error,) = found.errors
    assert "(quick/__init__.py:2)" in error.advice
    assert 'strip-extensions = ["quick"]' in error.advice
