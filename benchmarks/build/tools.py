"""The tools that are compared, what they are given, and what one build costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PROJECTS = {
    "greeter": ("jinja2==3.1.6", "pyyaml==6.0.3"),
    "web": ("flask==3.1.3", "requests==2.34.2", "rich==15.0.0", "sqlalchemy==2.1.9"),
}
"""Requirements by the name of the project: those of `fixtures/greeter`, and a usual web application's."""

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
bytecode = {bytecode}
compression = {compression}
offer.valid-until = 2030-01-01T00:00:00Z
"""
OUTPUT = "sample-1.0.pyz"
BIN = Path(sys.executable).parent
FOREIGN = ("PIP_", "PEX_", "SHIV_", "PYTHON", "UV_", "HATCH_")


class Tool(NamedTuple):
    """One way to make one archive of a project."""

    name: str
    program: str
    """ "os402", "pex", "shiv", "uv" or "wheel" (hatchling's own target)."""
    options: tuple[str, ...] = ()
    bytecode: bool = True
    """Whether the project asks hatch-os402 for bytecode; the others make none at build time."""


AS_THEY_COME = (Tool("os402", "os402"), Tool("pex", "pex"), Tool("shiv", "shiv"))
UV = Tool("uv pip install --target", "uv", bytecode=False)
"""A peer that resolves and unpacks, and makes no archive."""
SAME_WORK = (
    Tool("os402, `bytecode = false`", "os402", bytecode=False),
    Tool("pex --no-compress", "pex", ("--no-compress",), bytecode=False),
    # Without the last one, pip compiles what it installs for shiv, which shiv then leaves out of the archive.
    Tool("shiv --uncompressed --no-compile", "shiv", ("--uncompressed", "--no-compile"), bytecode=False),
)


class Cost(NamedTuple):
    """What one build took."""

    wall: float
    """Seconds, from the start of the process to its end."""
    cpu: float
    """Seconds, user and system, of the process and of all that it started."""
    memory: float
    """MiB: the largest resident set that any single one of these processes had."""
    requests: float
    """Requests to the package index."""
    received: float
    """MiB from the package index."""
    archive: float
    """MiB of the archive."""


def write_project(folder: Path, requirements: Sequence[str], *, bytecode: bool) -> Path:
    """Write a project of one module with `requirements` to `folder` and return it.

    Without `bytecode` it is for the same work as that of the others, none of which compresses then.
    """
    (folder / "sample").mkdir(parents=True)
    (folder / "sample/__init__.py").write_text('def main():\n    print("hello")\n')
    values = {
        "requirements": json.dumps(list(requirements)),
        "bytecode": '"auto"' if bytecode else "false",
        "compression": '"auto"' if bytecode else '"stored"',
    }
    (folder / "pyproject.toml").write_text(PYPROJECT.format(**values))
    return folder


def environment(caches: Path, index: str, *, fresh: bool = True) -> dict[str, str]:
    """Return the environment of a build: without the user's settings of the tools, and with every cache in `caches`.

    With `fresh`, os402 uses no earlier resolution or build again.
    """
    others = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return others | {
        "HATCH_OS402_CACHE_DIR": str(caches / "os402"),
        "HATCH_OS402_FRESH": "1" if fresh else "0",
        "NO_PROXY": "127.0.0.1",
        "PEX_ROOT": str(caches / "pex"),
        "PIP_CACHE_DIR": str(caches / "pip"),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_INDEX_URL": index,
        "PIP_TRUSTED_HOST": index.split("/")[2],  # else pip would cache nothing that comes over plain HTTP
        "SHIV_ROOT": str(caches / "shiv"),
        "UV_CACHE_DIR": str(caches / "uv"),
        "UV_DEFAULT_INDEX": index,
        "UV_NO_CONFIG": "1",
        "XDG_CACHE_HOME": str(caches),
        "no_proxy": "127.0.0.1",
    }


def command(tool: Tool, project: Path, output: Path, index: str, *, isolated: bool) -> list[str | Path]:
    """Return what builds `project` into `output`."""
    if tool.program == "os402":
        return [sys.executable, "-m", "hatchling", "build", "-t", "os402", "-d", output.parent]
    if tool.program == "wheel":
        return [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", output.parent]
    if tool.program == "uv":
        host = ["--python", sys.executable, *([] if isolated else ["--no-build-isolation"])]
        return [BIN / "uv", "pip", "install", project, "--target", output, *host]
    shared: list[str | Path] = [BIN / tool.program, project, "-c", "sample", "-o", output, *tool.options]
    if tool.program == "pex":  # reads no settings of pip
        shared += ["--index-url", index, "--no-pypi"]
    return shared if isolated else [*shared, "--no-build-isolation"]


def build(
    tool: Tool,
    project: Path,
    caches: Path,
    index: str,
    *,
    isolated: bool,
    into: Path | None = None,
    says: str = "",
    fresh: bool = True,
) -> Cost:
    """Build once and return what it took; ends the benchmark with the tool's own words when it fails.

    The output is thrown away, unless it goes into the folder `into`. `says` is what the tool must have said.
    """
    with tempfile.TemporaryDirectory(dir=project.parent) as folder:
        output, log = Path(into or folder, OUTPUT), Path(folder, "log")
        arguments = command(tool, project, output, index, isolated=isolated)
        count(index)
        with log.open("wb") as stated:
            start = time.perf_counter()
            process = subprocess.Popen(
                arguments,
                cwd=project,
                env=environment(caches, index, fresh=fresh),
                stdin=subprocess.DEVNULL,
                stdout=stated,
                stderr=stated,
            )
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode or says not in log.read_text(errors="replace"):
            sys.exit(f"{tool.name} failed:\n{log.read_text(errors='replace')}")
        counted, mib = count(index), 1 << 20
        memory = usage.ru_maxrss / (mib if sys.platform == "darwin" else 1 << 10)  # bytes there, KiB elsewhere
        cpu = usage.ru_utime + usage.ru_stime
        return Cost(wall, cpu, memory, counted["requests"], counted["bytes"] / mib, _size(output) / mib)


def _size(output: Path) -> int:
    """Return the bytes of a file, or of what lies in a folder; 0 for a tool that writes something else."""
    if output.is_dir():
        return sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    return output.stat().st_size if output.is_file() else 0


@contextmanager
def remembering_index() -> Iterator[str]:
    """Run index.py and yield its address. A process of its own: Linux counts the starter's memory as its child's."""
    with subprocess.Popen(
        [sys.executable, Path(__file__).with_name("index.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/simple"
        finally:
            process.stdin.close()


def count(index: str) -> dict[str, int]:
    """Return how many requests and bytes there were since this was last asked."""
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
        index.replace("/simple", "/count")
    ) as answer:
        counted: dict[str, int] = json.load(answer)
        return counted
