"""A standard library that is no folder of sources: zipped, or bytecode alone, as cosmo-python has it in `/zip/Lib`."""

from __future__ import annotations

import importlib.util
import os
import py_compile
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from support import launching
from support.once import once_but

LEFT_OUT = {
    "test",
    "idlelib",
    "lib2to3",
    "tkinter",
    "turtledemo",
    "ensurepip",
    "site-packages",
    "lib-dynload",
    "__pycache__",
}
KINDS = ("folder of sources", "folder of bytecode", "zip of sources", "zip of bytecode")
APP = """
import asyncio, concurrent.futures, getpass, importlib.metadata, importlib.resources, inspect, json, logging, multiprocessing.pool
import os, pathlib, pkgutil, pwd, py_compile, shutil, sys, sysconfig, tempfile, threading, zipfile
import sqlite3
try: import ssl
except ImportError: ssl = None
import pkg

def main():
    folder = tempfile.mkdtemp()
    shutil.copytree("/os402/app/pkg", folder + "/copy")
    shutil.rmtree(folder + "/copy")
    with zipfile.ZipFile(folder + "/x.zip", "w") as archive: archive.writestr("zipped.py", "value = 1")
    sys.path.append(folder + "/x.zip")
    import zipped
    with concurrent.futures.ThreadPoolExecutor(1) as pool: pooled = pool.submit(len, "abc").result()
    said = [type(module.__loader__).__name__ for module in (shutil, sqlite3, threading, json)]
    json.dump({
        "same": len(set(said)) == 1 and said[0] != "PatchingLoader" and shutil.__spec__.loader is shutil.__loader__,
        "where": shutil.__file__.startswith(sys.path[0]), "resource": importlib.resources.files(pkg).joinpath("x.txt").read_text(),
        "home": [getpass.getuser(), str(pathlib.Path.home())], "zipped": zipped.value, "pooled": pooled, "asyncio": asyncio.run(asyncio.sleep(0, 7)),
        "database": sqlite3.connect(":memory:").execute("select 3").fetchone()[0], "source": inspect.getsource(pkg.f)[:7],
        "purelib": sysconfig.get_path("purelib"), "modules": [m.name for m in pkgutil.iter_modules(pkg.__path__)],
        "closed": [shutil._use_fd_functions, sysconfig.get_path("platlib")], "reloaded": __import__("importlib").reload(shutil)._use_fd_functions,
    }, sys.stdout)
"""
FILES = {"app.py": APP, "pkg/__init__.py": "def f():\n    return 1\n", "pkg/x.txt": "text", "pkg/m.py": ""}


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Return a function that makes a standard library of a kind, and returns what stands for it on sys.path."""
    real = Path(sysconfig.get_path("stdlib"))
    sources = [
        path.relative_to(real)
        for path in sorted(real.rglob("*.py"))
        if not LEFT_OUT & set(path.relative_to(real).parts)
    ]

    def bytecode(source: Path, target: Path) -> bytes:
        cached = Path(importlib.util.cache_from_source(str(real / source)))
        if not cached.exists():
            cached = Path(py_compile.compile(str(real / source), cfile=str(target), doraise=True))
        return cached.read_bytes()

    def make(kind: str) -> Path:
        place = tmp_path_factory.mktemp("library")
        compiled = "bytecode" in kind
        contents = {
            (source.with_suffix(".pyc") if compiled else source).as_posix(): (
                bytecode(source, place / "scratch.pyc") if compiled else (real / source).read_bytes()
            )
            for source in sources
        }
        if "zip" in kind:
            with zipfile.ZipFile(place / "lib.zip", "w") as archive:
                for name, content in contents.items():
                    archive.writestr(name, content)
            return place / "lib.zip"
        for name, content in contents.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content)
        return place

    return make


@pytest.mark.parametrize("kind", once_but(KINDS, "zip of bytecode", "folder of sources"))
def test_a_library_of_any_kind(kind, library, tmp_path):
    place = str(library(kind))
    dynamic = sysconfig.get_config_var("DESTSHARED")
    start = f"import sys; sys.path[:] = [{place!r}, {dynamic!r}]; sys.path_importer_cache.clear(); {launching.launcher.BOOTSTRAP}"
    answer = subprocess.run(
        [sys.executable, "-I", "-S", "-X", "utf8", "-c", start],
        input=launching.frame(launching.archive(FILES, "app:main", compiled_by=sys.executable)),
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env={**launching.environment(CONTENT_LENGTH="0"), "HOME": "/tmp"},
    )
    result = launching.Result(answer.returncode, answer.stdout, answer.stderr.decode())
    assert result.facts == {
        "same": True,
        "where": True,
        "resource": "text",
        "home": [os.environ.get("LOGNAME") or os.environ.get("USER") or "os402", "/tmp"],
        "zipped": 1,
        "pooled": 3,
        "asyncio": 7,
        "database": 3,
        "source": "def f()",
        "purelib": "/os402/app",
        "modules": ["m"],
        "closed": [False, "/os402/app"],
        "reloaded": False,
    }
