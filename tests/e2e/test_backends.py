"""Projects of other build backends: their own backend says what the archive holds, and everything else is as ever."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.buildproject import Build, call, contents, environment, write
from support.commandline import call as command

PROJECT = '[project]\nname = "shop"\nversion = "1.0"\ndescription = "A shop"\nscripts = { shop = "shop.cli:main" }\n'
TABLE = (
    "[tool.hatch.build.targets.os402]\nbytecode = false\n"
    "[tool.hatch.build.targets.os402.offer]\nvalid-until = 2030-01-01T00:00:00Z\n"
)
PROGRAM = """\
from importlib import metadata, resources

def main():
    print("Content-Type: text/plain\\n")
    print(metadata.version("shop"), resources.files("shop").joinpath("data.txt").read_text(), end="")
"""
FILES = {"src/shop/__init__.py": '"""A shop."""\n', "src/shop/cli.py": PROGRAM, "src/shop/data.txt": "data\n"}
POETRY = (
    '[tool.poetry]\nname = "shop"\nversion = "1.0"\ndescription = "A shop"\nauthors = []\n'
    'packages = [{ include = "shop", from = "src" }]\n[tool.poetry.scripts]\nshop = "shop.cli:main"\n'
)
BACKENDS = {
    "setuptools": (
        "setuptools.build_meta",
        "setuptools>=77",
        PROJECT.replace('version = "1.0"', 'dynamic = ["version"]')
        + '[tool.setuptools.dynamic]\nversion = { attr = "other.VERSION" }\n'
        + '[tool.setuptools.package-data]\nshop = ["data.txt"]\n',
        # A second package, and what an earlier build of another tool left.
        {
            "src/other/__init__.py": 'VERSION = "1.0"\n',
            "build/lib/ghost/__init__.py": "",
            "shop.py": "raise SystemExit\n",
        },
    ),
    "flit": ("flit_core.buildapi", "flit_core>=3.11,<4", PROJECT, {}),
    "poetry": (
        "poetry.core.masonry.api",
        "poetry-core>=2",
        POETRY,
        {},
    ),
    "pdm": ("pdm.backend", "pdm-backend>=2.4", PROJECT, {}),
    "uv": ("uv_build", "uv_build>=0.7", PROJECT, {}),
}


def table(backend, requires):
    return f'[build-system]\nrequires = ["{requires}"]\nbuild-backend = "{backend}"\n'


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> dict[str, Build]:
    """Name → what `hatch-os402 build` made of the project of each backend. Nobody may change its files."""
    folder = tmp_path_factory.mktemp("backends")
    cache = str(tmp_path_factory.getbasetemp() / "os402-cache")

    def make(name):
        backend, requires, project, files = BACKENDS[name]
        root = folder / name
        write(root, {"pyproject.toml": table(backend, requires) + project + TABLE, **FILES, **files})
        finished = subprocess.run(
            [sys.executable, "-m", "hatch_os402", "build", "--project", str(root)],
            cwd=folder,
            env=environment(pip=True, HATCH_OS402_CACHE_DIR=cache),
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        return Build(finished.returncode, finished.stdout, finished.stderr, root / "dist", contents(root / "dist"))

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(BACKENDS, pool.map(make, BACKENDS), strict=True))


@pytest.mark.once
@pytest.mark.network
@pytest.mark.parametrize("name", BACKENDS)
def test_a_backend_says_what_is_in_the_archive(built, name, python312, tmp_path):
    found = built[name].succeeded()
    own = {
        path: text.decode() for path, text in found.members.items() if path.startswith(("shop/", "other/", "ghost/"))
    }
    expected = {path.removeprefix("src/"): text for path, text in FILES.items()}
    assert own == expected | ({"other/__init__.py": 'VERSION = "1.0"\n'} if name == "setuptools" else {})
    assert sorted(found.artifacts) == [f"shop-1.0.{suffix}" for suffix in ("build.json", "offer.json", "pyz", "stdin")]
    assert found.record["project"]["entry_point"] == "shop.cli:main"
    assert f"-none-any.whl, built by {BACKENDS[name][0]}\n" in found.err
    assert found.out.split() == [
        str(found.dist / f"shop-1.0.{suffix}") for suffix in ("pyz", "stdin", "offer.json", "build.json")
    ]
    finished = call(found, python312.path, folder=tmp_path)
    assert finished.stdout.decode().split() == ["Content-Type:", "text/plain", "1.0", "data"], finished.stderr
    assert b'"description": "A shop"' in found[".offer.json"]


@pytest.mark.once
@pytest.mark.network
def test_a_build_that_is_there_is_taken(built, monkeypatch, capsys):
    root = built["flit"].dist.parent
    monkeypatch.chdir(root)
    code, out, err = command(capsys, "run", ".")
    assert (code, out) == (0, "1.0 data\n"), err
    assert "building" not in err


BACKEND = """\
import base64, hashlib, os, pathlib, tarfile, zipfile
NAMES = [name for name in ("X402_KEY", "X402_KEY_PASSWORD", "OTHER") if name in os.environ]

def build_sdist(folder, settings=None):
    if os.path.exists("fail"):
        print("this is why")
        raise SystemExit("and this")
    with tarfile.open(pathlib.Path(folder, "own-1.tar.gz"), "w:gz") as archive:
        for name in ("pyproject.toml", "backend.py", "own.py"):
            archive.add(name, "own-1/" + name)
    return "own-1.tar.gz"

def row(name, text):
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
    return f"{name},sha256={digest},{len(text)}\\n"

def build_wheel(folder, settings=None, metadata=None):
    files = {"own.py": pathlib.Path("own.py").read_text(), "names.txt": " ".join(NAMES)}
    files["own-1.dist-info/WHEEL"] = "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    files["own-1.dist-info/METADATA"] = "Metadata-Version: 2.1\\nName: own\\nVersion: 1\\n"
    files["own-1.dist-info/RECORD"] = "".join(map(row, files, files.values())) + "own-1.dist-info/RECORD,,\\n"
    with zipfile.ZipFile(pathlib.Path(folder, "own-1-py3-none-any.whl"), "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return "own-1-py3-none-any.whl"
"""


@pytest.fixture
def own(tmp_path, monkeypatch) -> Path:
    """A project whose backend is in its own folder, and requires nothing."""
    root = tmp_path / "own"
    system = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    options = TABLE.replace("bytecode = false", 'bytecode = false\nentry-point = "own:main"')
    write(
        root,
        {
            "pyproject.toml": system + options,
            "backend.py": BACKEND,
            "own.py": "def main(): print('Content-Type: a/b\\n')\n",
        },
    )
    monkeypatch.chdir(root)
    return root


def test_the_key_is_not_in_a_backends_environment(own, capsys, monkeypatch):
    for name in ("X402_KEY", "X402_KEY_PASSWORD", "OTHER"):
        monkeypatch.setenv(name, "secret")
    code, out, err = command(capsys, "build")
    assert code == 0, err
    zipapp = Path(out.split()[0])
    assert Build(0, "", "", zipapp.parent, contents(zipapp.parent)).members["names.txt"] == b"OTHER"
    assert os.environ["X402_KEY"] == "secret"


def test_what_a_backend_printed_is_shown_when_it_fails(own, capsys):
    (own / "fail").touch()
    code, out, err = command(capsys, "build", own)
    assert (code, out) == (1, "")
    assert f"the wheel of {own} could not be built by its backend:" in err
    assert "  | this is why\n" in err
    assert not (own / "dist").exists()
    assert "Traceback" not in err.partition("  | ")[0]


def test_options_are_checked_before_anything_is_built(own, capsys):
    text = (own / "pyproject.toml").read_text().replace("bytecode = false", "bytecode = 3")
    (own / "pyproject.toml").write_text(text)
    (own / "fail").touch()
    code, _, err = command(capsys, "build", own)
    assert code == 1
    assert "os402.bytecode` must be a boolean" in err
