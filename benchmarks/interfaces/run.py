"""What WSGI and ASGI cost above a CGI program written by hand, and above other adapters, as ratios within one run.

`hatch run bench:interfaces`, or `python benchmarks/interfaces/run.py` where hatch-os402 and hatchling are installed.
README.md, beside this file, says what is measured. Linux, with a CPython 3.12.
"""

from __future__ import annotations

import argparse
import marshal
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from hatch_os402 import launcher
from hatch_os402.runtime.interpreters import find_compiler

HERE = Path(__file__).parent
STARTER = HERE.parent / "coldstart" / "starter.py"


class Way(NamedTuple):
    """One way to say hello."""

    name: str
    entry_point: str
    interface: str = "script"
    requires: tuple[str, ...] = ()
    against: str = ""
    """The way whose CPU time it is compared with."""
    most: float | None = None
    """The most that the ratio may be."""


CGI, RUN = "CGI by hand", "asyncio.run by hand"
WAYS = (
    Way(CGI, "hello.by_hand:cgi"),
    Way("interface = wsgi", "hello.web:wsgi", "wsgi", against=CGI, most=1.05),
    Way("wsgiref.handlers.CGIHandler", "hello.by_hand:wsgiref_handler", against=CGI),
    Way(RUN, "hello.by_hand:run_asgi"),
    Way("interface = asgi", "hello.web:asgi", "asgi", against=RUN, most=1.05),
    Way("mangum", "hello.by_hand:mangum", requires=("mangum",), against=RUN),
)
ENVIRONMENT = {
    "GATEWAY_INTERFACE": "CGI/1.1",
    "REQUEST_METHOD": "GET",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "SERVER_SOFTWARE": "os402",
    "SERVER_ARCH": "x86_64",
    "CONTENT_LENGTH": "0",
    "SCRIPT_NAME": "/hello.cgi",
    "PATH_INFO": "/",
    "REQUEST_URI": "/hello.cgi",
    "QUERY_STRING": "a=b",
    "SERVER_NAME": "os402.example",
    **{f"HTTP_{name}": "something of the usual length" for name in ("ACCEPT", "ACCEPT_ENCODING", "USER_AGENT")},
    "HTTP_HOST": "os402.example",
    "HTTP_X_402_KEY": "0x" + 64 * "1",
}
PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "hello"
version = "1"
dependencies = [{requires}]
[tool.hatch.build.targets.os402]
entry-point = "{entry_point}"
interface = "{interface}"
bytecode = true
[tool.hatch.build.targets.os402.offer]
valid-until = "2100-01-01T00:00:00Z"
"""


def build(way: Way, folder: Path) -> Path:
    """Build the frame of one way and return where it lies."""
    (folder / "hello").mkdir(parents=True)
    for name in ("__init__.py", "web.py", "by_hand.py"):
        (folder / "hello" / name).write_bytes((HERE / "hello" / name).read_bytes())
    requires = ", ".join(f'"{name}"' for name in way.requires)
    text = PYPROJECT.format(requires=requires, entry_point=way.entry_point, interface=way.interface)
    (folder / "pyproject.toml").write_text(text)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "os402"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{way.name}: {done.stderr}")
    return folder / "dist" / "hello-1.stdin"


def cost(starter: subprocess.Popen[bytes], argv: list[str], frame: Path) -> float:
    """Start once and return the CPU time in seconds; end the benchmark when it did not say hello."""
    assert starter.stdin
    assert starter.stdout
    marshal.dump((argv, ENVIRONMENT, str(frame), False), starter.stdin)
    starter.stdin.flush()
    took = marshal.load(starter.stdout)  # noqa: S302 - our own process
    head, _, body = took["out"].partition(b"\r\n\r\n")
    if took["code"] or body != b"hello\n" or not head.startswith(b"Status: 200"):
        sys.exit(f"{frame} exited with {took['code']}: {took['out']!r}\n{took['err'].decode()}")
    return float(took["cpu"])


def main() -> None:
    """Build, start in turns, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200, metavar="N", help="starts of each way (%(default)s)")
    arguments = parser.parse_args()
    found = find_compiler(None, os.environ)
    if found is None:
        parser.error("a CPython 3.12 is needed: `hatch python install 3.12`")
    argv = [str(found.path), *launcher.ARGS[1:]]
    print(f"CPython {found.version}; {platform.system()} {platform.machine()}, {arguments.rounds} rounds", flush=True)
    with tempfile.TemporaryDirectory(prefix="hatch-os402-bench-") as folder:
        frames = {way.name: build(way, Path(folder, str(number))) for number, way in enumerate(WAYS)}
        command = [found.path, "-I", "-S", STARTER]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as starter:
            costs: dict[str, list[float]] = {way.name: [] for way in WAYS}
            order = list(frames)
            for number in range(arguments.rounds + 1):
                order = order[1:] + order[:1]
                for name in order:
                    took = cost(starter, argv, frames[name])
                    if number:  # the first round fills the caches
                        costs[name].append(took)
    print("| | CPU | against | CPU, its / that | at most | reached |\n|---|---:|---|---:|---:|---|")
    for way in WAYS:
        line = f"| {way.name} | {statistics.median(costs[way.name]) * 1000:.1f} ms | {way.against} |"
        if way.against:
            ratios = [mine / other for mine, other in zip(costs[way.name], costs[way.against], strict=True)]
            first, middle, third = statistics.quantiles(ratios, n=4, method="inclusive")
            line += f" **{middle:.3f}** ({first:.2f} to {third:.2f}) |"
            if way.most:
                line += f" {way.most} | {'yes' if middle <= way.most else '**no**'} |"
        print(line + " |" * (7 - line.count("|")))


if __name__ == "__main__":
    main()
