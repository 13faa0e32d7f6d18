"""The programs that are started, and every way to start each of them."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "sample"
version = "1.0"
dependencies = {requirements}
scripts.sample = "sample:main"

[tool.hatch.build.targets.os402]
bytecode = true
{options}
offer.valid-until = 2030-01-01T00:00:00Z
"""
HELLO = """\
def main():
    print("hello")
"""
JINJA2 = """\
import jinja2

def main():
    print(jinja2.Template("hel{{ end }}").render(end="lo"))
"""
GREETER = """\
import jinja2
import yaml

def main():
    words = yaml.safe_load("template: hel{{ end }}\\nend: lo")
    print(jinja2.Template(words["template"]).render(end=words["end"]))
"""
WEB = """\
import flask
import requests

app = flask.Flask(__name__)

@app.get("/")
def page():
    return "hello"

def main():
    requests.Session().prepare_request(requests.Request("GET", "https://example.org/"))
    print(app.test_client().get("/").text)
"""
ROUTE = """\
import flask
import requests

app = flask.Flask(__name__)

@app.get("/")
def page():
    return "hello"

@app.get("/fetched")
def fetched():
    return requests.get("https://example.org/").text

def main():
    request = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "SERVER_NAME": "example.org", "SERVER_PORT": "443"}
    request["wsgi.url_scheme"] = "https"
    print(b"".join(app(request, lambda status, headers: None)).decode())
"""
TUNED = """\
lazy-imports = [
    "urllib3", "requests", "charset_normalizer", "zipfile", "werkzeug.test", "html", "ipaddress", "idna", "shutil",
    "_decimal", "calendar", "traceback", "csv", "tokenize", "difflib", "queue", "pkgutil", "pprint", "mimetypes", "bz2",
]
exclude = ["*.c", "/certifi/tests/", "*.pyi", "py.typed"]
docstrings = false
sources = false
"""
"""What `hatch-os402 tune . / --write` found for the route as a WSGI application (`interface = "wsgi"`).

It writes a profile as well, which `profile --save` makes of the program here.
"""
DJANGO = """\
import io

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

def page(request):
    return HttpResponse("hello")

urlpatterns = [path("", page)]
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="none")
application = get_wsgi_application()

def main():
    request = {"REQUEST_METHOD": "GET", "SERVER_NAME": "example.org", "SERVER_PORT": "443", "wsgi.input": io.BytesIO()}
    print(b"".join(application(request, lambda status, headers: None)).decode())
"""
BOTO3 = """\
import boto3

def main():
    client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none")
    print("hello" if client.meta.service_model.service_name == "s3" else "")
"""
MANY = 20_000
PLAIN, OURS, UNPACKED, ZIPIMPORT, APPLOADER, PEX, PEX_VENV, SHIV = (
    "python -I hello.py",
    "os402",
    "(a) unpacked, bytecode on disk",
    "(b) zipimport, bytecode",
    "(c) apploader",
    "(d) pex",
    "(d) pex --venv",
    "(d) shiv",
)


class App(NamedTuple):
    """One program."""

    requirements: tuple[str, ...]
    source: str
    entries: int = 0
    """How many small files lie beside it that it never touches."""
    apploader: bool = True
    """Whether the reference apploader can load it."""
    options: str = ""
    """Lines of the target's table."""
    profiled: bool = False
    """Whether a profile of it is saved, which builds read."""


APPS = {
    "hello": App((), HELLO),
    "many": App((), HELLO, entries=MANY),
    "jinja2": App(("jinja2==3.1.6",), JINJA2),
    "greeter": App(("jinja2==3.1.6", "pyyaml==6.0.4"), GREETER),
    "web": App(("flask==3.1.3", "requests==2.34.2"), WEB, apploader=False),
    "tuned": App(("flask==3.1.3", "requests==2.34.2"), ROUTE, apploader=False, options=TUNED, profiled=True),
    "django": App(("django==6.1.3",), DJANGO, apploader=False),
    "boto3": App(("boto3==1.44.8",), BOTO3, apploader=False),
}


class Way(NamedTuple):
    """One way to start an app: a program, its environment, and the file that it is fed."""

    argv: tuple[str, ...]
    env: dict[str, str]
    stdin: str = os.devnull
    until_end: bool = False
    """Whether it waits for the end of stdin."""


def prepare(app: App, python: str, folder: Path, tools: Path | None) -> dict[str, Way]:
    """Build `app` into the empty folder `folder` for the CPython 3.12 `python`; return every way to start it.

    `tools` is the `bin` of an environment of `python` with pex and shiv; without it they are left out.
    """
    project, ours = build(app, python, folder)
    plain = ours
    if app.options:  # everybody else starts what is installed as it comes
        project, plain = build(app._replace(options="", profiled=False), python, folder / "plain")
    (wheel,) = project.glob("dist/*.whl")
    archive = Path(plain.stdin).read_bytes().partition(b"\n")[2]
    flags = ("-I", "-X", "utf8")
    start = "import sys; sys.path.insert(-1, {!r}); import sample; sample.main()"

    ways = {OURS: ours}
    unpacked = _unpack(archive, folder / "unpacked", python)
    ways[UNPACKED] = Way((python, *flags, "-c", start.format(str(unpacked))), {})
    if not app.requirements and not app.entries:
        (folder / "hello.py").write_text(HELLO + "\nmain()\n", encoding="utf-8")
        ways[PLAIN] = Way((python, "-I", str(folder / "hello.py")), {})
    ways[ZIPIMPORT] = Way((python, *flags, str(_zip(archive, folder / "app.zip"))), {})
    if app.apploader:
        loader = folder / "loader.pyz"
        with zipfile.ZipFile(loader, "w") as target:
            target.write(Path(__file__).with_name("loader.py"), "__main__.py")
        content = _zip(archive, folder / "app.pyz", sources_only=True).read_bytes()
        (folder / "app.json").write_bytes(b'{"size": %d}\n%b' % (len(content), content))
        ways[APPLOADER] = Way((python, *flags, str(loader)), {}, str(folder / "app.json"), until_end=True)
    if tools is None:
        return ways
    record = json.loads(next(project.glob("dist/*.build.json")).read_bytes())
    pins = [f"{item['name']}=={item['version']}" for item in record["distributions"] if item["name"] != "sample"]
    for name, options in ((PEX, ()), (PEX_VENV, ("--venv",))):
        output = folder / f"app{len(options)}.pex"
        _call(tools / "pex", wheel, *pins, *options, "-c", "sample", "-o", output, "--python", python)
        ways[name] = Way((python, str(output)), {"PEX_ROOT": str(folder / "pex-root")})
    _call(tools / "shiv", wheel, *pins, "-c", "sample", "-o", folder / "app.shiv")
    ways[SHIV] = Way((python, str(folder / "app.shiv")), {"SHIV_ROOT": str(folder / "shiv-root")})
    return ways


def build(app: App, python: str, folder: Path) -> tuple[Path, Way]:
    """Build `app` into the empty folder `folder`; return its project, and how `python` starts its frame."""
    project = _write(app, folder / "project")
    _call(sys.executable, "-m", "hatchling", "build", "-t", "os402", "-t", "wheel", cwd=project)
    if app.profiled:
        _call(sys.executable, "-m", "hatch_os402", "profile", ".", "--save", cwd=project)
        _call(sys.executable, "-m", "hatchling", "build", "-t", "os402", cwd=project)
    (frame,) = project.glob("dist/*.stdin")
    program = json.loads(next(project.glob("dist/*.offer.json")).read_bytes())["payload"]["exec"]
    cgi = {"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "GET", "CONTENT_LENGTH": "0"}
    return project, Way((python, *program["args"][1:]), program["env"] | cgi, str(frame))


def _write(app: App, project: Path) -> Path:
    (project / "sample").mkdir(parents=True)
    (project / "pyproject.toml").write_text(
        PYPROJECT.format(requirements=json.dumps(app.requirements), options=app.options)
    )
    (project / "sample/__init__.py").write_text(app.source)
    for number in range(app.entries):
        file = project / f"sample/{number // 100:03}/{number:05}"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"{number:05}\n")
    return project


def _members(archive: bytes) -> dict[str, bytes]:
    """Return the app's own files of an archive, without the launcher."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        names = [name for name in opened.namelist() if name != "__main__.py" and not name.startswith("_os402")]
        return {name: opened.read(name) for name in names}


def _unpack(archive: bytes, folder: Path, python: str) -> Path:
    """Write the app's files to `folder` as an installer does: sources, and their bytecode in `__pycache__`."""
    for name, content in _members(archive).items():
        if not name.endswith(".pyc"):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    _call(python, "-m", "compileall", "-q", folder)
    return folder


def _zip(archive: bytes, path: Path, *, sources_only: bool = False) -> Path:
    """Write the app's files to a zipapp of the plainest kind, stored, with entries for its folders."""
    members = _members(archive)
    # zipimport of 3.12 knows a namespace package by its folder's own entry.
    folders = {f"{parent}/" for name in members for parent in Path(name).parents if parent.name}
    with zipfile.ZipFile(path, "w") as target:
        target.writestr("__main__.py", "import sample\nsample.main()\n")
        for name in sorted(folders):
            target.writestr(name, b"")
        for name, content in members.items():
            if not (sources_only and name.endswith(".pyc")):
                target.writestr(name, content)
    return path


def make_tools(python: str, folder: Path) -> Path:
    """Make an environment of `python` with pex and shiv in `folder`; return its `bin`."""
    _call(python, "-m", "venv", folder)
    _call(folder / "bin/python", "-m", "pip", "install", "--quiet", "pex", "shiv")
    return folder / "bin"


def _call(*command: str | Path, cwd: Path | None = None) -> None:
    """Run a command, and end the benchmark with its own words when it fails."""
    away = ("PEX_", "SHIV_", "PIP_PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(away)}
    done = subprocess.run(list(command), cwd=cwd, env=kept, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}:\n{done.stdout}{done.stderr}")
