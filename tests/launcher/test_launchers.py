"""One archive, every launcher."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support import launching
from support.once import once_but

from hatch_os402 import launcher

FACTS = """
import importlib, json, sys
import shop.deep
from . import deep
from .deep import inner

def facts():
    import __main__
    return {
        "argv": sys.argv,
        "files": [importlib.import_module(name).__file__ for name in ("shop", "shop.cgi", "shop.deep.inner")],
        "path": list(shop.__path__),
        "origin": inner.__spec__.origin,
        "cached": getattr(inner, "__cached__", None),
        "main": sorted(name for name in vars(__main__) if name in ("zb", "names", "raw", "n", "e", "json")),
        "main file": __main__.__file__,
        "main source": "SETTINGS" in __main__.__loader__.get_source("__main__"),
        "body": sys.stdin.read() if "read" in sys.argv else None,
        "vendored json": hasattr(json, "vendored"),
        "namespace": importlib.import_module("spaces.one.thing").value,
        "own path": [entry for entry in sys.path if entry == "" or entry.endswith("app.pyz")],
    }

def main():
    json.dump(facts(), sys.stdout)
    return 0

class Group:
    @staticmethod
    def main():
        main()
        sys.stdout.flush()
        return 7
"""
SHOP = {
    "shop/__init__.py": "import shop\n",
    "shop/cgi.py": FACTS,
    "shop/__main__.py": "from shop.cgi import main\nassert __name__ == '__main__'\nmain()\n",
    "shop/deep/__init__.py": "",
    "shop/deep/inner.py": "from .. import deep\n",
    "json.py": "vendored = True\n",
    "spaces/one/thing.py": "value = 'found'\n",
}


@pytest.fixture(params=once_but(launching.pythons(), sys.executable))
def python(request):
    return request.param


@pytest.mark.parametrize("how", launching.LAUNCHERS)
def test_a_function_runs_like_an_installed_script(how, python, tmp_path):
    facts = launching.run(launching.archive(SHOP, "shop.cgi:main"), tmp_path, "x y", how=how, python=python).facts
    root = "/os402/app"
    assert facts == {
        "argv": [f"{root}/__main__.py", "x y"],
        "files": [f"{root}/shop/__init__.py", f"{root}/shop/cgi.py", f"{root}/shop/deep/inner.py"],
        "path": [f"{root}/shop"],
        "origin": f"{root}/shop/deep/inner.py",
        "cached": None,
        "main": [],
        "main file": f"{root}/__main__.py",
        "main source": True,
        "body": None,
        "vendored json": False,
        "namespace": "found",
        "own path": [],
    }


@pytest.mark.parametrize("how", launching.LAUNCHERS)
@pytest.mark.parametrize("entry_point", ["shop", "shop.__main__"])
def test_a_module_runs_like_python_m(how, entry_point, python, tmp_path):
    facts = launching.run(launching.archive(SHOP, entry_point), tmp_path, "--", how=how, python=python).facts
    assert facts["argv"] == ["/os402/app/shop/__main__.py", *(["--"] if how != "suite" else [])]
    assert facts["main file"] == "/os402/app/shop/__main__.py"


@pytest.mark.parametrize("how", launching.LAUNCHERS)
def test_bytecode_alone_is_enough(how, python, tmp_path):
    data = launching.archive(SHOP, "shop.cgi:main", compiled_by=python, sources=False)
    facts = launching.run(data, tmp_path, how=how, python=python).facts
    assert facts["files"][1] == "/os402/app/shop/cgi.pyc"


@pytest.mark.parametrize("how", launching.WITH_BODY)
def test_the_body_is_utf8_text_with_its_newlines(how, tmp_path):
    body = "Grüße\r\n☃\n\r".encode()
    facts = launching.run(
        launching.archive(SHOP, "shop.cgi:main"), tmp_path, "read", how=how, body=body, LC_ALL="C", PYTHONUTF8="0"
    ).facts
    assert facts["body"] == body.decode()


@pytest.mark.parametrize("how", launching.WITH_BODY)
def test_bytes_pass_through_untouched(how, tmp_path):
    echo = "import sys\ndef main(): sys.stdout.buffer.write(sys.stdin.buffer.read())\n"
    body = bytes(range(256)) * 300
    assert launching.run(launching.archive({"echo.py": echo}, "echo:main"), tmp_path, how=how, body=body).out == body


@pytest.mark.parametrize("how", launching.WITH_BODY)
def test_text_goes_out_as_utf8_with_its_newlines(how, tmp_path):
    say = "import sys\ndef main():\n    print('☃\\r')\n    print('\\udc80', file=sys.stderr)\n"
    result = launching.run(
        launching.archive({"say.py": say}, "say:main"), tmp_path, how=how, LC_ALL="C", PYTHONIOENCODING="latin-1"
    )
    assert (result.code, result.out, result.err) == (0, "☃\r\n".encode(), "\\udc80\n")


def test_what_is_no_text_is_an_error_on_stdout(tmp_path):
    say = "def main(): print('\\udc80')\n"
    result = launching.run(launching.archive({"say.py": say}, "say:main"), tmp_path)
    assert result.code == 1
    assert "UnicodeEncodeError" in result.err


def test_a_call_without_length_has_no_body(tmp_path):
    data = launching.archive(SHOP, "shop.cgi:main")
    facts = launching.run(data, tmp_path, "read", CONTENT_LENGTH="", GATEWAY_INTERFACE="CGI/1.1").facts
    assert facts["body"] == ""


def test_what_follows_the_body_is_not_read(tmp_path):
    data = launching.archive(SHOP, "shop.cgi:main")
    facts = launching.run(data, tmp_path, "read", body=b"body and more", CONTENT_LENGTH="4").facts
    assert facts["body"] == "body"


def test_a_missing_stdin_is_survived(tmp_path):
    data = launching.archive({"app.py": "import sys\ndef main(): print(sys.stdin)\n"}, "app:main")
    (tmp_path / "app.pyz").write_bytes(data)
    code = (
        f"import sys; sys.stdin = None; zb = open('app.pyz', 'rb').read(); exec({launcher.main_source('app:main')!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "None\n", "")


@pytest.mark.parametrize("how", launching.LAUNCHERS)
@pytest.mark.parametrize(
    ("body", "code", "err"),
    [
        ("return 3", 3, ""),
        ("return None", 0, ""),
        ("return 'a reason'", 1, "a reason\n"),
        ("import sys; sys.exit(9)", 9, ""),
    ],
)
def test_exit_codes(how, body, code, err, tmp_path):
    result = launching.run(launching.archive({"app.py": f"def main():\n    {body}\n"}, "app:main"), tmp_path, how=how)
    assert (result.code, result.err) == (code, err)


def test_a_dotted_attribute(tmp_path):
    result = launching.run(launching.archive(SHOP, "shop.cgi:Group.main"), tmp_path)
    assert (result.code, json.loads(result.out)["argv"]) == (7, ["/os402/app/__main__.py"])


def test_a_shebang_line_before_the_archive(tmp_path):
    data = b"#!/usr/bin/env python3\n" + launching.archive(SHOP, "shop", compiled_by=sys.executable)
    assert launching.run(data, tmp_path, how="pyz").facts["namespace"] == "found"


def test_deflated_members(tmp_path):
    data = launching.archive(SHOP, "shop.cgi:main", deflated=True)
    assert len(data) < len(launching.archive(SHOP, "shop.cgi:main"))
    assert launching.run(data, tmp_path).facts["namespace"] == "found"


def test_an_archive_that_cannot_be_found(tmp_path):
    (tmp_path / "__main__.py").write_bytes(launcher.main_source("app:main"))
    result = subprocess.run([sys.executable, str(tmp_path)], capture_output=True, text=True, check=False)
    assert result.returncode == 70
    assert result.stderr.startswith("os402: cannot find the archive")
    assert result.stderr.count("\n") == 1


def test_a_missing_entry_point_is_told_in_one_line(tmp_path):
    result = launching.run(launching.archive({}, "nothing.here:main"), tmp_path)
    assert (result.code, result.err) == (1, "ModuleNotFoundError: No module named 'nothing'\n")


INTERFACES = {
    "_os402/interfaces/__init__.py": "",
    "_os402/interfaces/echo.py": """
import sys
def run(target, *, greeting):
    print(greeting, getattr(target, "__name__", target), __name__)
    return 3
""",
    "app.py": "class made:\n    def inner(): pass\n",
}


@pytest.mark.parametrize("how", ["ours", "pyz"])
@pytest.mark.parametrize(("entry", "target"), [("app:made.inner", "inner"), ("app", "app"), ("", "None")])
def test_an_interface_runs_the_entry_point(how, entry, target, tmp_path, monkeypatch):
    real = launcher.main_source

    def greeting(*args, **settings):  # an interface of the test's, and a setting that `start` does not know
        more = b"SETTINGS = {'interface': 'echo', 'greeting': 'hello', "
        return real(*args, **settings).replace(b"SETTINGS = {", more)

    monkeypatch.setattr(launcher, "main_source", greeting)
    answer = launching.run(launching.archive(INTERFACES, entry), tmp_path, how=how)
    assert answer == (3, f"hello {target} _os402.interfaces.echo\n".encode(), "")


@pytest.mark.parametrize(
    "python", [sys.executable, *sorted(map(str, Path.home().glob(".pyenv/versions/3.1*/bin/python")))]
)
@pytest.mark.parametrize("how", ["ours", "pyz"])
def test_a_dependency_with_names_of_the_standard_library(how, python, tmp_path):
    """They stand behind it. (`runpy.py` is CPython's own to find before 3.11, where that is not frozen.)"""
    names = ["zlib", "marshal", "gc", "os", "shutil", "atexit", "traceback"]
    shadows = {f"{name}.py": "raise RuntimeError('a shadow')\n" for name in names}
    app = f"import {', '.join(names)}\ndef main(): print(zlib.crc32(b'a'))\n"
    result = launching.run(launching.archive({**shadows, "app.py": app}, "app:main"), tmp_path, how=how, python=python)
    assert result == (0, b"3904355907\n", "")
