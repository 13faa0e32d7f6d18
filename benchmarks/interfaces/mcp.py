"""What an MCP tool with a dataclass costs above `json.loads` by hand: CPU time of whole calls, in pairs.

`hatch run bench:mcp`, or `python benchmarks/interfaces/mcp.py` where hatch-os402 and hatchling are installed. Both are
built as a user builds them, and get the same body of twenty items; the program by hand checks nothing. Linux, with a
CPython 3.12.
"""

from __future__ import annotations

import argparse
import json
import marshal
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from hatch_os402 import launcher
from hatch_os402.runtime.interpreters import find_compiler

HERE = Path(__file__).parent
STARTER = HERE.parent / "coldstart" / "starter.py"
MOST = 1.15
"""The most that the ratio may be."""
ORDER = {
    "customer": "Zoë",
    "items": [{"name": f"thing {number}", "price": number + 0.5, "count": number % 3 + 1} for number in range(20)],
    "urgent": True,
}
BODY = json.dumps({"order": ORDER}).encode()
ANSWER = {"customer": "Zoë", "total": 393.5, "count": 39}
ENVIRONMENT = {
    "GATEWAY_INTERFACE": "CGI/1.1",
    "REQUEST_METHOD": "POST",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "CONTENT_LENGTH": str(len(BODY)),
    "CONTENT_TYPE": "application/json",
    "SCRIPT_NAME": "/total.cgi",
    "PATH_INFO": "/",
    "HTTP_X_402_KEY": "0x" + 64 * "1",
}
WAYS = {"mcp": ("tool.order:total", "mcp"), "by hand": ("tool.by_hand:main", "script")}
PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "tool"
version = "1"
[tool.hatch.build.targets.os402]
entry-point = "{}"
interface = "{}"
bytecode = true
[tool.hatch.build.targets.os402.offer]
valid-until = "2100-01-01T00:00:00Z"
"""


def build(way: str, folder: Path) -> Path:
    """Build one way; return the file with its frame and the body behind it, which is what os402 sends."""
    (folder / "tool").mkdir(parents=True)
    for path in (HERE / "tool").glob("*.py"):
        (folder / "tool" / path.name).write_bytes(path.read_bytes())
    (folder / "pyproject.toml").write_text(PYPROJECT.format(*WAYS[way]))
    command = [sys.executable, "-m", "hatchling", "build", "-t", "os402"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{way}: {done.stderr}")
    sent = folder / "sent"
    sent.write_bytes((folder / "dist" / "tool-1.stdin").read_bytes() + BODY)
    return sent


def cost(starter: subprocess.Popen[bytes], argv: list[str], sent: Path) -> float:
    """Start once and return the CPU time in seconds; end the benchmark when the answer is not the right one."""
    assert starter.stdin
    assert starter.stdout
    marshal.dump((argv, ENVIRONMENT, str(sent), False), starter.stdin)
    starter.stdin.flush()
    took = marshal.load(starter.stdout)  # noqa: S302 - our own process
    _, _, body = took["out"].partition(b"\r\n\r\n")
    if took["code"] or json.loads(body or b"null") != ANSWER:
        sys.exit(f"{sent} exited with {took['code']}: {took['out']!r}\n{took['err'].decode()}")
    return float(took["cpu"])


def main() -> None:
    """Build, start in pairs, and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=200, metavar="N", help="pairs of starts (%(default)s)")
    arguments = parser.parse_args()
    found = find_compiler(None, os.environ)
    if found is None:
        parser.error("a CPython 3.12 is needed: `hatch python install 3.12`")
    argv = [str(found.path), *launcher.ARGS[1:]]
    print(f"CPython {found.version}; {platform.system()} {platform.machine()}, {arguments.pairs} pairs", flush=True)
    with tempfile.TemporaryDirectory(prefix="hatch-os402-bench-") as folder:
        sent = {way: build(way, Path(folder, way.replace(" ", "-"))) for way in WAYS}
        command = [found.path, "-I", "-S", STARTER]
        costs: dict[str, list[float]] = {way: [] for way in WAYS}
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as starter:
            for number in range(arguments.pairs + 1):
                for way in sorted(WAYS, reverse=bool(number % 2)):
                    took = cost(starter, argv, sent[way])
                    if number:  # the first pair fills the caches
                        costs[way].append(took)
    ratios = [mine / other for mine, other in zip(costs["mcp"], costs["by hand"], strict=True)]
    first, middle, third = statistics.quantiles(ratios, n=4, method="inclusive")
    for way, taken in costs.items():
        print(f"{way:<8} {statistics.median(taken) * 1000:.1f} ms of CPU, least {min(taken) * 1000:.1f}")
    reached = "reached" if middle <= MOST else "NOT reached"
    print(f"ratio    {middle:.3f} ({first:.2f} to {third:.2f}), at most {MOST}: {reached}")


if __name__ == "__main__":
    main()
