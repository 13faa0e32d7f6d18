"""Build an archive from a dict and start it as each launcher in the field does."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hatch_os402 import launcher
from hatch_os402.archive.assemble import is_launcher
from hatch_os402.archive.pack import Member, pack

if TYPE_CHECKING:
    from collections.abc import Iterator

README_BOOTSTRAP = (
    'import sys,io,zipfile;raw=sys.stdin.buffer.read();nl=raw.find(b"\\n");sz=int(raw[:nl]);zb=raw[nl+1:nl+1+sz];'
    "sys.stdin=io.TextIOWrapper(io.BytesIO(raw[nl+1+sz:]));"
    'exec(compile(zipfile.ZipFile(io.BytesIO(zb)).read("__main__.py"),"<zipapp>","exec"))'
)
# As the protocol describes them: a namespace of its own, and arguments after `--`.
SUITE_BOOTSTRAP = """
import io, sys, zipfile
size, _, rest = sys.stdin.buffer.read().partition(bytes([10]))
zb = rest[: int(size)]
sys.stdin = io.TextIOWrapper(io.BytesIO(rest[int(size) :]))
sys.argv = ["__main__.py", *(argument for argument in sys.argv[1:] if argument != "--")]
exec(compile(zipfile.ZipFile(io.BytesIO(zb)).read("__main__.py"), "<zipapp>", "exec"), {"__name__": "__main__"})
"""
# A finder with an open archive, too simple to import most packages, and no `zb` anywhere.
LOADER_APP = """
import importlib.machinery, io, json, sys, zipfile

class Finder:
    def __init__(self, data):
        self.zf = zipfile.ZipFile(io.BytesIO(data))
    def find_spec(self, name, path, target=None):
        for file in (name.replace(".", "/") + "/__init__.py", name.replace(".", "/") + ".py"):
            if file in self.zf.namelist():
                return importlib.machinery.ModuleSpec(name, self, is_package=file.endswith("__init__.py"))
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        raise ImportError("the launcher's own finder was asked for " + module.__name__)

def run():
    header, _, archive = sys.stdin.buffer.read().partition(bytes([10]))
    assert len(archive) == json.loads(header)["size"]
    finder = Finder(archive)
    sys.meta_path.insert(0, finder)
    try:
        exec(compile(finder.zf.read("__main__.py"), "<zipapp>/__main__.py", "exec"),
             {"__name__": "__main__", "__file__": "<zipapp>/__main__.py", "__builtins__": __builtins__})
    finally:
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)
        finder.zf.close()

run()
"""

LAUNCHERS = ("ours", "readme", "suite", "apploader", "pyz")
WITH_BODY = ("ours", "readme", "suite", "pyz")


def pythons() -> list[str]:
    """Return this interpreter and any 3.12 that pyenv has installed."""
    found = {os.path.realpath(sys.executable): sys.executable}
    for path in sorted(Path.home().glob(".pyenv/versions/3.12*/bin/python")):
        found.setdefault(os.path.realpath(path), str(path))
    return list(found.values())


class Result(NamedTuple):
    """What a run gave."""

    code: int
    out: bytes
    err: str

    @property
    def facts(self):
        """The JSON that the program printed, once it is known to have ended well."""
        assert (self.code, self.err) == (0, "")
        return json.loads(self.out)


def as_bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def archive(
    files: dict[str, str | bytes],
    entry_point: str,
    *,
    compiled_by: str | None = None,
    sources: bool = True,
    deflated: bool = False,
    **settings: object,
) -> bytes:
    """Return an archive as a build makes it, with bytecode of the given interpreter."""
    everything = launcher.inside_files(settings.get("interface", launcher.SCRIPT))
    everything |= {path: as_bytes(content) for path, content in files.items()}
    if compiled_by:
        modules = {path: content for path, content in everything.items() if path.endswith(".py")}
        everything |= bytecode(compiled_by, modules)
        if not sources:  # but those of the launcher, as in a build
            everything = {
                path: content for path, content in everything.items() if path not in modules or is_launcher(path)
            }
    everything["__main__.py"] = launcher.main_source(entry_point, **settings)
    return packed(everything, deflated=deflated)


def packed(everything: dict[str, bytes], *, deflated: bool = False) -> bytes:
    """Return an archive of these files, in the order of a build, with its index."""
    members = [
        Member(path, lambda path=path: everything[path], deflated and not is_launcher(path))
        for path in sorted(everything, key=lambda path: (path != "__main__.py", not is_launcher(path), path))
    ]
    stream = io.BytesIO()
    pack(members, stream)
    return stream.getvalue()


def in_folder(
    files: dict[str, bytes], tmp_path: Path, run: str = "from app import main; main()", python: str = sys.executable
) -> dict:
    """Run a program from a folder; return its facts, with the archive's root for the folder."""
    folder = tmp_path / "folder"
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    # Where the archive stands on sys.path: behind the standard library.
    stdlib = repr(sysconfig.get_path("stdlib")) if python == sys.executable else "__import__('os').__file__[:-6]"
    start = f"import sys; sys.path.insert(sys.path.index({stdlib}) + 1, {str(folder)!r}); {run}"
    answer = subprocess.run(
        [python, "-I", "-B", "-X", "utf8", "-c", start, "argument"],
        capture_output=True,
        check=True,
        env=environment(),
    )
    text = answer.stdout.decode().replace(str(folder), launcher.ROOT)
    return Result(0, text.encode(), answer.stderr.decode()).facts


_COMPILED: dict[tuple[str, str, bytes], bytes] = {}
"""Interpreter, path and source of a module → its bytecode: most modules of an archive are the launcher's own."""


def bytecode(python: str, modules: dict[str, bytes]) -> dict[str, bytes]:
    """Compile sources by an interpreter: `pkg/mod.pyc` with an unchecked hash."""
    new = {path: source for path, source in modules.items() if (python, path, source) not in _COMPILED}
    if new:
        _COMPILED.update({(python, path, new[path]): data for path, data in _bytecode(python, new)})
    return {f"{path}c": _COMPILED[python, path, source] for path, source in modules.items()}


def _bytecode(python: str, modules: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    script = (
        "import base64, importlib.util, json, marshal, sys\n"
        "for path, source in json.load(sys.stdin).items():\n"
        "    code = compile(base64.b64decode(source), '/os402/app/' + path, 'exec', dont_inherit=True)\n"
        "    data = importlib.util.MAGIC_NUMBER + bytes([1, 0, 0, 0]) + bytes(8) + marshal.dumps(code)\n"
        "    print(path, base64.b64encode(data).decode())\n"
    )
    request = json.dumps({path: base64.b64encode(source).decode() for path, source in modules.items()})
    answer = subprocess.run([python, "-I", "-c", script], input=request, capture_output=True, text=True, check=True)
    for line in answer.stdout.splitlines():
        path, _, data = line.rpartition(" ")
        yield path, base64.b64decode(data)


def frame(data: bytes) -> bytes:
    return b"%d\n%b" % (len(data), data)


def environment(**variables: str) -> dict[str, str]:
    """Return this process's environment without what would reach into the program, and these variables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "CONTENT_"))}
    return {**kept, **variables}


def run(
    data: bytes,
    folder: Path,
    *arguments: str,
    how: str = "ours",
    python: str = sys.executable,
    body: bytes = b"",
    **variables: str,
) -> Result:
    """Start an archive as `how` says, in `folder`, and return what it did."""
    command = [python, "-c", README_BOOTSTRAP]
    given = frame(data) + body
    ends = how in {"readme", "suite", "apploader"}  # they read all there is
    if how == "ours":
        command = [python, *launcher.ARGS[1:]]
    elif how == "suite":
        command = [python, "-c", SUITE_BOOTSTRAP, "--"]
    elif how == "apploader":
        with zipfile.ZipFile(folder / "loader.pyz", "w") as target:
            target.writestr("__main__.py", LOADER_APP)
        command = [python, str(folder / "loader.pyz")]
        given = b'{"size": %d}\n%b' % (len(data), data)
    elif how == "pyz":
        (folder / "app.pyz").write_bytes(data)
        command = [python, "app.pyz"]
        given = body
    process = subprocess.Popen(
        [*command, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env=environment(**{"CONTENT_LENGTH": str(len(body)), **variables}),
    )
    # A copy of the write end stays open, as it may on the server: only who reads to its end sees one.
    held = None if ends else os.dup(process.stdin.fileno())
    try:
        out, err = process.communicate(given, timeout=60)
    finally:
        process.kill()
        if held is not None:
            os.close(held)
    return Result(process.returncode, out, err.decode().replace("\r\n", "\n"))
